"""Share a limit between the processes of one machine, through a small file.

The file is a header (the gate, and when it was last written) and a record for every slot: when its
request was answered, or since when and for whom it is in flight. It never holds a key. Every
process applies its own limit to what all have recorded, so that limits may differ while a new
setting is rolled out.

Times are those of the monotonic clock, which all processes of a machine share and nobody sets back.
A reboot does; it is seen by a time in the header that lies ahead, and then the date says how long
ago the records were written. Where the date went back as well, no time is taken to have passed.

The work under the lock takes some tens of microseconds, so it is done on the event loop. The lock
is only ever tried: a process that was stopped while it held it makes nobody hang.
"""

from __future__ import annotations

import array
import contextlib
import math
import os
import stat
import struct
import sys
import threading
import time
import warnings
from collections import deque
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Final, Protocol

import attrs

from wixreseller._clock import Clock
from wixreseller.ratelimit import Gate, Refusal

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

__all__ = ["FileSlots", "Grant", "SharedSlots"]

LEASE: Final = 60.0
"""Seconds beyond the window after which a slot in flight that nobody gave back is free again.

Its process crashed, or its answer takes so long that the server counted the request long ago. A
process of this machine that is seen to have died gives its slots back at once, to cool.
"""
_JUST_STARTED: Final = 1e-9
_PATIENCE: Final = 1.0  # seconds that somebody else may hold the lock
_MAGIC: Final = b"wixpace\x01"
_HEADER: Final = struct.Struct("=8sddQddd8x")
_RECORD: Final = struct.Struct("=dQ")
# Mandatory locks, as Windows has them, would keep others from reading; nothing is at this place.
_LOCKED_BYTE: Final = 1 << 30


@attrs.frozen
class Grant:
    """Allow one request, as far as all processes are concerned."""

    number: int
    taken_at: float
    epoch: int
    is_probe: bool


class SharedSlots(Protocol):
    """Share a limit and its gate with others; a server may, as the file does.

    What is in the way of sharing raises nothing: the caller goes on with its own count.
    """

    async def take(self) -> Grant | float | None:
        """Take a slot and pass the gate.

        Gives the seconds after which it makes sense to ask again if there is no slot, or the gate
        is closed; ``None`` if nothing can be shared just now.
        """
        ...

    def give_back(
        self, grant: Grant, *, refusal: Refusal | None, unsent: bool, answered: bool
    ) -> None:
        """Free the slot one window from now, or now if ``unsent``, and tell the gate.

        It must not wait: what cannot be told now is told later, or never, in which case the slot's
        lease ends.
        """
        ...

    def renew(self) -> None:
        """Begin anew in the child of a fork."""
        ...


class _BusyError(Exception):
    """Another process holds the lock."""


