"""Cancel rows of order files: what they need, what they refuse, and that none comes twice."""

from __future__ import annotations

import io

import pytest

from wixreseller import Product
from wixreseller.bulk.order_formats import OrderFormat
from wixreseller.bulk.orders import Order, OrderFile, load_orders

ACCOUNT = "a0000000-0000-4000-8000-000000000001"
OTHER_ACCOUNT = "a0000000-0000-4000-8000-000000000002"
PREMIUM = "c0000000-0000-4000-8000-000000000001"
PACKAGE = "9ac4a6e0-0000-4000-8000-00000000000a"
OTHER_PACKAGE = "9ac4a6e0-0000-4000-8000-00000000000b"
HEADER = "operation,external_id,package_id,catalog_product_id,country_code\n"


def read(text: str, file_format: OrderFormat = "csv") -> OrderFile:
    data = io.BytesIO(text.encode())
    return load_orders("-", stdin=data, file_format=file_format, account_id=ACCOUNT)


def orders(text: str, file_format: OrderFormat = "csv") -> tuple[Order, ...]:
    result = read(text, file_format)
    assert [] == [str(problem) for problem in result.problems]
    return result.orders


def problems(text: str, file_format: OrderFormat = "csv") -> list[str]:
    return [str(problem) for problem in read(text, file_format).problems]


def cancel(external_id: str = "", package_id: str | None = None) -> Order:
    return Order(
        operation="cancel", account_id=ACCOUNT, external_id=external_id, package_id=package_id
    )


def test_a_cancel_names_its_package_by_its_id_or_its_external_id_or_both() -> None:
    rows = f"cancel,,{PACKAGE},,\ncancel,sub-1,,,\ncancel,sub-2,{OTHER_PACKAGE},,\n"
    expected = (cancel("", PACKAGE), cancel("sub-1"), cancel("sub-2", OTHER_PACKAGE))
    assert expected == orders(HEADER + rows)


def test_a_cancel_keeps_its_line_and_its_row() -> None:
    (read_order,) = orders(f"operation,package_id\ncancel,{PACKAGE}\n")
    assert (2,) == read_order.lines
    assert ({"operation": "cancel", "package_id": PACKAGE},) == read_order.rows


def test_creates_and_cancels_stand_in_one_file_in_its_order() -> None:
    rows = f",a,,{PREMIUM},BR\ncancel,b,,,\ncreate,c,,{PREMIUM},BR\n,c,,{PREMIUM},DE\n"
    assert [("create", "a"), ("cancel", "b"), ("create", "c")] == [
        (order.operation, order.external_id) for order in orders(HEADER + rows)
    ]


def test_a_cancel_between_two_rows_of_a_package_parts_them() -> None:
    rows = f",a,,{PREMIUM},BR\ncancel,b,,,\n,a,,{PREMIUM},BR\n"
    (problem,) = problems(HEADER + rows)
    assert problem.startswith("line 4, external_id: 'a' was ordered on line 2 already")


@pytest.mark.parametrize("columns", ["package_id", "external_id", "external_id,package_id"])
def test_a_file_of_cancels_needs_no_columns_of_products(columns: str) -> None:
    row = {"package_id": PACKAGE, "external_id": "a", "external_id,package_id": f"a,{PACKAGE}"}
    expected = cancel(
        "a" if "external_id" in columns else "", PACKAGE if "package_id" in columns else None
    )
    assert (expected,) == orders(f"operation,{columns}\ncancel,{row[columns]}\n")


def test_a_file_without_any_name_for_packages_is_refused_once() -> None:
    assert [
        "line 1, external_id: is missing: a file needs at least external_id or package_id"
    ] == problems("operation,account_id\ncancel,\ncancel,\n")


def test_a_create_says_row_by_row_what_it_lacks_where_the_file_could_hold_cancels() -> None:
    assert [
        "line 3, external_id: is missing",
        "line 3, catalog_product_id: is missing",
        "line 3, country_code: is missing",
    ] == problems(f"operation,package_id\ncancel,{PACKAGE}\ncreate,\n")


def test_a_cancel_without_a_name_is_refused() -> None:
    expected = "package_id: is missing: a cancel needs it, or an external_id"
    assert [f"line 2, {expected}"] == problems(f"{HEADER}cancel,,,,\n")
    assert [f"line 1, {expected}"] == problems('{"operation": "cancel"}\n', "ndjson")


def test_a_cancel_needs_an_account_like_any_order() -> None:
    data = io.BytesIO(f"operation,package_id\ncancel,{PACKAGE}\n".encode())
    (problem,) = load_orders("-", stdin=data).problems
    assert str(problem).startswith("line 2, account_id: is missing: give the row an account")


