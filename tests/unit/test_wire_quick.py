"""Hooks that learn shapes read every document as the tolerant ones, and those as plain cattrs."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import textwrap
import threading
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any, cast

import attrs
import cattrs
import pytest
from cattrs.gen import make_dict_structure_fn, override
from hypothesis import given, settings
from hypothesis import strategies as st

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
    _wire_quick,
    _wire_shapes,
    errors,
)
from wixreseller._wire_fields import fields_of
from wixreseller.models import JSONValue

GUID = "0a1b2c3d-0000-4000-8000-0123456789ab"
QUICK = _wire.make_converter()
TOLERANT = _wire.make_converter(is_quick=False)

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


def outcome(converter: cattrs.Converter, raw: object, kind: type[Any]) -> tuple[object, ...]:
    """Give the value with all its extras, or the error with its path."""
    try:
        value: object = converter.structure(raw, kind)
    except _wire.WireError as error:
        return error.path, error.problem
    return value, everything(value)


def everything(value: object) -> object:
    """Give what a value holds with types, as equality leaves out extras and takes 1 for True."""
    if isinstance(value, tuple):
        return [everything(item) for item in cast("tuple[object, ...]", value)]
    kind = cast("type[Any]", value.__class__)
    if attrs.has(kind):
        parts = {field.name: getattr(value, field.name) for field in attrs.fields(kind)}
        return kind, {name: everything(part) for name, part in parts.items()}
    return kind, repr(value)


@pytest.fixture(autouse=True, scope="module")
def learning_soon() -> Generator[None, None, None]:
    """Have a shape learned when it is seen a second time, so that few documents do."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_wire_shapes, "_OFTEN", 2)
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


# --- what is learned ----------------------------------------------------------------------------


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """List the sources of the readers that are written."""
    sources: list[str] = []

    def run(source: str, title: str, space: dict[str, Any]) -> dict[str, Any]:
        sources.append(source)
        return _wire_quick.run(source, title, space)

    monkeypatch.setattr(_wire_shapes, "run", run)
    return sources


def test_a_shape_is_learned_when_it_was_seen_often(
    written: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_wire_shapes, "_OFTEN", 5)
    converter = _wire.make_converter()
    known: list[int] = []
    for _ in range(8):
        converter.structure({"code": "UNKNOWN", "message": "no"}, Failure)
        known.append(len(written))

    assert [0, 0, 0, 0, 1, 1, 1, 1] == known


def test_the_reader_that_the_documentation_shows_is_the_one_that_is_written(
    written: list[str],
) -> None:
    converter = _wire.make_converter()
    for _ in range(2):
        converter.structure({"code": "UNKNOWN", "message": "no", "new": 1}, Failure)

    assert textwrap.indent(written[0], "    ") in (_wire_shapes.__doc__ or "")


def test_text_of_a_server_is_never_part_of_a_source(written: list[str]) -> None:
    key = "new = 1\nimport os  # "
    raw = {"code": "UNKNOWN", "message": "no", key: 1}
    converter = _wire.make_converter()
    values = [converter.structure(raw, Failure) for _ in range(3)]

    assert [{key: 1}] * 3 == [value.extra for value in values]
    assert [False] == [key in source or "import" in source for source in written]


def test_a_server_that_makes_up_shapes_without_end_has_few_of_them_learned(
    written: list[str],
) -> None:
    converter = _wire.make_converter()
    raws = [{"code": "UNKNOWN", f"new{number}": number} for number in range(300)]
    for raw in raws:
        for _ in range(3):
            assert outcome(TOLERANT, raw, Failure) == outcome(converter, raw, Failure)

    assert len(written) == 64


def test_a_shape_that_was_seen_hundreds_of_others_ago_is_forgotten(written: list[str]) -> None:
    converter = _wire.make_converter()
    raws = [{"code": "UNKNOWN", f"new{number}": number} for number in range(300)]
    for raw in [*raws, raws[0]]:
        converter.structure(raw, Failure)
    assert not written

    converter.structure(raws[-1], Failure)
    assert len(written) == 1


@pytest.mark.parametrize(
    "raw",
    [
        {"code": "UNKNOWN", "x" * 3000: 1},
        {"code": "UNKNOWN", **{f"new{number}": 1 for number in range(50)}},
        {"code": "UNKNOWN"},
        {},
    ],
    ids=["a long key", "many keys", "one key", "no key"],
)
def test_a_shape_that_is_not_worth_it_is_not_learned(raw: JSONValue, written: list[str]) -> None:
    converter = _wire.make_converter()
    for _ in range(4):
        assert outcome(TOLERANT, raw, Failure) == outcome(converter, raw, Failure)

    assert not written


def test_an_object_without_its_id_is_refused_however_often_it_comes(written: list[str]) -> None:
    raw = {"siteId": GUID, "status": "ENABLED"}
    converter = _wire.make_converter()
    outcomes = [outcome(converter, raw, ProductInstance) for _ in range(4)]

    assert [("instanceId", "is missing")] * 4 == outcomes
    assert not written


def test_old_names_are_read_as_new_ones_when_their_shape_is_known() -> None:
    billing: JSONValue = {"type": "RECURRING", "cycleDuration": YEARLY}
    raws: list[JSONValue] = [
        {"instanceId": GUID, "contractDetails": {}},
        {"instanceId": GUID, "contractDetails": {"billingInfo": billing}},
        {"instanceId": GUID, "contractDetails": {"billingInfo": billing, "new": 1}},
        {"instanceId": GUID, "contractDetails": {"billingInfo": billing}, "billingInfo": {}},
        {"instanceId": GUID, "paymentInfo": billing},
        {"instanceId": GUID, "billingInfo": billing},
    ]
    converter = _wire.make_converter()
    expected = [outcome(TOLERANT, raw, ProductInstance) for raw in raws]

    for _ in range(4):
        assert expected == [outcome(converter, raw, ProductInstance) for raw in raws]


def test_threads_that_learn_at_once_read_alike() -> None:
    raws: list[JSONValue] = [
        {"id": GUID, "productInstances": [{"instanceId": GUID, f"new{number % 5}": number}]}
        for number in range(200)
    ]
    expected = [outcome(TOLERANT, raw, Package) for raw in raws]
    converter = _wire.make_converter()
    start = threading.Barrier(4)

    def read() -> list[tuple[object, ...]]:
        start.wait(60)
        return [outcome(converter, raw, Package) for raw in raws]

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(4) as threads:
            outcomes = [future.result(60) for future in [threads.submit(read) for _ in range(4)]]
    finally:
        sys.setswitchinterval(interval)

    assert [expected] * 4 == outcomes


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
