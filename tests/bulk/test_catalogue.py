"""Catalogues: names for products, read from TOML, and every mistake in one told at once."""

from __future__ import annotations

import copy
import io
import pickle
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wixreseller import BillingInfo, CycleUnit, errors
from wixreseller.bulk.catalogue import (
    EMPTY,
    Catalogue,
    CatalogueEntry,
    load_catalogue,
    read_catalogue,
)
from wixreseller.bulk.orders import OrderFile, load_orders

BASIC = "c0000000-0000-4000-8000-000000000001"
STORAGE = "c0000000-0000-4000-8000-00000000000A"
ACCOUNT = "a0000000-0000-4000-8000-000000000001"
YEARLY = BillingInfo.recurring(1, CycleUnit.YEAR)
MONTHLY = BillingInfo.recurring(1, CycleUnit.MONTH)
TOML = f"""
premium-yearly = {{product = "{BASIC}", billing = "RECURRING", every = "1 YEAR"}}
premium-monthly = {{product = "{BASIC}", billing = "RECURRING", every = "1 MONTH"}}

["Zusätzlicher Speicher"]
product = "{STORAGE}"
billing = "ONE_TIME"
"""


def catalogue(text: str = TOML) -> Catalogue:
    return read_catalogue(text.encode(), source="names.toml")


def problems(text: str) -> list[str]:
    with pytest.raises(errors.ConfigurationError) as caught:
        catalogue(text)
    return str(caught.value).splitlines()


def entry(name: str, billing: BillingInfo | None = None) -> CatalogueEntry:
    return CatalogueEntry(name=name, catalog_product_id=BASIC, billing_info=billing)


def test_a_catalogue_gives_names_their_product_and_billing() -> None:
    read = catalogue()
    assert entry("premium-yearly", YEARLY) == read.product_of("premium-yearly")
    assert CatalogueEntry(
        name="Zusätzlicher Speicher",
        catalog_product_id=STORAGE,
        billing_info=BillingInfo.one_time(),
    ) == read.product_of("Zusätzlicher Speicher")
    assert None is read.product_of("premium")
    assert None is read.product_of(BASIC)


def test_upper_and_lower_case_make_the_same_name() -> None:
    assert "premium-yearly" == getattr(catalogue().product_of("Premium-YEARLY"), "name", None)


def test_billing_may_be_left_out_and_a_product_be_a_table_of_several_lines() -> None:
    inline = catalogue(f'basic = {{product = "{BASIC}"}}')
    assert (entry("basic"),) == inline.entries
    assert inline == catalogue(f'# names\n[basic]\nproduct = "{BASIC}"\n')
    assert inline == catalogue(f'basic.product = "{BASIC}"')


def test_a_byte_order_mark_and_windows_line_ends_change_nothing() -> None:
    windows = b"\xef\xbb\xbf" + TOML.replace("\n", "\r\n").encode()
    assert catalogue() == read_catalogue(windows, source="names.toml")


def test_a_file_without_products_is_an_empty_catalogue() -> None:
    assert () == catalogue("# nothing yet\n").entries


def test_a_catalogue_is_read_from_a_file_and_keeps_its_name(tmp_path: Path) -> None:
    path = tmp_path / "names.toml"
    path.write_text(TOML, encoding="utf-8")
    assert str(path) == load_catalogue(path).source
    assert catalogue().entries == load_catalogue(str(path)).entries


def test_catalogues_pickle_copy_and_compare_as_values() -> None:
    read = catalogue()
    for copied in (pickle.loads(pickle.dumps(read)), copy.deepcopy(read)):  # noqa: S301
        assert read == copied
        assert read.product_of("premium-yearly") == copied.product_of("premium-yearly")


# --- names of products --------------------------------------------------------------------------


def test_of_several_names_the_one_with_the_same_billing_is_that_of_an_instance() -> None:
    read = catalogue()
    assert "premium-yearly" == read.name_of(BASIC, YEARLY)
    assert "premium-monthly" == read.name_of(BASIC.upper(), MONTHLY)
    assert "Zusätzlicher Speicher" == read.name_of(STORAGE.lower())


def test_without_a_name_that_fits_there_is_none() -> None:
    two_years = BillingInfo.recurring(2, CycleUnit.YEAR)
    assert None is catalogue().name_of(BASIC, two_years)
    assert None is catalogue().name_of(BASIC)
    assert None is catalogue().name_of(None)
    assert None is EMPTY.name_of(BASIC, YEARLY)


