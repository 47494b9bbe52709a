"""Calls are traced and measured: one span each, a child per attempt, nothing that is secret."""

from __future__ import annotations

import asyncio
import contextvars
import subprocess
import sys
from collections.abc import Iterator

import aiohttp
import pytest
from opentelemetry import trace
from opentelemetry.instrumentation.aiohttp_client import AioHttpClientInstrumentor
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import SpanKind, StatusCode
from otel_scene import Connect, Scene
from raw_server import CANARY, GUID, PACKAGE, RawServer, answer

from wixreseller import AsyncClient, Hooks, Product, RateLimit, errors
from wixreseller.hooks import CallObserver, CallStarting
from wixreseller.testing import FastTime

OTHER = "0a1b2c3d-0000-4000-8000-00000000cafe"
ORDER = Product(catalog_product_id=OTHER, country_code="BR")
OK = answer(PACKAGE, headers="X-Wix-Request-Id: r-1\r\n")
BUSY = answer(b"", "503 Service Unavailable")


def told(span: ReadableSpan) -> dict[str, object]:
    return dict(span.attributes or {})


def parent_of(span: ReadableSpan) -> int | None:
    return None if span.parent is None else span.parent.span_id


def id_of(span: ReadableSpan) -> int:
    assert span.context is not None
    return int(span.context.span_id)


async def test_a_call_is_one_span_with_a_child_for_its_attempt(
    connect: Connect, scene: Scene, server: RawServer
) -> None:
    server.answers = [OK]
    client = connect(server.url)

    await client.packages.create([ORDER], external_id="sub-1", idempotency_key="key-1")

    attempt, call = scene.spans
    subject = {
        "wixreseller.operation": "create_package",
        "wixreseller.account_id": GUID,
        "wixreseller.external_id": "sub-1",
        "wixreseller.idempotency_key": "key-1",
    }
    assert ("wixreseller create_package", SpanKind.INTERNAL, None) == (
        call.name,
        call.kind,
        parent_of(call),
    )
    assert told(call) == {
        **subject,
        "wixreseller.package_id": GUID,
        "wixreseller.outcome": "succeeded",
        "wixreseller.attempts": 1,
        "wixreseller.waited": 0.0,
        "wixreseller.limiter_waited": 0.0,
    }
    assert ("POST", SpanKind.CLIENT, id_of(call)) == (
        attempt.name,
        attempt.kind,
        parent_of(attempt),
    )
    assert told(attempt) == {
        **subject,
        "http.request.method": "POST",
        "http.response.status_code": 200,
        "server.address": "127.0.0.1",
        "server.port": server.port,
        "url.full": f"{server.url}/resellers/v2/packages",
        "wixreseller.attempt": 1,
        "wixreseller.request_id": "r-1",
    }


async def test_the_span_of_a_call_on_an_instance_says_which(
    connect: Connect, scene: Scene, server: RawServer
) -> None:
    server.answers = [OK]

    await connect(server.url).product_instances.cancel(OTHER)

    *_, call = scene.spans
    facts = told(call)
    assert (OTHER, GUID) == (facts["wixreseller.instance_id"], facts["wixreseller.package_id"])


async def test_a_search_says_what_it_looks_for(
    connect: Connect, scene: Scene, server: RawServer
) -> None:
    server.answers = [answer(b'{"packages": [], "pagingMetadata": {"count": 0}}')]

    await connect(server.url).packages.find("sub-7")

    assert "sub-7" == told(scene.spans[-1])["wixreseller.external_id"]


async def test_each_attempt_is_a_child_and_retries_are_counted(
    connect: Connect, scene: Scene, server: RawServer, fast: FastTime
) -> None:
    server.answers = [BUSY, None, OK]

    await connect(server.url).packages.get(GUID)

    busy, lost, done, call = scene.spans
    assert [id_of(call)] * 3 == [parent_of(span) for span in (busy, lost, done)]
    assert [None, 1, 2] == [
        told(span).get("http.request.resend_count") for span in (busy, lost, done)
    ]
    assert ["503", "ServerDisconnectedError", None] == [
        told(span).get("error.type") for span in (busy, lost, done)
    ]
    assert [StatusCode.ERROR, StatusCode.ERROR, StatusCode.UNSET] == [
        span.status.status_code for span in (busy, lost, done)
    ]
    assert 3 == told(call)["wixreseller.attempts"]
    assert fast.skipped == told(call)["wixreseller.waited"]
    assert 0.0 == told(call)["wixreseller.limiter_waited"]
    retries = {kind["error.type"]: count for kind, count in scene.metric("wixreseller.retries")}
    assert {
        "wixreseller.errors.ServerError": 1,
        "wixreseller.errors.TransportError": 1,
    } == retries


