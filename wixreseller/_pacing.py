"""Make calls wait for their turn: the asyncio side of the limiter.

A :class:`Pacer` belongs to a limit; all pacers of one base URL and key in a process have one
:class:`Gate` between them. Whoever has to wait stands in the line of its event loop, in the order
of asking; only the first of a line looks for a slot, and wakes the next when it leaves.
"""

from __future__ import annotations

import asyncio
import math
import os
import threading
import weakref
from collections.abc import Hashable
from typing import TYPE_CHECKING, Final

import attrs

from wixreseller._clock import Clock
from wixreseller._first_use import LateModule
from wixreseller._pacing_key import Key, Registry
from wixreseller._pacing_line import Line, Place, Turn, WouldWaitError
from wixreseller._sentinels import NO_TIMEOUT, Seconds
from wixreseller.config import key_identity
from wixreseller.ratelimit import PROBES_IN_A_WINDOW, RateLimit, Refusal, SlotLog

if TYPE_CHECKING:
    from wixreseller import _pacing_file
    from wixreseller._learning import Learner
else:
    _pacing_file = LateModule("wixreseller._pacing_file", globals())

__all__ = ["Pacer", "Turn", "WouldWaitError", "forget_pacers", "key_identity", "pacer_for"]

# Whose requests are not counted still pauses after a 429: as Wix's own limit would have it.
_WINDOW_WITHOUT_LIMIT: Final = 60.0
# Seconds between looks at what is shared with other processes.
_SHORTEST_LOOK: Final = 0.02
_LONGEST_LOOK: Final = 1.0