def test_a_name_without_billing_is_that_of_every_other_billing() -> None:
    read = catalogue(f'{TOML}\n[premium]\nproduct = "{BASIC}"')
    assert "premium-yearly" == read.name_of(BASIC, YEARLY)
    assert "premium" == read.name_of(BASIC, BillingInfo.one_time())
    assert "premium" == read.name_of(BASIC)


def test_the_only_name_of_a_product_is_its_name_whatever_the_billing() -> None:
    assert "Zusätzlicher Speicher" == catalogue().name_of(STORAGE, YEARLY)


# --- mistakes -----------------------------------------------------------------------------------


def test_all_mistakes_of_a_file_are_told_at_once_with_the_key_and_what_is_allowed() -> None:
    text = f"""
a = {{prodct = "{BASIC}"}}
b = {{product = "nope", billing = "recuring", colour = "red"}}
c = {{product = "{BASIC}", billing = "RECURRING", every = "1 years"}}
d = {{product = "{BASIC}", billing = "RECURRING"}}
e = {{product = "{BASIC}", billing = "ONE_TIME", every = "1 YEAR"}}
f = {{product = "{BASIC}", every = "1 YEAR"}}
g = "{BASIC}"
h = {{product = 7}}
"""
    allowed = 'a whole number from 1 and one of DAY, WEEK, MONTH, YEAR, like "1 YEAR"'
    guid = (
        "must be a GUID (8-4-4-4-12 hexadecimal digits, like 0a1b2c3d-0000-4000-8000-0123456789ab)"
    )
    assert [
        "names.toml: a.prodct: is not a key of a product; did you mean product?",
        "names.toml: a.product: is missing: the GUID of the product at Wix",
        "names.toml: b.colour: is not a key of a product; known are product, billing, every",
        f"names.toml: b.product: {guid}, not 'nope'",
        (
            "names.toml: b.billing: must be ONE_TIME or RECURRING, not 'recuring'; "
            "did you mean RECURRING?"
        ),
        f"names.toml: c.every: must be {allowed}, not '1 years'; did you mean \"1 YEAR\"?",
        f"names.toml: d.every: is missing: RECURRING needs {allowed}",
        "names.toml: e.every: must be left out where billing is ONE_TIME",
        'names.toml: f.billing: is missing: every needs billing = "RECURRING"',
        f"names.toml: g: must be a table like {{product = \"GUID\"}}, not '{BASIC}'",
        f"names.toml: h.product: {guid}, not 7",
    ] == problems(text)


@pytest.mark.parametrize(
    ("key", "told"),
    [
        ('""', "'': a product needs a name that is not empty"),
        ('" a"', "' a': a name must not begin or end with white space"),
        (f'"{BASIC}"', f"{BASIC}: a name must not be a GUID, since GUIDs stand for themselves"),
        (
            r'"a\u001b[2J"',
            r"'a\x1b[2J': a name must consist of characters that can be printed",
        ),
    ],
)
def test_a_name_that_could_be_mistaken_is_refused(key: str, told: str) -> None:
    assert [f"names.toml: {told}"] == problems(f'{key} = {{product = "{BASIC}"}}')


def test_two_names_that_differ_in_case_only_are_refused() -> None:
    text = f'a = {{product = "{BASIC}"}}\nA = {{product = "{STORAGE}"}}'
    told = "names.toml: A: is a again: upper and lower case make the same name"
    assert [told] == problems(text)


def test_a_name_with_a_dot_needs_quotes_and_the_refusal_says_so() -> None:
    assert (
        "names.toml: a.b: is not a key of a product; a name with a dot in it must stand in quotes: "
        '"a.b"'
    ) in problems(f'a.b = {{product = "{BASIC}"}}')
    assert "a.b" == catalogue(f'"a.b" = {{product = "{BASIC}"}}').entries[0].name


@pytest.mark.parametrize("every", ["0 YEAR", "1.5 YEAR", "YEAR", "1 YEAR ", "1  YEAR", "-1 DAY"])
def test_a_cycle_is_a_whole_number_and_a_unit(every: str) -> None:
    text = f'a = {{product = "{BASIC}", billing = "RECURRING", every = "{every}"}}'
    (told,) = problems(text)
    assert told.startswith("names.toml: a.every: must be a whole number from 1")


def test_what_is_no_toml_is_told_with_its_line() -> None:
    (told,) = problems('a = {product = "x"}\nb = {product = }\n')
    assert re.match(r"names\.toml: is not TOML: .*\(at line 2, column 16\); a product is", told)


def test_text_that_is_not_utf8_is_told_with_its_line() -> None:
    with pytest.raises(errors.ConfigurationError, match=r"line 2 has a byte .* \(0xe4\)"):
        read_catalogue("a = 1\nb = 'ä'".encode("latin-1"), source="names.toml")
    with pytest.raises(errors.ConfigurationError, match="UTF-16"):
        read_catalogue(TOML.encode("utf-16"), source="names.toml")


