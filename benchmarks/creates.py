"""Ask what a create costs, when many are under way at a time.

CPU time of the client's process for each create, against a server that answers at once. All send
the same order and read the same answer, with an idempotency key of its own each.
"""

from __future__ import annotations

import asyncio
import itertools
import uuid
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

from benchmarks.framework.awaiting import Connect, at_once
from benchmarks.framework.peers import peer
from benchmarks.framework.processes import in_turns
from benchmarks.framework.questions import Effort, Goal, Question, Row, Way

GUID: Final = "0a1b2c3d-0000-4000-8000-0123456789ab"
KEY: Final = "EMU.demo"
PATH: Final = "/resellers/v2/packages"
Call = Callable[[], Awaitable[object]]


def order(external_id: str) -> dict[str, object]:
    """Write an order as one does by hand."""
    return {
        "idempotencyKey": str(uuid.uuid4()),
        "externalId": external_id,
        "products": [
            {
                "catalogProductId": GUID,
                "countryCode": "BR",
                "billingInfo": {"type": "RECURRING", "cycleDuration": {"unit": "YEAR", "count": 1}},
            }
        ],
    }


def names() -> Callable[[], str]:
    """Give external ids, each another."""
    numbers = itertools.count()
    return lambda: f"sub-{next(numbers)}"


@asynccontextmanager
async def wixreseller(url: str) -> AsyncGenerator[Call, None]:
    """Call this library."""
    from wixreseller import AsyncClient, BillingInfo, CycleUnit, Product, RateLimit

    name = names()
    # Paced like any client, by a limit that is never reached.
    limit = RateLimit(1_000_000, per=0.001)
    async with AsyncClient(api_key=KEY, account_id=GUID, base_url=url, rate_limit=limit) as client:

        async def create() -> str:
            product = Product(
                catalog_product_id=GUID,
                country_code="BR",
                billing_info=BillingInfo.recurring(1, CycleUnit.YEAR),
            )
            package = await client.packages.create([product], external_id=name())
            return package.id

        yield create


@asynccontextmanager
async def naive(url: str) -> AsyncGenerator[Call, None]:
    """Call aiohttp as its documentation shows it, with orjson for JSON."""
    aiohttp, orjson, name = peer("aiohttp"), peer("orjson"), names()

    def dumps(value: object) -> str:
        text: str = orjson.dumps(value).decode()
        return text

    async with aiohttp.ClientSession(json_serialize=dumps) as session:

        async def create() -> object:
            headers = {"Authorization": KEY, "wix-account-id": GUID}
            async with session.post(f"{url}{PATH}", json=order(name()), headers=headers) as answer:
                answer.raise_for_status()
                document = await answer.json(loads=orjson.loads)
                return document["package"]["id"]

        yield create


@asynccontextmanager
async def _post(url: str) -> AsyncGenerator[Callable[[bytes], Any], None]:
    """Give what posts bytes in the fastest way that aiohttp's public interface has."""
    aiohttp = peer("aiohttp")
    target = peer("yarl").URL(url + PATH)
    headers = peer("multidict").CIMultiDict(
        {"Authorization": KEY, "wix-account-id": GUID, "Content-Type": "application/json"}
    )
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0),
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=None),
    ) as session:
        yield lambda body: session.post(target, data=body, headers=headers, allow_redirects=False)


@asynccontextmanager
async def tuned(url: str) -> AsyncGenerator[Call, None]:
    """Do by hand, in the fastest way, what a caller of aiohttp needs."""
    orjson, name = peer("orjson"), names()
    async with _post(url) as post:

        async def create() -> object:
            async with asyncio.timeout(30), post(orjson.dumps(order(name()))) as answer:
                body = await answer.read()
            assert answer.status == 200
            return orjson.loads(body)["package"]["id"]

        yield create


@asynccontextmanager
async def least(url: str) -> AsyncGenerator[Call, None]:
    """Do the least that aiohttp can be asked for."""
    body = peer("orjson").dumps(order("sub-1"))
    async with _post(url) as post:

        async def create() -> object:
            answer = await post(body)
            return await answer.read()

        yield create


@asynccontextmanager
async def httpx(url: str) -> AsyncGenerator[Call, None]:
    """Call httpx as its documentation shows it."""
    name = names()
    async with peer("httpx").AsyncClient(base_url=url) as client:

        async def create() -> object:
            headers = {"Authorization": KEY, "wix-account-id": GUID}
            answer = await client.post(PATH, json=order(name()), headers=headers)
            answer.raise_for_status()
            return answer.json()["package"]["id"]

        yield create