@attrs.define(eq=False)
class FileSlots:
    """Keep the slots in a file: see the module."""

    _path: Path
    _requests: int
    _per: float
    _clock: Clock
    _is_alive: Callable[[int], bool] = attrs.field(
        default=lambda pid: _is_alive(pid), alias="is_alive"
    )
    _lock: threading.Lock = attrs.field(factory=threading.Lock, init=False)
    _file: int | None = attrs.field(default=None, init=False)
    _inode: tuple[int, int] = attrs.field(default=(0, 0), init=False)
    _me: int = attrs.field(default=0, init=False)
    _late: deque[Callable[[], None]] = attrs.field(factory=deque[Callable[[], None]], init=False)
    _lost_until: float = attrs.field(default=-math.inf, init=False)
    _loss: str | None = attrs.field(default=None, init=False)
    _has_warned: bool = attrs.field(default=False, init=False)

    async def take(self) -> Grant | float | None:
        """Take a slot and pass the gate; see :class:`SharedSlots`."""
        began = self._clock.monotonic()
        if began < self._lost_until:
            self._warn()
            return None
        while True:
            try:
                with self._locked():
                    return self._take(self._clock.monotonic())
            except _BusyError:
                if self._clock.monotonic() - began < _PATIENCE:
                    await self._clock.sleep(0.001)
                    continue
                self._lose(f"another process has held its lock for {_PATIENCE:g} s")
            except OSError as error:
                self._lose(str(error))
            self._warn()
            return None

    def give_back(
        self, grant: Grant, *, refusal: Refusal | None, unsent: bool, answered: bool
    ) -> None:
        """Free the slot, and tell the gate; see :class:`SharedSlots`."""
        now = self._clock.monotonic()

        def write() -> None:
            self._give_back(grant, 0.0 if unsent else now)
            if refusal is not None or grant.is_probe:
                gate = self._read_gate(now)
                gate.hear(
                    refusal,
                    epoch=grant.epoch,
                    is_probe=grant.is_probe,
                    answered=answered and not unsent,
                )
                self._write_header(now, gate)

        self._late.append(write)
        for _ in range(10):
            try:
                with self._locked():
                    return
            except _BusyError:
                time.sleep(0.0001)  # as long as others take; what is left is written next time
            except OSError as error:
                self._lose(str(error))
                return

    def renew(self) -> None:
        """Begin anew in the child of a fork: a lock on the parent's file would be the parent's."""
        self._lock = threading.Lock()
        self._late.clear()
        self._close()

    def __del__(self, is_ending: Callable[[], bool] = sys.is_finalizing) -> None:
        if not is_ending():  # when the names of this module may be gone; the system closes it then
            self._close()

    # Opening, locking, losing.

    @contextlib.contextmanager
    def _locked(self) -> Generator[None, None, None]:
        """Hold the file's lock, and write first what had to wait for it."""
        # Not for long: it may be this very thread, if collecting garbage has ended a call.
        if not self._lock.acquire(timeout=0.001):
            raise _BusyError
        try:
            file = self._opened()
            _try_lock(file)
            try:
                while self._late:
                    self._late.popleft()()
                yield
            finally:
                _unlock(file)
        except OSError:
            self._close()
            raise
        finally:
            self._lock.release()

    def _opened(self) -> int:
        """Open the file, or another one if somebody deleted or replaced it."""
        if self._file is not None:
            with contextlib.suppress(FileNotFoundError):
                found = os.stat(self._path)  # noqa: PTH116  # in the path of every request
                if (found.st_dev, found.st_ino) == self._inode:
                    return self._file
            self._close()
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0)
        self._file = os.open(self._path, flags, 0o600)
        found = os.fstat(self._file)
        if not stat.S_ISREG(found.st_mode):
            raise OSError(f"{self._path} is no regular file")
        self._inode = (found.st_dev, found.st_ino)
        self._me = _namespace() << 32 | os.getpid()
        return self._file

    def _close(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            with contextlib.suppress(OSError):
                os.close(file)

    def _lose(self, reason: str) -> None:
        """Go without the file for a window, then try again."""
        self._lost_until = self._clock.monotonic() + self._per
        self._loss = reason

    def _warn(self) -> None:
        if self._has_warned:
            return
        self._has_warned = True
        warnings.warn(
            f"the rate limit is not shared with other processes for now: {self._loss} "
            f"(rate_limit.shared={str(self._path)!r}). This process keeps to it by itself",
            RuntimeWarning,
            stacklevel=2,
        )

    # What follows is called with the lock held.

    def _take(self, now: float) -> Grant | float:
        gate = self._read_gate(now)
        if closed := gate.seconds_closed(now):
            return closed
        slots = self._read_slots()
        # A mark is when its slot was answered, or minus when it was taken.
        answered = max(now - self._per, 0.0)
        taken = -max(now - self._per - LEASE, 0.0)
        used = [mark for mark in slots if not taken <= mark <= answered]
        if len(used) >= self._requests and self._mend(slots, now):
            used = [mark for mark in slots if not taken <= mark <= answered]
        if len(used) >= self._requests:
            # One in flight is free a window from now at the soonest.
            frees_at = sorted((mark if mark > 0 else now) + self._per for mark in used)
            return frees_at[len(used) - self._requests] - now
        free = (number for number, mark in enumerate(slots) if taken <= mark <= answered)
        number = next(free, len(slots))
        grant = Grant(number, now, gate.epoch, gate.enter(now))
        self._write_at(_HEADER.size + number * _RECORD.size, _RECORD.pack(-now, self._me))
        self._write_header(now, gate)
        return grant

    def _mend(self, slots: array.array[float], now: float) -> bool:
        """Let the slots of the dead cool, and those whose record makes no sense; say if any."""
        data = self._read_at(_HEADER.size, len(slots) * _RECORD.size)
        owners = array.array("Q", data)[1::2]
        dead = {owner for owner in set(owners) if owner and self._is_dead(owner)}
        mended = [
            number
            for number, mark in enumerate(slots)
            if (mark < 0 and owners[number] in dead) or not abs(mark) <= now + LEASE
        ]
        for number in mended:
            slots[number] = now
            self._write_at(_HEADER.size + number * _RECORD.size, _RECORD.pack(now, 0))
        return bool(mended)

    def _is_dead(self, owner: int) -> bool:
        # A number says nothing in another container, which has a namespace of its own.
        is_comparable = owner >> 32 == self._me >> 32 and owner != self._me
        return is_comparable and not self._is_alive(owner & 0xFFFFFFFF)

    def _give_back(self, grant: Grant, mark: float) -> None:
        place = _HEADER.size + grant.number * _RECORD.size
        # Else the lease is over, and the slot somebody else's.
        if self._read_at(place, _RECORD.size) == _RECORD.pack(-grant.taken_at, self._me):
            self._write_at(place, _RECORD.pack(mark, 0))

    def _read_slots(self) -> array.array[float]:
        assert self._file is not None  # noqa: S101  # locked
        size = os.fstat(self._file).st_size - _HEADER.size
        return array.array("d", self._read_at(_HEADER.size, size - size % _RECORD.size))[::2]

    def _read_gate(self, now: float) -> Gate:
        """Read the header; make it, if the file is new."""
        data = self._read_at(0, _HEADER.size)
        if not data:
            gate = Gate()
            self._write_header(now, gate)
            return gate
        if len(data) < _HEADER.size or not data.startswith(_MAGIC):
            raise OSError(f"{self._path} was not made by this library, and is left alone")
        _, written_at, written_on, epoch, until, wait, probe_until = _HEADER.unpack(data)
        gate = Gate(epoch, until, wait, probe_until)
        if now < written_at - 1.0:
            gate.probe_until = 0.0
            gate.until = self._rebase(now, written_at, written_on, until)
            self._write_header(now, gate)
        return gate

    def _rebase(self, now: float, written_at: float, written_on: float, until: float) -> float:
        """Move all times to the clock of a machine that was started anew; give the gate's."""
        passed = max(0.0, self._clock.posix() - written_on)
        shift = now - passed - written_at
        for number, mark in enumerate(self._read_slots()):
            # Nobody of those days is alive: what was in flight was answered then, or never.
            answered = (mark if mark >= 0 else written_at) + shift if mark else -math.inf
            # What was before the machine's start and still cools counts as answered at the start.
            answered = max(answered, _JUST_STARTED) if answered > now - self._per else 0.0
            self._write_at(_HEADER.size + number * _RECORD.size, _RECORD.pack(answered, 0))
        return until + shift

    def _write_header(self, now: float, gate: Gate) -> None:
        self._write_at(
            0,
            _HEADER.pack(
                _MAGIC,
                now,
                self._clock.posix(),
                gate.epoch,
                gate.until,
                gate.wait,
                gate.probe_until,
            ),
        )

    def _read_at(self, place: int, size: int) -> bytes:
        assert self._file is not None  # noqa: S101  # locked
        os.lseek(self._file, place, os.SEEK_SET)
        return os.read(self._file, size)

    def _write_at(self, place: int, data: bytes) -> None:
        assert self._file is not None  # noqa: S101  # locked
        os.lseek(self._file, place, os.SEEK_SET)
        os.write(self._file, data)


def _try_lock(file: int) -> None:
    try:
        if sys.platform == "win32":
            os.lseek(file, _LOCKED_BYTE, os.SEEK_SET)
            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):  # POSIX says the one, Windows the other
        raise _BusyError from None


def _unlock(file: int) -> None:
    if sys.platform == "win32":
        os.lseek(file, _LOCKED_BYTE, os.SEEK_SET)
        msvcrt.locking(file, msvcrt.LK_UNLCK, 1)
    else:
        fcntl.flock(file, fcntl.LOCK_UN)


def _is_alive(pid: int) -> bool:
    if sys.platform == "win32":
        return True  # to ask there is to kill; the lease has to do
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True  # it is another user's
    return True


def _namespace() -> int:
    """Give what tells the process numbers of one container from those of another; 0 if unknown."""
    try:
        return os.stat("/proc/self/ns/pid").st_ino & 0xFFFFFFFF  # noqa: PTH116
    except OSError:
        return 0