async def test_a_lost_answer_of_a_write_is_an_unknown_outcome(
    connect: Connect, scene: Scene, server: RawServer
) -> None:
    client = connect(server.url, if_unknown="raise")

    with pytest.raises(errors.OutcomeUnknownError):
        await client.packages.cancel(GUID)

    attempt, call = scene.spans
    facts = told(call)
    assert ("unknown", GUID, "wixreseller.errors.OutcomeUnknownError", StatusCode.ERROR) == (
        facts["wixreseller.outcome"],
        facts["wixreseller.package_id"],
        facts["error.type"],
        call.status.status_code,
    )
    assert "waiting for the answer" == told(attempt)["wixreseller.phase"]
    assert [({"wixreseller.operation": "cancel_package"}, 1)] == scene.metric(
        "wixreseller.unknown_outcomes"
    )


async def test_a_refusal_tells_status_code_and_request_but_no_text(
    connect: Connect, scene: Scene, server: RawServer
) -> None:
    body = b'{"message": "secret-text", "details": {"applicationError": {"code": "NO_SUCH_THING"}}}'
    server.answers = [answer(body, "404 Not Found", "X-Wix-Request-Id: r-2\r\n")]

    with pytest.raises(errors.NotFoundError):
        await connect(server.url).packages.get(GUID)

    attempt, call = scene.spans
    facts = told(call)
    assert ("failed", "r-2", "NO_SUCH_THING", "wixreseller.errors.NotFoundError") == (
        facts["wixreseller.outcome"],
        facts["wixreseller.request_id"],
        facts["wixreseller.error_code"],
        facts["error.type"],
    )
    assert ("404", 404) == (
        told(attempt)["error.type"],
        told(attempt)["http.response.status_code"],
    )
    assert "secret-text" not in attempt.to_json() + call.to_json()


async def test_neither_key_nor_body_is_in_any_span(
    connect: Connect, scene: Scene, server: RawServer
) -> None:
    server.answers = [answer(b"{}" + CANARY.encode(), "400 Bad Request"), None]
    client = connect(server.url, if_unknown="raise")

    for expected in (errors.BadRequestError, errors.OutcomeUnknownError):
        with pytest.raises(expected):
            await client.packages.create([ORDER], external_id="sub-1")

    written = "".join(span.to_json() for span in scene.spans)
    assert 4 == len(scene.spans)
    assert not [secret for secret in (CANARY, "catalogProductId", OTHER) if secret in written]


async def test_spans_are_children_of_the_callers_which_is_current_again_afterwards(
    connect: Connect, scene: Scene, server: RawServer
) -> None:
    server.answers = [OK]
    client = connect(server.url)

    with scene.tracers.get_tracer("test").start_as_current_span("mine") as mine:
        await client.packages.get(GUID)
        after = trace.get_current_span()

    attempt, call, _ = scene.spans
    assert after is mine
    assert mine.get_span_context().span_id == parent_of(call)
    assert id_of(call) == parent_of(attempt)


async def test_calls_at_the_same_time_have_their_own_parents(
    connect: Connect, scene: Scene, server: RawServer
) -> None:
    server.answers = [OK] * 20
    client = connect(server.url)
    tracer = scene.tracers.get_tracer("test")

    async def work(number: int) -> None:
        with tracer.start_as_current_span(f"work {number}"):
            await client.packages.get(GUID)

    await asyncio.gather(*map(work, range(20)))

    names = {id_of(span): span.name for span in scene.spans}
    calls = [span for span in scene.spans if span.name.startswith("wixreseller")]
    assert sorted(f"work {number}" for number in range(20)) == sorted(
        names[parent_of(call) or 0] for call in calls
    )
    assert {id_of(call) for call in calls} == {
        parent_of(span) for span in scene.spans if span.kind is SpanKind.CLIENT
    }


