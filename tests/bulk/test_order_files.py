"""Order files: what is read, and what is refused, with line, column and a hint."""

from __future__ import annotations

import gzip
import io
from pathlib import Path

import pytest

from wixreseller import BillingInfo, CycleUnit, Product
from wixreseller.bulk.order_formats import OrderFormat
from wixreseller.bulk.orders import Order, OrderFile, load_orders

ACCOUNT = "a0000000-0000-4000-8000-000000000001"
OTHER_ACCOUNT = "a0000000-0000-4000-8000-000000000002"
PREMIUM = "c0000000-0000-4000-8000-000000000001"
EMAIL = "c0000000-0000-4000-8000-000000000004"
SITE = "51000000-0000-4000-8000-000000000001"
HEADER = "external_id,catalog_product_id,country_code\n"


def read(
    text: str | bytes, *, file_format: OrderFormat = "csv", account_id: str | None = ACCOUNT
) -> OrderFile:
    data = io.BytesIO(text.encode() if isinstance(text, str) else text)
    return load_orders("-", stdin=data, file_format=file_format, account_id=account_id)


def orders(text: str | bytes, *, file_format: OrderFormat = "csv") -> tuple[Order, ...]:
    result = read(text, file_format=file_format)
    assert [str(problem) for problem in result.problems] == []
    return result.orders


def problems(text: str | bytes, *, file_format: OrderFormat = "csv") -> list[str]:
    return [str(problem) for problem in read(text, file_format=file_format).problems]


def order(external_id: str, *products: Product, account_id: str = ACCOUNT) -> Order:
    return Order(
        external_id=external_id,
        account_id=account_id,
        products=products or (Product(catalog_product_id=PREMIUM, country_code="BR"),),
    )


def test_a_row_with_every_column_becomes_an_order_with_one_product() -> None:
    header = (
        "external_id,account_id,catalog_product_id,country_code,site_id,billing_type,cycle_unit,"
        "cycle_count,discount_code,reference_product_instance_id,operation,package_id\n"
    )
    row = f"sub-1,{OTHER_ACCOUNT},{PREMIUM},DE,{SITE},RECURRING,YEAR,2,SPRING,{SITE},create,\n"
    expected = order(
        "sub-1",
        Product(
            catalog_product_id=PREMIUM,
            country_code="DE",
            site_id=SITE,
            billing_info=BillingInfo.recurring(2, CycleUnit.YEAR),
            discount_code="SPRING",
            reference_product_instance_id=SITE,
        ),
        account_id=OTHER_ACCOUNT,
    )
    assert (expected,) == orders(header + row)


def test_adjacent_rows_with_the_same_account_and_external_id_are_one_package() -> None:
    (read_order,) = orders(f"{HEADER}sub-1,{PREMIUM},BR\nsub-1,{EMAIL},BR\n")
    assert [PREMIUM, EMAIL] == [item.catalog_product_id for item in read_order.products]
    assert (2, 3) == read_order.lines


def test_the_same_external_id_in_two_accounts_makes_two_packages() -> None:
    header = "external_id,account_id,catalog_product_id,country_code\n"
    rows = f"1,{ACCOUNT},{PREMIUM},BR\n1,{OTHER_ACCOUNT},{PREMIUM},BR\n1,{ACCOUNT.upper()},,BR\n"
    assert [
        "line 4, catalog_product_id: is missing",
        (
            "line 4, external_id: '1' was ordered on line 2 already; rows of one package must "
            "stand next to each other, and packages need different ids"
        ),
    ] == problems(header + rows)


def test_an_account_is_the_same_in_capitals_and_is_sent_as_the_first_row_spells_it() -> None:
    header = "external_id,account_id,catalog_product_id,country_code\n"
    rows = f"1,{ACCOUNT.upper()},{PREMIUM},BR\n1,{ACCOUNT},{EMAIL},BR\n"
    (read_order,) = orders(header + rows)
    assert (ACCOUNT.upper(), 2) == (read_order.account_id, len(read_order.products))


