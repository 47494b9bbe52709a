"""A logical call is paced, bounded by one deadline, and tried again only where that is harmless."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import cast

import attrs
import pytest
from fake_clock import FakeClock

from wixreseller import NO_TIMEOUT, RateLimit, RetryPolicy, _answers, _operations, errors
from wixreseller._answers import Response
from wixreseller._clock import Clock
from wixreseller._executor import Executor
from wixreseller._guard import NoAnswerError, Phase, Progress
from wixreseller._operations import Request
from wixreseller._pacing import Pacer
from wixreseller._sentinels import Seconds
from wixreseller._transport import Transport
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
    steps: list[Step],
    request: Request = READ,
    *,
    fake: FakeClock | None = None,
    pacer: Pacer | None = None,
    deadline: Seconds = NO_TIMEOUT,
    retry: RetryPolicy | None = None,
    max_wait: Seconds = NO_TIMEOUT,
    chance: float = 0.0,
) -> Package:
    fake = fake or FakeClock()
    clock = fake.clock(chance)
    pacer = pacer or Pacer(None, clock)
    executor = Executor(cast("Transport", Script(steps)), pacer, clock, max_wait)
    return await fake.drive(
        executor.run(
            request,
            _answers.read_package,
            timeout=30.0,
            deadline=deadline,
            retry=retry or RetryPolicy(),
        )
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


@pytest.mark.parametrize("phase", [Phase.PREPARING, Phase.CONNECTING])
async def test_a_write_that_did_not_leave_failed_to_connect(phase: Phase) -> None:
    with pytest.raises(errors.ConnectFailedError):
        await run([phase], WRITE)


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
