"""Say which process writes a journal, without being in its way."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Final

from wixreseller.bulk.journal_lock import lock_path_of

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

__all__ = ["holder_of"]

# Where JournalLock locks on Windows.
_LOCKED_BYTE: Final = 1 << 30


def holder_of(journal: Path) -> str | None:
    """Say who writes a journal, in the words of its lock; ``None`` if nobody does.

    The lock's file is there only while someone writes, or after someone was killed. Only in the
    second case is the lock taken, shared, for some microseconds.
    """
    try:
        file = os.open(lock_path_of(journal), os.O_RDONLY | getattr(os, "O_CLOEXEC", 0))
    except OSError:
        return None
    try:
        if _is_free(file):
            return None
        os.lseek(file, 0, os.SEEK_SET)
        return os.read(file, 500).decode(errors="replace").strip() or "another process"
    finally:
        os.close(file)


def _is_free(file: int) -> bool:
    try:
        if sys.platform == "win32":
            os.lseek(file, _LOCKED_BYTE, os.SEEK_SET)
            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
            os.lseek(file, _LOCKED_BYTE, os.SEEK_SET)
            msvcrt.locking(file, msvcrt.LK_UNLCK, 1)
        else:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
