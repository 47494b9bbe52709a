"""Read an order file of any size in constant memory: check it as a whole, then take its orders.

::

    with OrderSource("orders.csv", stdin=sys.stdin.buffer) as source:
        checked = source.check()
        if not checked.problems:
            for order in source:
                ...
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Final, NoReturn

import attrs

from wixreseller.bulk.catalogue import EMPTY, Catalogue
from wixreseller.bulk.order_bytes import OrderBytes, OrdersChangedError, Reading, sha256_of
from wixreseller.bulk.order_formats import OrderFormat, Problem, read_rows
from wixreseller.bulk.order_names import NamesSeen
from wixreseller.bulk.order_rows import OrderReader
from wixreseller.bulk.orders import Order
from wixreseller.errors import ConfigurationError

__all__ = ["MOST_PROBLEMS", "Checked", "OrderSource", "OrdersChangedError", "sha256_of"]

MOST_PROBLEMS: Final = 1000
"""How many problems of a file are kept; the others are counted."""

_NDJSON_SUFFIXES: Final = (".ndjson", ".jsonl")


@attrs.frozen(kw_only=True)
class Checked:
    """Tell what a whole order file holds. Nothing may be sent while ``problem_count`` is not 0."""

    orders: int
    """Packages to create, and cancels, without those that have a problem."""
    rows: int
    """Rows that were read, good or bad, without header and blank lines."""
    creates: int
    cancels: int
    problems: tuple[Problem, ...]
    """The first 1,000, in the order of their lines."""
    problem_count: int
    """How many there are."""
    sha256: str
    """Of the bytes of the file, hexadecimal."""
    size: int
    """Of the file, in bytes."""


class OrderSource:
    """Read the orders of a file, CSV or NDJSON, by its path; ``-`` is ``stdin``.

    ``.ndjson`` and ``.jsonl`` are read as NDJSON, everything else as CSV, unless ``file_format``
    says which. ``account_id`` is the account of rows that name none, ``catalogue`` knows the names
    of products. A context manager: standard input and pipes are kept in a temporary file until its
    end.
    """

    def __init__(
        self,
        path: str,
        *,
        stdin: BinaryIO,
        file_format: OrderFormat | None = None,
        account_id: str | None = None,
        catalogue: Catalogue = EMPTY,
    ) -> None:
        if file_format is None:
            is_ndjson = Path(path).suffix.lower() in _NDJSON_SUFFIXES
            file_format = "ndjson" if is_ndjson else "csv"
        self._format: OrderFormat = file_format
        self._account_id = account_id
        self._catalogue = catalogue
        self._bytes = OrderBytes(path, stdin)
        self._good: Reading | None = None
        """What was read when the file had no problems."""

    @property
    def name(self) -> str:
        """How messages call it: its path, or ``standard input``."""
        return self._bytes.name

    def __enter__(self) -> OrderSource:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Delete the temporary file, if there is one. Closing twice is fine."""
        self._bytes.close()

    def check(self) -> Checked:
        """Read the whole file, and find everything that is wrong with it at once.

        Raises:
            OSError: it cannot be read; the message says why.
            OrdersChangedError: it changed while it was read.
        """
        problems = _Problems()
        counts = {"create": 0, "cancel": 0}
        self._good = None
        with self._bytes.first() as (file, finish), NamesSeen(problems.add) as names:
            reader = OrderReader(self._account_id, self._catalogue, problems.add, names)
            with closing(read_rows(file, self._format)) as rows:
                for order in reader.read(rows):
                    counts[order.operation] += 1
            names.flush()
            reading = finish()
        if not reader.rows and not problems.count:
            problems.add(Problem(1, None, "the file holds no orders, only a header"))
        if not problems.count:
            self._good = reading
        return Checked(
            orders=counts["create"] + counts["cancel"],
            rows=reader.rows,
            creates=counts["create"],
            cancels=counts["cancel"],
            problems=problems.first(),
            problem_count=problems.count,
            sha256=reading.sha256,
            size=reading.size,
        )

    def __iter__(self) -> Iterator[Order]:
        """Read the file again, and give its orders.

        Raises:
            ConfigurationError: ``check`` was not called, or found problems.
            OSError: the file cannot be read any more.
            OrdersChangedError: it is not the file that was checked. No order is ever made of a
                byte that was not.
        """
        if self._good is None:
            raise ConfigurationError(
                "an order file gives its orders only after check() has found no problem in it"
            )
        with self._bytes.again(self._good) as file:
            reader = OrderReader(self._account_id, self._catalogue, self._refuse)
            with closing(read_rows(file, self._format)) as rows:
                yield from reader.read(rows)
            while file.read(1 << 16):
                pass

    def _refuse(self, problem: Problem) -> NoReturn:
        raise OrdersChangedError(f"{self.name} has a problem that it did not have: {problem}")


class _Problems:
    """Keep the first problems of a file, by their lines, and count all."""

    def __init__(self) -> None:
        self.count = 0
        self._kept: list[Problem] = []

    def add(self, problem: Problem) -> None:
        """Take a problem. Those of one line stay in the order in which they come."""
        self.count += 1
        self._kept.append(problem)
        if len(self._kept) >= 2 * MOST_PROBLEMS:
            self._kept = list(self.first())

    def first(self) -> tuple[Problem, ...]:
        """Give those that are kept."""
        return tuple(sorted(self._kept, key=lambda problem: problem.line)[:MOST_PROBLEMS])