class Pacer:
    """Hand out turns in the order of asking; shared by all clients of a process with one key.

    It may serve several event loops in several threads: the slots are shared under a lock that is
    held for microseconds, the order of asking holds within a loop. Nothing here is bound to a loop
    that is not waiting just now. After a fork the child goes on with the slots that were taken
    (those in flight count as answered then), and with locks of its own.

    Where the limit is shared with other processes, a request needs a slot here and one there, and
    the gate there decides. So this process knows its own count if ever sharing fails.
    """

    def __init__(self, limit: RateLimit | None, clock: Clock, key: Key | None = None) -> None:
        self._clock = clock
        self._key = key or Key()
        self._slots = None if limit is None else SlotLog(limit.requests, limit.per)
        self._window = _WINDOW_WITHOUT_LIMIT if limit is None else limit.per
        self._shared: _pacing_file.SharedSlots | None = None
        self._shared_until = 0.0  # nothing is free there before, as far as is known
        if self._slots is not None:
            self._key.slots.add(self._slots)
        if limit is not None and limit.shared is not None:
            self._shared = _pacing_file.FileSlots(limit.shared, limit.requests, limit.per, clock)
        self.lines: dict[asyncio.AbstractEventLoop, Line] = {}
        self._waiting = 0
        self._is_held_back = False  # somebody waits only for the burst to become smaller
        self._life = 0
        self._usual_turn = Turn(0.0, self._key.gate.epoch, False, self._life)
        self._is_kept = False
        self._key.pacers[id(self)] = self
        _everyone.add(self)

    @property
    def learner(self) -> Learner | None:
        """What 429s taught of the limit of the key; ``None`` if nothing, or nothing any more."""
        return self._key.learner

    async def take(self, max_wait: Seconds = NO_TIMEOUT) -> Turn:
        """Wait for a turn. Every turn taken must be given back, once.

        ``max_wait`` is in seconds; the wait at a closed gate counts.

        Raises:
            WouldWaitError: it would take longer than ``max_wait``. Raised before waiting wherever
                that is known by then, else as soon as it is.
        """
        now = self._clock.monotonic()
        if not self._is_kept:
            _registry.keep(self)
            self._is_kept = True
        with self._key.lock:
            if self.lines:
                self._sweep()
            if not self.lines and self._shared is None:
                turn = self._try(now)
                if turn is not None:
                    return turn
            if not self.lines:
                self._shared_until = 0.0  # it is the first, and will ask
            place = Place(asyncio.get_running_loop(), now, max_wait)
            place.refuse_if_late(now, self._wait_expected(now, self._waiting))
            line = self._join(place)
        try:
            return await self._wait_in_line(place, line)
        finally:
            self._leave(place, line)

    def give_back(
        self,
        turn: Turn,
        *,
        throttled: bool = False,
        retry_after: float | None = None,
        unsent: bool = False,
        answered: bool = True,
    ) -> None:
        """End a turn: its request has been answered, or given up, or was never sent.

        ``throttled`` says that the answer was a 429 which asks for fewer requests, ``retry_after``
        for how many seconds. ``unsent``: the request provably did not leave, and costs no slot.
        ``answered`` is false when it left and no answer came: then it says nothing about the gate.
        """
        now = self._clock.monotonic()
        with self._key.lock:
            if turn.life != self._life:
                return  # taken before a fork, by the parent
            is_usual = turn is self._usual_turn and not (throttled or unsent or self._is_held_back)
            if is_usual and self._key.learner is None:  # nobody waits for it, it teaches nothing
                if self._slots is not None:
                    self._slots.give_back(now)
                return
            refusal: Refusal | None = None
            woken: list[Place] = []
            if throttled:
                refusal = Refusal(now, retry_after, self._window, self._clock.chance())
            if self._slots is not None:
                refusal = self._key.teach(
                    now, refusal, epoch=turn.epoch, unsent=unsent, lost=not answered
                )
                if unsent:
                    self._slots.put_back()
                else:
                    self._slots.give_back(now)
            if throttled or unsent or turn.is_any_probe or self._is_held_back:
                is_answered = answered and not unsent
                self._key.gate.hear(
                    refusal, epoch=turn.epoch, is_probe=turn.is_probe, answered=is_answered
                )
                woken = self._affected(throttled)
                self._is_held_back = False
        if self._shared is not None and turn.grant is not None:
            self._shared.give_back(turn.grant, refusal=refusal, unsent=unsent, answered=answered)
        for place in woken:
            place.wake()

    def is_idle(self, now: float) -> bool:
        """Say whether nothing is lost by forgetting this pacer."""
        with self._key.lock:
            slots = self._slots
            return (
                not self.lines and self._key.is_idle(now) and (slots is None or slots.is_idle(now))
            )

    def let_go(self) -> bool:
        """Stop being kept while unused, if nothing is lost by it; say whether it did."""
        if not self.is_idle(self._clock.monotonic()):
            return False
        self._is_kept = False
        return True

    def renew(self) -> None:
        """Begin anew in the child of a fork, where no thread but this one goes on."""
        self._key.lock = threading.RLock()
        self._key.gate.probe_until = 0.0
        self.lines = {}
        self._waiting = 0
        self._life += 1
        now = self._clock.monotonic()
        if self._slots is not None:
            self._slots.abandon(now)
        if self._key.learner is not None:
            self._key.learner.abandon(now)
        if self._shared is not None:
            self._shared.renew()

    # Below, all but the coroutines and `_leave` are called with the lock held.

    def _try(self, now: float, *, is_late: bool = False) -> Turn | None:
        """Give a turn if there is one; those that nothing tells apart are one object."""
        gate = self._key.gate
        is_open = now >= gate.until and not gate.wait
        if (not is_open and gate.seconds_closed(now)) or not self._take_slot(now, is_late):
            return None
        if not is_open and gate.enter(now):
            return Turn(0.0, gate.epoch, True, self._life)
        turn = self._usual_turn
        if turn.epoch != gate.epoch or turn.life != self._life:
            turn = self._usual_turn = Turn(0.0, gate.epoch, False, self._life)
        return turn

    def _take_slot(self, now: float, is_late: bool) -> bool:
        """Take a slot, if there is one and the burst is not too large for one who has time."""
        slots, learner = self._slots, self._key.learner
        if slots is None:
            return True
        if slots.in_flight >= slots.few and not is_late and slots.seconds_to_calm(now):
            self._is_held_back = True
            return False
        if learner is None:
            return slots.take(now)
        if learner.wait_expected(now) or not slots.take(now):
            return False
        learner.take(now)
        return True

    def _put_slot_back(self) -> None:
        if self._slots is not None:
            self._slots.put_back()
            if self._key.learner is not None:
                self._key.learner.hear_unsent()

    def _wait_expected(self, now: float, ahead: int = 0) -> float:
        wait = self._closed(now)
        if self._slots is None:
            return wait
        wait = max(wait, self._slots.wait_expected(now, ahead))
        learner = self._key.learner
        return wait if learner is None else max(wait, learner.wait_expected(now, ahead))

    def _closed(self, now: float) -> float:
        if self._shared is None:
            return self._key.gate.seconds_closed(now)
        # Whether a probe has to go first is decided there.
        return max(0.0, self._key.gate.until - now, self._shared_until - now)

    def _affected(self, throttled: bool) -> list[Place]:
        """List who must look again: the first of each line, and whom a closed gate makes late."""
        lines = [line for pacer in self._key.pacers.values() for line in pacer.lines.values()]
        places = [next(iter(line)) for line in lines]
        if throttled:
            places += [
                place for line in lines for place in line if place.max_wait is not NO_TIMEOUT
            ]
        return places

    def _sweep(self) -> None:
        """Drop the lines of loops that ended without a word to who waited there."""
        for loop in [loop for loop in self.lines if loop.is_closed()]:
            self._waiting -= len(self.lines.pop(loop))

    def _join(self, place: Place) -> Line:
        line = self.lines.get(place.loop)
        if line is None:
            line = self.lines[place.loop] = Line()
        line[place] = None
        self._waiting += 1
        return line

    def _leave(self, place: Place, line: Line) -> None:
        with self._key.lock:
            if self.lines.get(place.loop) is not line:
                return  # a fork, or the end of the loop, has done away with the line
            was_first = next(iter(line)) is place
            del line[place]
            self._waiting -= 1
            if not line:
                del self.lines[place.loop]
                return
            next_one = next(iter(line))
        if was_first:
            next_one.wake()

    async def _wait_in_line(self, place: Place, line: Line) -> Turn:
        while True:
            now = self._clock.monotonic()
            with self._key.lock:
                is_first = next(iter(line)) is place
            is_late = place.rest(now) <= 0.0
            turn = await self._first_try(now, is_late) if is_first else None
            now = self._clock.monotonic()
            if turn is not None:
                return attrs.evolve(turn, waited=now - place.began)
            with self._key.lock:
                place.refuse_if_late(now, self._wait_expected(now))
                nap = self._nap(place, line, now, is_first)
            await place.sleep(self._clock, nap)

    async def _first_try(self, now: float, is_late: bool) -> Turn | None:
        shared = self._shared
        with self._key.lock:
            if shared is None:
                return self._try(now, is_late=is_late)
            self._shared_until = 0.0
            if self._closed(now) or not self._take_slot(now, is_late):
                return None
        grant = None
        try:
            grant = await shared.take()
        finally:
            if not isinstance(grant, _pacing_file.Grant):
                with self._key.lock:
                    self._put_slot_back()
        with self._key.lock:
            if isinstance(grant, _pacing_file.Grant):
                return Turn(0.0, self._key.gate.epoch, False, self._life, grant)
            if grant is None:
                return self._try(now, is_late=is_late)
            self._shared_until = self._clock.monotonic() + grant
            return None

    def _nap(self, place: Place, line: Line, now: float, is_first: bool) -> float:
        """Give the seconds to sleep, unless woken."""
        rest = place.rest(now)
        if is_first:
            wait = self._wait_expected(now)
            if self._shared is not None:  # nobody wakes us when another process opens the gate
                most = self._window / PROBES_IN_A_WINDOW
                most = max(_SHORTEST_LOOK, min(most, _LONGEST_LOOK))
                wait = min(wait or _SHORTEST_LOOK, most)
            elif self._key.gate.seconds_closed(now):
                wait = max(wait, self._key.gate.seconds_to_probe(now))
            elif self._slots is not None:
                wait = max(wait, self._slots.seconds_to_calm(now))
            return min(wait, rest)
        if rest > 0.0:
            return rest
        # Its time is over; but if the slots suffice, those ahead are only on their way.
        expected = self._wait_expected(now, list(line).index(place))
        place.refuse_if_late(now, expected)
        return math.inf


_everyone: Final[weakref.WeakSet[Pacer]] = weakref.WeakSet()
_registry: Final = Registry(Pacer)


def pacer_for(
    base_url: str, key_identity: Hashable, limit: RateLimit | None, clock: Clock
) -> Pacer:
    """Give the pacer of this process for a base URL, key and limit.

    ``key_identity`` stands for the key and is not it: see :func:`~wixreseller.config.key_identity`.
    Without a limit the pacer counts nothing, but closes after a 429 like the others of the key.
    Clients with clocks of their own, as tests have them, share nothing.
    """
    return _registry.find((base_url, key_identity, clock), limit, clock)


def forget_pacers() -> None:
    """Let clients that are made from now on begin afresh: for tests that reset the server."""
    _registry.forget()


def _renew_after_fork() -> None:
    _registry.renew()
    for pacer in list(_everyone):
        pacer.renew()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_after_fork)
