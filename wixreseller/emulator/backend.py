"""Answer one request, from its bytes to the answer's bytes, without a socket in sight.

The body is read before this begins and the answer is sent after it ends, so a slow client never
holds a transaction open.
"""

import logging
import time
import uuid
from collections.abc import Callable
from functools import partial

from wixreseller.emulator import changes, history, lifecycle, visibility
from wixreseller.emulator.access import Caller, identify
from wixreseller.emulator.core import Call, Core, Trace
from wixreseller.emulator.faults import Fault, Faults, PlacedFault
from wixreseller.emulator.journal import Journal
from wixreseller.emulator.jsonvalue import JsonObject, dumps, loads
from wixreseller.emulator.messages import Answer, Request
from wixreseller.emulator.ratelimit import RateLimiter
from wixreseller.emulator.replies import Refusal, Violation, internal_error, refuse, refuse_fields
from wixreseller.emulator.routes import Match, find_route, unknown_route
from wixreseller.emulator.spoiling import spoil
from wixreseller.emulator.targets import match_of, target_of
from wixreseller.emulator.timeline import Cause

__all__ = ["Answer", "Backend", "Request"]

_log = logging.getLogger("wixreseller.emulator")


class Backend:
    """Answer the requests of the API, one transaction each."""

    def __init__(
        self,
        core: Core,
        limiter: RateLimiter,
        *,
        faults: Faults | None = None,
        journal: Journal | None = None,
    ) -> None:
        self._core = core
        self._limiter = limiter
        self._faults = Faults() if faults is None else faults
        self._journal = Journal() if journal is None else journal
        # Unlike everything else, request ids differ from run to run: they name one real exchange.
        self._run = uuid.uuid4().hex[:12]
        self._requests = 0

    def _new_request_id(self) -> str:
        """Return the id that the next answer carries."""
        self._requests += 1
        return f"{self._core.clock.milliseconds() // 1000}.{self._run}{self._requests:06d}"

    def meet(self, request: Request) -> PlacedFault | None:
        """Return the fault that meets a request, for :meth:`answer`; it counts as a hit."""
        # Looking closer at requests costs something, so only where there is a fault to meet.
        return self._faults.meet(target_of(self._core, request)) if self._faults else None

    def answer(self, request: Request, placed: PlacedFault | None = None) -> Answer:
        """Answer a request of the API, spoilt by a fault, and put it into the journal."""
        started = time.perf_counter()
        trace, fault = Trace(), None if placed is None else placed.fault
        if fault is None or fault.is_handled or fault.delays_the_request:
            answer = self.respond(request, partial(self._handle, trace, fault))
        else:
            _note(trace, match_of(request))
            answer = Answer(
                status=200, body=b"{}", headers={"X-Wix-Request-Id": self._new_request_id()}
            )
        if fault is not None:
            answer = spoil(fault, answer)
        self._journal.add(
            request,
            answer,
            trace,
            None if placed is None else {"id": placed.id, "fault": placed.fault.kind},
            time_ms=self._core.clock.milliseconds(),
            milliseconds=round((time.perf_counter() - started) * 1000, 3),
        )
        return answer

    def respond(
        self, request: Request, handle: Callable[[Request, dict[str, str]], JsonObject | Answer]
    ) -> Answer:
        """Answer with what ``handle`` returns or raises; a failure of our own is a bare 500.

        ``handle`` may add headers to the answer, or give one that is not JSON.
        """
        headers = {"X-Wix-Request-Id": self._new_request_id()}
        try:
            found = handle(request, headers)
            if isinstance(found, Answer):
                return found
            status, body = 200, found
        except Refusal as refusal:
            status, body = refusal.status, refusal.body
            headers.update(refusal.headers)
        except Exception:  # noqa: BLE001 # logged, and answered as a server's own failure
            _log.exception("%s %s failed", request.method, request.path)
            failure = internal_error()
            status, body = failure.status, failure.body
        return Answer(status=status, body=dumps(body), headers=headers)

    def _handle(
        self, trace: Trace, fault: Fault | None, request: Request, headers: dict[str, str]
    ) -> JsonObject:
        match = find_route(request.method, request.path)
        _note(trace, match)
        _refuse_forms(self._core, request, match)
        if match.route.deprecated:
            _log.info("%s %s is deprecated", request.method, match.route.path)
        held: Refusal | None = None
        answer: JsonObject = {}
        store = self._core.store
        writes = store.writes
        trace.request_id = headers["X-Wix-Request-Id"]
        store.cause = Cause(match.route.operation, trace.request_id)
        with store.transaction():
            try:
                answer = self._run_operation(request, match, headers, trace, fault)
            except Refusal as refusal:
                if not refusal.keeps_changes:
                    raise
                held = refusal
        trace.is_committed = store.writes > writes
        if held is not None:
            raise held
        return answer

    def _run_operation(
        self,
        request: Request,
        match: Match,
        headers: dict[str, str],
        trace: Trace,
        fault: Fault | None,
    ) -> JsonObject:
        core, route = self._core, match.route
        caller = identify(core, request.headers, route.operation)
        self._limiter.admit(_scope(core, caller, request), core.settings)
        lifecycle.settle(core)
        lag = core.settings.visibility_lag_seconds
        stale = fault.seconds if fault is not None and fault.kind == "stale_read" else None
        call = Call(
            operation=route.operation,
            path=match.path,
            query=request.query,
            body=self._body(request, fault),
            key=caller.key,
            account_id=caller.account_id,
            root_id=caller.root_id,
            as_of_ms=visibility.as_of(core, request.headers, route.operation, stale),
            trace=trace,
        )
        half_way = fault is not None and fault.when == "half_way"
        answer = changes.leave_site(core, call) if half_way else route.handler(core, call)
        now_ms = core.clock.milliseconds()
        if route.writes:
            history.forget(core.store, history.horizon_ms(now_ms, lag))
        commits = core.store.count_up("commits") if route.writes else core.store.counted("commits")
        if core.settings.consistency_token != "absent":  # noqa: S105 # a setting, no secret
            seen_ms = now_ms if call.as_of_ms is None else call.as_of_ms
            headers[visibility.HEADER] = visibility.write_token(core, seen_ms, commits)
        return answer

    def _body(self, request: Request, fault: Fault | None) -> JsonObject:
        stripped = fault is not None and fault.kind == "strip_delete_body"
        dropped = stripped or self._core.settings.delete_bodies == "drop"
        is_lost = request.method == "DELETE" and dropped
        if request.method == "GET" or is_lost or not request.body.strip():
            return {}
        try:
            body = loads(request.body)
        except ValueError as error:
            raise refuse_fields([Violation("body", f"is not JSON: {error}", "FORMAT")]) from None
        if not isinstance(body, dict):
            raise refuse_fields([Violation("body", "must be a JSON object", "FORMAT")])
        return body


def _refuse_forms(core: Core, request: Request, match: Match) -> None:
    """Refuse what the settings say that Wix does not take."""
    if match.route.deprecated and core.settings.old_create == "unimplemented":
        raise unknown_route(request.method, request.path)
    if core.settings.encoded_slash == "refused" and "%2f" in request.path.lower():
        raise refuse(400, "INVALID_ARGUMENT", "the path holds an encoded slash")


def _note(trace: Trace, match: Match | None) -> None:
    if match is not None:
        trace.operation, trace.is_deprecated = match.route.operation, match.route.deprecated
        trace.external_id = match.path.get("externalId")


def _scope(core: Core, caller: Caller, request: Request) -> str:
    scopes = {"key": caller.key, "account": caller.account_id, "address": request.address}
    return scopes[core.settings.rate_limit_scope]