async def test_hooks_see_the_span_of_their_call(
    connect: Connect, scene: Scene, server: RawServer
) -> None:
    server.answers = [OK]
    seen: list[int] = []

    def note(_: object) -> None:
        seen.append(trace.get_current_span().get_span_context().span_id)

    hooks = Hooks(before_attempt=note, after_attempt=note, observer=scene.telemetry)
    await connect(server.url, hooks=hooks).packages.get(GUID)

    _, call = scene.spans
    assert [id_of(call)] * 2 == seen


# --- waits --------------------------------------------------------------------------------------


async def test_waits_for_the_limiter_are_told_apart_and_measured(
    connect: Connect, scene: Scene, server: RawServer, fast: FastTime
) -> None:
    server.answers = [OK, OK]
    client = connect(server.url, rate_limit=RateLimit(1, per=60.0))

    await client.packages.get(GUID)
    await client.packages.get(GUID)

    *_, call = scene.spans
    waited = told(call)["wixreseller.limiter_waited"]
    assert isinstance(waited, float)
    assert waited >= fast.skipped > 50.0
    assert waited == told(call)["wixreseller.waited"]
    assert [({"wixreseller.operation": "get_package"}, waited)] == scene.metric(
        "wixreseller.limiter.wait"
    )
    ((kind, seconds),) = scene.metric("wixreseller.call.duration")
    assert {
        "wixreseller.operation": "get_package",
        "wixreseller.outcome": "succeeded",
    } == kind
    assert seconds > waited  # the call is more than its wait


async def test_a_call_that_would_wait_too_long_has_no_attempts(
    connect: Connect, scene: Scene, server: RawServer
) -> None:
    server.answers = [OK]
    client = connect(server.url, rate_limit=RateLimit(1, per=60.0, max_wait=0))

    await client.packages.get(GUID)
    with pytest.raises(errors.PacingError):
        await client.packages.get(GUID)

    *_, call = scene.spans
    assert ["GET", "wixreseller get_package", "wixreseller get_package"] == scene.names
    assert (0, "wixreseller.errors.PacingError") == (
        told(call)["wixreseller.attempts"],
        told(call)["error.type"],
    )


async def test_a_wait_that_the_deadline_cuts_short_is_measured_too(
    connect: Connect, scene: Scene, server: RawServer
) -> None:
    server.answers = [OK]
    client = connect(server.url, rate_limit=RateLimit(1, per=60.0))

    await client.packages.get(GUID)
    with pytest.raises(errors.RequestTimeoutError):
        await client.packages.get(GUID, deadline=0.05)

    *_, call = scene.spans
    waited = told(call)["wixreseller.limiter_waited"]
    assert isinstance(waited, float)
    assert waited >= 0.04


# --- cancellation -------------------------------------------------------------------------------


