"""Split order files into rows of texts: CSV as spreadsheets write it, and NDJSON.

Nothing here knows what a column means. Whatever is wrong with the form of a file comes out as a
:class:`Problem` between the rows, so that one reading finds all there is to find.
"""

from __future__ import annotations

import codecs
import csv
import io
import json
from collections import Counter
from collections.abc import Generator, Iterator, Mapping, Sequence
from functools import partial
from itertools import chain
from typing import Final, Literal, cast

import attrs
import orjson

from wixreseller.bulk.order_columns import COLUMNS, REQUIRED, TOLD_COLUMNS, suggest_column
from wixreseller.models import checks

__all__ = ["OrderFormat", "Problem", "RawRow", "read_rows"]

OrderFormat = Literal["csv", "ndjson"]

_DELIMITERS: Final = (",", ";", "\t")
_SPREADSHEET: Final = "is a spreadsheet (or zip) file: save it as 'CSV UTF-8' first"
_UTF16: Final = "is UTF-16 text, must be UTF-8: save it as 'CSV UTF-8'"
_MARKS: Final = (
    (b"PK\x03\x04", _SPREADSHEET),
    (b"\xd0\xcf\x11\xe0", _SPREADSHEET),
    (b"\x1f\x8b", "is compressed: unpack it first, or 'gunzip -c FILE | … -'"),
    (codecs.BOM_UTF16_LE, _UTF16),
    (codecs.BOM_UTF16_BE, _UTF16),
)
"""How files begin that are no text in UTF-8, and what to say of them."""
_NOTHING_MISSING: Final[frozenset[str]] = frozenset()
_KNOWN: Final = frozenset(COLUMNS)
_NAMES: Final = frozenset(("external_id", "package_id"))
_LONGEST_LINE: Final = 1 << 20


@attrs.frozen
class Problem:
    """Say what is wrong in an order file, where, and what is allowed there."""

    line: int
    """Line of the file on which the row begins, from 1."""
    column: str | None
    """Name of the column, or ``None`` where the whole row is wrong."""
    message: str

    def __str__(self) -> str:
        where = f"line {self.line}" if self.column is None else f"line {self.line}, {self.column}"
        return f"{where}: {self.message}"


@attrs.frozen
class RawRow:
    """Hold one row as texts, without white space around them."""

    line: int
    values: Mapping[str, str]
    missing_columns: frozenset[str] = _NOTHING_MISSING
    """Required columns that the whole file lacks, which was reported once already."""


def read_rows(
    file: io.BufferedReader, file_format: OrderFormat
) -> Generator[RawRow | Problem, None, None]:
    """Split an order file into rows and problems, in file order, a line at a time.

    A row with a byte that is not UTF-8 is a problem, and those after it are read all the same.
    What is given must be exhausted or closed before the file is closed.
    """
    start = file.peek(4)
    if (refusal := _refusal_of(start[:4])) is not None:
        yield Problem(1, None, refusal)
        return
    if start.startswith(codecs.BOM_UTF8):
        file.read(len(codecs.BOM_UTF8))
    # Bytes that are not UTF-8 become halves of surrogate pairs, which UTF-8 never makes: so they
    # are found line by line. JSON strings may hold characters that CSV takes for line breaks.
    newline = "" if file_format == "csv" else "\n"
    text = io.TextIOWrapper(file, encoding="utf-8", errors="surrogateescape", newline=newline)
    lines = _Lines(text)
    try:
        yield from _read_csv(lines) if file_format == "csv" else _read_ndjson(lines)
        if lines.is_blank:
            yield Problem(1, None, "the file is empty")
    except _LineTooLongError:
        yield Problem(
            lines.number,
            None,
            f"is longer than {_LONGEST_LINE:,} characters, so this is no order file; what follows "
            f"was not checked",
        )
    finally:
        text.detach()


def _refusal_of(start: bytes) -> str | None:
    """Say what is wrong with a file by its first bytes, if that can be told."""
    for mark, refusal in _MARKS:
        if start.startswith(mark):
            return refusal
    # Without a mark it is told by the half of its bytes that is zero.
    return _UTF16 if b"\0" in start[:2] else None


