"""Read order files: rows become orders, or problems; never a bit of each goes unnoticed.

One row is one product. Adjacent rows that share account and external id are one package, in file
order; a repeat that is not adjacent is refused, because it is more often a copied line than a
wish, and a duplicate create is a duplicate invoice.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO, Final, Literal

import attrs

from wixreseller.bulk.catalogue import EMPTY, Catalogue
from wixreseller.bulk.order_columns import check_cell, read_operation, read_product
from wixreseller.bulk.order_formats import OrderFormat, Problem, RawRow, read_rows
from wixreseller.errors import ConfigurationError
from wixreseller.models import Product, checks

__all__ = ["Operation", "Order", "OrderFile", "load_orders", "read_orders"]

Operation = Literal["create", "cancel"]
"""What an order asks for; there is room for more."""

_NDJSON_SUFFIXES: Final = (".ndjson", ".jsonl")


@attrs.frozen(kw_only=True)
class Order:
    """Ask for one package: to create it, with all that one create sells, or to cancel it.

    A create needs ``external_id`` and ``products``. A cancel takes ``package_id``, or the
    ``external_id`` of the one package that has it. ``lines`` and ``rows`` say where it stood in the
    file, and take no part in equality.

    Raises:
        ConfigurationError: something is missing, or cannot go together; the message names it.
    """

    operation: Operation = "create"
    external_id: str = ""
    account_id: str
    products: tuple[Product, ...] = ()
    package_id: str | None = None
    lines: tuple[int, ...] = attrs.field(default=(), eq=False)
    """The line on which each of its rows begins, from 1."""
    rows: tuple[Mapping[str, str], ...] = attrs.field(default=(), eq=False, repr=False)
    """Its rows as texts by column, as they stood in the file."""

    def __attrs_post_init__(self) -> None:
        checks.guid(self.account_id, "account_id")
        if self.external_id or self.operation == "create":
            checks.external_id(self.external_id)
        if self.operation == "create":
            checks.products(self.products, Product)
            if self.package_id is not None:
                raise ConfigurationError(
                    "package_id must be None in a create: Wix gives a new package its id",
                    field="package_id",
                )
        elif self.operation == "cancel":
            _check_cancel(self)
        else:
            raise ConfigurationError(
                f"operation must be create or cancel, not {checks.shorten(self.operation)}",
                field="operation",
            )


def _check_cancel(order: Order) -> None:
    if order.products:
        raise ConfigurationError("products must be empty in a cancel", field="products")
    if order.package_id is not None:
        checks.guid(order.package_id, "package_id")
    elif not order.external_id:
        raise ConfigurationError(
            "package_id is missing: a cancel needs it, or an external_id", field="package_id"
        )


@attrs.frozen(kw_only=True)
class OrderFile:
    """Hold what an order file says. Nothing may be sent while ``problems`` is not empty."""

    orders: tuple[Order, ...]
    problems: tuple[Problem, ...]


def load_orders(
    source: str,
    *,
    stdin: BinaryIO,
    file_format: OrderFormat | None = None,
    account_id: str | None = None,
    catalogue: Catalogue = EMPTY,
) -> OrderFile:
    """Read an order file by its path; ``-`` is standard input.

    ``.ndjson`` and ``.jsonl`` are read as NDJSON, everything else as CSV, unless ``file_format``
    says which. ``account_id`` is the account of rows that name none, ``catalogue`` knows the names
    of products.

    Raises:
        OSError: the file cannot be read.
    """
    if file_format is None:
        is_ndjson = Path(source).suffix.lower() in _NDJSON_SUFFIXES
        file_format = "ndjson" if is_ndjson else "csv"
    data = stdin.read() if source == "-" else Path(source).read_bytes()
    return read_orders(data, file_format=file_format, account_id=account_id, catalogue=catalogue)


def read_orders(
    data: bytes,
    *,
    file_format: OrderFormat,
    account_id: str | None = None,
    catalogue: Catalogue = EMPTY,
) -> OrderFile:
    """Read the bytes of an order file, and find everything that is wrong with it at once."""
    gathering = _Gathering(account_id, catalogue)
    for item in read_rows(data, file_format):
        if isinstance(item, Problem):
            gathering.problems.append(item)
        else:
            gathering.add(item)
    return gathering.finish()


@attrs.define
class _Gathering:
    """Gather rows into orders. An order with a problem in any row is left out."""

    account_id: str | None
    catalogue: Catalogue
    problems: list[Problem] = attrs.field(factory=list[Problem])
    _orders: list[Order] = attrs.field(factory=list[Order])
    _first_lines: dict[tuple[str, str], int] = attrs.field(factory=dict[tuple[str, str], int])
    _key: tuple[str, str] | None = None
    _account: str = ""
    """The account as the first row of the package spells it."""
    _rows: list[RawRow] = attrs.field(factory=list[RawRow])
    _products: list[Product] = attrs.field(factory=list[Product])

    def add(self, row: RawRow) -> None:
        """Take the next row of the file."""

        def refuse(column: str | None, message: str) -> None:
            self.problems.append(Problem(row.line, column, message))

        values = row.values
        account = check_cell(values, "account_id", checks.guid, refuse) or (
            None if values.get("account_id") else self._account_of_client(row)
        )
        external_id = check_cell(values, "external_id", _check_external_id, refuse)
        for column in ("external_id", "catalog_product_id", "country_code"):
            if not values.get(column) and column not in row.missing_columns:
                refuse(column, "is missing")
        read_operation(values, refuse)
        product = read_product(values, refuse, self.catalogue)
        if account is None or external_id is None:
            return
        self._place(row, account, external_id)
        if product is not None:
            self._products.append(product)

    def finish(self) -> OrderFile:
        """Give what was gathered. A file without a single row is a problem of its own."""
        self._close()
        if not self._orders and not self.problems:
            self.problems.append(Problem(1, None, "the file holds no orders, only a header"))
        return OrderFile(
            orders=tuple(self._orders),
            problems=tuple(sorted(self.problems, key=lambda problem: problem.line)),
        )

    def _account_of_client(self, row: RawRow) -> str | None:
        if self.account_id is None and "account_id" not in row.missing_columns:
            self.problems.append(
                Problem(
                    row.line,
                    "account_id",
                    "is missing: give the row an account, or all rows with --account or "
                    "WIX_ACCOUNT_ID",
                )
            )
        return self.account_id

    def _place(self, row: RawRow, account: str, external_id: str) -> None:
        # Upper and lower case make the same GUID.
        key = (account.lower(), external_id)
        if key == self._key:
            self._rows.append(row)
            if len(self._rows) == checks.MAX_PRODUCTS + 1:
                self.problems.append(
                    Problem(
                        row.line,
                        "external_id",
                        f"makes more than {checks.MAX_PRODUCTS} products of one package, which "
                        f"began on line {self._rows[0].line}",
                    )
                )
            return
        self._close()
        self._key, self._account, self._rows, self._products = key, account, [row], []
        first = self._first_lines.setdefault(key, row.line)
        if first != row.line:
            self.problems.append(
                Problem(
                    row.line,
                    "external_id",
                    f"{checks.shorten(external_id)} was ordered on line {first} already; rows of "
                    f"one package must stand next to each other, and packages need different ids",
                )
            )

    def _close(self) -> None:
        is_whole = 0 < len(self._products) == len(self._rows) <= checks.MAX_PRODUCTS
        if self._key is None or not is_whole:
            return
        self._orders.append(
            Order(
                account_id=self._account,
                external_id=self._key[1],
                products=tuple(self._products),
                lines=tuple(row.line for row in self._rows),
                rows=tuple(row.values for row in self._rows),
            )
        )


def _check_external_id(value: object, field: str) -> object:
    text = checks.external_id(value, field)
    if text != text.strip():
        raise ConfigurationError(
            f"{field} must not begin or end with white space: {checks.shorten(text)} would be "
            f"another id than {checks.shorten(text.strip())}",
            field=field,
        )
    return text