async def test_a_write_cancelled_after_it_was_sent_is_unknown(scene: Scene) -> None:
    got = asyncio.Event()

    async def swallow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        got.set()
        await reader.read()
        writer.close()

    listening = await asyncio.start_server(swallow, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    async with (
        listening,
        AsyncClient(
            api_key=CANARY,
            account_id=GUID,
            base_url=f"http://127.0.0.1:{port}",
            hooks=Hooks(observer=scene.telemetry),
        ) as client,
    ):
        task = asyncio.ensure_future(client.packages.cancel(GUID))
        await got.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    attempt, call = scene.spans
    assert "cancelled" == told(attempt)["error.type"]
    assert "unknown" == told(call)["wixreseller.outcome"]
    assert [({"wixreseller.operation": "cancel_package"}, 1)] == scene.metric(
        "wixreseller.unknown_outcomes"
    )


async def test_a_call_cancelled_in_its_queue_is_cancelled_and_no_error(
    scene: Scene, server: RawServer
) -> None:
    server.answers = [OK]
    async with AsyncClient(
        api_key=CANARY,
        account_id=GUID,
        base_url=server.url,
        rate_limit=RateLimit(1, per=60.0),
        hooks=Hooks(observer=scene.telemetry),
    ) as client:
        await client.packages.get(GUID)
        task = asyncio.ensure_future(client.packages.cancel(GUID))
        for _ in range(5):
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    *_, call = scene.spans
    assert ("cancelled", None, StatusCode.UNSET) == (
        told(call)["wixreseller.outcome"],
        told(call).get("error.type"),
        call.status.status_code,
    )
    assert [] == scene.metric("wixreseller.unknown_outcomes")


def test_a_call_that_is_closed_unfinished_ends_its_spans_and_complains_of_nothing(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    loop = asyncio.new_event_loop()
    client = AsyncClient(
        api_key=CANARY,
        account_id=GUID,
        base_url="http://127.0.0.1:9",
        hooks=Hooks(before_attempt=_never, observer=scene.telemetry),
    )
    work = client.packages.get(GUID)

    async def begin() -> None:
        work.send(None)

    loop.run_until_complete(begin())
    contextvars.Context().run(work.close)
    loop.close()

    (call,) = scene.spans
    assert "cancelled" == told(call)["wixreseller.outcome"]
    assert [] == caplog.records


async def _never(_: object) -> None:
    await asyncio.get_running_loop().create_future()


# --- beside others ------------------------------------------------------------------------------


@pytest.fixture
def instrumented(scene: Scene) -> Iterator[None]:
    """Let OpenTelemetry instrument all aiohttp sessions."""
    AioHttpClientInstrumentor().instrument(
        tracer_provider=scene.tracers, meter_provider=scene.meters
    )
    yield
    AioHttpClientInstrumentor().uninstrument()


@pytest.mark.usefixtures("instrumented")
async def test_beside_the_instrumentation_of_aiohttp_a_request_has_one_span(
    connect: Connect, scene: Scene, server: RawServer, fast: FastTime
) -> None:
    server.answers = [OK, BUSY, OK, OK]
    client = connect(server.url)

    async with aiohttp.ClientSession() as session:
        await session.get(f"{server.url}/before")
        await client.packages.get(GUID)
        await session.get(f"{server.url}/after")

    makers = [
        span.instrumentation_scope.name.partition(".")[0]
        for span in scene.spans
        if span.instrumentation_scope is not None and span.kind is SpanKind.CLIENT
    ]
    assert ["opentelemetry", "wixreseller", "wixreseller", "opentelemetry"] == makers
    assert [True, False, False, True] == [
        b"traceparent" in request.lower() for request in server.requests
    ]


class Broken:
    """Raise whatever it hears."""

    def call_starting(self, event: CallStarting, /) -> CallObserver:
        raise LookupError("the observer is broken")


class BrokenLater:
    """Raise whatever it hears of attempts and ends."""

    def call_starting(self, event: CallStarting, /) -> CallObserver:
        return self

    def attempt_starting(self, event: object, /) -> None:
        raise LookupError("the observer is broken")

    attempt_ended = retrying = call_ended = attempt_starting


@pytest.mark.parametrize(("observer", "complaints"), [(Broken(), 1), (BrokenLater(), 3)])
async def test_an_observer_that_raises_loses_no_answer(
    connect: Connect,
    server: RawServer,
    observer: Broken | BrokenLater,
    complaints: int,
    caplog: pytest.LogCaptureFixture,
) -> None:
    server.answers = [OK]

    package = await connect(server.url, hooks=Hooks(observer=observer)).packages.cancel(GUID)

    assert GUID == package.id
    assert complaints == caplog.text.count("an observer raised; the call goes on")


def test_without_opentelemetry_the_error_names_the_extra() -> None:
    code = "import sys; sys.modules['opentelemetry'] = None; import wixreseller.otel"

    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )

    assert "pip install 'wixreseller[otel]'" in done.stderr.splitlines()[-1]


def test_a_client_loads_no_opentelemetry() -> None:
    code = (
        "import sys; from wixreseller import Client; Client(api_key='EMU.x', base_url="
        "'http://127.0.0.1:9'); print([name for name in sys.modules if 'opentelemetry' in name])"
    )

    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )

    assert "[]\n" == done.stdout