def test_a_repeat_that_is_not_adjacent_is_refused_naming_the_first_line() -> None:
    rows = f"a,{PREMIUM},BR\nb,{PREMIUM},BR\na,{PREMIUM},BR\n"
    (problem,) = problems(HEADER + rows)
    assert problem.startswith("line 4, external_id: 'a' was ordered on line 2 already")


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(f"\ufeff{HEADER}0042,{PREMIUM},BR\n", id="byte order mark"),
        pytest.param(f"{HEADER}0042,{PREMIUM},BR", id="no line break at the end"),
        pytest.param(f"{HEADER}0042,{PREMIUM},BR\n".replace("\n", "\r\n"), id="CRLF"),
        pytest.param(f"{HEADER}0042,{PREMIUM},BR\n".replace("\n", "\r"), id="CR"),
        pytest.param(f"{HEADER}0042,{PREMIUM},BR\n".replace(",", ";"), id="semicolons"),
        pytest.param(f"{HEADER}0042,{PREMIUM},BR\n".replace(",", "\t"), id="tabs"),
        pytest.param(f'{HEADER}"0042","{PREMIUM}","BR"\n', id="quotes"),
        pytest.param(f"\n{HEADER}\n\n0042,{PREMIUM},BR\n,,\n\n", id="blank lines"),
        pytest.param(f"{HEADER}0042, {PREMIUM} , BR \n", id="spaces after commas"),
        pytest.param(f"{HEADER.strip()},,\n0042,{PREMIUM},BR,,\n", id="empty columns at the end"),
    ],
)
def test_what_spreadsheets_write_is_read_and_leading_zeros_are_kept(text: str) -> None:
    assert (order("0042"),) == orders(text)


def test_a_quoted_field_may_hold_line_breaks_and_the_lines_are_still_counted_right() -> None:
    text = f'{HEADER}"a\nb",{PREMIUM},BR\nc,{PREMIUM},UK\n'
    (problem,) = problems(text)
    assert problem.startswith("line 4, country_code: ")
    assert "a\nb" == orders(text.replace("UK", "GB"))[0].external_id


def test_all_problems_of_all_rows_are_reported_at_once_in_the_order_of_the_lines() -> None:
    header = "external_id,catalog_product_id,country_code,billing_type,cycle_unit,cycle_count\n"
    rows = f"{'x' * 101},nope,UK,recurring,YEARS,0\n,{PREMIUM},BR,,MONTH,1\n"
    assert [
        "line 2, external_id: may have at most 100 characters, this one has 101",
        (
            "line 2, catalog_product_id: must be a GUID (8-4-4-4-12 hexadecimal digits, like "
            "0a1b2c3d-0000-4000-8000-0123456789ab), not 'nope'; for names of products, give a "
            "catalogue: --catalogue FILE or WIXRESELLER_CATALOGUE"
        ),
        (
            "line 2, country_code: must be an ISO 3166-1 alpha-2 code, two capital letters like BR "
            "or DE, not 'UK'; did you mean GB?"
        ),
        (
            "line 2, billing_type: must be ONE_TIME or RECURRING, not 'recurring'; did you mean "
            "RECURRING?"
        ),
        "line 2, cycle_unit: must be DAY or WEEK or MONTH or YEAR, not 'YEARS'; did you mean YEAR?",
        "line 2, cycle_count: must be a whole number from 1, not '0'",
        "line 3, external_id: is missing",
        "line 3, billing_type: must be RECURRING where there is a cycle_unit or cycle_count",
    ] == problems(header + rows)


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ("RECURRING,,", ["cycle_unit: is missing", "cycle_count: is missing"]),
        ("RECURRING,annually,1", ["cycle_unit: must be DAY or WEEK or MONTH or YEAR"]),
        ("RECURRING,YEAR,1.0", ["cycle_count: must be a whole number from 1, not '1.0'"]),
        ("ONE_TIME,YEAR,1", ["cycle_unit: must be empty", "cycle_count: must be empty"]),
        ("once,,", ["billing_type: must be ONE_TIME or RECURRING, not 'once'; did you mean ONE_"]),
    ],
)
def test_billing_that_does_not_fit_together_is_refused(cells: str, expected: list[str]) -> None:
    header = f"{HEADER.strip()},billing_type,cycle_unit,cycle_count\n"
    found = problems(f"{header}a,{PREMIUM},BR,{cells}\n")
    assert len(expected) == len(found)
    for start, problem in zip(expected, found, strict=True):
        assert problem.startswith(f"line 2, {start}")


