"""A call that is cancelled, at whatever await, leaves nothing behind and hides nothing."""

# What a call takes shows nowhere else.
# pyright: reportPrivateUsage=false

from __future__ import annotations

import asyncio
import logging
import os
import random
from collections import Counter
from collections.abc import Callable, Coroutine
from typing import Any
from unittest import mock

import attrs
import pytest
from safety_client import MARK, World, call_number, world
from safety_time import in_jumping_time

import wixreseller._lanes
from wixreseller import AsyncClient, Package, Product, RateLimit
from wixreseller.errors import WixResellerError
from wixreseller.hooks import AttemptStarting, Hooks, UnknownOutcome
from wixreseller.testing import FaultKind, FaultOptions

CANCELLATIONS = int(os.environ.get("WIXRESELLER_SAFETY_CANCELLATIONS", "250"))
SEED = int(os.environ.get("WIXRESELLER_SAFETY_SEED", "1"))
AT_ONCE = 12
CONNECTIONS = 6
"""Fewer than calls at once, so that some wait for a connection."""
LIMIT = RateLimit(60, per=1.0)

Call = Callable[[AsyncClient, Package, Product, str], Coroutine[Any, Any, object]]
CALLS: dict[str, Call] = {
    "get": lambda client, there, product, name: client.packages.get(there.id),
    "query": lambda client, there, product, name: client.packages.query().first(),
    "create": lambda client, there, product, name: client.packages.create(
        [product], external_id=name
    ),
    "ensure": lambda client, there, product, name: client.packages.ensure(
        [product], external_id="ensured"
    ),
    "cancel": lambda client, there, product, name: client.packages.cancel(there.id),
    "unassign": lambda client, there, product, name: client.product_instances.unassign_from_site(
        there.product_instances[0].instance_id
    ),
}
TROUBLES: tuple[tuple[FaultKind, FaultOptions] | None, ...] = (
    None,
    None,
    ("status", {"status": 429}),
    ("status", {"status": 503, "times": 3}),
    ("drop_after_commit", {"times": 3}),
    ("delay", {"seconds": 2.0, "times": 4}),
    ("truncate", {"times": 3}),
)


@attrs.frozen
class Told:
    """Remember which calls a hook was told of."""

    unknown: set[str] = attrs.field(factory=set[str])

    async def hear(self, _: UnknownOutcome) -> None:
        self.unknown.add(call_number.get())
        await asyncio.sleep(0)

    async def pass_by(self, _: AttemptStarting) -> None:
        await asyncio.sleep(0)


def _assert_nothing_left(client: AsyncClient) -> None:
    """Look at what a call takes and has to give back."""
    (lane,) = client._wiring.link.transport._lanes
    connector: Any = lane.session.connector
    pacer = client._calls.executor._pacer
    assert pacer._slots is not None
    assert set() == set(connector._acquired)
    assert CONNECTIONS == lane.free._value
    assert not lane.free.locked()
    assert 0 == pacer._slots.in_flight
    assert ({}, 0) == (pacer.lines, pacer._waiting)
    assert {} == client._calls.flights


async def _cancel_some(
    here: World,
    client: AsyncClient,
    there: Package,
    product: Product,
    chance: random.Random,
    cancelled: set[str],
) -> Counter[str]:
    """Begin calls at once, and cancel each after some turns or some time.

    Adds the numbers of those that ended as cancelled.
    """

    async def call(name: str, number: str) -> None:
        call_number.set(number)
        await CALLS[name](client, there, product, f"sub-{number}")

    ended: Counter[str] = Counter()
    first = chance.randrange(10**12)
    names = chance.choices(list(CALLS), k=AT_ONCE)
    if (trouble := chance.choice(TROUBLES)) is not None:
        await here.fault(trouble[0], **trouble[1])
    tasks = [
        asyncio.create_task(call(name, str(first + index))) for index, name in enumerate(names)
    ]
    turns = 0
    for moment, index in sorted((chance.randrange(40), index) for index in range(AT_ONCE)):
        if moment >= 34:
            await asyncio.sleep((moment - 33) / 4)
        else:
            for _ in range(moment - turns):
                await asyncio.sleep(0)
            turns = moment
        tasks[index].cancel()
        if chance.random() < 0.2:
            await asyncio.sleep(0)
            tasks[index].cancel()
    for index, task in enumerate(tasks):
        try:
            await task
            ended["done"] += 1
        except asyncio.CancelledError:
            ended["cancelled"] += 1
            cancelled.add(str(first + index))
        except WixResellerError:
            ended["failed"] += 1
    return ended


@in_jumping_time
async def test_cancelled_calls_leave_nothing_taken_and_hide_no_write(
    product: Product, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL, "wixreseller")
    chance = random.Random(SEED)  # noqa: S311  # to be random, not secret
    told, ended, seen = Told(), Counter[str](), 0
    hooks = Hooks(on_unknown=told.hear, before_attempt=told.pass_by)
    with mock.patch.object(wixreseller._lanes, "_MAX_CONNECTIONS", CONNECTIONS):
        async with world() as here, here.client(rate_limit=LIMIT, hooks=hooks) as client:
            there = await here.create(product)
            await client.packages.get(there.id)
            while ended["cancelled"] < CANCELLATIONS:
                cancelled: set[str] = set()
                ended += await _cancel_some(here, client, there, product, chance, cancelled)
                _assert_nothing_left(client)
                await here.clear_faults()
                await here.sleep(5.0)
                journal = await here.journal(seen)
                seen = journal[-1].number if journal else seen
                done = {entry.request_headers.get(MARK) for entry in journal if entry.is_committed}
                assert set() == done & cancelled - told.unknown
                assert there.id == (await client.packages.get(there.id)).id
                _assert_nothing_left(client)
    assert told.unknown
