"""Emulate the Wix Resellers API: a real server, a real database, no Wix.

It imports nothing of the client, so that a mistake is never shared by both sides.

From the socket inwards: ``command`` (the command line) → ``server`` (:class:`Emulator`) →
``adapter`` (aiohttp) → ``backend`` (one request, one transaction) → ``routes`` → ``purchase``,
``changes``, ``reading``, ``query`` (the operations). They stand on ``access`` (who is calling),
``ratelimit``, ``idempotency``, ``lifecycle`` (what time does), ``rules`` (what may be bought and
where it may go), ``ownership``, ``orders`` and ``fields`` (reading bodies), ``filters``, ``paging``
and ``cursors``, ``visibility`` (as of when reads answer), ``render`` and ``replies`` (writing
answers), ``events``. State: ``schema``, ``store``, ``history``, ``timeline``, ``views``, ``world``,
``records``; what it starts with: ``seed``, ``default_seed``. ``settings`` lists every switch,
described as ``switches`` says; ``clock`` tells the time.

``control`` is what tests use (``/_emulator/``), with ``panel`` (clock, settings, faults), ``logs``
(``journal``, ``events``), ``snapshots`` and ``fidelity`` behind it; ``strangers`` keeps other
sites' pages out; ``inspector`` is the page for people, and ``--watch``. ``faults`` finds the fault
that meets a request (a ``targets`` of its own), ``fault_rules`` reads what is asked for,
``spoiling`` does it, ``holding`` makes requests wait.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wixreseller.emulator.clock import Clock
    from wixreseller.emulator.server import Emulator
    from wixreseller.emulator.settings import Settings

__all__ = ["Clock", "Emulator", "Settings"]


def __getattr__(name: str) -> object:
    """Load a class when it is first asked for: aiohttp takes a quarter of a second."""
    if name == "Clock":
        from wixreseller.emulator.clock import Clock

        return Clock
    if name == "Emulator":
        from wixreseller.emulator.server import Emulator

        return Emulator
    if name == "Settings":
        from wixreseller.emulator.settings import Settings

        return Settings
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