_names = st.text(min_size=1, max_size=20).filter(
    lambda name: name == name.strip() and name.isprintable()
)


@given(names=st.lists(_names, max_size=6, unique_by=str.casefold))
def test_whatever_a_name_is_made_of_it_is_found_again(names: list[str]) -> None:
    # JSON's strings are TOML's, but for two characters that are not printable anyway.
    import json

    text = "".join(
        f'{json.dumps(name, ensure_ascii=False)}.product = "{BASIC}"\n' for name in names
    )
    read = catalogue(text)
    assert names == [item.name for item in read.entries]
    assert [(BASIC, None)] * len(names) == [read.resolve(name) for name in names]


@given(data=st.binary(max_size=200))
def test_any_bytes_are_a_catalogue_or_refused_as_one(data: bytes) -> None:
    try:
        said = read_catalogue(data, source="names.toml").source or ""
    except errors.ConfigurationError as error:
        said = str(error)
    assert said.startswith("names.toml")


# --- order files --------------------------------------------------------------------------------

HEADER = "external_id,catalog_product_id,country_code,billing_type,cycle_unit,cycle_count\n"


def read_rows(*rows: str, names: Catalogue = EMPTY) -> OrderFile:
    data = (HEADER + "\n".join(rows)).encode()
    return load_orders("-", stdin=io.BytesIO(data), account_id=ACCOUNT, catalogue=names)


def sold(*rows: str) -> list[tuple[str, BillingInfo | None]]:
    read = read_rows(*rows, names=catalogue())
    assert () == read.problems
    return [
        (product.catalog_product_id, product.billing_info)
        for order in read.orders
        for product in order.products
    ]


def told(row: str, names: Catalogue) -> str:
    (problem,) = read_rows(row, names=names).problems
    return str(problem).partition(", not ")[2]


def test_an_order_may_name_its_product_and_gets_the_billing_of_the_catalogue() -> None:
    rows = ("a,premium-yearly,BR,,,", "b,PREMIUM-MONTHLY,BR,,,", "c,Zusätzlicher Speicher,BR,,,")
    assert [(BASIC, YEARLY), (BASIC, MONTHLY), (STORAGE, BillingInfo.one_time())] == sold(*rows)


def test_a_rows_own_billing_wins_over_that_of_the_catalogue() -> None:
    assert [(BASIC, MONTHLY)] == sold("a,premium-yearly,BR,RECURRING,MONTH,1")


def test_a_guid_works_beside_names_and_brings_no_billing() -> None:
    assert [(BASIC, None), (BASIC.upper(), YEARLY)] == sold(
        f"a,{BASIC},BR,,,", f"b,{BASIC.upper()},BR,RECURRING,YEAR,1"
    )


def test_a_row_with_half_a_billing_is_refused_and_not_filled_in() -> None:
    (problem,) = read_rows("a,premium-yearly,BR,,MONTH,1", names=catalogue()).problems
    assert "billing_type" == problem.column


def test_an_order_with_a_name_keeps_the_row_as_it_was_written() -> None:
    (order,) = read_rows("a,premium-yearly,BR,,,", names=catalogue()).orders
    assert "premium-yearly" == order.rows[0]["catalog_product_id"]


def test_an_unknown_name_lists_the_names_that_are_near() -> None:
    assert (
        "'premum-yearly'; no product 'premum-yearly' in the catalogue names.toml; did you mean "
        "premium-yearly or premium-monthly?"
    ) == told("a,premum-yearly,BR,,,", catalogue())


def test_a_name_that_is_near_to_none_lists_what_the_catalogue_has() -> None:
    assert (
        "'xyz'; no product 'xyz' in the catalogue names.toml: it has premium-yearly, "
        "premium-monthly, Zusätzlicher Speicher"
    ) == told("a,xyz,BR,,,", catalogue())
    assert "'xyz'; no product 'xyz' in the catalogue names.toml: it is empty" == told(
        "a,xyz,BR,,,", catalogue("")
    )


def test_a_name_without_a_catalogue_is_told_how_to_give_one() -> None:
    assert (
        "'premium-yearly'; for names of products, give a catalogue: --catalogue FILE or "
        "WIXRESELLER_CATALOGUE"
    ) == told("a,premium-yearly,BR,,,", EMPTY)


def test_a_slip_in_a_guid_is_not_taken_for_a_name() -> None:
    assert f"'{BASIC[:-1]}'" == told(f"a,{BASIC[:-1]},BR,,,", catalogue())
