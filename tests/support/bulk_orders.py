"""Make orders, carry them out, and watch what goes over the wire meanwhile."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterable, Iterable
from typing import Any, TypeVar

import aiohttp
import attrs
from aiohttp.client_middlewares import ClientHandlerType

from wixreseller import AsyncClient, BillingInfo, CycleUnit, Product, RateLimit, RetryPolicy, bulk
from wixreseller.bulk import Order, Outcome
from wixreseller.config import IfUnknown
from wixreseller.emulator import Emulator
from wixreseller.emulator.default_seed import PREMIUM_BASIC, SUB_ACCOUNTS

ACCOUNT = SUB_ACCOUNTS[0]
YEARLY = BillingInfo.recurring(1, CycleUnit.YEAR)
BASIC = Product(catalog_product_id=PREMIUM_BASIC, country_code="BR", billing_info=YEARLY)

T = TypeVar("T")


@attrs.define
class Wire:
    """Watch what goes out, as a middleware of the client, and lose or hold some answers."""

    sent: Counter[str] = attrs.field(factory=Counter[str])
    """How many requests went out, by the last part of their path."""
    in_flight: int = 0
    most_in_flight: int = 0
    loses_answers: bool = False
    holds_creates: asyncio.Event | None = None
    create_arrived: asyncio.Event = attrs.field(factory=asyncio.Event)

    async def __call__(
        self, request: aiohttp.ClientRequest, handler: ClientHandlerType
    ) -> aiohttp.ClientResponse:
        name = request.url.path.rsplit("/", 1)[-1]
        name = "cancel" if request.method == "DELETE" else name
        self.sent[name] += 1
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            response = await handler(request)
            if name == "packages":
                self.create_arrived.set()
                if self.holds_creates is not None:
                    await self.holds_creates.wait()
            if name in ("packages", "cancel") and self.loses_answers:
                response.close()
                raise aiohttp.ServerDisconnectedError
            return response
        finally:
            self.in_flight -= 1


def new_client(
    emulator: Emulator | str,
    wire: Wire | None = None,
    *,
    key: str = "EMU.demo",
    rate_limit: RateLimit | None = None,
    if_unknown: IfUnknown = "look",
    retry: RetryPolicy | None = None,
) -> AsyncClient:
    """Make a client of the first sub-account."""
    return AsyncClient(
        api_key=key,
        account_id=ACCOUNT,
        base_url=emulator if isinstance(emulator, str) else emulator.url,
        rate_limit=rate_limit,
        if_unknown=if_unknown,
        retry=retry or RetryPolicy(),
        middlewares=[] if wire is None else [wire],
    )


def order(external_id: str, *products: Product, account_id: str = ACCOUNT) -> Order:
    """Make an order of one package; of the plainest product unless it is told of others."""
    return Order(external_id=external_id, account_id=account_id, products=products or (BASIC,))


def orders(count: int, *products: Product) -> list[Order]:
    """Make orders ``sub-0`` and so on."""
    return [order(f"sub-{number}", *products) for number in range(count)]


def cancel(external_id: str = "", *, package_id: str | None = None) -> Order:
    """Make an order to cancel a package."""
    return Order(
        operation="cancel", external_id=external_id, account_id=ACCOUNT, package_id=package_id
    )


async def carry_out(
    client: AsyncClient, asked: Iterable[Order] | AsyncIterable[Order], **options: Any
) -> dict[str, Outcome]:
    """Carry orders out, and give their outcomes by external id (or package id); each once."""
    outcomes = [outcome async for outcome in bulk.run(client, asked, **options)]
    by_id = {outcome.external_id or outcome.package_id or "": outcome for outcome in outcomes}
    assert len(outcomes) == len(by_id), "an order was told twice"
    return by_id


async def read_into(told: list[Outcome], outcomes: AsyncIterable[Outcome]) -> None:
    """Read outcomes into a list, which holds those before an error too."""
    async for outcome in outcomes:
        told.append(outcome)  # noqa: PERF401  # it is to hold those before an error


def words(outcomes: dict[str, Outcome]) -> dict[str, int]:
    """Count outcomes by the word of the results file."""
    return dict(Counter(outcome.outcome for outcome in outcomes.values()))


def the(kind: type[T], outcome: Outcome) -> T:
    """Give an outcome, which must be of a kind."""
    assert isinstance(outcome, kind)
    return outcome
