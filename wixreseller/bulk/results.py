"""Say what became of each order, and write it down: the results file."""

from __future__ import annotations

import csv
import io
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
    request_id: str | None = None
    package_id: None = attrs.field(default=None, init=False)
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


def free_results_path(orders: str) -> Path:
    """Give a path for results that no file has yet, beside the order file.

    ``orders.csv`` gives ``orders.results.csv``, then ``orders.results-2.csv`` and so on, so that
    one run never costs the record of another. For standard input (``-``): ``orders.results.csv``
    in the working directory.
    """
    source = Path("orders.csv" if orders == "-" else orders)
    path = source.with_name(f"{source.stem}.results.csv")
    number = 2
    while path.exists():
        path = source.with_name(f"{source.stem}.results-{number}.csv")
        number += 1
    return path


class ResultsWriter:
    """Write the results file, a row as soon as an order is done; use it as a context manager.

    Rows come in the order in which orders finish. A file that exists is refused unless
    ``overwrite``: it may be the only record of which outcomes were unknown. The header, and each
    row, leave in one piece, so that a run which is killed leaves whole rows behind.

    Raises:
        FileExistsError: there is a file at ``path`` already.
        OSError: it cannot be written, when opened or with any row.
    """

    def __init__(self, path: Path, *, overwrite: bool = False) -> None:
        # Unbuffered: each write below is one write of the system's.
        self._file = path.open("wb" if overwrite else "xb", buffering=0)
        self.path = path
        try:
            self._write(RESULT_COLUMNS)
        except BaseException:
            self._file.close()
            raise

    def write(self, outcome: Outcome) -> None:
        """Add a row."""
        self._write(
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

    def _write(self, cells: tuple[str, ...]) -> None:
        text = io.StringIO()
        # Before Python 3.13 the writer quotes only those line breaks that are in its terminator.
        csv.writer(text, lineterminator="\r\n").writerow(cells)
        data = memoryview(text.getvalue()[:-2].encode() + b"\n")
        while data:
            data = data[self._file.write(data) :]