@asynccontextmanager
async def openai(url: str) -> AsyncGenerator[Call, None]:
    """Let the OpenAI client make the same request, by its way for endpoints of any name."""
    library, name = peer("openai"), names()
    async with library.AsyncOpenAI(api_key=KEY, base_url=url, max_retries=0) as client:

        async def create() -> object:
            answer: Any = await client.post(
                PATH,
                cast_to=library.BaseModel,
                body=order(name()),
                options={"headers": {"wix-account-id": GUID}},
            )
            return answer.package["id"]

        yield create


@asynccontextmanager
async def stripe(url: str) -> AsyncGenerator[Call, None]:
    """Let the Stripe client create a customer: form-encoded, an order's size, the same answer."""
    library, name = peer("stripe"), names()
    http = library.HTTPXClient()
    client = library.StripeClient(
        "sk_test_1", base_addresses={"api": url}, http_client=http, max_network_retries=0
    )

    async def create() -> object:
        given = order(name())
        customer = await client.v1.customers.create_async(
            {"description": given["externalId"], "metadata": {"product": GUID, "country": "BR"}},
            {"idempotency_key": given["idempotencyKey"]},
        )
        return customer["package"]["id"]

    yield create
    await http.close_async()


_WORK: Final[Sequence[tuple[str, Connect, str]]] = (
    (
        "wixreseller",
        wixreseller,
        (
            "builds and checks a Product; paced, guarded against replays, timed, remembered for "
            "ensure; the answer becomes a typed Package"
        ),
    ),
    (
        "aiohttp, naive",
        naive,
        (
            "one session as it comes; dict → session.post(json=…, headers={…}) → "
            "raise_for_status → answer.json(loads=orjson.loads); takes the id from the dict. "
            "No pacing, checks or types"
        ),
    ),
    (
        "aiohttp, tuned",
        tuned,
        (
            "no cookie jar, no limit, no time-outs of aiohttp's but one asyncio.timeout; URL and "
            "headers prepared, bytes in, read() and orjson.loads; takes the id from the dict"
        ),
    ),
    (
        "aiohttp, the least",
        least,
        (
            "as tuned, with the same bytes each time, no deadline, and the answer not looked at: "
            "who uses aiohttp gets no lower"
        ),
    ),
    (
        "httpx",
        httpx,
        "AsyncClient as it comes; dict → client.post(json=…) → raise_for_status → answer.json()",
    ),
    (
        "openai",
        openai,
        "AsyncOpenAI.post(path, body=…) of the same order; the answer becomes its BaseModel",
    ),
    (
        "stripe",
        stripe,
        (
            "v1.customers.create_async on its HTTPXClient: a form with 3 fields and a key; "
            "the answer becomes a StripeObject"
        ),
    ),
)
_SLOW: Final = ("httpx", "openai", "stripe")
_CONCURRENCIES: Final = (50, 100)
_CALLS_EACH: Final = 8
_CALLS_EACH_OF_SLOW: Final = 2


def _name(name: str, concurrency: int) -> str:
    return f"{name} × {concurrency}"


WAYS: Final = [
    Way(
        name=_name(name, concurrency),
        work=work,
        is_slow=name in _SLOW,
        open=at_once(
            connect,
            concurrency=concurrency,
            calls_each=_CALLS_EACH_OF_SLOW if name in _SLOW else _CALLS_EACH,
        ),
    )
    for concurrency in _CONCURRENCIES
    for name, connect, work in _WORK
]


def _question(concurrency: int) -> Question:
    ours = _name("wixreseller", concurrency)
    ways = [way for way in WAYS if way.name.endswith(f" × {concurrency}")]

    def measure(effort: Effort) -> Sequence[Row]:
        return in_turns("benchmarks.creates", ways, effort.url, rounds=effort.of(12, 60), scale=1e6)

    def goal(peer_name: str, at_most: float, guard: float) -> Goal:
        return Goal(
            what=f"CPU of a create, {concurrency} at a time: ÷ {peer_name}",
            row=ours,
            to=_name(peer_name, concurrency),
            at_most=at_most,
            guard=guard,
        )

    return Question(
        name=f"creates-{concurrency}",
        title=f"A create, {concurrency} at a time",
        unit="µs of CPU",
        measure=measure,
        goals=(
            goal("aiohttp, naive", 1.0, 1.35),
            goal("aiohttp, tuned", 1.2, 1.5),
            goal("openai", 0.12, 0.14),
            goal("httpx", 0.1, 0.15),
        ),
    )


QUESTIONS: Final = [_question(concurrency) for concurrency in _CONCURRENCIES]
