"""Split order files into rows of texts: CSV as spreadsheets write it, and NDJSON.

Nothing here knows what a column means. Whatever is wrong with the form of a file comes out as a
:class:`Problem` between the rows, so that one reading finds all there is to find.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator, Mapping
from typing import Final, Literal, cast

import attrs
import orjson

from wixreseller.bulk.order_columns import COLUMNS, REQUIRED, suggest_column
from wixreseller.models import checks

__all__ = ["OrderFormat", "Problem", "RawRow", "read_rows"]

OrderFormat = Literal["csv", "ndjson"]

_DELIMITERS: Final = (",", ";", "\t")
_UTF16_MARKS: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_ZIP_MARK: Final = b"PK\x03\x04"
_NOTHING_MISSING: Final[frozenset[str]] = frozenset()


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


def read_rows(data: bytes, file_format: OrderFormat) -> Iterator[RawRow | Problem]:
    """Split the bytes of an order file into rows and problems, in file order."""
    if data.startswith(_ZIP_MARK):
        yield Problem(1, None, "is a spreadsheet (or zip) file: save it as 'CSV UTF-8' first")
        return
    if data.startswith(_UTF16_MARKS):
        yield Problem(1, None, "is UTF-16 text, must be UTF-8: save it as 'CSV UTF-8'")
        return
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        yield Problem(
            line,
            None,
            f"has a byte that is not UTF-8 (0x{data[error.start]:02x}): save the file as UTF-8 "
            f"('CSV UTF-8' in spreadsheets)",
        )
        return
    if not text.strip():
        yield Problem(1, None, "the file is empty")
        return
    yield from _read_csv(text) if file_format == "csv" else _read_ndjson(text)


# --- CSV ----------------------------------------------------------------------------------------


def _read_csv(text: str) -> Iterator[RawRow | Problem]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    header: list[str] | None = None
    missing = _NOTHING_MISSING
    id_place = -1
    line = 1
    try:
        for cells in reader:
            first_line, line = line, reader.line_num + 1
            values = [cell.strip() for cell in cells]
            if not any(values):
                continue
            if header is None:
                header = _without_empty_tail(values)
                yield from _check_header(header, first_line)
                missing = frozenset(REQUIRED) - frozenset(header)
                id_place = header.index("external_id") if "external_id" in header else -1
                continue
            if len(values) != len(header) and (problem := _fit(values, len(header), first_line)):
                yield problem
                continue
            if id_place >= 0 and values[id_place]:
                # Kept as it stands: white space around an id is refused, never repaired.
                values[id_place] = cells[id_place]
            yield RawRow(first_line, dict(zip(header, values, strict=False)), missing)
    except csv.Error as error:
        yield Problem(
            line,
            None,
            f"cannot be read as CSV ({error}): a quote that opens a field must close it, and a "
            f'quote inside one is written twice (""); what follows was not checked',
        )


def _delimiter(text: str) -> str:
    """Find the delimiter: the one that the header has most of. Column names hold none."""
    header = next((line for line in text.splitlines() if line.strip()), "")
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
            yield Problem(line, None, f"column {place} has no name")
        elif name in seen:
            yield Problem(line, name, "is there twice")
        elif name not in COLUMNS:
            yield _unknown_column(line, name)
        seen.add(name)
    for name in REQUIRED:
        if name not in seen:
            yield Problem(line, name, f"is missing: a file needs at least {', '.join(REQUIRED)}")


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


def _read_ndjson(text: str) -> Iterator[RawRow | Problem]:
    # Not splitlines(): JSON strings may hold characters that it takes for line breaks.
    for line, document in enumerate(text.split("\n"), start=1):
        if not document.strip():
            continue
        try:
            value: object = orjson.loads(document)
        except orjson.JSONDecodeError as error:
            yield Problem(line, None, f"is not JSON ({error}): each line is one JSON object")
            continue
        if not isinstance(value, dict):
            yield Problem(line, None, f"must be a JSON object, not {_json_type(value)}")
            continue
        yield from _read_object(line, cast("dict[str, object]", value))


def _read_object(line: int, document: Mapping[str, object]) -> Iterator[RawRow | Problem]:
    values: dict[str, str] = {}
    refused: set[str] = set()
    for key, value in document.items():
        if key not in COLUMNS:
            yield _unknown_column(line, key)
        elif isinstance(value, str):
            values[key] = value if key == "external_id" else value.strip()
        elif key == "cycle_count" and isinstance(value, int) and not isinstance(value, bool):
            values[key] = str(value)
        elif value is not None:
            refused.add(key)
            yield Problem(line, key, f"must be a string, not {_json_type(value)}")
    yield RawRow(line, values, frozenset(refused))


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
