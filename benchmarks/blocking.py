"""Ask how long a blocking call takes, and what many threads get done with one client.

Wall clock, for it is what a caller waits for; over kept-alive connections on this machine. The same
create each time; the same order, the same answer.

One after the other nothing happens at the same time: client, server and the client's own thread
wait for each other. So it is measured with all of them on one processor. Where the system puts them
as it likes, it is luck which of them share one, for minutes on end, and to wake up another
processor can take a tenth of the whole; that is measured too.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
import uuid
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Final

from benchmarks.creates import GUID, KEY, PATH, naive, names, order
from benchmarks.framework.awaiting import at_once
from benchmarks.framework.peers import peer
from benchmarks.framework.processes import canned_server, in_turns
from benchmarks.framework.questions import Effort, Goal, Open, Question, Row, Way

Call = Callable[[], object]
Connect = Callable[[str], contextlib.AbstractContextManager[Call]]

_CALLS: Final = 100
_THREADS: Final = 16
_CALLS_OF_A_THREAD: Final = 25
_HEADERS: Final = {"Authorization": KEY, "wix-account-id": GUID}


def _settings(url: str) -> dict[str, Any]:
    """Give what clients are made with; paced like any client, by a limit that is never reached."""
    from wixreseller import RateLimit

    limit = RateLimit(1_000_000, per=0.001)
    return {"api_key": KEY, "account_id": GUID, "base_url": url, "rate_limit": limit}


def _products() -> Callable[[], Any]:
    """Give a function that makes the products of one order, as the others write theirs."""
    from wixreseller import BillingInfo, CycleUnit, Product

    def products() -> list[Product]:
        billing = BillingInfo.recurring(1, CycleUnit.YEAR)
        return [Product(catalog_product_id=GUID, country_code="BR", billing_info=billing)]

    return products


@contextmanager
def _wixreseller(url: str) -> Generator[Call, None, None]:
    from wixreseller import Client

    products, name = _products(), names()
    with Client(**_settings(url)) as client:
        yield lambda: client.packages.create(products(), external_id=name()).id


@asynccontextmanager
async def _awaited(url: str) -> AsyncGenerator[Callable[[], Awaitable[object]], None]:
    from wixreseller import AsyncClient

    products, name = _products(), names()
    async with AsyncClient(**_settings(url)) as client:
        yield lambda: client.packages.create(products(), external_id=name())


@contextmanager
def _requests(url: str) -> Generator[Call, None, None]:
    with peer("requests").Session() as session:

        def create() -> object:
            answer = session.post(
                f"{url}{PATH}", json=order("sub-42"), headers=_HEADERS, timeout=30
            )
            answer.raise_for_status()
            return answer.json()["package"]["id"]

        yield create


@contextmanager
def _urllib3(url: str) -> Generator[Call, None, None]:
    pool = peer("urllib3").PoolManager(maxsize=_THREADS)

    def create() -> object:
        answer = pool.request("POST", f"{url}{PATH}", json=order("sub-42"), headers=_HEADERS)
        assert answer.status == 200
        return answer.json()["package"]["id"]

    yield create
    pool.clear()


@contextmanager
def _by_hand(url: str) -> Generator[Call, None, None]:
    """Call naive aiohttp on a loop in a thread of its own, with as little between as can be."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    client = naive(url)

    def call(function: Callable[[], Awaitable[object]]) -> object:
        done, values = threading.Lock(), list[object]()
        done.acquire()

        async def work() -> None:
            try:
                values.append(await function())
            finally:
                done.release()

        loop.call_soon_threadsafe(lambda: loop.create_task(work()))
        done.acquire()
        return values[0]

    create: Any = call(client.__aenter__)
    yield lambda: call(create)
    call(lambda: client.__aexit__(None, None, None))
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


@contextmanager
def _httpx(url: str) -> Generator[Call, None, None]:
    with peer("httpx").Client(base_url=url) as client:

        def create() -> object:
            answer = client.post(PATH, json=order("sub-42"), headers=_HEADERS)
            answer.raise_for_status()
            return answer.json()["package"]["id"]

        yield create


@contextmanager
def _openai(url: str) -> Generator[Call, None, None]:
    library = peer("openai")
    with library.OpenAI(api_key=KEY, base_url=url, max_retries=0) as client:
        options = {"headers": {"wix-account-id": GUID}}
        yield lambda: client.post(
            PATH, cast_to=library.BaseModel, body=order("sub-42"), options=options
        )


@contextmanager
def _stripe(url: str) -> Generator[Call, None, None]:
    library = peer("stripe")
    client = library.StripeClient("sk_test_1", base_addresses={"api": url}, max_network_retries=0)
    yield lambda: client.v1.customers.create(
        {"description": "sub-42", "metadata": {"product": GUID, "country": "BR"}},
        {"idempotency_key": str(uuid.uuid4())},
    )


def _one_by_one(connect: Connect) -> Open:
    @contextmanager
    def open_way(url: str) -> Generator[Callable[[], int], None, None]:
        with connect(url) as call:

            def make_round() -> int:
                for _ in range(_CALLS):
                    call()
                return _CALLS

            yield make_round

    return open_way


