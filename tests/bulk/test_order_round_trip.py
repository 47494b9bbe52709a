"""A property of order files: what is written, as CSV or NDJSON, reads back as the same orders."""

from __future__ import annotations

import csv
import io
import uuid
from typing import Literal

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from wixreseller import BillingInfo, CycleUnit, Product
from wixreseller.bulk.order_columns import COLUMNS, lost_id
from wixreseller.bulk.orders import Order, load_orders

_KNOWN_UNITS = [unit for unit in CycleUnit if unit is not CycleUnit.UNKNOWN]
_guids = st.uuids().map(str)
_texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=25)
_tidy = _texts.filter(lambda text: text == text.strip() and text != "" and lost_id(text) is None)
_billing = st.none() | st.just(BillingInfo.one_time())
_billing |= st.builds(BillingInfo.recurring, st.integers(1, 99), st.sampled_from(_KNOWN_UNITS))
_products = st.builds(
    Product,
    catalog_product_id=_guids,
    country_code=st.sampled_from(["BR", "DE", "GB", "XK"]),
    site_id=st.none() | _guids,
    billing_info=_billing,
    discount_code=st.none() | _tidy,
    reference_product_instance_id=st.none() | _guids,
)
_accounts = st.sampled_from([str(uuid.UUID(int=number)) for number in range(3)])
_creates = st.builds(
    Order,
    external_id=_tidy,
    account_id=_accounts,
    products=st.lists(_products, min_size=1, max_size=3).map(tuple),
)
_names = st.tuples(_tidy, st.none()) | st.tuples(st.just("") | _tidy, _guids)


def cancel(account_id: str, names: tuple[str, str | None]) -> Order:
    external_id, package_id = names
    return Order(
        operation="cancel", account_id=account_id, external_id=external_id, package_id=package_id
    )


_cancels = st.builds(cancel, _accounts, _names)
_orders = st.lists(
    _creates | _cancels,
    min_size=1,
    max_size=5,
    unique_by=(
        lambda order: (order.account_id, order.external_id or order.package_id),
        lambda order: order.package_id or (order.account_id, order.external_id),
    ),
)


def rows(orders: list[Order]) -> list[dict[str, str]]:
    written: list[dict[str, str]] = []
    for order in orders:
        written += [row(order, product) for product in order.products]
        if order.operation == "cancel":
            written.append(cancel_row(order))
    return written


def cancel_row(order: Order) -> dict[str, str]:
    return {
        "external_id": order.external_id,
        "account_id": order.account_id,
        "operation": "cancel",
        "package_id": order.package_id or "",
    }


def row(order: Order, product: Product) -> dict[str, str]:
    billing = product.billing_info
    cycle = billing.cycle_duration if billing else None
    return {
        "external_id": order.external_id,
        "account_id": order.account_id,
        "catalog_product_id": product.catalog_product_id,
        "country_code": product.country_code,
        "site_id": product.site_id or "",
        "billing_type": str(billing.type) if billing else "",
        "cycle_unit": str(cycle.unit) if cycle else "",
        "cycle_count": str(cycle.count) if cycle else "",
        "discount_code": product.discount_code or "",
        "reference_product_instance_id": product.reference_product_instance_id or "",
    }


@settings(max_examples=60, deadline=None)
@given(
    orders=_orders,
    delimiter=st.sampled_from(",;\t"),
    # Before Python 3.13 the writer leaves a lone CR bare where lines end with LF.
    form=st.sampled_from([("\n", csv.QUOTE_ALL), ("\r\n", csv.QUOTE_MINIMAL)]),
    has_mark=st.booleans(),
    columns=st.permutations(COLUMNS),
)
def test_what_is_written_as_csv_reads_back_as_the_same_orders(
    orders: list[Order],
    delimiter: str,
    form: tuple[str, Literal[0, 1]],
    has_mark: bool,
    columns: list[str],
) -> None:
    text = io.StringIO()
    writer = csv.DictWriter(
        text, columns, restval="", delimiter=delimiter, lineterminator=form[0], quoting=form[1]
    )
    writer.writeheader()
    writer.writerows(rows(orders))
    data = text.getvalue().encode("utf-8-sig" if has_mark else "utf-8")
    read = load_orders("-", stdin=io.BytesIO(data), file_format="csv")
    assert () == read.problems
    assert tuple(orders) == read.orders


@settings(max_examples=60, deadline=None)
@given(orders=_orders)
def test_what_is_written_as_ndjson_reads_back_as_the_same_orders(orders: list[Order]) -> None:
    data = b"\n".join(orjson.dumps(line) for line in rows(orders))
    read = load_orders("-", stdin=io.BytesIO(data), file_format="ndjson")
    assert () == read.problems
    assert tuple(orders) == read.orders


_few_names = st.tuples(
    st.sampled_from(["create", "cancel"]),
    st.sampled_from(["", "a", "b"]),
    st.sampled_from(["", *(str(uuid.UUID(int=number)) for number in (10, 11))]),
).filter(lambda row: bool(row[1]) if row[0] == "create" else bool(row[1] or row[2]))


@settings(max_examples=200, deadline=None)
@given(named=st.lists(_few_names, min_size=1, max_size=8))
def test_a_file_is_refused_exactly_where_a_row_names_a_package_that_another_order_named(
    named: list[tuple[str, str, str]],
) -> None:
    account, product = str(uuid.UUID(int=0)), str(uuid.UUID(int=1))
    lines = ["operation,external_id,package_id,account_id,catalog_product_id,country_code"]
    seen: dict[str, int] = {}
    expected: list[tuple[int, str]] = []
    before: tuple[str, str] | None = None
    for line, (operation, external_id, package_id) in enumerate(named, start=2):
        is_create = operation == "create"
        package = "" if is_create else package_id
        lines.append(
            f"{operation},{external_id},{package},{account},"
            + (f"{product},BR" if is_create else ",")
        )
        if not (is_create and before == ("create", external_id)):
            for column, name in (("external_id", external_id), ("package_id", package)):
                if name and seen.setdefault(name, line) != line:
                    expected.append((line, column))
        before = (operation, external_id)
    data = io.BytesIO("\n".join(lines).encode())
    problems = load_orders("-", stdin=data).problems
    assert expected == [(problem.line, problem.column) for problem in problems]


@settings(max_examples=60, deadline=None)
@given(data=st.binary(max_size=300), is_csv=st.booleans())
def test_no_bytes_whatever_raise_or_pass_unnoticed(data: bytes, is_csv: bool) -> None:
    read = load_orders("-", stdin=io.BytesIO(data), file_format="csv" if is_csv else "ndjson")
    assert bool(read.problems) != bool(read.orders)