@pytest.mark.parametrize(
    ("column", "text"),
    [
        ("catalog_product_id", PREMIUM),
        ("country_code", "BR"),
        ("site_id", PREMIUM),
        ("billing_type", "ONE_TIME"),
        ("cycle_unit", "YEAR"),
        ("cycle_count", "1"),
        ("discount_code", "SPRING"),
        ("reference_product_instance_id", PREMIUM),
    ],
)
def test_a_cancel_that_says_something_about_a_product_is_refused(column: str, text: str) -> None:
    assert [
        f"line 2, {column}: must be empty in a cancel, which ends the whole package"
    ] == problems(f"operation,package_id,{column}\ncancel,{PACKAGE},{text}\n")


def test_all_that_is_wrong_with_a_cancel_is_told_at_once() -> None:
    header = "operation,external_id,account_id,package_id,country_code\n"
    assert [
        "line 2, account_id: must be a GUID",
        "line 2, external_id: must not begin or end with white space",
        "line 2, package_id: must be a GUID",
        "line 2, country_code: must be empty in a cancel",
    ] == [
        problem[: len(start)]
        for problem, start in zip(
            problems(f"{header}cancel, a,x,y,BR\n"),
            (
                "line 2, account_id: must be a GUID",
                "line 2, external_id: must not begin or end with white space",
                "line 2, package_id: must be a GUID",
                "line 2, country_code: must be empty in a cancel",
            ),
            strict=True,
        )
    ]


def test_a_create_that_names_a_package_is_refused() -> None:
    assert ["line 2, package_id: must be empty: Wix gives a new package its id"] == problems(
        f"{HEADER},a,{PACKAGE},{PREMIUM},BR\n"
    )


BETWEEN = f"cancel,,{OTHER_PACKAGE},,\n"
CREATE_A = f"create,a,,{PREMIUM},BR\n"
CANCEL_A = "cancel,a,,,\n"
CANCELED = "is canceled on line 2 already; a package is canceled by one row"
BOTH = (
    "one file cannot do both with it, since orders are worked on at the same time; use two "
    "files, one after the other"
)


@pytest.mark.parametrize("between", ["", BETWEEN], ids=["adjacent", "apart"])
@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        pytest.param(CANCEL_A, CANCEL_A, f"external_id: 'a' {CANCELED}", id="external id"),
        pytest.param(
            f"cancel,,{PACKAGE},,\n",
            f"cancel,,{PACKAGE.upper()},,\n",
            f"package_id: '{PACKAGE.upper()}' {CANCELED}",
            id="package id in any case",
        ),
        pytest.param(
            f"cancel,a,{PACKAGE},,\n",
            f"cancel,b,{PACKAGE},,\n",
            f"package_id: '{PACKAGE}' {CANCELED}",
            id="package id with another external id",
        ),
        pytest.param(
            CREATE_A, CANCEL_A, f"external_id: 'a' is created on line 2: {BOTH}", id="then cancel"
        ),
        pytest.param(
            CANCEL_A, CREATE_A, f"external_id: 'a' is canceled on line 2: {BOTH}", id="then create"
        ),
    ],
)
def test_a_package_that_is_named_twice_is_refused_with_the_first_line(
    first: str, between: str, second: str, expected: str
) -> None:
    line = 4 if between else 3
    assert [f"line {line}, {expected}"] == problems(HEADER + first + between + second)


def test_one_external_id_in_two_accounts_names_two_packages() -> None:
    header = "operation,external_id,account_id\n"
    read_orders = orders(f"{header}cancel,a,{ACCOUNT}\ncancel,a,{OTHER_ACCOUNT}\n")
    assert [ACCOUNT, OTHER_ACCOUNT] == [order.account_id for order in read_orders]


def test_external_ids_that_differ_in_case_name_two_packages() -> None:
    assert (cancel("a"), cancel("A")) == orders("operation,external_id\ncancel,a\ncancel,A\n")


def test_ndjson_takes_cancels_too() -> None:
    text = (
        f'{{"operation": "cancel", "package_id": "{PACKAGE}"}}\n'
        f'{{"external_id": "a", "catalog_product_id": "{PREMIUM}", "country_code": "BR"}}\n'
    )
    product = Product(catalog_product_id=PREMIUM, country_code="BR")
    create = Order(external_id="a", account_id=ACCOUNT, products=(product,))
    assert (cancel("", PACKAGE), create) == orders(text, "ndjson")
