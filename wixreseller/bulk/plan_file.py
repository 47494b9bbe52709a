"""Keep a plan in a file: JSON, one row a line, sealed with a hash.

A plan that was changed by hand is refused: what is applied is what was planned and looked at. The
file is written and read a row at a time, so that it may hold a million.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import AsyncIterator, Generator
from datetime import datetime
from pathlib import Path
from typing import IO, Any, Final, cast

import attrs
import orjson

from wixreseller import _wire
from wixreseller._version import __version__
from wixreseller.bulk.journal import Entry
from wixreseller.bulk.journal_lock import lock_path_of
from wixreseller.bulk.plan import PlanCounts, PlanRow
from wixreseller.errors import ConfigurationError

__all__ = [
    "PLAN_SHA256",
    "PlanFile",
    "PlanHead",
    "as_text",
    "is_plan",
    "is_same_file",
    "write_plan",
]

PLAN_SHA256: Final = "planSha256"
"""The fact by which a journal knows its plan."""
_FORMAT: Final = 1
_BEGINNING: Final = b'{"wixreseller_plan": '
_OPENING: Final = _BEGINNING + b'%d,\n"head": %b,\n"rows": [\n'
_CLOSING: Final = b'],\n"counts": %b,\n'
_SEAL: Final = b'"sha256": "%b"}\n'
_SEALING: Final = b'"sha256"'
_OF_SQLITE: Final = ("", "-wal", "-shm")


@attrs.frozen(kw_only=True)
class PlanHead:
    """Say what a plan was made of, and against what."""

    made_at: datetime
    base_url: str
    orders_name: str
    """What the order file is called in messages: its path, or ``standard input``."""
    orders_path: str | None
    """Where it is, absolute; ``None`` where it came from standard input."""
    orders_sha256: str
    """Hash of its bytes."""
    program: str = f"wixreseller {__version__}"


async def write_plan(path: Path, head: PlanHead, rows: AsyncIterator[PlanRow]) -> PlanCounts:
    """Write a plan, whole or not at all; a file at ``path`` is replaced.

    Raises:
        OSError: it cannot be written.
    """
    counts = PlanCounts()
    with _replacing(path) as file:
        seal = hashlib.sha256()

        def write(data: bytes) -> None:
            seal.update(data)
            file.write(data)

        write(_OPENING % (_FORMAT, orjson.dumps(attrs.asdict(head))))
        async for row in rows:
            write((b",\n" if counts.orders else b"") + _row_json(row))
            counts += row
        write((b"\n" if counts.orders else b"") + _CLOSING % orjson.dumps(attrs.asdict(counts)))
        file.write(_SEAL % seal.hexdigest().encode())
    return counts


def as_text(path: Path | str) -> str:
    """Write a path as JSON can hold it: bytes that are not UTF-8 are spelt out."""
    return str(path).encode("utf-8", "backslashreplace").decode()


def is_same_file(one: Path, other: Path) -> bool:
    """Say whether two paths lead to the same file, which need not be there yet."""
    with contextlib.suppress(OSError):
        if one.resolve() == other.resolve() or one.samefile(other):
            return True
    return False


def is_plan(path: Path) -> bool:
    """Say whether a file begins as plans do; one that cannot be read does not."""
    try:
        with path.open("rb") as file:
            return file.read(len(_BEGINNING)) == _BEGINNING
    except OSError:
        return False


class PlanFile:
    """Read a plan. All of it is checked when it is opened; ``rows`` then reads it row by row.

    Raises:
        ConfigurationError: it is no plan, of a later version, or was changed since it was made.
        OSError: it cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._stamp: tuple[int, ...] = ()
        checked = self._check()
        self.head: PlanHead = checked[0]
        self.counts: PlanCounts = checked[1]
        self.sha256: str = checked[2]

    @property
    def name(self) -> str:
        """Its name without the folder."""
        return as_text(self.path.name)

    @property
    def journal_path(self) -> Path:
        """Where the journal of this plan is: beside it."""
        return self.path.with_suffix(".journal")

    def needs(self, path: Path) -> bool:
        """Say whether a file is the plan, its journal or beside that, or what it was made of.

        Nothing else may be written there: whoever lost the journal would lose what was sold.
        """
        journal = self.journal_path.resolve()
        kept = [self.path, lock_path_of(journal)]
        kept += [journal.with_name(journal.name + end) for end in _OF_SQLITE]
        if self.head.orders_path is not None:
            kept.append(Path(self.head.orders_path))
        return any(is_same_file(path, one) for one in kept)

    def rows(self) -> Generator[PlanRow, None, None]:
        """Give the rows, in order. Whoever does not read to the end closes the generator.

        Nothing is given of a plan that took the place of the one that was checked.

        Raises:
            ConfigurationError: the file was changed since it was opened.
        """
        seal = hashlib.sha256()
        with self.path.open("rb") as file:
            # To touch it does no harm.
            if _stamp(file) != self._stamp and _sealed(file) != self.sha256:
                raise self._refusal("was changed since it was read, and looked at")
            file.seek(0)
            for line in file:
                if not line.startswith(_SEALING):
                    seal.update(line)
                if line.startswith(b'{"number":'):
                    yield self._row(line)
        if seal.hexdigest() != self.sha256:
            raise self._refusal("was changed while it was read")

    def entries(self) -> Generator[Entry, None, None]:
        """Give what is to be done, as a run takes it; to be closed as :meth:`rows` is."""
        with contextlib.closing(self.rows()) as rows:
            for row in rows:
                yield row.entry

    def _check(self) -> tuple[PlanHead, PlanCounts, str]:
        seal = hashlib.sha256()
        head = counts = told = None
        with self.path.open("rb") as file:
            self._stamp = _stamp(file)
            if not file.readline(100).startswith(_BEGINNING):
                raise self._refusal("is no plan: make one with 'wixreseller provision plan'")
            file.seek(0)
            for line in file:
                if line.startswith(b'"sha256": "'):
                    told = line[11:75].decode(errors="replace")
                    break
                seal.update(line)
                if line.startswith(b'"head": '):
                    head = self._read_head(line)
                elif line.startswith(b'"counts": '):
                    counts = line
            rest = file.read(1)
        if told is None or told != seal.hexdigest() or rest or head is None or counts is None:
            raise self._refusal(
                "was changed since it was made, or is not whole; a plan is applied as it was made, "
                "or not at all: change the order file, and plan again"
            )
        # Below the seal, so that what it holds is what we wrote.
        return head, PlanCounts(**orjson.loads(counts[10:-2])), told

    def _read_head(self, line: bytes) -> PlanHead | None:
        with contextlib.suppress(ValueError, TypeError, KeyError):
            fields = cast("dict[str, Any]", orjson.loads(line[8:-2]))
            made_at = datetime.fromisoformat(fields.pop("made_at"))
            return PlanHead(made_at=made_at, **fields)
        return None

    def _row(self, line: bytes) -> PlanRow:
        fields = cast("dict[str, Any]", orjson.loads(line.rstrip(b",\n")))
        entry = Entry(
            number=fields["number"],
            operation=fields["operation"],
            account_id=fields["account_id"],
            external_id=fields["external_id"],
            package_id=fields["package_id"],
            products=_wire.dumps(fields["products"]).decode(),
            key=fields["key"],
            expects=fields["expects"],
            note=fields["note"],
        )
        if entry.digest != fields["digest"]:
            raise self._refusal(
                f"was made by another version of wixreseller ({self.head.program}), which would "
                f"send other bytes for {entry.external_id or entry.package_id!r}: plan again"
            )
        return PlanRow(entry=entry, lines=tuple(fields["lines"]), rows=tuple(fields["rows"]))

    def _refusal(self, problem: str) -> ConfigurationError:
        return ConfigurationError(f"the plan {self.path} {problem}", field="plan")


def _stamp(file: IO[bytes]) -> tuple[int, ...]:
    status = os.fstat(file.fileno())
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


def _sealed(file: IO[bytes]) -> str:
    """Hash what the seal of a plan is of."""
    seal = hashlib.sha256()
    for line in file:
        if not line.startswith(_SEALING):
            seal.update(line)
    return seal.hexdigest()


def _row_json(row: PlanRow) -> bytes:
    entry = row.entry
    return orjson.dumps(
        {
            "number": entry.number,
            "action": row.action,
            "operation": entry.operation,
            "account_id": entry.account_id,
            "external_id": entry.external_id,
            "package_id": entry.package_id,
            "products": orjson.loads(entry.products),
            "key": entry.key,
            "expects": entry.expects,
            "note": entry.note,
            "digest": entry.digest,
            "lines": row.lines,
            "rows": row.rows,
        }
    )


@contextlib.contextmanager
def _replacing(path: Path) -> Generator[IO[bytes], None, None]:
    """Write a file beside the one to replace, and put it in its place when it is whole."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with draft.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
