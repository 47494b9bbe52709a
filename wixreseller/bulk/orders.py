"""Define what an order asks for: to create a package, or to cancel one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import BinaryIO

import attrs

from wixreseller.bulk.catalogue import EMPTY, Catalogue
from wixreseller.bulk.order_columns import Operation
from wixreseller.bulk.order_formats import OrderFormat, Problem
from wixreseller.errors import ConfigurationError
from wixreseller.models import Product, checks

__all__ = ["Operation", "Order", "OrderFile", "load_orders"]


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
    path: str,
    *,
    stdin: BinaryIO,
    file_format: OrderFormat | None = None,
    account_id: str | None = None,
    catalogue: Catalogue = EMPTY,
) -> OrderFile:
    """Read a small order file into memory.

    :class:`~wixreseller.bulk.order_source.OrderSource` reads those of any size, and takes the same
    arguments.

    Raises:
        OSError: the file cannot be read.
    """
    from wixreseller.bulk.order_source import OrderSource

    with OrderSource(
        path, stdin=stdin, file_format=file_format, account_id=account_id, catalogue=catalogue
    ) as source:
        problems = source.check().problems
        return OrderFile(orders=() if problems else tuple(source), problems=problems)
