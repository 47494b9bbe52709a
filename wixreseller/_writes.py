"""Carry out writes: remembered while they run, and looked for when their answer is lost."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import attrs

from wixreseller import _operations
from wixreseller._calls import Calls, Times
from wixreseller._hooks_runner import log_unknown
from wixreseller._look import FIRST_LOOK_AGAIN, Happened, look, server_ahead
from wixreseller._operations import Request
from wixreseller._recent import Create
from wixreseller.errors import OutcomeUnknownError, WixResellerError
from wixreseller.models import CallMeta, Package

__all__ = ["send", "write"]


def write(calls: Calls, request: Request, times: Times) -> Coroutine[Any, Any, Package]:
    """Carry out a write. If its answer is lost, look whether it happened, and give the result.

    Raises:
        OutcomeUnknownError: it was sent, and what can be read does not prove that it happened.
    """
    return _remembered(calls, request, times, _looked_for)


def send(calls: Calls, request: Request, times: Times) -> Coroutine[Any, Any, Package]:
    """Carry out a write, and leave it to the caller to look whether it happened.

    Raises:
        OutcomeUnknownError: it was sent, and its answer was lost.
    """
    return _remembered(calls, request, times, None)


async def _remembered(
    calls: Calls,
    request: Request,
    times: Times,
    after_unknown: Callable[[Calls, OutcomeUnknownError, Times], Awaitable[Package]] | None,
) -> Package:
    """Carry out a write, and let the process remember it if it is a create."""
    name = request.external_id if request.operation is _operations.CREATE else None
    recent, clock = calls.recent, calls.executor.clock
    begun: Create | None = None
    if name is not None:
        key = request.idempotency_key or ""
        begun = recent.begin(request.account_id, name, key, clock.posix())
    try:
        try:
            package = await calls.package(request, times)
        except OutcomeUnknownError as error:
            error.server_ahead = server_ahead(calls)
            if after_unknown is None:
                raise
            package = await after_unknown(calls, error, times)
    except BaseException as error:
        if begun is not None:
            # Only our own errors say for certain that it failed; whatever else ends a call (a
            # cancellation, Ctrl-C) may have ended it after it was sent.
            is_ours = isinstance(error, WixResellerError)
            certain = is_ours and not isinstance(error, OutcomeUnknownError)
            recent.end(begun, clock.posix(), "failed" if certain else "unknown")
        raise
    if begun is not None:
        recent.end(begun, clock.posix(), "done", package.id)
    return package


async def _looked_for(calls: Calls, error: OutcomeUnknownError, times: Times) -> Package:
    """Give what a write made whose answer was lost, if the configuration lets us look for it."""
    if calls.config.if_unknown == "look":
        try:
            package = await _look_until_settled(calls, error, times)
        except BaseException:  # cancelled, say: nobody will hear of the error
            log_unknown(error)
            raise
        if package is not None:
            return package
        if error.server_ahead is None:
            error.server_ahead = server_ahead(calls)  # as the looks have told
    log_unknown(error)
    raise error


async def _look_until_settled(
    calls: Calls, error: OutcomeUnknownError, times: Times
) -> Package | None:
    """Look, again and again through the settle window, until the state proves the write.

    The last look begins when the window ends; one that hangs may take as long again.
    """
    clock, window = calls.executor.clock, calls.config.retry.settle_window
    end = clock.monotonic() + window
    times = times.capped(end + max(window, 1.0))
    pause = FIRST_LOOK_AGAIN
    # It cannot be read either: it stays unknown, and whatever went wrong may not hide that.
    with contextlib.suppress(Exception):
        while True:
            seen = await look(calls, error, times)
            if isinstance(seen, Happened):
                return _with_meta_of(error, seen.package)
            now = clock.monotonic()
            pause = min(pause, end - now)
            if pause <= 0 or (times.until is not None and now + pause >= times.until):
                return None
            await clock.sleep(pause)
            pause *= 2
    return None


def _with_meta_of(error: OutcomeUnknownError, package: Package) -> Package:
    """Tell of the write that was proven, not of the read that proved it."""
    meta = package.meta or CallMeta(status=200)
    return attrs.evolve(
        package,
        meta=attrs.evolve(
            meta,
            request_id=error.request_id or meta.request_id,
            attempts=error.attempts,
            idempotency_key=error.idempotency_key,
        ),
    )