def test_an_unknown_column_is_refused_with_the_name_that_was_meant() -> None:
    text = f"externalId,Country,catalog_product_id,colour\na,BR,{PREMIUM},red\n"
    found = problems(text)
    assert (
        "line 1, externalId: is not a column of an order file; did you mean external_id?" in found
    )
    assert "line 1, Country: is not a column of an order file; did you mean country_code?" in found
    assert any(problem.startswith("line 1, colour: ") for problem in found)


def test_a_missing_column_is_reported_once_and_the_other_columns_are_checked_all_the_same() -> None:
    assert [
        (
            "line 1, catalog_product_id: is missing: a file needs at least external_id, "
            "catalog_product_id, country_code"
        ),
        (
            "line 3, country_code: must be an ISO 3166-1 alpha-2 code, two capital letters like BR "
            "or DE, not 'br'; did you mean BR?"
        ),
    ] == problems("external_id,country_code\na,BR\nb,br\n")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(b"", "line 1: the file is empty", id="empty"),
        pytest.param(b" \r\n", "line 1: the file is empty", id="blank"),
        pytest.param(HEADER.encode(), "line 1: the file holds no orders", id="header only"),
        pytest.param(
            HEADER.encode() + "é,x,BR\n".encode("latin-1"),
            "line 2: has a byte that is not UTF-8 (0xe9)",
            id="latin 1",
        ),
        pytest.param(HEADER.encode("utf-16"), "line 1: is UTF-16 text", id="UTF-16"),
        pytest.param(HEADER.encode("utf-16-le"), "line 1: is UTF-16 text", id="UTF-16, no mark"),
        pytest.param(HEADER.encode("utf-16-be"), "line 1: is UTF-16 text", id="UTF-16BE, no mark"),
        pytest.param(b"PK\x03\x04...", "line 1: is a spreadsheet", id="Excel"),
        pytest.param(b"\xd0\xcf\x11\xe0\xa1\xb1", "line 1: is a spreadsheet", id="old Excel"),
        pytest.param(gzip.compress(HEADER.encode()), "line 1: is compressed", id="gzip"),
        pytest.param(f"sep=;\r\n{HEADER}".encode(), "line 1: is for Excel alone", id="sep="),
        pytest.param(b'[{"external_id": "a"}]', "line 1: is a list of JSON", id="JSON"),
        pytest.param(
            f",{HEADER}0,a,{PREMIUM},BR\n".encode(),
            "line 1: column 1 has no name; 'index=False' in pandas",
            id="index of pandas",
        ),
        pytest.param(f"{HEADER}a,b\n".encode(), "line 2: has 2 fields, the header has 3", id="few"),
        pytest.param(
            f"{HEADER}a,{PREMIUM},BR,x\n".encode(), "line 2: has 4 fields, the header", id="many"
        ),
        pytest.param(
            f'{HEADER}a,{PREMIUM},BR\n"b,{PREMIUM},BR\n'.encode(),
            "line 3: cannot be read as CSV",
            id="quote left open",
        ),
        pytest.param(
            f"external_id,external_id,{HEADER[12:]}".encode(),
            "line 1, external_id: is there twice",
            id="column twice",
        ),
    ],
)
def test_a_file_of_the_wrong_form_is_refused_with_its_line(text: bytes, expected: str) -> None:
    found = problems(text)
    assert 1 == len(found)
    assert found[0].startswith(expected)


def test_bytes_that_are_not_utf_8_are_told_line_by_line_and_the_other_rows_are_checked() -> None:
    text = f'{HEADER}é,{PREMIUM},BR\n"b\nß",{PREMIUM},BR\nc,{PREMIUM},br\n'
    found = problems(text.encode("latin-1"))
    advice = "save the file as UTF-8 ('CSV UTF-8' in spreadsheets)"
    assert [
        f"line 2: has a byte that is not UTF-8 (0xe9): {advice}",
        f"line 4: has a byte that is not UTF-8 (0xdf): {advice}",
    ] == found[:2]
    assert found[2].startswith("line 5, country_code: ")
    assert 3 == len(found)


def test_a_header_that_is_not_utf_8_ends_the_reading() -> None:
    (problem,) = problems(f"café,{HEADER}x,{PREMIUM},BR\n".encode("latin-1"))
    assert problem.startswith("line 1: has a byte that is not UTF-8 (0xe9)")


