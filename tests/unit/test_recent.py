"""What this process has created is remembered, so that one create is never taken for another."""

from __future__ import annotations

import asyncio
from typing import cast

import pytest

from wixreseller import AsyncClient, Product, errors, reconcile
from wixreseller._calls import Calls, Times
from wixreseller._clock import Clock
from wixreseller._executor import Executor
from wixreseller._memory import memory_for
from wixreseller._operations import Request, create_package
from wixreseller._recent import RecentCreates
from wixreseller.config import ClientConfig
from wixreseller.emulator.default_seed import SUB_ACCOUNTS

ACCOUNT = "0a1b2c3d-0000-4000-8000-0123456789ab"
REQUEST = create_package(
    ACCOUNT, "k", [Product(catalog_product_id=ACCOUNT, country_code="BR")], "sub-1"
)


class Ending:
    """Stand in for the executor: end every call in one way."""

    clock = Clock()

    def __init__(self, end: BaseException) -> None:
        self._end = end

    async def run(self, request: Request, read: object, **_: object) -> object:
        """End."""
        raise self._end


def create_ending_in(end: BaseException) -> RecentCreates:
    config = ClientConfig.resolve(environment={}, api_key="IST.canary-3f1c9a", account_id=ACCOUNT)
    calls = Calls(config, cast("Executor", Ending(end)))
    with pytest.raises(type(end)):
        # Stepped by hand: an event loop would take an interrupt for its own.
        reconcile.write(calls, REQUEST, Times(30.0, None)).send(None)
    return calls.recent


@pytest.mark.parametrize("end", [asyncio.CancelledError(), KeyboardInterrupt(), MemoryError()])
def test_a_create_that_did_not_end_by_an_error_of_ours_may_have_happened(
    end: BaseException,
) -> None:
    recent = create_ending_in(end)

    assert recent.has_rival(ACCOUNT, "sub-1", "another key", since=float("inf"))


def test_a_create_that_failed_for_certain_rivals_none() -> None:
    recent = create_ending_in(errors.ConnectFailedError("nobody listens"))

    assert not recent.has_rival(ACCOUNT, "sub-1", "another key", since=0.0)


async def test_clients_of_a_process_with_one_key_share_a_flight(
    emulator_url: str, product: Product
) -> None:
    def client() -> AsyncClient:
        return AsyncClient(
            api_key="EMU.demo", account_id=SUB_ACCOUNTS[0], base_url=emulator_url, rate_limit=None
        )

    async with client() as one, client() as other:
        both = await asyncio.gather(
            *(each.packages.ensure([product], external_id="sub-1") for each in (one, other))
        )

    assert ["created", "existing"] == [each.outcome for each in both]
    assert both[0].package == both[1].package


def test_a_stranger_with_another_key_shares_nothing() -> None:
    clock = Clock()

    mine = memory_for("https://api.test", "key", clock)

    assert mine is memory_for("https://api.test", "key", clock)
    assert mine is not memory_for("https://api.test", "another key", clock)
    assert mine is not memory_for("https://other.test", "key", clock)


def test_an_account_in_capital_letters_is_the_same_account() -> None:
    recent = RecentCreates()
    recent.begin(ACCOUNT, "sub-1", "k", now=1.0)

    recent.end(ACCOUNT.upper(), "sub-1", "k", 2.0, "done", "the package")

    assert "the package" == recent.package_of(ACCOUNT, "sub-1")
    assert recent.has_rival(ACCOUNT.upper(), "sub-1", "another key", since=0.0)
