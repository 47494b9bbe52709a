"""A logical call is paced, bounded by one deadline, and tried again only where that is harmless."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from typing import cast

import attrs
import pytest
from fake_clock import FakeClock

from wixreseller import NO_TIMEOUT, RateLimit, RetryPolicy, _answers, _operations, errors
from wixreseller._answers import Response
from wixreseller._clock import Clock
from wixreseller._executor import Executor, Times
from wixreseller._guard import NoAnswerError, Progress
from wixreseller._hooks_runner import HooksRunner
from wixreseller._operations import Request
from wixreseller._pacing import Pacer
from wixreseller._sentinels import Seconds
from wixreseller._transport import Transport
from wixreseller.config import ClientConfig
from wixreseller.hooks import AttemptEnded, AttemptStarting, Hooks, Retrying, UnknownOutcome
from wixreseller.matrix import Phase
from wixreseller.models import Package

GUID = "0a1b2c3d-0000-4000-8000-0123456789ab"
OK = Response(status=200, headers={}, body=b'{"package": {"id": "%s"}}' % GUID.encode())
READ = _operations.get_package(GUID, GUID)
WRITE = _operations.cancel_package(GUID, "k", GUID)
Step = Response | Phase | Callable[[], None]


@attrs.define
class Script:
    """Stand in for the transport: answer, or fail in a phase, or hang, as the steps say."""

    steps: list[Step]
    sent: list[Request] = attrs.field(factory=list[Request])

    async def exchange(self, request: Request, progress: Progress, timeout: Seconds) -> Response:
        """Do the next step."""
        self.sent.append(request)
        step = self.steps.pop(0)
        if isinstance(step, Response):
            progress.phase = Phase.READING
            return step
        if isinstance(step, Phase):
            progress.phase = step
            raise NoAnswerError("it broke")
        progress.phase = Phase.ANSWERING
        await asyncio.get_running_loop().create_future()
        raise AssertionError("nobody answers")


def hang() -> None:
    """Mark a step that never ends."""


async def run(
    steps: Sequence[Step],
    request: Request = READ,
    *,
    fake: FakeClock | None = None,
    pacer: Pacer | None = None,
    deadline: Seconds = NO_TIMEOUT,
    retry: RetryPolicy | None = None,
    max_wait: Seconds = NO_TIMEOUT,
    chance: float = 0.0,
    hooks: Hooks | None = None,
) -> Package:
    fake = fake or FakeClock()
    clock = fake.clock(chance)
    pacer = pacer or Pacer(None, clock)
    script = Script(steps if isinstance(steps, list) else [*steps])  # a list shows what is left
    executor = Executor(cast("Transport", script), pacer, clock, HooksRunner(hooks or Hooks()))
    config = ClientConfig.resolve(
        environment={},
        api_key="IST.canary-3f1c9a",
        account_id=GUID,
        retry=retry,
        rate_limit=RateLimit(1, max_wait=max_wait),
    )
    until = None if deadline is NO_TIMEOUT else clock.monotonic() + deadline
    return await fake.drive(
        executor.run(request, _answers.read_package, Times(30.0, until), config)
    )


def busy(**headers: str) -> Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(status=503, headers=named, body=b"")


@pytest.mark.parametrize(
    "failure", [busy(), Phase.CONNECTING, Phase.SENDING, Phase.ANSWERING, Phase.READING]
)
async def test_a_read_is_tried_again_after_any_temporary_failure(failure: Step) -> None:
    package = await run([failure, failure, OK])

    assert package.meta is not None
    assert package.meta.attempts == 3


@pytest.mark.parametrize("failure", [Phase.SENDING, Phase.ANSWERING, Phase.READING, busy()])
async def test_a_write_that_may_have_happened_is_unknown_after_one_attempt(failure: Step) -> None:
    steps: list[Step] = [failure, OK]

    with pytest.raises(errors.OutcomeUnknownError) as caught:
        await run(steps, WRITE)

    assert (steps, caught.value.attempts, caught.value.idempotency_key) == ([OK], 1, "k")


UNSENT = [Phase.PREPARING, Phase.RESOLVING, Phase.CONNECTING, Phase.SECURING]


@pytest.mark.parametrize("phase", UNSENT)
async def test_a_write_that_provably_did_not_leave_is_tried_again(phase: Phase) -> None:
    package = await run([phase, phase, OK], WRITE)

    assert package.meta is not None
    assert 3 == package.meta.attempts


@pytest.mark.parametrize("phase", UNSENT)
async def test_a_write_that_never_left_certainly_did_not_happen(phase: Phase) -> None:
    with pytest.raises(errors.ConnectFailedError) as caught:
        await run([phase] * 3, WRITE)

    assert 3 == caught.value.attempts


@pytest.mark.parametrize("request_", [READ, WRITE], ids=["read", "write"])
async def test_a_throttled_call_waits_at_the_gate_and_is_tried_again(request_: Request) -> None:
    fake = FakeClock(now=0.0)
    pacer = Pacer(RateLimit(100, per=60.0), fake.clock())

    package = await run([throttled()] * 5 + [OK], request_, fake=fake, pacer=pacer)

    assert package.meta is not None
    assert (6, fake.now) == (package.meta.attempts, package.meta.waited)
    assert [1.0, 2.0, 4.0, 8.0, 16.0] == fake.slept


async def test_a_429_with_a_code_that_is_not_throttling_is_final() -> None:
    used_up = b'{"message": "", "details": {"applicationError": {"code": "TOKEN_USED"}}}'
    steps: list[Step] = [Response(status=429, headers={}, body=used_up), OK]

    with pytest.raises(errors.RateLimitError) as caught:
        await run(steps, WRITE)

    assert ([OK], "TOKEN_USED") == (steps, caught.value.code)


async def test_a_429_with_a_code_that_is_not_throttling_teaches_the_limiter_nothing() -> None:
    used_up = b'{"message": "", "details": {"applicationError": {"code": "TOKEN_USED"}}}'
    fake = FakeClock()
    pacer = Pacer(RateLimit(100, per=60.0), fake.clock())

    with pytest.raises(errors.RateLimitError):
        await run([Response(status=429, headers={}, body=used_up)], WRITE, fake=fake, pacer=pacer)

    assert (None, 0.0) == (pacer.learner, (await pacer.take(max_wait=0)).waited)


async def test_a_call_that_is_throttled_for_ever_is_given_up() -> None:
    with pytest.raises(errors.RateLimitError) as caught:
        await run([throttled()] * 3, WRITE, retry=RetryPolicy(max_throttled=3))

    assert 3 == caught.value.attempts


async def test_a_retry_that_cannot_fit_into_the_deadline_is_not_begun() -> None:
    fake = FakeClock()

    with pytest.raises(errors.ServerError):
        await run([busy(Retry_After="50")], fake=fake, deadline=40.0)

    assert [] == fake.slept


async def test_in_an_outage_attempts_stay_within_six_fifths_of_the_calls() -> None:
    fake = FakeClock()
    clock = fake.clock()
    calls = 400
    script = Script([*[Phase.CONNECTING] * 3 * calls])
    executor = Executor(cast("Transport", script), Pacer(None, clock), clock, HooksRunner(Hooks()))
    config = ClientConfig.resolve(environment={}, api_key="IST.canary-3f1c9a", account_id=GUID)

    async def call() -> None:
        with contextlib.suppress(errors.ConnectFailedError):
            await executor.run(READ, _answers.read_package, Times(30.0, None), config)

    for _ in range(calls):
        await fake.drive(call())
    drained = len(script.sent)
    script.steps[:] = [OK] * 100
    for _ in range(100):
        await fake.drive(call())
    script.steps[:] = [Phase.CONNECTING, Phase.CONNECTING, OK]
    await fake.drive(call())

    assert drained <= 1.2 * calls + 20
    assert [] == script.steps  # the stock has refilled: two retries were paid for


async def test_hooks_are_told_of_every_attempt_and_retry() -> None:
    told: list[object] = []

    async def tell(event: object) -> None:
        told.append(event)

    hooks = Hooks(before_attempt=told.append, after_attempt=tell, on_retry=tell)
    await run([busy(), OK], hooks=hooks)

    starting, ended, retrying, again, done = told
    assert isinstance(starting, AttemptStarting)
    assert isinstance(ended, AttemptEnded)
    assert isinstance(retrying, Retrying)
    assert isinstance(again, AttemptStarting)
    assert isinstance(done, AttemptEnded)
    assert (1, 503, 1, 2, 200) == (
        starting.attempt,
        ended.status,
        retrying.attempts,
        again.attempt,
        done.status,
    )


async def test_a_hook_is_told_of_an_unknown_outcome_with_its_key() -> None:
    told: list[UnknownOutcome] = []

    with pytest.raises(errors.OutcomeUnknownError) as caught:
        await run([Phase.ANSWERING], WRITE, hooks=Hooks(on_unknown=told.append))

    (event,) = told
    assert (caught.value, "k", False) == (
        event.error,
        event.error.idempotency_key,
        event.was_cancelled,
    )


async def test_a_hook_that_raises_loses_no_answer(caplog: pytest.LogCaptureFixture) -> None:
    def broken(_: object) -> None:
        raise LookupError("the hook is broken")

    package = await run([OK], WRITE, hooks=Hooks(before_attempt=broken, after_attempt=broken))

    assert GUID == package.id
    assert 2 == caplog.text.count("the hook is broken") / 2  # once as text, once in the traceback


async def test_a_cancelled_write_tells_its_key_before_it_ends() -> None:
    told: list[UnknownOutcome] = []
    sent = asyncio.Event()

    async def starting(_: object) -> None:
        sent.set()

    clock = FakeClock().clock()
    runner = HooksRunner(Hooks(before_attempt=starting, on_unknown=told.append))
    executor = Executor(cast("Transport", Script([hang])), Pacer(None, clock), clock, runner)
    config = ClientConfig.resolve(environment={}, api_key="IST.canary-3f1c9a", account_id=GUID)
    task = asyncio.ensure_future(
        executor.run(WRITE, _answers.read_package, Times(30.0, None), config)
    )
    await sent.wait()
    for _ in range(5):
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    (event,) = told
    assert ("k", True) == (event.error.idempotency_key, event.was_cancelled)


def throttled() -> Response:
    return Response(status=429, headers={}, body=b"")


async def test_the_waits_between_attempts_double_up_to_their_limit() -> None:
    fake = FakeClock()
    retry = RetryPolicy(max_attempts=6, first_delay=1.0, max_delay=5.0)

    package = await run([*[busy()] * 5, OK], fake=fake, retry=retry)

    assert fake.slept == [1.0, 2.0, 4.0, 5.0, 5.0]
    assert package.meta is not None
    assert package.meta.waited == 17.0


async def test_chance_makes_a_wait_longer_never_shorter() -> None:
    fake = FakeClock()

    await run([busy(), OK], fake=fake, retry=RetryPolicy(first_delay=1.0), chance=1.0)

    assert fake.slept == [1.5]


async def test_retry_after_is_waited_for_in_full() -> None:
    fake = FakeClock()

    await run([busy(Retry_After="20"), OK], fake=fake, retry=RetryPolicy(first_delay=1.0))

    assert fake.slept == [21.0]


async def test_a_retry_after_beyond_the_limit_is_raised_at_once() -> None:
    fake = FakeClock()

    with pytest.raises(errors.ServerError) as caught:
        await run([busy(Retry_After="61")], fake=fake)

    assert (fake.slept, caught.value.retry_after) == ([], 61.0)


async def test_the_limiter_is_asked_before_every_attempt() -> None:
    fake = FakeClock(now=0.0)
    pacer = Pacer(RateLimit(1, per=60.0), fake.clock())

    package = await run([busy(), OK], fake=fake, pacer=pacer, retry=RetryPolicy(first_delay=1.0))

    assert package.meta is not None
    assert (fake.now, package.meta.waited) == (60.0, 60.0)


async def test_a_call_the_limiter_refuses_was_never_sent() -> None:
    fake = FakeClock(now=0.0)
    pacer = Pacer(RateLimit(1, per=60.0), fake.clock())
    await run([OK], fake=fake, pacer=pacer)
    steps: list[Step] = [OK]

    with pytest.raises(errors.PacingError) as caught:
        await run(steps, WRITE, fake=fake, pacer=pacer, max_wait=0)

    assert (steps, caught.value.retry_after, caught.value.attempts) == ([OK], 60.0, 0)


async def test_a_deadline_in_a_read_names_the_phase() -> None:
    with pytest.raises(errors.RequestTimeoutError) as caught:
        await run([hang], deadline=0.01)

    assert caught.value.phase == "waiting for the answer"
    assert isinstance(caught.value, TimeoutError)


async def test_a_deadline_in_a_write_that_was_sent_leaves_it_unknown() -> None:
    with pytest.raises(errors.OutcomeUnknownError):
        await run([hang], WRITE, deadline=0.01)


async def test_a_deadline_while_pacing_sends_nothing() -> None:
    pacer = Pacer(RateLimit(1, per=60.0), Clock())
    await run([OK], pacer=pacer)
    steps: list[Step] = [OK]

    with pytest.raises(errors.RequestTimeoutError) as caught:
        await run(steps, WRITE, pacer=pacer, deadline=0.01)

    assert steps == [OK]
    assert (caught.value.phase, caught.value.attempts) == ("waiting for the limiter", 0)
