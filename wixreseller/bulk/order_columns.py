"""Know the columns of an order file: their names, what each may hold, and what was meant instead.

Rules are those of :mod:`wixreseller.models`; here they are applied to texts, column by column, so
that one reading reports every problem of a row and not just the first.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Final, Literal

from wixreseller.bulk.catalogue import EMPTY, Catalogue
from wixreseller.errors import ConfigurationError
from wixreseller.models import BillingInfo, BillingType, CycleUnit, Product, checks

__all__ = [
    "COLUMNS",
    "REQUIRED",
    "TOLD_COLUMNS",
    "Operation",
    "Refuse",
    "check_cell",
    "lost_id",
    "read_operation",
    "read_package_id",
    "read_product",
    "refuse_product",
    "suggest_column",
]

COLUMNS: Final = (
    "external_id",
    "account_id",
    "catalog_product_id",
    "country_code",
    "site_id",
    "billing_type",
    "cycle_unit",
    "cycle_count",
    "discount_code",
    "reference_product_instance_id",
    "operation",
    "package_id",
)
"""Every column, in the order in which documents show them. A file may order them as it likes."""

TOLD_COLUMNS: Final = ("code", "message", "request_id", "retryable")
"""What the file of failed orders adds. A CSV of orders may keep them, and they are not read: its
rows can be mended and ordered again."""

REQUIRED: Final = ("external_id", "catalog_product_id", "country_code")
"""What a create needs."""

Operation = Literal["create", "cancel"]
"""What an order asks for; there is room for more."""

Refuse = Callable[[str, str], None]
"""Take note of a problem: ``refuse(column, message)``."""

_ALIASES: Final = {
    "id": "external_id",
    "order_id": "external_id",
    "account": "account_id",
    "sub_account_id": "account_id",
    "product": "catalog_product_id",
    "product_id": "catalog_product_id",
    "country": "country_code",
    "site": "site_id",
    "billing": "billing_type",
    "unit": "cycle_unit",
    "count": "cycle_count",
    "discount": "discount_code",
    "voucher": "discount_code",
    "action": "operation",
    "package": "package_id",
}
_UNIT_ALIASES: Final = {
    "DAILY": "DAY",
    "WEEKLY": "WEEK",
    "MONTHLY": "MONTH",
    "YEARLY": "YEAR",
    "ANNUAL": "YEAR",
    "ANNUALLY": "YEAR",
}
_TYPE_ALIASES: Final = {"ONCE": "ONE_TIME", "SUBSCRIPTION": "RECURRING"}
_OPERATION_ALIASES: Final = {"DELETE": "cancel", "REMOVE": "cancel", "END": "cancel"}
_OF_A_PRODUCT: Final = (
    "catalog_product_id",
    "country_code",
    "site_id",
    "billing_type",
    "cycle_unit",
    "cycle_count",
    "discount_code",
    "reference_product_instance_id",
)
_SHORTENED_NUMBER: Final = re.compile(r"-?[0-9](?:[.,][0-9]+)?[eE]\+[0-9]{2,3}")
_SPREADSHEET_ERROR: Final = re.compile(r"#N/?[A-Z]|#[^\W\d_][\w/]*[!?]|#{3,}")
_NOTHING: Final = frozenset(("nan", "NaN", "<NA>", "NaT", "None", "null", "NULL", "undefined"))
_BILLING_TYPES: Final = (BillingType.ONE_TIME.value, BillingType.RECURRING.value)
_CYCLE_UNITS: Final = tuple(unit.value for unit in CycleUnit if unit is not CycleUnit.UNKNOWN)


def suggest_column(name: str) -> str | None:
    """Give the column that was most likely meant by a name, if one is near."""
    # `externalId`, `External ID` and `external-id` all mean `external_id`.
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name.strip())
    snake = re.sub(r"[\s\-_.]+", "_", snake).lower()
    if snake in _ALIASES:
        return _ALIASES[snake]
    near = difflib.get_close_matches(snake, COLUMNS, n=1, cutoff=0.6)
    return near[0] if near else None


def lost_id(text: str) -> str | None:
    """Say why a text cannot be the external id that was meant; ``None`` where it can.

    What programs leave of an id is the same for many: their rows would become one package.
    """
    if _SHORTENED_NUMBER.fullmatch(text):
        return (
            f"must be the id itself, not {text!r}, the number that a spreadsheet has made of it, "
            f"without its last digits: make the column one of text, and fill it in again"
        )
    if _SPREADSHEET_ERROR.fullmatch(text):
        return f"must be an id, not {text!r}, the error of a formula in a spreadsheet"
    if text in _NOTHING:
        return f"must be an id, not {text!r}, which programs write where there is none"
    return None


def read_operation(values: Mapping[str, str], refuse: Refuse) -> Operation | None:
    """Read what a row asks for; ``None`` where it was refused."""
    text = values.get("operation")
    if not text or text == "create":
        return "create"
    if text == "cancel":
        return "cancel"
    _refuse_choice("operation", text, ("create", "cancel"), _OPERATION_ALIASES, refuse)
    return None


def read_package_id(
    operation: Operation | None, values: Mapping[str, str], refuse: Refuse
) -> str | None:
    """Read the package that a row names: the one that a cancel ends."""
    if operation == "create" and values.get("package_id"):
        refuse("package_id", "must be empty: Wix gives a new package its id")
        return None
    return check_cell(values, "package_id", checks.guid, refuse)


def refuse_product(values: Mapping[str, str], refuse: Refuse) -> None:
    """Refuse whatever a cancel says about a product: it ends a package with all that is in it."""
    for column in _OF_A_PRODUCT:
        if values.get(column):
            refuse(column, "must be empty in a cancel, which ends the whole package")


def read_product(
    values: Mapping[str, str], refuse: Refuse, catalogue: Catalogue = EMPTY
) -> Product | None:
    """Read the product of a row, or refuse each column that is wrong and give ``None``.

    A product may be named as the catalogue names it. The billing that comes with a name counts
    where the row says nothing about billing.
    """
    try:
        product_id, usual_billing = catalogue.resolve(values.get("catalog_product_id", ""))
        return Product(
            catalog_product_id=product_id,
            country_code=values.get("country_code", ""),
            site_id=values.get("site_id") or None,
            billing_info=_make_billing(values) or usual_billing,
            discount_code=values.get("discount_code") or None,
            reference_product_instance_id=values.get("reference_product_instance_id") or None,
        )
    except ConfigurationError:
        # A row without a mistake, as most are, is checked by its product alone.
        _refuse_columns(values, refuse, catalogue)
        return None


def _refuse_columns(values: Mapping[str, str], refuse: Refuse, catalogue: Catalogue) -> None:
    """Refuse each column of a product that is wrong.

    Those that are missing are refused by the caller, since the whole file may lack the column.
    """

    def resolve(value: object, field: str) -> object:
        return catalogue.resolve(str(value), field)

    check_cell(values, "catalog_product_id", resolve, refuse)
    check_cell(values, "country_code", checks.country_code, refuse)
    check_cell(values, "site_id", checks.guid, refuse)
    check_cell(values, "discount_code", checks.discount_code, refuse)
    check_cell(values, "reference_product_instance_id", checks.guid, refuse)
    try:
        _make_billing(values)
    except ConfigurationError:
        _refuse_billing(*_billing_cells(values), refuse)


def check_cell(
    values: Mapping[str, str], column: str, check: Callable[[object, str], object], refuse: Refuse
) -> str | None:
    """Give the text of a cell, or ``None`` where it is empty or refused."""
    text = values.get(column)
    if not text:
        return None
    try:
        check(text, column)
    except ConfigurationError as error:
        # The line of the report names the column already.
        refuse(column, str(error).removeprefix(f"{column} "))
        return None
    return text


def _billing_cells(values: Mapping[str, str]) -> tuple[str, str, str]:
    return (
        values.get("billing_type", ""),
        values.get("cycle_unit", ""),
        values.get("cycle_count", ""),
    )


def _make_billing(values: Mapping[str, str]) -> BillingInfo | None:
    kind, unit, count = _billing_cells(values)
    if not (kind or unit or count):
        return None
    if kind == BillingType.RECURRING and unit in _CYCLE_UNITS and _is_count(count):
        return _recurring(unit, int(count))
    if kind == BillingType.ONE_TIME and not unit and not count:
        return _one_time()
    raise ConfigurationError("the billing does not fit together", field="billing_type")


@lru_cache(maxsize=256)
def _recurring(unit: str, count: int) -> BillingInfo:
    # A file has a handful of cycles and many rows: they share the (frozen) values.
    return BillingInfo.recurring(count, CycleUnit(unit))


@lru_cache(maxsize=1)
def _one_time() -> BillingInfo:
    return BillingInfo.one_time()


def _is_count(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 10 and int(text) > 0


def _refuse_billing(kind: str, unit: str, count: str, refuse: Refuse) -> None:
    if kind not in _BILLING_TYPES:
        if kind:
            _refuse_choice("billing_type", kind, _BILLING_TYPES, _TYPE_ALIASES, refuse)
        else:
            refuse("billing_type", "must be RECURRING where there is a cycle_unit or cycle_count")
    if kind == BillingType.ONE_TIME:
        for column, text in (("cycle_unit", unit), ("cycle_count", count)):
            if text:
                refuse(column, "must be empty where billing_type is ONE_TIME")
        return
    if unit and unit not in _CYCLE_UNITS:
        _refuse_choice("cycle_unit", unit, _CYCLE_UNITS, _UNIT_ALIASES, refuse)
    if count and not _is_count(count):
        refuse("cycle_count", f"must be a whole number from 1, not {checks.shorten(count)}")
    if kind == BillingType.RECURRING:
        if not unit:
            refuse("cycle_unit", f"is missing: RECURRING needs one of {', '.join(_CYCLE_UNITS)}")
        if not count:
            refuse("cycle_count", "is missing: RECURRING needs a whole number from 1")


def _refuse_choice(
    column: str,
    text: str,
    allowed: tuple[str, ...],
    aliases: Mapping[str, str],
    refuse: Refuse,
) -> None:
    by_capitals = {choice.upper(): choice for choice in allowed}
    capital = re.sub(r"[\s\-]+", "_", text.upper())
    near = difflib.get_close_matches(capital, by_capitals, n=1, cutoff=0.6)
    meant = aliases.get(capital) or (by_capitals[near[0]] if near else None)
    hint = f"; did you mean {meant}?" if meant else ""
    refuse(column, f"must be {' or '.join(allowed)}, not {checks.shorten(text)}{hint}")
