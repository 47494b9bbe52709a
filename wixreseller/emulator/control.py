"""Serve the control plane under ``/_emulator/``: for tests and their authors, not part of Wix.

It takes no key, so a web page that the developer happens to visit must not be able to use it: what
a browser sends from another site is refused (``strangers``). A browser that opens ``/_emulator/``
itself gets a page for people, the inspector. Bodies and answers are JSON. A wrong body is a 400 in
Wix's form: one field violation for each wrong field, saying what is allowed. Times are written as
Wix writes them. Nothing here is counted by the rate limit, hit by a fault or held in the journal.

===========================  ======================================================================
GET ``health``               → ``{status: "ok", version, now}``
POST ``reset``               Go back to the start: the seed, no packages, the same ids to come; no
                             faults; an empty journal and event log; settings, rate limit and clock
                             as the emulator was started with. Snapshots stay. → ``{status: "ok"}``
POST ``seed``                A seed → like ``reset``, but to that seed, which later resets go back
                             to; settings, clock, faults and journal stay.
                             → ``{status, accounts, apiKeys, sites, products}`` (numbers)
POST ``snapshot``            ``{name?}`` → ``{name, time}``: keep everything but the journal, in
                             memory, under a name (one of its own if none is given; a known name is
                             kept anew; 32 at most).
GET ``snapshots``            → ``{snapshots: [{name, time}]}``, in the order of their making
POST ``restore``             ``{name}`` → ``{name, now}``: packages, ids to come, settings, faults
                             with their counts, rates and clock as they were. A clock that ran then
                             runs on as if it had never been touched; one that stood stands there.
GET ``clock``                → ``{now, frozen}``
POST ``clock``               ``{freeze?: true | date-time, advance?: seconds, resume?: true}``, done
                             in this order → ``{now, frozen}``
GET ``settings``             → ``{settings: [{name, value, default, choices, allowed, doc,
                             source}]}``; ``source`` is documented, observed or guessed; ``choices``
                             is empty where ``allowed`` says it in words
PATCH or POST ``settings``   ``{NAME: value, …}``: all of them or none → as GET
POST ``faults``              A rule, see below → the rule as GET lists it
GET ``faults``               → ``{faults: [rule + {id, matches, hits, spent}]}``
DELETE ``faults``            → ``{removed}`` (a number)
DELETE ``faults/ID``         → ``{removed: 1}``; 404 for an id that is not there
GET ``requests``             ``?since=NUMBER&limit=N&operation=NAME&account=GUID`` → ``{requests:
                             [entry], last, dropped, kept}``: the journal, oldest first, entries
                             with a higher number than ``since``; see below
DELETE ``requests``          → ``{removed}``
GET ``events``               ``?since=SEQUENCE&limit=N&slug=SLUG`` → ``{events: [event], last}``:
                             what Wix would send to webhooks, oldest first; see ``events``
GET ``fidelity``             → ``{behaviours: [{behaviour, basis, source, setting}]}``: ``basis`` is
                             documented, observed or guessed; ``source`` says where or why;
                             ``setting`` is the switch that changes it, or null
===========================  ======================================================================

A **rule** is ``{fault, operation?, account?, externalId?, nth?, times?, …}``. ``operation`` is one
of the names of ``routes`` (``createPackageV2``, ``queryPackages``, …), ``account`` the account of
the header, ``externalId`` the one that a request names (create, update, an equality in a query's
filter) or that the package it names has; what is left out matches everything. The rule hits from
its ``nth`` match on (default 1), ``times`` times (default 1; null: for ever). Rules are asked in
the order in which they were added; a request that one of them hits is not seen by those after it.
``matches`` counts the requests that fitted until it was spent, ``hits`` those that were spoilt. A
request that is not handled uses up no rate. Faults:

======================  ===========================================================================
``status``              ``status`` (400 to 599), ``code?``, ``message?``, ``data?`` (an object),
                        ``fieldViolations?`` (an array of ``{field, description, …}``, instead of
                        ``code``), ``headers?``, ``body?`` (any JSON, instead of all those),
                        ``when?``
``delay``               ``seconds``, ``when?`` (default ``after_commit``; before: the request is
                        handled late, even if its sender has gone). By the emulator's clock: frozen,
                        the request is held until the clock is advanced that far
``drop_before_commit``  the request is read and nothing done; the connection is closed, no answer
``drop_after_commit``   the request is done; the connection is closed without an answer
``truncate``            ``bytes?`` (of the body that still leave; default: half of it)
``reset``               ``when?``; the connection is reset (RST)
``html_502``            ``when?``; what a proxy in between says
``empty_500``           ``when?``; no body at all
``unreadable``          ``body?`` (a text that is no JSON object); the answer's status and headers
                        stay
``strip_delete_body``   the body of a DELETE is lost on the way
``redirect``            ``location``, ``status?`` (300 to 399, default 307), ``when?``
``stale_read``          ``seconds?`` (default 60, at most 3600); a get or query answers as of then
======================  ===========================================================================

``when`` is ``before_commit`` (the default unless said otherwise: nothing is done), ``after_commit``
(the request is done, and only its answer lost) or, for ``assignProductInstanceToSite`` only,
``half_way`` (the instance has left its old site and not reached the new one).

An **entry** of the journal is ``{number, time, method, path, operation, account, externalId,
deprecated, status, milliseconds, idempotencyKey, replayed, committed, requestId, fault,
requestHeaders, requestBody, responseHeaders, responseBody, cut}``. ``path`` has the query string;
``operation`` is null for an unknown route; ``status`` and the response are null when nothing was
sent; ``milliseconds`` is the real time that it took, waiting for a fault's delay left out;
``committed`` tells whether this request changed anything; ``fault`` is null or ``{id, fault}``;
bodies are JSON, or a string if they are none, or null if they are empty; the API key is
redacted wherever it stands. The journal is in memory only and holds the last 10,000 requests, of
at most 32 MiB together; a body of more than 64 KiB is kept in part (``cut`` is true then).
"""

