"""Run one emulator for many tests, and give each of them a world of its own."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self, TypedDict, final
from urllib.parse import urlsplit

from wixreseller.emulator import Clock, Emulator, Settings
from wixreseller.emulator.default_seed import default_seed
from wixreseller.testing._control import EmulatorControl
from wixreseller.testing._journal_text import journal_text
from wixreseller.testing._thread import EmulatorThread

if TYPE_CHECKING:
    from wixreseller import AsyncClient, Client

__all__ = ["EmulatorOptions", "SharedEmulator", "WixEmulator"]


class EmulatorOptions(TypedDict, total=False):
    """Say how the emulator of a test run is made: see ``wixreseller.emulator.Emulator``.

    ``settings`` holds only those that differ from the defaults.
    """

    seed: dict[str, Any]
    loose: bool
    rate_limit: str
    settings: Mapping[str, bool | float | str]


@final
class WixEmulator:
    """Hold an emulator for one test: its address, its controls, and clients that reach it.

    ``api_key`` is the first key of the seed, ``account_id`` the first account with a parent (else
    the first), ``account_ids`` are all accounts. ``environment`` is what a process needs to reach
    it; during the test it is in ``os.environ`` too, so ``Client()`` and ``AsyncClient()`` do.
    """

    def __init__(self, url: str, clock: Clock, seed: Mapping[str, Any]) -> None:
        accounts = seed.get("accounts", [])
        keys = seed.get("apiKeys", [])
        children = [account for account in accounts if account.get("parentAccountId")]
        self.url: Final = url
        self._journal: str | None = None
        self.control: Final = EmulatorControl(url)
        self.clock: Final = clock
        self.api_key: Final[str] = keys[0]["key"] if keys else "EMU.any"
        self.account_ids: Final[tuple[str, ...]] = tuple(account["id"] for account in accounts)
        self.account_id: Final[str] = next(
            (account["id"] for account in [*children, *accounts]), _ANY_ACCOUNT
        )

    def __repr__(self) -> str:
        return f"WixEmulator({self.url!r})"

    @property
    def environment(self) -> dict[str, str]:
        """The environment variables that let a client reach this emulator."""
        return {
            "WIX_API_KEY": self.api_key,
            "WIX_ACCOUNT_ID": self.account_id,
            "WIXRESELLER_BASE_URL": self.url,
        }

    def client(self, account_id: str | None = None) -> Client:
        """Make a blocking client, for ``with``; ``Client(...)`` itself takes other settings."""
        from wixreseller import Client

        return Client(
            api_key=self.api_key, account_id=account_id or self.account_id, base_url=self.url
        )

    def async_client(self, account_id: str | None = None) -> AsyncClient:
        """Make an async client, for ``async with``; so does ``AsyncClient(...)``, with settings."""
        from wixreseller import AsyncClient

        return AsyncClient(
            api_key=self.api_key, account_id=account_id or self.account_id, base_url=self.url
        )

    def journal(self) -> str:
        """Write what was asked so far, as a failure report shows it."""
        return self._journal or journal_text(self.control.requests())

    def keep_journal(self) -> None:
        """Write it now, because the emulator is about to stop."""
        self._journal = self.journal()


# In a loose world without a seed, anything will do.
_ANY_ACCOUNT: Final = "a0000000-0000-4000-8000-000000000000"


@final
class SharedEmulator:
    """Run an emulator on a thread for as long as this context lasts."""

    def __init__(self, options: EmulatorOptions) -> None:
        self._seed = options.get("seed") or default_seed()
        self._loose = options.get("loose", False)
        self._rate_limit = options.get("rate_limit", "200/60")
        self._settings = Settings().with_values(options.get("settings", {}))
        self._thread = self._emulator(port=0)

    def _emulator(self, port: int) -> EmulatorThread:
        return EmulatorThread(
            Emulator(
                port=port,
                seed=self._seed,
                loose=self._loose,
                rate_limit=self._rate_limit,
                settings=self._settings,
                clock=Clock(),
            )
        )

    def __enter__(self) -> Self:
        self._thread.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._thread.__exit__(kind, error, traceback)

    def begin(self) -> WixEmulator:
        """Start a new world, in which nothing of the last one is left."""
        control = EmulatorControl(self._thread.url)
        if control.snapshots():
            # A reset keeps snapshots; a new emulator at the same address has none.
            self._thread.__exit__(None, None, None)
            self._thread = self._emulator(urlsplit(control.url).port or 0)
            self._thread.__enter__()
        else:
            control.seed(self._seed)
            control.reset()
        pacing = sys.modules.get("wixreseller._pacing")
        if pacing is not None:
            # The requests of the last test count no more, for the emulator and so for clients.
            pacing.forget_pacers()
        memory = sys.modules.get("wixreseller._memory")
        if memory is not None:
            memory.forget_memories()
        return WixEmulator(self._thread.url, self._thread.emulator.clock, self._seed)
