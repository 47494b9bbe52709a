"""Answer what the page asks for, under ``/_emulator/inspector/``.

=========================  =======================================================================
GET ``packages``           ``?before=SEQ&limit=N&status=&product=&account=&floating=yes|no&text=``
                           → ``{packages: [row], more}``, newest first
GET ``counts``             the same filters → ``{total, matching, instances: {STATUS: number}}``
GET ``packages/ID``        → ``{package, timeline: [line], ahead: [what time will do]}``
GET ``requests``           ``?before=NUMBER&limit=N&operation=&status=&account=&kind=&text=``
                           → ``{requests: [entry without bodies], more, last, kept, dropped}``
GET ``requests/NUMBER``    → an entry of the journal, with ``curl`` and ``python``
GET ``overview``           → clock, rate limits, journal in numbers
GET ``world``              → ``{accounts, products, sites, apiKeys}``
GET ``seed``               → the default seed, to begin another one with
GET ``live``               server-sent events, see ``live``
GET ``static/NAME``        the files of the page
=========================  =======================================================================
"""

from collections.abc import Callable

from wixreseller.emulator import lifecycle
from wixreseller.emulator.default_seed import default_seed
from wixreseller.emulator.inspector import overview, packages, requests
from wixreseller.emulator.inspector.live import Live
from wixreseller.emulator.inspector.page import HOME, PREFIX, answer_page, is_page, redirect_home
from wixreseller.emulator.jsonvalue import JsonObject
from wixreseller.emulator.messages import Answer, Request
from wixreseller.emulator.parts import Parts
from wixreseller.emulator.replies import Refusal, refuse


class Inspector:
    """Answer one emulator's page; it changes nothing but what time has changed already."""

    def __init__(self, parts: Parts, snapshots: Callable[[], object]) -> None:
        self._parts = parts
        self.live: Live = Live(parts, snapshots)

    def answer(self, request: Request) -> JsonObject | Answer:
        """Answer a request, with JSON, a file, or the word that a stream is wanted."""
        if request.method != "GET":
            raise _unknown(request)
        if is_page(request.path):
            return answer_page(request.path)
        if not request.path.startswith(PREFIX):
            return redirect_home()
        name, _, rest = request.path.removeprefix(PREFIX).partition("/")
        if name == "live" and not rest:
            return Answer(status=200, body=b"", headers={}, ending="stream")
        if name in ("packages", "counts"):
            return self._packages(request, name, rest)
        return self._others(request, name, rest)

    def _others(self, request: Request, name: str, rest: str) -> JsonObject:
        parts = self._parts
        if name == "requests" and rest:
            address = f"http://{request.headers.get('Host', '')}"
            return requests.show_request(parts.journal, rest, address)
        answers: dict[str, Callable[[], JsonObject]] = {
            "requests": lambda: requests.list_requests(parts.journal, request.query),
            "overview": lambda: overview.show_overview(parts),
            "world": lambda: overview.show_world(parts.core.store),
            "seed": default_seed,
        }
        if name not in answers or rest:
            raise _unknown(request)
        return answers[name]()

    def _packages(self, request: Request, name: str, rest: str) -> JsonObject:
        core = self._parts.core
        with core.store.transaction():
            # Time may have done its part since the last request.
            lifecycle.settle(core)
            if name == "packages" and rest:
                return packages.show_package(core, self._parts.journal, rest)
            if name == "packages":
                return packages.list_packages(core, request.query)
            return packages.count_packages(core, request.query)


def _unknown(request: Request) -> Refusal:
    page = {"page": HOME}
    what = f"{request.method} {request.path}"
    return refuse(501, "UNIMPLEMENTED", f"{what} is not a known route", page)
