"""Run the emulator on a socket: the adapter between aiohttp and the backend."""

from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import NoReturn, Self

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from wixreseller.emulator.backend import Answer, Backend, Request
from wixreseller.emulator.clock import Clock
from wixreseller.emulator.control import PREFIX, Control
from wixreseller.emulator.core import Core
from wixreseller.emulator.default_seed import default_seed
from wixreseller.emulator.http_date import http_date
from wixreseller.emulator.jsonvalue import JsonObject
from wixreseller.emulator.ratelimit import RateLimit, RateLimiter
from wixreseller.emulator.replies import refuse
from wixreseller.emulator.schema import DatabaseError
from wixreseller.emulator.seed import Seed, parse_seed
from wixreseller.emulator.settings import Settings
from wixreseller.emulator.store import Store
from wixreseller.emulator.world import World

DEFAULT_RATE_LIMIT = "200/60"
_LARGEST_BODY = 16 * 1024 * 1024


class Emulator:
    """Emulate the Wix Resellers API at ``url``; use it as an async context manager.

    ``port`` 0 takes a free one. ``db`` is a file that keeps the state, or ``None`` for memory.
    ``seed`` is a document in the form of ``wixreseller.emulator.seed``, by default a small world.
    ``loose`` lets unknown keys, accounts, sites and products come into being. ``rate_limit`` is
    ``"N/SECONDS"`` or ``"off"``. The emulator belongs to the event loop that starts it, which may
    run in any thread.

    Raises ``SeedError`` or ``RateLimitError`` when made; ``DatabaseError`` or ``OSError`` when
    started.
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        db: str | Path | None = None,
        seed: JsonObject | None = None,
        loose: bool = False,
        rate_limit: str = DEFAULT_RATE_LIMIT,
        settings: Settings | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.clock = clock or Clock()
        self._host = host
        self._port = port
        self._db = None if db is None else Path(db)
        self._has_own_seed = seed is not None
        self._seed = parse_seed(default_seed() if seed is None else seed)
        self._loose = loose
        self._limiter = RateLimiter(RateLimit.parse(rate_limit), self.clock)
        self._settings = settings or Settings()
        self._core: Core | None = None
        self._runner: web.AppRunner | None = None
        self._url: str | None = None

    @property
    def url(self) -> str:
        """Return the address, ``http://HOST:PORT``; raise ``RuntimeError`` before the start."""
        if self._url is None:
            raise RuntimeError("the emulator is not running: use 'async with', or start() it")
        return self._url

    @property
    def settings(self) -> Settings:
        """Return the settings; assign others to change behaviour from the next request on."""
        return self._settings

    @settings.setter
    def settings(self, settings: Settings) -> None:
        self._settings = settings
        if self._core is not None:
            self._core.settings = settings

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        """Open the database and listen; raise ``RuntimeError`` if already running."""
        if self._runner is not None:
            raise RuntimeError("the emulator is running already")
        store = Store(self._db)
        try:
            await self._listen(store)
        except BaseException:
            await self.stop()
            store.close()
            raise

    async def stop(self) -> None:
        """Stop listening and close the database; stopping twice is fine."""
        runner, core = self._runner, self._core
        self._runner = self._core = self._url = None
        if runner is not None:
            await runner.cleanup()
        if core is not None:
            core.store.close()

    async def _listen(self, store: Store) -> None:
        core = Core(store, World(store, loose=self._loose), self.clock, self._settings)
        self._core = core
        self._plant(core, self._seed)
        backend = Backend(core, self._limiter)
        control = Control(core, self._limiter, backend, self._seed, self._host)
        # A middleware and no routes: even what aiohttp's router would refuse by itself comes here,
        # so every answer has a request id.
        adapter = _Adapter(self.clock, backend, control)
        app = web.Application(middlewares=[adapter.middleware], client_max_size=_LARGEST_BODY)
        # Nothing of ours takes long; what still runs a second after the stop hangs on its client.
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self._host, self._port)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self._url = f"http://[{host}]:{port}" if ":" in str(host) else f"http://{host}:{port}"

    def _plant(self, core: Core, seed: Seed) -> None:
        """Seed a new database; leave one that has state as it is, or say that it differs."""
        with core.store.transaction():
            planted = core.store.meta("seed")
            if planted is None:
                core.world.replace(seed)
            elif self._has_own_seed and planted != seed.fingerprint:
                raise DatabaseError(
                    f"the database {self._db} was made from another seed: use another file, or "
                    f"POST the seed to {PREFIX}seed"
                )


def _too_large(_: Request, __: dict[str, str]) -> NoReturn:
    raise refuse(413, "PAYLOAD_TOO_LARGE", f"a body has at most {_LARGEST_BODY} bytes")


class _Adapter:
    """Turn aiohttp's requests into ours, and our answers into aiohttp's."""

    def __init__(self, clock: Clock, backend: Backend, control: Control) -> None:
        self._clock = clock
        self._backend = backend
        self._control = control

    @property
    def middleware(self) -> Middleware:
        """Return the function that answers every request itself."""

        @web.middleware
        async def answer(request: web.Request, handler: Handler) -> web.StreamResponse:  # noqa: ARG001
            return await self._answer(request)

        return answer

    async def _answer(self, request: web.Request) -> web.Response:
        try:
            body = await request.read()
        except web.HTTPRequestEntityTooLarge:
            body = None
        query: Mapping[str, str] = request.query
        taken = Request(
            method=request.method,
            path=request.rel_url.raw_path,
            query={name: query[name] for name in query},
            headers=request.headers,
            body=body or b"",
            address=request.remote or "",
        )
        if body is None:
            return self._respond(self._backend.respond(taken, _too_large))
        if taken.path.startswith(PREFIX):
            return self._respond(self._control.answer(taken))
        return self._respond(self._backend.answer(taken))

    def _respond(self, answer: Answer) -> web.Response:
        # Clients measure the server's clock by this header, so it follows the emulator's.
        headers = {**answer.headers, "Date": http_date(self._clock.now())}
        return web.Response(
            status=answer.status,
            body=answer.body,
            headers=headers,
            content_type="application/json",
            charset="utf-8",
        )
