"""Hooks that learn shapes read every document as the tolerant ones, and those as plain cattrs."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Generator
from datetime import datetime
from typing import Any, cast

import cattrs
import pytest
from cattrs.gen import make_dict_structure_fn, override
from hypothesis import given, settings
from hypothesis import strategies as st
from wire_outcomes import TOLERANT, everything, learning_soon, outcome

from wixreseller import (
    BillingInfo,
    BillingType,
    CallMeta,
    CycleDuration,
    CycleUnit,
    Failure,
    FailureCode,
    Package,
    Page,
    ProductInstance,
    Status,
    _answers,
    _operations,
    _wire,
    errors,
)
from wixreseller._wire_fields import fields_of
from wixreseller.models import JSONValue

GUID = "0a1b2c3d-0000-4000-8000-0123456789ab"
QUICK = _wire.make_converter()

# `nox -s tests` has a quick look; set this to 100000 for a long one.
EXAMPLES = int(os.environ.get("WIXRESELLER_EXAMPLES", "100"))
many = settings(max_examples=EXAMPLES, deadline=None)

# --- documents that are right, nearly right, and wrong ------------------------------------------

junk = st.sampled_from([None, True, False, 0, 1, 1.0, 7, "", "x", "1", [], [1], {}, {"a": 1}])
DATES = [
    "2024-05-06T07:08:09.010Z",
    "2024-05-06T07:08:09.010123Z",
    "2024-05-06T07:08:09",
    "2024-05-06T09:08:09+02:00",
    "0001-01-01T00:00:00+23:00",
    "2024-05-06",
    "20240506T070809Z",
    "yesterday",
]
dates = st.sampled_from(DATES)
texts = st.sampled_from([GUID, "BR", "", "a\u0000b", "\u00e9"])
extras = st.dictionaries(
    st.sampled_from(["x", "newKey", "meta", "extra", "paymentInfo", "contractDetails", "cursors"]),
    junk,
    max_size=2,
)


def maybe_wrong(right: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(right, right, right, right, junk)


def objects(
    id_key: str | None = None, /, **fields: st.SearchStrategy[Any]
) -> st.SearchStrategy[dict[str, Any]]:
    """Make objects of these fields and others; the id, which is refused if wrong, is seldom so."""
    ids: dict[Any, st.SearchStrategy[Any]] = (
        {} if id_key is None else {id_key: st.one_of(*[texts] * 15, junk)}
    )
    known = st.fixed_dictionaries(
        ids, optional={name: maybe_wrong(right) for name, right in fields.items()}
    )
    return st.tuples(known, st.one_of(st.just(dict[str, Any]()), extras)).flatmap(
        lambda parts: in_any_order({**parts[1], **parts[0]})
    )


def in_any_order(raw: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.permutations(list(raw.items())).map(dict)


@st.composite
def kin(draw: st.DrawFn, raws: st.SearchStrategy[dict[str, Any]]) -> list[dict[str, Any]]:
    """Make an object, and others with its keys in any order and some values that may be wrong."""
    raw = draw(raws)
    family = [raw]
    for _ in range(2):
        other = draw(in_any_order(raw))
        for key in draw(st.lists(st.sampled_from(sorted(raw)), max_size=2)) if raw else ():
            other[key] = draw(junk)
        family.append(other)
    return family


cycles = objects(unit=st.sampled_from(["DAY", "YEAR", "FORTNIGHT"]), count=st.integers(1, 3))
billings = objects(type=st.sampled_from(["ONE_TIME", "RECURRING", "LEASED"]), cycleDuration=cycles)
instances = objects(
    "instanceId",
    siteId=texts,
    catalogProductId=texts,
    status=st.sampled_from(["PENDING", "ENABLED", "ACTIVE", "CANCELED", "SOMETHING_NEW"]),
    failure=objects(code=st.sampled_from(["UNKNOWN", "NEW"]), message=texts),
    billingInfo=billings,
    paymentInfo=billings,
    contractDetails=objects(billingInfo=billings),
    countryCode=texts,
    discountCode=texts,
    referenceProductInstanceId=texts,
    expirationDate=dates,
    createdDate=dates,
    updatedDate=dates,
)
packages = objects(
    "id",
    accountId=texts,
    externalId=texts,
    productInstances=st.lists(maybe_wrong(instances), max_size=3),
    createdDate=dates,
    updatedDate=dates,
    parentAccountId=texts,
)
pages = objects(packages=st.lists(maybe_wrong(packages), max_size=3), metadata=objects(count=junk))


@pytest.fixture(autouse=True, scope="module")
def shapes_are_learned_soon() -> Generator[None, None, None]:
    with learning_soon():
        yield


@many
@given(pages)
def test_every_page_is_read_as_the_tolerant_hooks_read_it(raw: JSONValue) -> None:
    converter = _wire.make_converter()
    expected = outcome(TOLERANT, raw, Page)

    for _ in range(3):
        assert expected == outcome(converter, raw, Page)


@many
@given(st.one_of(kin(cycles), kin(billings), kin(instances), kin(packages)))
def test_every_part_is_read_as_the_tolerant_hooks_read_it(family: list[JSONValue]) -> None:
    converter = _wire.make_converter()
    for kind in (CycleDuration, BillingInfo, Failure, ProductInstance, Package):
        expected = [outcome(TOLERANT, raw, kind) for raw in family]
        # While shapes are learned, while guesses come in turns, and when the first is known well.
        for _ in range(4):
            assert expected == [outcome(converter, raw, kind) for raw in family]


def test_the_first_document_of_a_type_is_read_as_the_ones_after_it_are() -> None:
    converter = _wire.make_converter()
    raw: JSONValue = {"id": GUID, "productInstances": [{"instanceId": GUID, "new": 1}], "new": 2}

    first, *later = [converter.structure(raw, Package) for _ in range(4)]

    assert [everything(first)] * 3 == [everything(package) for package in later]


@pytest.mark.parametrize("text", DATES)
def test_every_date_is_read_as_the_tolerant_hooks_read_it(text: str) -> None:
    raw = {"instanceId": GUID, "createdDate": text, "expirationDate": text}

    for _ in range(3):
        assert outcome(TOLERANT, raw, ProductInstance) == outcome(QUICK, raw, ProductInstance)


YEARLY: dict[str, Any] = {"unit": "YEAR", "count": 1}
LIKE_YEARLY: list[dict[str, Any]] = [
    *({"type": "RECURRING", "cycleDuration": {**YEARLY, "count": count}} for count in (True, 1.0)),
    {"type": "RECURRING", "cycleDuration": {**YEARLY, "new": 1}},
    {"type": "RECURRING", "cycleDuration": {"count": 1}},
    {"type": "RECURRING", "cycleDuration": [YEARLY]},
    {"type": "RECURRING", "cycleDuration": YEARLY, "new": 1},
    {"type": None, "cycleDuration": YEARLY},
    {"type": ["RECURRING"], "cycleDuration": YEARLY},
    *({"type": wrong, "cycleDuration": YEARLY} for wrong in (1, True, 1.0)),
    *({"type": "RECURRING", "cycleDuration": {**YEARLY, "unit": wrong}} for wrong in (1, True)),
]


@pytest.mark.parametrize("raw", LIKE_YEARLY)
def test_billing_that_only_resembles_what_is_remembered_is_not_taken_for_it(raw: JSONValue) -> None:
    converter = _wire.make_converter()
    for other in ({"type": "RECURRING", "cycleDuration": YEARLY}, *LIKE_YEARLY):
        converter.structure(other, BillingInfo)

    assert outcome(TOLERANT, raw, BillingInfo) == outcome(converter, raw, BillingInfo)


def test_what_is_remembered_of_billing_is_bounded() -> None:
    converter = _wire.make_converter()

    def read(count: int) -> BillingInfo:
        raw = {"type": "RECURRING", "cycleDuration": {"unit": "DAY", "count": count}}
        return converter.structure(raw, BillingInfo)

    first, *_ = [read(count) for count in range(1, 1000)]

    assert read(1) is first
    assert read(999) is not read(999)
    assert read(999) == read(999) == BillingInfo.recurring(999, CycleUnit.DAY)


def test_a_decoded_value_is_of_the_frozen_class_itself() -> None:
    raw = {"id": GUID, "productInstances": [{"instanceId": GUID, "siteId": GUID}]}
    for _ in range(3):
        package = QUICK.structure(raw, Package)

        assert [Package, ProductInstance] == [type(package), type(package.product_instances[0])]
        with pytest.raises(AttributeError):
            package.id = "other"  # type: ignore[misc]  # that it is refused is what is tested


# --- plain cattrs -------------------------------------------------------------------------------


def plain_cattrs() -> cattrs.Converter:
    """Make a converter as anyone would write it, for documents of the documented shape."""
    converter = cattrs.Converter()
    make_hook = cast("Any", make_dict_structure_fn)  # its overrides are keywords of any name
    converter.register_structure_hook(datetime, lambda text, _: datetime.fromisoformat(text))
    for enum in (Status, FailureCode, BillingType, CycleUnit):
        converter.register_structure_hook(enum, lambda text, kind: kind(text))
    for cls in (CycleDuration, Failure, ProductInstance, Package):
        names = {field.name: override(rename=field.wire) for field in fields_of(cls)}
        converter.register_structure_hook(
            cls, make_hook(cls, converter, **names, extra=override(omit=True))
        )
    # Its constructor refuses what Wix may answer, so that plain cattrs cannot read it.
    converter.register_structure_hook(
        BillingInfo,
        lambda raw, _: BillingInfo.recurring(
            raw["cycleDuration"]["count"], CycleUnit(raw["cycleDuration"]["unit"])
        ),
    )
    return converter


def documented(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=fields)


real_dates = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)).map(  # noqa: DTZ001  # the Z follows
    lambda moment: moment.isoformat(timespec="milliseconds") + "Z"
)
documented_parts: dict[str, st.SearchStrategy[Any]] = {
    "siteId": texts,
    "status": st.sampled_from(["PENDING", "ENABLED", "CANCELED", "SOMETHING_NEW"]),
    "failure": documented(code=st.sampled_from(["UNKNOWN", "NEW"]), message=texts),
    "billingInfo": st.fixed_dictionaries(
        {
            "type": st.just("RECURRING"),
            "cycleDuration": st.fixed_dictionaries(
                {"unit": st.sampled_from(["DAY", "YEAR"]), "count": st.integers(1, 99)}
            ),
        }
    ),
    "countryCode": texts,
    "discountCode": texts,
    "expirationDate": real_dates,
    "createdDate": real_dates,
}
documented_instances = st.fixed_dictionaries({"instanceId": texts}, optional=documented_parts)
documented_packages = st.fixed_dictionaries(
    {"id": texts, "productInstances": st.lists(documented_instances, max_size=3)},
    optional={"accountId": texts, "externalId": texts, "updatedDate": real_dates},
)
PLAIN = plain_cattrs()


@many
@given(documented_packages)
def test_plain_cattrs_reads_documented_packages_alike(raw: JSONValue) -> None:
    assert PLAIN.structure(raw, Package) == _wire.decode(raw, Package)


# --- whatever may arrive ------------------------------------------------------------------------

any_json = st.recursive(
    junk | st.floats(allow_nan=False) | st.integers() | texts,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["package", "packages", "id", "productInstances", "metadata", "details"]
            ),
            inner,
            max_size=3,
        )
    ),
    max_leaves=10,
)
bodies = st.one_of(
    st.one_of(any_json, pages, packages.map(lambda raw: {"package": raw}), packages).map(
        lambda raw: json.dumps(raw).encode()
    ),
    st.binary(max_size=20),
)


@many
@given(bodies, st.integers(200, 599))
def test_no_body_raises_anything_but_our_own_errors(body: bytes, status: int) -> None:
    response = _answers.Response(status=status, headers={}, body=body)
    meta = CallMeta(status=status)
    for read in (_answers.read_package, _answers.read_page):
        with contextlib.suppress(_wire.WireError):
            _wire.dumps(_wire.encode(read(response, meta)))
    made = _answers.read_error(response, _operations.GET, key=None, attempts=1, now=0.0)
    assert isinstance(made, errors.WixResellerError)