def test_ndjson_that_is_not_utf_8_is_told_line_by_line() -> None:
    found = problems('{"external_id": "é"}\n[1]\n"ü"\n'.encode("latin-1"), file_format="ndjson")
    assert ["line 1: has a byte", "line 2: must be a ", "line 3: has a byte"] == [
        problem[:18] for problem in found
    ]


def test_letters_of_every_script_are_read() -> None:
    assert (order("подписка-42"),) == orders(f"{HEADER}подписка-42,{PREMIUM},BR\n")


def test_ndjson_that_is_read_as_csv_is_told_so() -> None:
    assert ["line 2: is JSON, but read as CSV: add --format ndjson"] == problems(
        '\n{"external_id": "a"}\n'
    )


@pytest.mark.parametrize("file_format", ["csv", "ndjson"])
def test_a_line_without_end_is_refused_instead_of_filling_the_memory(
    file_format: OrderFormat,
) -> None:
    expected = (
        "is longer than 1,048,576 characters, so this is no order file; what follows was not "
        "checked"
    )
    text = "\n" + "x" * (1 << 21)
    assert [f"line 2: {expected}"] == problems(text, file_format=file_format)


def test_rows_without_an_account_take_the_clients_and_are_refused_if_it_has_none() -> None:
    text = f"external_id,account_id,catalog_product_id,country_code\na,,{PREMIUM},BR\n"
    assert ACCOUNT == orders(text)[0].account_id
    without = read(text, account_id=None)
    assert [
        (
            "line 2, account_id: is missing: give the row an account, or all rows with --account "
            "or WIX_ACCOUNT_ID"
        )
    ] == [str(problem) for problem in without.problems]
    assert () == without.orders


def test_white_space_around_an_external_id_is_refused_rather_than_repaired() -> None:
    (problem,) = problems(f"{HEADER}a ,{PREMIUM},BR\n")
    assert problem == (
        "line 2, external_id: must not begin or end with white space: 'a ' would be another id "
        "than 'a'"
    )


@pytest.mark.parametrize(
    ("lost", "why"),
    [
        ("1.23457E+11", "the number that a spreadsheet has made of it"),
        ("1,23457E+11", "the number that a spreadsheet has made of it"),
        ("5E+12", "the number that a spreadsheet has made of it"),
        ("1.234567890123457e+17", "the number that a spreadsheet has made of it"),
        ("#N/A", "the error of a formula in a spreadsheet"),
        ("#NV", "the error of a formula in a spreadsheet"),
        ("#REF!", "the error of a formula in a spreadsheet"),
        ("#DIV/0!", "the error of a formula in a spreadsheet"),
        ("#NAME?", "the error of a formula in a spreadsheet"),
        ("#ÜBERLAUF!", "the error of a formula in a spreadsheet"),
        ("########", "the error of a formula in a spreadsheet"),
        ("nan", "which programs write where there is none"),
        ("<NA>", "which programs write where there is none"),
        ("None", "which programs write where there is none"),
    ],
)
def test_what_programs_leave_of_many_ids_makes_no_package_of_their_rows(
    lost: str, why: str
) -> None:
    found = problems(f'{HEADER}"{lost}",{PREMIUM},BR\n"{lost}",{PREMIUM},BR\n')
    assert 2 == len(found)
    assert all(repr(lost) in problem and why in problem for problem in found), found


@pytest.mark.parametrize(
    "name", ["1E11", "4e-12", "12E+11", "E+11", "#1", "#42!x", "Nan", "0042", "1001.0", "N/A-7"]
)
def test_ids_that_only_resemble_what_programs_leave_are_kept(name: str) -> None:
    assert (order(name),) == orders(f"{HEADER}{name},{PREMIUM},BR\n")


def test_an_operation_that_is_not_known_is_refused_and_nothing_is_taken_for_missing() -> None:
    assert [
        "line 2, operation: must be create or cancel, not 'creat'; did you mean create?",
        "line 3, operation: must be create or cancel, not 'delete'; did you mean cancel?",
    ] == problems(f"{HEADER.strip()},operation\nb,{PREMIUM},BR,creat\nc,,,delete\n")


