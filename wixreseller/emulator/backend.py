"""Answer one request, from its bytes to the answer's bytes, without a socket in sight.

The body is read before this begins and the answer is sent after it ends, so a slow client never
holds a transaction open.
"""

import logging
import uuid
from collections.abc import Callable, Mapping

import attrs

from wixreseller.emulator import lifecycle
from wixreseller.emulator.access import Caller, identify
from wixreseller.emulator.core import Call, Core
from wixreseller.emulator.jsonvalue import JsonObject, dumps, loads
from wixreseller.emulator.ratelimit import RateLimiter
from wixreseller.emulator.replies import Refusal, Violation, internal_error, refuse_fields
from wixreseller.emulator.routes import Match, find_route

_log = logging.getLogger("wixreseller.emulator")


@attrs.frozen(kw_only=True)
class Request:
    """Hold a request as it came; ``headers`` does not mind case, ``path`` is still encoded."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    address: str


@attrs.frozen(kw_only=True)
class Answer:
    """Hold an answer as it goes out."""

    status: int
    body: bytes
    headers: dict[str, str]


class Backend:
    """Answer the requests of the API, one transaction each."""

    def __init__(self, core: Core, limiter: RateLimiter) -> None:
        self._core = core
        self._limiter = limiter
        # Unlike everything else, request ids differ from run to run: they name one real exchange.
        self._run = uuid.uuid4().hex[:12]
        self._requests = 0

    def _new_request_id(self) -> str:
        """Return the id that the next answer carries."""
        self._requests += 1
        return f"{self._core.clock.milliseconds() // 1000}.{self._run}{self._requests:06d}"

    def answer(self, request: Request) -> Answer:
        """Answer a request of the API."""
        return self.respond(request, self._handle)

    def respond(
        self, request: Request, handle: Callable[[Request, dict[str, str]], JsonObject]
    ) -> Answer:
        """Answer with what ``handle`` returns or raises; a failure of our own is a bare 500.

        ``handle`` may add headers to the answer.
        """
        headers = {"X-Wix-Request-Id": self._new_request_id()}
        try:
            status, body = 200, handle(request, headers)
        except Refusal as refusal:
            status, body = refusal.status, refusal.body
            headers.update(refusal.headers)
        except Exception:  # noqa: BLE001 # logged, and answered as a server's own failure
            _log.exception("%s %s failed", request.method, request.path)
            failure = internal_error()
            status, body = failure.status, failure.body
        return Answer(status=status, body=dumps(body), headers=headers)

    def _handle(self, request: Request, headers: dict[str, str]) -> JsonObject:
        match = find_route(request.method, request.path)
        if match.route.deprecated:
            _log.info("%s %s is deprecated", request.method, match.route.path)
        held: Refusal | None = None
        answer: JsonObject = {}
        with self._core.store.transaction():
            try:
                answer = self._run_operation(request, match, headers)
            except Refusal as refusal:
                if not refusal.keeps_changes:
                    raise
                held = refusal
        if held is not None:
            raise held
        return answer

    def _run_operation(self, request: Request, match: Match, headers: dict[str, str]) -> JsonObject:
        core, route = self._core, match.route
        caller = identify(core, request.headers, route.operation)
        self._limiter.admit(_scope(core, caller, request), core.settings)
        lifecycle.settle(core)
        call = Call(
            operation=route.operation,
            path=match.path,
            query=request.query,
            body=self._body(request),
            key=caller.key,
            account_id=caller.account_id,
            root_id=caller.root_id,
        )
        answer = route.handler(core, call)
        commits = core.store.count_up("commits") if route.writes else core.store.counted("commits")
        headers["X-Wix-Consistent"] = f"commit-{commits}"
        return answer

    def _body(self, request: Request) -> JsonObject:
        dropped = request.method == "DELETE" and self._core.settings.delete_bodies == "drop"
        if request.method == "GET" or dropped or not request.body.strip():
            return {}
        try:
            body = loads(request.body)
        except ValueError as error:
            raise refuse_fields([Violation("body", f"is not JSON: {error}", "FORMAT")]) from None
        if not isinstance(body, dict):
            raise refuse_fields([Violation("body", "must be a JSON object", "FORMAT")])
        return body


def _scope(core: Core, caller: Caller, request: Request) -> str:
    scopes = {"key": caller.key, "account": caller.account_id, "address": request.address}
    return scopes[core.settings.rate_limit_scope]
