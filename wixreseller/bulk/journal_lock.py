"""Keep a journal to one writer at a time, and say who that is.

The lock is the operating system's, on a file beside the journal: it ends with the process that has
it, however that ends. What the file says is for the words of a refusal only.
"""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from wixreseller.errors import JournalError, JournalHeldError

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

__all__ = ["JournalLock", "lock_path_of"]

# Mandatory locks, as Windows has them, would keep others from reading; nothing is at this place.
_LOCKED_BYTE: Final = 1 << 30
_HELD: Final = frozenset({errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES, errno.EDEADLK})


def lock_path_of(journal: Path) -> Path:
    """Give the file of a journal's lock: beside the journal itself, by whatever name it is opened.

    Raises:
        OSError: links go in a circle.
    """
    real = journal.resolve()
    return real.with_name(real.name + ".lock")


class JournalLock:
    """Hold the lock of a journal until :meth:`release`.

    Raises:
        JournalHeldError: another process holds it.
        JournalError: the file of the lock cannot be made.
    """

    def __init__(self, journal: Path) -> None:
        try:
            self.path: Path = lock_path_of(journal)
            self._file = self._take(journal)
        except OSError as problem:
            raise JournalError(
                f"the journal {journal} cannot be locked: {problem}; its folder must be writable",
                path=str(journal),
            ) from problem
        with contextlib.suppress(OSError):  # it is held, even if a full disk takes no words
            os.ftruncate(self._file, 0)
            os.lseek(self._file, 0, os.SEEK_SET)
            os.write(self._file, _who_i_am().encode())

    def release(self) -> None:
        """Let the next writer in."""
        with contextlib.suppress(OSError):  # Windows deletes no file that is open
            self.path.unlink()
        os.close(self._file)

    def _take(self, journal: Path) -> int:
        while True:
            file = os.open(self.path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o600)
            try:
                _lock(file)
            except OSError as problem:
                os.lseek(file, 0, os.SEEK_SET)
                holder = os.read(file, 500).decode(errors="replace").strip()
                os.close(file)
                if problem.errno not in _HELD:
                    raise  # this file system has no locks, or none left
                raise JournalHeldError(
                    f"the journal {journal} is being written by {holder or 'another process'}: "
                    f"let it finish, or stop it, before another run begins",
                    path=str(journal),
                    holder=holder,
                ) from problem
            if self._is_still_there(file):
                return file
            # Whoever had it deleted it between our opening it and locking it.
            os.close(file)

    def _is_still_there(self, file: int) -> bool:
        try:
            return os.path.samestat(os.fstat(file), self.path.stat())
        except FileNotFoundError:
            return False


def _who_i_am() -> str:
    since = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    return f"process {os.getpid()} on {socket.gethostname()}, since {since}\n"


def _lock(file: int) -> None:
    if sys.platform == "win32":
        os.lseek(file, _LOCKED_BYTE, os.SEEK_SET)
        msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
    else:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