def test_a_package_of_more_than_a_thousand_products_is_refused() -> None:
    (problem,) = problems(HEADER + f"a,{PREMIUM},BR\n" * 1001)
    assert problem.startswith("line 1002, external_id: makes more than 1000 products")


def test_ndjson_takes_the_same_keys_and_a_number_for_the_count() -> None:
    row = (
        f'{{"external_id": "0042", "catalog_product_id": "{PREMIUM}", "country_code": "BR", '
        '"billing_type": "RECURRING", "cycle_unit": "YEAR", "cycle_count": 2, "site_id": null}\n'
    )
    yearly = Product(
        catalog_product_id=PREMIUM,
        country_code="BR",
        billing_info=BillingInfo.recurring(2, CycleUnit.YEAR),
    )
    assert (order("0042", yearly),) == orders(f"\n{row}\n", file_format="ndjson")


def test_ndjson_of_the_wrong_form_or_type_is_refused_with_its_line() -> None:
    lines = [
        "{",
        "[1]",
        f'{{"external_id": 42, "catalog_product_id": "{PREMIUM}", "country_code": "BR"}}',
        f'{{"externalId": "a", "catalog_product_id": "{PREMIUM}", "country_code": true}}',
    ]
    found = problems("\n".join(lines), file_format="ndjson")
    assert found[0].startswith("line 1: is not JSON")
    assert [
        "line 2: must be a JSON object, not a list",
        "line 3, external_id: must be a string, not the number 42",
        "line 4, externalId: is not a column of an order file; did you mean external_id?",
        "line 4, country_code: must be a string, not true or false",
        "line 4, external_id: is missing",
    ] == found[1:]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ('"external_id": "a", "external_id": "b"', ["line 1, external_id: is there twice"]),
        ('"external_id": "a", "cycle_count": 1, "cycle_count": 12', ["cycle_count"]),
        ('"external_id": "a", "\\u0065xternal_id": "a"', ["external_id"]),
        ('"a\\"b": null, "a\\"b": 1', ['a"b']),
        ('"external_id": null, "external_id": "a", "site_id": "", "site_id": ""', ["external_id"]),
    ],
)
def test_a_key_that_an_object_has_twice_is_refused(fields: str, expected: list[str]) -> None:
    row = f'{{{fields}, "catalog_product_id": "{PREMIUM}", "country_code": "BR"}}\n'
    found = problems(row, file_format="ndjson")
    assert expected[0] in found[0]
    assert all(problem.endswith("is there twice") for problem in found)


def test_quotes_in_a_text_make_no_key_twice() -> None:
    row = f'{{"external_id": "\\"a\\"", "catalog_product_id": "{PREMIUM}", "country_code": "BR"}}\n'
    assert ['"a"'] == [each.external_id for each in orders(row, file_format="ndjson")]


@pytest.mark.parametrize("name", ["orders.ndjson", "orders.JSONL", "orders.csv", "orders.txt"])
def test_the_suffix_says_what_a_file_is_unless_the_format_is_given(
    tmp_path: Path, name: str
) -> None:
    is_csv = name.endswith(("csv", "txt"))
    csv_text = f"{HEADER}a,{PREMIUM},BR\n"
    json_text = f'{{"external_id":"a","catalog_product_id":"{PREMIUM}","country_code":"BR"}}\n'
    path = tmp_path / name
    path.write_text(csv_text if is_csv else json_text)
    nothing = io.BytesIO()
    assert (order("a"),) == load_orders(str(path), stdin=nothing, account_id=ACCOUNT).orders
    path.write_text(json_text if is_csv else csv_text)
    other: OrderFormat = "ndjson" if is_csv else "csv"
    read_otherwise = load_orders(str(path), stdin=nothing, file_format=other, account_id=ACCOUNT)
    assert (order("a"),) == read_otherwise.orders


def test_a_dash_reads_standard_input() -> None:
    stdin = io.BytesIO(f"{HEADER}a,{PREMIUM},BR\n".encode())
    assert (order("a"),) == load_orders("-", stdin=stdin, account_id=ACCOUNT).orders


def test_an_order_keeps_its_rows_as_they_stood_in_the_file() -> None:
    (read_order,) = orders(f"{HEADER}0042,{PREMIUM},BR\n")
    row = {"external_id": "0042", "catalog_product_id": PREMIUM, "country_code": "BR"}
    assert (row,) == read_order.rows
