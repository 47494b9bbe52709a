"""Give the bytes of an order file twice, the second time none but those of the first.

Files are read in blocks of constant size. The first reading keeps a digest of all bytes up to the
end of each block; the second compares before it lets a block through, so that nothing is ever made
of bytes that were not checked. What can be read only once (standard input, ``<(…)``) is kept in a
temporary file, which nobody else can open and which is gone with the process.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import stat
import tempfile
from collections.abc import Callable, Generator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final, cast

import attrs

from wixreseller.errors import ConfigurationError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

__all__ = ["OrderBytes", "OrdersChangedError", "Reading", "sha256_of"]

_BLOCK: Final = 1 << 20


class OrdersChangedError(ConfigurationError):
    """Report that an order file is no longer what was checked. Nothing of the change was used."""


@attrs.frozen
class Reading:
    """Hold what a complete reading of a file saw."""

    sha256: str
    """Hexadecimal, of all bytes."""
    size: int
    """In bytes."""
    digests: tuple[bytes, ...]
    """Of all bytes up to the end of each block, in order."""
    stamp: tuple[int, int]
    """Size and time of change of the file, as the system tells them."""


def sha256_of(path: str | Path) -> str:
    """Give the SHA-256 of a file's bytes, hexadecimal; memory stays constant.

    Raises:
        OSError: the file cannot be read.
    """
    with Path(path).open("rb") as file:
        return _sha256_of(file)


class OrderBytes:
    """Give the bytes of the file at ``path``; ``-`` is ``stdin``."""

    def __init__(self, path: str, stdin: BinaryIO) -> None:
        self.name: str = "standard input" if path == "-" else path
        self._path = path
        self._stdin = stdin
        self._kept: BinaryIO | None = None
        """The temporary file of what can be read only once."""

    def close(self) -> None:
        """Delete what was kept."""
        if self._kept is not None:
            self._kept.close()
            self._kept = None

    @contextlib.contextmanager
    def first(self) -> Generator[tuple[io.BufferedReader, Callable[[], Reading]], None, None]:
        """Open for the first reading.

        The second value reads on to the end, and tells what was seen.

        Raises:
            OSError: it cannot be read, or not be kept.
            OrdersChangedError: it changed while it was read.
        """
        with self._open() as file:
            stamp = _stamp(file)
            hashed, digests = _Hashed(), list[bytes]()

            def take(block: bytes) -> None:
                digest = hashed.add(block)
                if block:
                    digests.append(digest)

            def finish() -> Reading:
                while reader.read(_BLOCK):
                    pass
                if _stamp(file) != stamp:
                    raise OrdersChangedError(
                        f"{self.name} changed while it was read: wait until it is complete, and "
                        f"start again"
                    )
                return Reading(hashed.hexdigest(), hashed.size, tuple(digests), stamp)

            with _reader(file, take) as reader:
                yield reader, finish

    @contextlib.contextmanager
    def again(self, seen: Reading) -> Generator[io.BufferedReader, None, None]:
        """Open for another reading, which raises where it would not give the same bytes.

        Raises:
            OSError: it cannot be read any more.
            OrdersChangedError: it is not what was seen.
        """
        hashed = _Hashed()
        expected = iter(seen.digests)

        def take(block: bytes) -> None:
            digest = hashed.add(block)
            # Where no block is expected, only the end may come.
            if digest != next(expected, None if block else digest):
                raise self._changed()

        with self._open() as file:
            if _stamp(file) != seen.stamp:
                # To touch it does no harm.
                file.seek(0)
                if _sha256_of(file) != seen.sha256:
                    raise self._changed()
            with _reader(file, take) as reader:
                yield reader

    def _changed(self) -> OrdersChangedError:
        return OrdersChangedError(f"{self.name} is not the file any more that was checked")

    @contextlib.contextmanager
    def _open(self) -> Generator[BinaryIO, None, None]:
        if self._kept is None and self._path == "-":
            self._kept = self._keep(self._stdin)
        if self._kept is None:
            with Path(self._path).open("rb") as file:
                if stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                    yield file
                    return
                self._kept = self._keep(file)
        yield self._kept

    def _keep(self, source: BinaryIO) -> BinaryIO:
        kept = cast("BinaryIO", tempfile.TemporaryFile())  # noqa: SIM115  # closed by close()
        try:
            while block := source.read(_BLOCK):
                try:
                    kept.write(block)
                    kept.flush()
                except OSError as error:
                    raise OSError(
                        error.errno,
                        f"it cannot be kept in a temporary file in {tempfile.gettempdir()} "
                        f"({error.strerror}); TMPDIR can name another directory",
                        self.name,
                    ) from error
        except BaseException:
            kept.close()
            raise
        return kept


def _sha256_of(file: BinaryIO) -> str:
    hashed = _Hashed()
    while block := file.read(_BLOCK):
        hashed.add(block)
    return hashed.hexdigest()


class _Hashed:
    """Hash bytes as they come."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self.size = 0

    def add(self, block: bytes) -> bytes:
        """Take the next bytes, and give the digest of all so far."""
        self._hash.update(block)
        self.size += len(block)
        return self._hash.digest()

    def hexdigest(self) -> str:
        return self._hash.hexdigest()


def _stamp(file: BinaryIO) -> tuple[int, int]:
    status = os.fstat(file.fileno())
    return status.st_size, status.st_mtime_ns


def _reader(file: BinaryIO, take: Callable[[bytes], None]) -> io.BufferedReader:
    return io.BufferedReader(_Blocks(file, take), 1 << 16)


class _Blocks(io.RawIOBase):
    """Give a file's bytes once ``take`` has had them, block by block; the empty one ends it.

    A class of the io module's, because only such a one can be read as text.
    """

    def __init__(self, file: BinaryIO, take: Callable[[bytes], None]) -> None:
        self._file = file
        self._take = take
        self._offset = 0
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        if not self._rest:
            # Several readers may share one temporary file.
            self._file.seek(self._offset)
            block = self._file.read(_BLOCK)
            self._offset += len(block)
            self._take(block)
            self._rest = memoryview(block)
        target = memoryview(buffer)
        count = min(len(target), len(self._rest))
        target[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count
