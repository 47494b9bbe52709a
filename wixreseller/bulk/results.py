"""Say what became of each order, and write it down: the results file."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path
from types import TracebackType
from typing import Final, Literal, Self

import attrs
import orjson

__all__ = [
    "RESULT_COLUMNS",
    "Failed",
    "Ok",
    "OkWord",
    "Outcome",
    "ResultsWriter",
    "Unknown",
    "failed_path_of",
    "free_results_path",
    "to_json",
]

RESULT_COLUMNS: Final = (
    "external_id",
    "account_id",
    "outcome",
    "package_id",
    "instance_ids",
    "code",
    "message",
    "request_id",
)


OkWord = Literal["created", "existing", "canceled"]
"""How an order is done."""


@attrs.frozen(kw_only=True)
class Ok:
    """Report an order that is done: its package exists (or is canceled) as was asked."""

    external_id: str
    account_id: str
    outcome: OkWord
    package_id: str
    instance_ids: tuple[str, ...] = ()
    request_id: str | None = None
    code: None = attrs.field(default=None, init=False)
    message: None = attrs.field(default=None, init=False)


@attrs.frozen(kw_only=True)
class Failed:
    """Report an order for which certainly nothing was created or canceled.

    ``code`` is Wix's application code where there is one, else ``HTTP_404`` and the like, or the
    name of what went wrong on the way (``CONNECT_FAILED``). ``package_id`` is the package that is
    in the way, with the code ``EXTERNAL_ID_CONFLICT``.
    """

    external_id: str
    account_id: str
    code: str
    message: str
    package_id: str | None = None
    instance_ids: tuple[str, ...] = ()
    request_id: str | None = None
    outcome: Literal["failed"] = attrs.field(default="failed", init=False)


@attrs.frozen(kw_only=True)
class Unknown:
    """Report an order that may have been sent, and has no answer: its package may exist.

    It was not sent again, and no guess is made. Running the order again looks first.
    """

    external_id: str
    account_id: str
    code: str
    message: str
    package_id: str | None = None
    """The package that the order names, of a cancel."""
    request_id: str | None = None
    instance_ids: tuple[str, ...] = attrs.field(default=(), init=False)
    outcome: Literal["unknown"] = attrs.field(default="unknown", init=False)


Outcome = Ok | Failed | Unknown
"""What became of an order."""


def to_json(outcome: Outcome) -> bytes:
    """Write an outcome as one line of NDJSON: the columns of the results file as keys.

    ``instance_ids`` is a list, and what there is not is ``null``.
    """
    record = {name: getattr(outcome, name) for name in RESULT_COLUMNS}
    return orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE)


_NDJSON_SUFFIXES: Final = (".ndjson", ".jsonl")


def free_results_path(orders: str) -> Path:
    """Give a path for results that no file has yet, beside the order file or the plan.

    ``orders.csv`` and ``orders.plan.json`` give ``orders.results.csv``, then
    ``orders.results-2.csv`` and so on, so that one run never costs the record of another. For
    standard input (``-``): ``orders.results.csv`` in the working directory.
    """
    source = Path("orders.csv" if orders == "-" else orders)
    stem = re.sub(r"\.plan(-[0-9]+)?$", "", source.stem) or source.stem
    path = source.with_name(f"{stem}.results.csv")
    number = 2
    while path.exists():
        path = source.with_name(f"{stem}.results-{number}.csv")
        number += 1
    return path


def failed_path_of(results: Path, *, overwrite: bool = False) -> Path:
    """Give the path of the file of what failed, beside the results; free unless ``overwrite``.

    ``orders.results-2.csv`` gives ``orders.failed-2.csv``, ``mine.csv`` gives ``mine.failed.csv``.
    """
    is_ours = re.search(r"\.results(-[0-9]+)?$", results.stem)
    stem = f"{results.stem[: is_ours.start()]}.failed" if is_ours else f"{results.stem}.failed"
    path = results.with_name(f"{stem}{is_ours[1] or '' if is_ours else ''}.csv")
    number = 2
    while path.exists() and not overwrite:
        path = results.with_name(f"{stem}-{number}.csv")
        number += 1
    return path


class ResultsWriter:
    """Write the results file, a row as soon as an order is done; use it as a context manager.

    NDJSON if its name ends so (``.ndjson``, ``.jsonl``), else CSV. Rows come in the order in which
    orders finish. A file that exists is refused unless ``overwrite``: it may be the only record of
    which outcomes were unknown. The header, and each row, leave in one piece, so that a run which
    is killed leaves whole rows behind.

    Raises:
        FileExistsError: there is a file at ``path`` already.
        OSError: it cannot be written, when opened or with any row.
    """

    def __init__(self, path: Path, *, overwrite: bool = False) -> None:
        # Unbuffered: each write below is one write of the system's.
        self._file = path.open("wb" if overwrite else "xb", buffering=0)
        self.path = path
        self._to_line = to_json if path.suffix.lower() in _NDJSON_SUFFIXES else _to_csv
        if self._to_line is _to_csv:
            try:
                self._write(_csv_line(RESULT_COLUMNS))
            except BaseException:
                self._file.close()
                raise

    def write(self, outcome: Outcome) -> None:
        """Add a row."""
        self._write(self._to_line(outcome))

    def close(self) -> None:
        """Close the file; twice is fine."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _write(self, line: bytes) -> None:
        data = memoryview(line)
        while data:
            data = data[self._file.write(data) :]


def _to_csv(outcome: Outcome) -> bytes:
    return _csv_line(
        (
            outcome.external_id,
            outcome.account_id,
            outcome.outcome,
            outcome.package_id or "",
            " ".join(outcome.instance_ids),
            outcome.code or "",
            outcome.message or "",
            outcome.request_id or "",
        )
    )


def _csv_line(cells: tuple[str, ...]) -> bytes:
    text = io.StringIO()
    # Before Python 3.13 the writer quotes only those line breaks that are in its terminator.
    csv.writer(text, lineterminator="\r\n").writerow(cells)
    return text.getvalue()[:-2].encode() + b"\n"