def _in_threads(connect: Connect) -> Open:
    @contextmanager
    def open_way(url: str) -> Generator[Callable[[], int], None, None]:
        with connect(url) as call, ThreadPoolExecutor(_THREADS) as threads:

            def work() -> None:
                for _ in range(_CALLS_OF_A_THREAD):
                    call()

            def make_round() -> int:
                for done in [threads.submit(work) for _ in range(_THREADS)]:
                    done.result()
                return _THREADS * _CALLS_OF_A_THREAD

            yield make_round

    return open_way


_ONE: Final = [
    Way(
        name="wixreseller.Client",
        work="packages.create of one new Product: checked, paced, remembered; a typed Package",
        open=_one_by_one(_wixreseller),
    ),
    Way(
        name="wixreseller awaited",
        work="the same call of AsyncClient, awaited",
        open=at_once(_awaited, concurrency=1, calls_each=_CALLS),
    ),
    Way(
        name="requests.Session",
        work="dict → session.post(json=…, headers={…}, timeout=30) → raise_for_status → json()",
        open=_one_by_one(_requests),
    ),
    Way(
        name="urllib3",
        work="dict → PoolManager.request(json=…) → json()",
        open=_one_by_one(_urllib3),
    ),
    Way(
        name="aiohttp awaited",
        work="a naive aiohttp + orjson call, awaited: as in the first table",
        open=at_once(naive, concurrency=1, calls_each=_CALLS),
    ),
    Way(
        name="aiohttp, one hop by hand",
        work="the same on a loop in a thread: call_soon_threadsafe there, one lock back",
        open=_one_by_one(_by_hand),
    ),
    Way(
        name="httpx.Client",
        work="dict → client.post(json=…) → raise_for_status → json()",
        open=_one_by_one(_httpx),
    ),
    Way(
        name="openai",
        work="OpenAI.post(path, body=…) of the same order; its BaseModel",
        open=_one_by_one(_openai),
        is_slow=True,
    ),
    Way(
        name="stripe",
        work="customers.create of a form with 3 fields; a StripeObject",
        open=_one_by_one(_stripe),
        is_slow=True,
    ),
]
_MANY: Final = [
    Way(
        name=f"wixreseller.Client × {_THREADS}",
        work=f"{_THREADS} threads share one client; work as above",
        open=_in_threads(_wixreseller),
    ),
    Way(
        name=f"requests.Session × {_THREADS}",
        work=f"{_THREADS} threads share one session; work as above",
        open=_in_threads(_requests),
    ),
    Way(
        name=f"aiohttp, one hop by hand × {_THREADS}",
        work=f"{_THREADS} threads share one session and its loop; work as above",
        open=_in_threads(_by_hand),
    ),
    Way(
        name=f"urllib3 × {_THREADS}",
        work=f"{_THREADS} threads share one PoolManager(maxsize={_THREADS}); work as above",
        open=_in_threads(_urllib3),
    ),
]
WAYS: Final = [*_ONE, *_MANY]
_NEAREST: Final = (
    "wixreseller.Client",
    "wixreseller awaited",
    "requests.Session",
    "urllib3",
    "aiohttp, one hop by hand",
)


def _in_turns(
    ways: Sequence[Way], effort: Effort, url: str, *, processor: int | None = None
) -> Sequence[Row]:
    return in_turns(
        "benchmarks.blocking",
        ways,
        url,
        rounds=effort.of(9, 40),
        scale=1e6,
        clock="wall",
        processor=processor,
    )


def _measure_on_one(effort: Effort) -> Sequence[Row]:
    with canned_server(processor=0) as url:
        return _in_turns(_ONE, effort, url, processor=0)


def _measure_anywhere(effort: Effort) -> Sequence[Row]:
    return _in_turns([way for way in _ONE if way.name in _NEAREST], effort, effort.url)


def _measure_threads(effort: Effort) -> Sequence[Row]:
    return _in_turns(_MANY, effort, effort.url)


def _goals(where: str, *, to_requests: float, to_awaited: float) -> Sequence[Goal]:
    return (
        Goal(
            what=f"A blocking create, {where}: ÷ requests.Session",
            row="wixreseller.Client",
            to="requests.Session",
            at_most=0.4,
            guard=to_requests,
        ),
        Goal(
            what=f"A blocking create, {where}: ÷ the same awaited",
            row="wixreseller.Client",
            to="wixreseller awaited",
            at_most=1.4,
            guard=to_awaited,
        ),
    )


QUESTIONS: Final = [
    Question(
        name="blocking",
        title="A blocking create, one after the other, client and server on one processor",
        unit="µs",
        measure=_measure_on_one,
        goals=_goals("on one processor", to_requests=0.45, to_awaited=1.5),
    ),
    Question(
        name="blocking-anywhere",
        title="A blocking create, one after the other, on any processor",
        unit="µs",
        measure=_measure_anywhere,
        goals=_goals("on any processor", to_requests=0.6, to_awaited=1.9),
    ),
    Question(
        name="threads",
        title=f"A blocking create in each of {_THREADS} threads, time for each answer",
        unit="µs",
        measure=_measure_threads,
        goals=(
            Goal(
                what=f"Answers that {_THREADS} threads get: ÷ those with a shared requests.Session",
                row=f"requests.Session × {_THREADS}",
                to=f"wixreseller.Client × {_THREADS}",
                at_least=5.0,
                guard=3.0,
            ),
        ),
    ),
]