class _LineTooLongError(Exception):
    """Report a line that would fill the memory."""


class _Lines:
    """Give the lines of a text, and know what is wrong with their bytes."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        self._text = text
        self.number = 0
        """Number of the line that was given last, from 1."""
        self.is_blank = True
        """Whether there was nothing but white space so far."""
        self._wrong: Problem | None = None

    def __iter__(self) -> Iterator[str]:
        for line in iter(partial(self._text.readline, _LONGEST_LINE), ""):
            self.number += 1
            if self.is_blank:
                self.is_blank = not line.strip()
            if not line.isascii():
                self._check(line)
            if len(line) == _LONGEST_LINE:
                raise _LineTooLongError
            yield line

    def take_wrong(self) -> Problem | None:
        """Give the first problem with the bytes of the lines since the last call."""
        wrong, self._wrong = self._wrong, None
        return wrong

    def _check(self, line: str) -> None:
        try:
            line.encode()
        except UnicodeEncodeError as error:
            if self._wrong is None:
                byte = ord(line[error.start]) - 0xDC00
                self._wrong = Problem(
                    self.number,
                    None,
                    f"has a byte that is not UTF-8 (0x{byte:02x}): save the file as UTF-8 "
                    f"('CSV UTF-8' in spreadsheets)",
                )


# --- CSV ----------------------------------------------------------------------------------------


def _read_csv(lines: _Lines) -> Iterator[RawRow | Problem]:
    given = iter(lines)
    first = next((line for line in given if line.strip()), None)
    if first is None:
        return
    if first.lstrip().startswith("{"):
        yield Problem(lines.number, None, "is JSON, but read as CSV: add --format ndjson")
        return
    if first.lstrip().startswith("["):
        yield Problem(
            lines.number,
            None,
            "is a list of JSON: write one object in a line, without the brackets",
        )
        return
    if first.lower().startswith("sep="):
        yield Problem(lines.number, None, "is for Excel alone: take it out, the header comes first")
        return
    skipped = lines.number - 1
    reader = csv.reader(chain((first,), given), delimiter=_delimiter(first), strict=True)
    header: list[str] = []
    missing = _NOTHING_MISSING
    id_place = -1
    next_line = skipped + 1
    try:
        for cells in reader:
            line, next_line = next_line, skipped + reader.line_num + 1
            if (wrong := lines.take_wrong()) is not None:
                yield wrong
                if not header:
                    return
                continue
            values = [cell.strip() for cell in cells]
            if not any(values):
                continue
            if not header:
                header = _without_empty_tail(values)
                yield from _check_header(header, line)
                missing = _missing_columns(header)
                id_place = header.index("external_id") if "external_id" in header else -1
                continue
            if len(values) != len(header) and (problem := _fit(values, len(header), line)):
                yield problem
                continue
            if id_place >= 0 and values[id_place]:
                # Kept as it stands: white space around an id is refused, never repaired.
                values[id_place] = cells[id_place]
            yield RawRow(line, dict(zip(header, values, strict=False)), missing)
    except csv.Error as error:
        if (wrong := lines.take_wrong()) is not None:
            yield wrong
        yield Problem(
            next_line,
            None,
            f"cannot be read as CSV ({error}): a quote that opens a field must close it, and a "
            f'quote inside one is written twice (""); what follows was not checked',
        )


def _delimiter(header: str) -> str:
    """Find the delimiter: the one that the header has most of. Column names hold none."""
    return max(_DELIMITERS, key=header.count)


def _without_empty_tail(cells: list[str]) -> list[str]:
    """Drop the empty cells that spreadsheets leave at the end of a row."""
    length = len(cells)
    while length and not cells[length - 1]:
        length -= 1
    return cells[:length]


def _check_header(header: list[str], line: int) -> Iterator[Problem]:
    seen: set[str] = set()
    for place, name in enumerate(header, start=1):
        if not name:
            index = "; 'index=False' in pandas leaves its index out" if place == 1 else ""
            yield Problem(line, None, f"column {place} has no name{index}")
        elif name in seen:
            yield Problem(line, name, "is there twice")
        elif name not in COLUMNS and name not in TOLD_COLUMNS:
            yield _unknown_column(line, name)
        seen.add(name)
    for name in sorted(_missing_columns(header), key=COLUMNS.index):
        needs = "external_id or package_id" if "operation" in seen else ", ".join(REQUIRED)
        yield Problem(line, name, f"is missing: a file needs at least {needs}")


def _missing_columns(header: list[str]) -> frozenset[str]:
    """Give the columns without which no row can be an order. What a row needs, it says itself."""
    if "operation" not in header:
        return frozenset(REQUIRED) - frozenset(header)
    return frozenset() if _NAMES & frozenset(header) else frozenset(("external_id",))


def _unknown_column(line: int, name: str) -> Problem:
    meant = suggest_column(name)
    hint = f"did you mean {meant}?" if meant else f"known are {', '.join(COLUMNS)}"
    return Problem(line, checks.shorten(name)[1:-1], f"is not a column of an order file; {hint}")


def _fit(values: list[str], length: int, line: int) -> Problem | None:
    """Refuse a row of another length than the header, unless only empty cells are too many."""
    if len(values) > length and not any(values[length:]):
        return None
    return Problem(
        line,
        None,
        f"has {len(values)} fields, the header has {length}: a field that holds the delimiter or "
        f"a line break must stand in quotes",
    )


# --- NDJSON -------------------------------------------------------------------------------------


def _read_ndjson(lines: _Lines) -> Iterator[RawRow | Problem]:
    for document in lines:
        if (wrong := lines.take_wrong()) is not None:
            yield wrong
            continue
        if not document.strip():
            continue
        line = lines.number
        try:
            value: object = orjson.loads(document)
        except orjson.JSONDecodeError as error:
            yield Problem(line, None, f"is not JSON ({error}): each line is one JSON object")
            continue
        if not isinstance(value, dict):
            yield Problem(line, None, f"must be a JSON object, not {_json_type(value)}")
            continue
        fields = cast("dict[str, object]", value)
        twice = _given_twice(document, fields)
        if twice:
            yield from (Problem(line, checks.shorten(key)[1:-1], "is there twice") for key in twice)
            continue
        yield from _read_object(line, fields)


def _given_twice(document: str, fields: Mapping[str, object]) -> Sequence[str]:
    """Give the keys that an object has twice, of which a parser keeps the last without a word."""
    texts = sum(isinstance(value, str) for value in fields.values())
    if document.count('"') == 2 * (len(fields) + texts):
        return ()  # as many quotes as there are keys and texts: none was dropped
    if any(isinstance(value, (dict, list)) for value in fields.values()):
        return ()  # refused anyway, and may be nested too deeply for the parser below
    pairs: list[tuple[str, object]] = json.loads(
        document, object_pairs_hook=list, parse_int=str, parse_float=str
    )
    counts = Counter(key for key, _ in pairs)
    return [key for key, count in counts.items() if count > 1]


def _read_object(line: int, document: Mapping[str, object]) -> Iterator[RawRow | Problem]:
    values: dict[str, str] = {}
    refused: set[str] = set()
    for key, value in document.items():
        if key not in _KNOWN:
            yield _unknown_column(line, key)
        elif isinstance(value, str):
            values[key] = value if key == "external_id" else value.strip()
        elif key == "cycle_count" and isinstance(value, int) and not isinstance(value, bool):
            values[key] = str(value)
        elif value is not None:
            refused.add(key)
            yield Problem(line, key, f"must be a string, not {_json_type(value)}")
    yield RawRow(line, values, frozenset(refused) if refused else _NOTHING_MISSING)


def _json_type(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, (int, float)):
        return f"the number {checks.shorten(value)}"
    if isinstance(value, str):
        return "a string"
    return "a list" if isinstance(value, list) else "an object"
