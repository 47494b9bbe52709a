"""Run the emulator beside blocking code: in tests, scripts and notebooks."""

from __future__ import annotations

import asyncio
import threading
from types import TracebackType

from wixreseller.emulator import Emulator

__all__ = ["EmulatorThread"]


class EmulatorThread:
    """Run an emulator on a thread and event loop of its own, as a context manager.

    ``with EmulatorThread(Emulator(rate_limit="off")) as emulator: emulator.url``. In async code
    the emulator needs no thread: ``async with Emulator() as emulator``.
    """

    def __init__(self, emulator: Emulator | None = None) -> None:
        self.emulator: Emulator = emulator or Emulator()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(
            target=self._loop.run_forever, name="wixreseller-emulator", daemon=True
        )

    @property
    def url(self) -> str:
        """Where it listens: what a client takes as ``base_url``."""
        return self.emulator.url

    def __enter__(self) -> EmulatorThread:
        self._thread.start()
        try:
            asyncio.run_coroutine_threadsafe(self.emulator.start(), self._loop).result()
        except BaseException:
            self._end_loop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            asyncio.run_coroutine_threadsafe(self.emulator.stop(), self._loop).result()
        finally:
            self._end_loop()

    def _end_loop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