from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import unquote

from wixreseller._version import __version__
from wixreseller.emulator import fidelity, logs, panel
from wixreseller.emulator.backend import Backend
from wixreseller.emulator.fields import Fields
from wixreseller.emulator.jsonvalue import Json, JsonObject, loads
from wixreseller.emulator.messages import Answer, Request
from wixreseller.emulator.parts import Parts
from wixreseller.emulator.replies import Violation, refuse, refuse_fields
from wixreseller.emulator.seed import Seed, SeedError, parse_seed
from wixreseller.emulator.snapshots import Moment, Snapshots
from wixreseller.emulator.strangers import refuse_strangers

if TYPE_CHECKING:
    from wixreseller.emulator.inspector.routes import Inspector

PREFIX = "/_emulator/"

_INSPECTOR = f"{PREFIX}inspector/"
_FAULT = f"DELETE {PREFIX}faults/"


class Control:
    """Do what the control plane offers; ``seed`` is what a reset goes back to."""

    def __init__(self, parts: Parts, backend: Backend, seed: Seed, host: str) -> None:
        self._parts = parts
        self._backend = backend
        self._seed = seed
        self._host = host
        self._start = Moment.of(parts)
        self._snapshots = Snapshots()
        self._inspector: Inspector | None = None
        self._routes: dict[str, Callable[[Request], JsonObject]] = {
            f"GET {PREFIX}health": self._health,
            f"POST {PREFIX}reset": self._reset,
            f"POST {PREFIX}seed": self._replace_seed,
            f"POST {PREFIX}snapshot": self._snapshot,
            f"GET {PREFIX}snapshots": lambda _: self._snapshots.to_wire(),
            f"POST {PREFIX}restore": self._restore,
            f"GET {PREFIX}clock": lambda _: panel.show_clock(parts),
            f"POST {PREFIX}clock": lambda request: panel.set_clock(parts, _body(request)),
            f"GET {PREFIX}settings": lambda _: panel.show_settings(parts),
            f"PATCH {PREFIX}settings": lambda request: panel.change(parts, _body(request)),
            f"POST {PREFIX}settings": lambda request: panel.change(parts, _body(request)),
            f"GET {PREFIX}faults": lambda _: panel.show_faults(parts),
            f"POST {PREFIX}faults": lambda request: panel.add_fault(parts, _body(request)),
            f"DELETE {PREFIX}faults": lambda _: {"removed": parts.faults.clear()},
            f"GET {PREFIX}requests": lambda request: logs.show_requests(parts, request.query),
            f"GET {PREFIX}events": lambda request: logs.show_events(parts, request.query),
            f"GET {PREFIX}fidelity": lambda _: fidelity.to_wire(),
            f"DELETE {PREFIX}requests": lambda _: {"removed": parts.journal.clear()},
        }

    def close(self) -> None:
        """Forget the snapshots."""
        self._snapshots.close()

    def hush(self) -> None:
        """Let the streams of open pages come to their end."""
        if self._inspector is not None:
            self._inspector.live.close()

    @property
    def inspector(self) -> "Inspector":
        """Return what serves people rather than tests; it is loaded when somebody looks."""
        if self._inspector is None:
            from wixreseller.emulator.inspector.routes import Inspector

            self._inspector = Inspector(self._parts, self._snapshots.to_wire)
        return self._inspector

    def answer(self, request: Request) -> Answer:
        """Answer a request of the control plane."""
        return self._backend.respond(request, self._handle)

    def _handle(self, request: Request, _: dict[str, str]) -> JsonObject | Answer:
        refuse_strangers(request, self._host)
        if is_for_people(request):
            return self.inspector.answer(request)
        name = f"{request.method} {request.path}"
        if name.startswith(_FAULT) and name != _FAULT:
            return panel.remove_fault(self._parts, unquote(name.removeprefix(_FAULT)))
        if name not in self._routes:
            known: list[Json] = [*self._routes, f"{_FAULT}{{id}}"]
            raise refuse(501, "UNIMPLEMENTED", f"{name} is not a known route", {"routes": known})
        return self._routes[name](request)

    def _health(self, _: Request) -> JsonObject:
        now = self._parts.core.clock.now().isoformat()
        return {"status": "ok", "version": __version__, "now": now}

    def _reset(self, _: Request) -> JsonObject:
        parts = self._parts
        # What is held back belongs to the world that ends here.
        parts.holding.release()
        self._plant(self._seed)
        self._start.bring_back(parts)
        parts.journal.clear()
        return {"status": "ok"}

    def _replace_seed(self, request: Request) -> JsonObject:
        try:
            seed = parse_seed(loads(request.body))
        except SeedError as error:
            raise refuse(400, "INVALID_SEED", str(error)) from error
        except ValueError as error:
            raise refuse(400, "INVALID_SEED", f"the seed is not JSON: {error}") from error
        self._plant(seed)
        self._parts.limiter.reset()
        return {
            "status": "ok",
            "accounts": len(seed.accounts),
            "apiKeys": len(seed.api_keys),
            "sites": len(seed.sites),
            "products": len(seed.products),
        }

    def _plant(self, seed: Seed) -> None:
        core = self._parts.core
        with core.store.transaction():
            core.world.replace(seed)
        self._seed = seed

    def _snapshot(self, request: Request) -> JsonObject:
        fields = Fields(_body(request))
        fields.allow(("name",))
        name = fields.text("name", 100)
        fields.settle()
        return self._snapshots.take(self._parts, name)

    def _restore(self, request: Request) -> JsonObject:
        fields = Fields(_body(request))
        fields.allow(("name",))
        fields.require("name")
        name = fields.text("name") or ""
        fields.settle()
        # What is held back belongs to the world that ends here.
        self._parts.holding.release()
        return self._snapshots.restore(self._parts, name)


def is_for_people(request: Request) -> bool:
    """Tell whether a request is for the inspector, or comes from a browser that looks for it."""
    if request.path.startswith(_INSPECTOR) or request.path == PREFIX:
        return True
    is_door = request.path in ("/", PREFIX.removesuffix("/")) and request.method == "GET"
    return is_door and "text/html" in request.headers.get("Accept", "")


def _body(request: Request) -> JsonObject:
    try:
        body = loads(request.body) if request.body.strip() else {}
    except ValueError as error:
        raise refuse_fields([Violation("body", f"is not JSON: {error}", "FORMAT")]) from None
    if not isinstance(body, dict):
        raise refuse_fields([Violation("body", "must be a JSON object", "FORMAT")])
    return body
