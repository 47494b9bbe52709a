"""Hold requests back until the emulator's clock has come far enough."""

import asyncio

from wixreseller.emulator.clock import Clock


class Holding:
    """Hold requests of one event loop; a frozen clock holds them until it is moved."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._held: set[asyncio.Event] = set()
        self._releases = 0

    async def hold(self, seconds: float) -> bool:
        """Wait; tell whether the time has come, rather than the holding an end."""
        loop = asyncio.get_running_loop()
        until, releases = self._clock.epoch() + seconds, self._releases
        moved = asyncio.Event()

        def wake() -> None:
            loop.call_soon_threadsafe(moved.set)

        self._held.add(moved)
        try:
            with self._clock.watched(wake):
                while self._releases == releases:
                    moved.clear()
                    left = until - self._clock.epoch()
                    if left <= 0:
                        return True
                    await _wait(moved, None if self._clock.is_frozen else left)
                return False
        finally:
            self._held.discard(moved)

    def release(self) -> None:
        """Let everything go that is held, its time come or not."""
        self._releases += 1
        for moved in self._held:
            moved.set()


async def _wait(moved: asyncio.Event, seconds: float | None) -> None:
    try:
        async with asyncio.timeout(seconds):
            await moved.wait()
    except TimeoutError:
        pass
