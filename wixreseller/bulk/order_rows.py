"""Make orders of rows: whatever does not become part of an order is a problem that is told.

One row is one product of a create, or one cancel. Adjacent creates that share account and external
id are one package, in file order. No two orders of a file may name the same package: a repeat is
more often a copied line than a wish, and a duplicate create is a duplicate invoice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

from wixreseller.bulk.catalogue import Catalogue
from wixreseller.bulk.order_columns import (
    Operation,
    check_cell,
    lost_id,
    read_operation,
    read_package_id,
    read_product,
    refuse_product,
)
from wixreseller.bulk.order_formats import Problem, RawRow
from wixreseller.bulk.orders import Order
from wixreseller.errors import ConfigurationError
from wixreseller.models import Product, checks

__all__ = ["Names", "OrderReader"]


class Names(Protocol):
    """Take note of the packages that orders name."""

    def add(self, column: str, account_id: str, name: str, line: int, operation: Operation) -> None:
        """Take a name, spelt as it stands in the file, and the line of the order."""


class OrderReader:
    """Read orders from rows, one after the other; memory stays constant.

    ``refuse`` gets every problem, as far as they can be seen without looking back further than the
    package at hand; for the others ``names`` gets what each order names. An order with a problem
    in any of its rows is left out.
    """

    def __init__(
        self,
        account_id: str | None,
        catalogue: Catalogue,
        refuse: Callable[[Problem], None],
        names: Names | None = None,
    ) -> None:
        self.rows: int = 0
        """How many were read, good or bad."""
        self._account_id = account_id
        self._catalogue = catalogue
        self._refuse_problem = refuse
        self._names = names
        self._row = RawRow(0, {})
        self._is_wrong = False
        self._key: tuple[str, str] | None = None
        """What the rows of the package at hand share."""
        self._account = ""
        """Its account as the first row spells it."""
        self._rows: list[RawRow] = []
        self._products: list[Product] = []
        self._size = 0
        """How many rows it has, kept or not."""

    def read(self, items: Iterable[RawRow | Problem]) -> Iterator[Order]:
        """Give the orders of rows, in their order."""
        for item in items:
            if isinstance(item, Problem):
                self._refuse_problem(item)
                continue
            self.rows += 1
            self._row, self._is_wrong = item, False
            operation = read_operation(item.values, self._refuse)
            if operation == "cancel":
                if (order := self._finish()) is not None:
                    yield order
                if (order := self._cancel()) is not None:
                    yield order
            elif (order := self._add(operation)) is not None:
                yield order
        if (order := self._finish()) is not None:
            yield order

    def _refuse(self, column: str | None, message: str) -> None:
        self._is_wrong = True
        self._refuse_problem(Problem(self._row.line, column, message))

    # --- one row --------------------------------------------------------------------------------

    def _read_account(self) -> str | None:
        values = self._row.values
        if values.get("account_id"):
            return check_cell(values, "account_id", checks.guid, self._refuse)
        if self._account_id is None and "account_id" not in self._row.missing_columns:
            self._refuse(
                "account_id",
                "is missing: give the row an account, or all rows with --account or WIX_ACCOUNT_ID",
            )
        return self._account_id

    def _refuse_missing(self, *columns: str) -> None:
        for column in columns:
            if not self._row.values.get(column) and column not in self._row.missing_columns:
                self._refuse(column, "is missing")

    def _cancel(self) -> Order | None:
        row, values = self._row, self._row.values
        account = self._read_account()
        external_id = check_cell(values, "external_id", _check_external_id, self._refuse)
        package_id = read_package_id("cancel", values, self._refuse)
        refuse_product(values, self._refuse)
        if not (values.get("external_id") or values.get("package_id") or row.missing_columns):
            self._refuse("package_id", "is missing: a cancel needs it, or an external_id")
        self._note(account, external_id, package_id, "cancel")
        if self._is_wrong or account is None or not (external_id or package_id):
            return None
        return Order(
            operation="cancel",
            account_id=account,
            external_id=external_id or "",
            package_id=package_id,
            lines=(row.line,),
            rows=(values,),
        )

    def _add(self, operation: Operation | None) -> Order | None:
        """Take a row of a create; give the order that it ends, if it begins another."""
        row, values = self._row, self._row.values
        account = self._read_account()
        external_id = check_cell(values, "external_id", _check_external_id, self._refuse)
        if operation is not None:
            # Where the operation is not known, neither is what the row needs.
            self._refuse_missing("external_id", "catalog_product_id", "country_code")
        read_package_id(operation, values, self._refuse)
        product = read_product(values, self._refuse, self._catalogue)
        if account is None or external_id is None:
            return None
        # Upper and lower case make the same GUID.
        key = (account.lower(), external_id)
        ended = None
        if key != self._key:
            ended = self._finish()
            self._key, self._account = key, account
            self._note(account, external_id, None, "create")
        self._size += 1
        if self._size <= checks.MAX_PRODUCTS:
            self._rows.append(row)
            if product is not None and not self._is_wrong:
                self._products.append(product)
        elif self._size == checks.MAX_PRODUCTS + 1:
            self._refuse(
                "external_id",
                f"makes more than {checks.MAX_PRODUCTS} products of one package, which began on "
                f"line {self._rows[0].line}",
            )
        return ended

    def _note(
        self,
        account: str | None,
        external_id: str | None,
        package_id: str | None,
        operation: Operation,
    ) -> None:
        if self._names is None:
            return
        line = self._row.line
        if account is not None and external_id is not None:
            self._names.add("external_id", account, external_id, line, operation)
        if package_id is not None:
            self._names.add("package_id", "", package_id, line, operation)

    # --- one package ----------------------------------------------------------------------------

    def _finish(self) -> Order | None:
        """Give the order of the rows gathered, if all of them are good, and forget them."""
        rows, products, key, size = self._rows, self._products, self._key, self._size
        self._rows, self._products, self._key, self._size = [], [], None, 0
        if key is None or len(products) != size:
            return None
        return Order(
            account_id=self._account,
            external_id=key[1],
            products=tuple(products),
            lines=tuple([row.line for row in rows]),
            rows=tuple([row.values for row in rows]),
        )


def _check_external_id(value: object, field: str) -> object:
    text = checks.external_id(value, field)
    if (why := lost_id(text)) is not None:
        raise ConfigurationError(f"{field} {why}", field=field)
    if text != text.strip():
        raise ConfigurationError(
            f"{field} must not begin or end with white space: {checks.shorten(text)} would be "
            f"another id than {checks.shorten(text.strip())}",
            field=field,
        )
    return text
