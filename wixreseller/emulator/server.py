"""Run the emulator on a socket: put its parts together, start them and stop them."""

import asyncio
from pathlib import Path
from types import TracebackType
from typing import Self

from aiohttp import web

from wixreseller.emulator.adapter import LARGEST_BODY, Adapter
from wixreseller.emulator.backend import Backend
from wixreseller.emulator.clock import Clock
from wixreseller.emulator.control import PREFIX, Control
from wixreseller.emulator.core import Core
from wixreseller.emulator.default_seed import default_seed
from wixreseller.emulator.faults import Faults
from wixreseller.emulator.holding import Holding
from wixreseller.emulator.journal import Journal
from wixreseller.emulator.jsonvalue import JsonObject
from wixreseller.emulator.parts import Parts
from wixreseller.emulator.ratelimit import RateLimit, RateLimiter
from wixreseller.emulator.schema import DatabaseError
from wixreseller.emulator.seed import Seed, parse_seed
from wixreseller.emulator.settings import Settings
from wixreseller.emulator.store import Store
from wixreseller.emulator.world import World

DEFAULT_RATE_LIMIT = "200/60"


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
        self.clock: Clock = clock or Clock()
        self._host = host
        self._port = port
        self._db = None if db is None else Path(db)
        self._has_own_seed = seed is not None
        self._seed = parse_seed(default_seed() if seed is None else seed)
        self._loose = loose
        self._limit = RateLimit.parse(rate_limit)
        self._settings = settings or Settings()
        self._core: Core | None = None
        self._holding: Holding | None = None
        self._control: Control | None = None
        self._journal: Journal | None = None
        self._runner: web.AppRunner | None = None
        self._url: str | None = None

    @property
    def url(self) -> str:
        """Return the address, ``http://HOST:PORT``; raise ``RuntimeError`` before the start."""
        if self._url is None:
            raise RuntimeError("the emulator is not running: use 'async with', or start() it")
        return self._url

    @property
    def journal(self) -> Journal:
        """Return the requests that were answered; raise ``RuntimeError`` before the start."""
        if self._journal is None:
            raise RuntimeError("the emulator is not running: use 'async with', or start() it")
        return self._journal

    @property
    def settings(self) -> Settings:
        """Return the settings; assign others to change behaviour from the next request on.

        A reset goes back to those that the emulator was started with.
        """
        return self._settings if self._core is None else self._core.settings

    @settings.setter
    def settings(self, settings: Settings) -> None:
        if self._core is None:
            self._settings = settings
        else:
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
        if self._holding is not None:
            self._holding.release()
        if self._control is not None:
            self._control.hush()
        self._runner = self._core = self._url = None
        if runner is not None:
            await _close(runner)
        if self._control is not None:
            self._control.close()
        if core is not None:
            core.store.close()

    async def _listen(self, store: Store) -> None:
        core = Core(store, World(store, loose=self._loose), self.clock, self._settings)
        self._core = core
        self._plant(core, self._seed)
        faults, journal, holding = Faults(), Journal(), Holding(self.clock)
        self._holding, self._journal = holding, journal
        limiter = RateLimiter(self._limit, self.clock)
        backend = Backend(core, limiter, faults=faults, journal=journal)
        parts = Parts(core, limiter, faults, journal, holding)
        self._control = control = Control(parts, backend, self._seed, self._host)
        # A middleware and no routes: even what aiohttp's router would refuse by itself comes here,
        # so every answer has a request id.
        adapter = Adapter(self.clock, backend, control, holding)
        app = web.Application(middlewares=[adapter.middleware], client_max_size=LARGEST_BODY)
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


async def _close(runner: web.AppRunner) -> None:
    """Stop listening, and close all connections."""
    # asyncio lets a connection in by steps, and forgets one whose server is closed in between: its
    # socket stays open. So who is being let in comes in first.
    for _ in range(3):
        await asyncio.sleep(0)
    await runner.cleanup()
