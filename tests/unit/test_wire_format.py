"""The wire format loses nothing, and no document breaks it with an error of its own."""

from __future__ import annotations

import contextlib
import string
from datetime import UTC, datetime, timedelta, timezone

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wixreseller import BillingInfo, CycleUnit, Package, Page, ProductInstance, Status, _wire
from wixreseller.models import JSONValue

GUID = "0a1b2c3d-0000-4000-8000-0123456789ab"

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
names = st.text(string.ascii_letters, min_size=1, max_size=12)
dates = st.datetimes(
    min_value=datetime(2000, 1, 1),  # noqa: DTZ001  # the strategy adds the zone
    max_value=datetime(2100, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
).map(lambda moment: moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03}Z")


def extras(*known: str) -> st.SearchStrategy[dict[str, JSONValue]]:
    taken = {*known, "paymentInfo", "contractDetails", "billingInfo"}
    return st.dictionaries(names.filter(lambda name: name not in taken), json_values, max_size=3)


def objects(**optional: st.SearchStrategy[object]) -> st.SearchStrategy[dict[str, object]]:
    return st.fixed_dictionaries({}, optional=optional).flatmap(
        lambda known: extras(*optional).map(lambda extra: {**extra, **known})
    )


statuses = st.sampled_from(["PENDING", "ENABLED", "CANCELED", "FAILED", "SOMETHING_NEW", "x y"])
billing = objects(
    type=st.sampled_from(["ONE_TIME", "RECURRING", "LEASED"]),
    cycleDuration=st.fixed_dictionaries(
        {"unit": st.sampled_from(["DAY", "YEAR", "FORTNIGHT"]), "count": st.integers(1, 99)}
    ),
)
instances = objects(
    siteId=st.text(max_size=5),
    catalogProductId=st.text(max_size=5),
    status=statuses,
    failure=objects(code=st.text(max_size=5), message=st.text(max_size=5)),
    billingInfo=billing,
    countryCode=st.text(max_size=2),
    discountCode=st.text(max_size=5),
    referenceProductInstanceId=st.text(max_size=5),
    expirationDate=dates,
    createdDate=dates,
    updatedDate=dates,
).map(lambda value: {**value, "instanceId": GUID})
packages = st.lists(instances, min_size=1, max_size=3).flatmap(
    lambda items: objects(
        accountId=st.text(max_size=5),
        externalId=st.text(max_size=5),
        createdDate=dates,
        updatedDate=dates,
        parentAccountId=st.text(max_size=5),
    ).map(lambda value: {**value, "id": GUID, "productInstances": items})
)


@given(packages)
def test_a_package_of_the_documented_shape_comes_back_unchanged(raw: dict[str, JSONValue]) -> None:
    assert raw == _wire.encode(_wire.decode(raw, Package))


cursors = st.fixed_dictionaries(
    {}, optional={"next": st.text(max_size=5), "prev": st.text(max_size=5), "new": json_values}
)
metadata = objects(
    count=st.integers(0, 100),
    cursors=cursors,
    offset=st.integers(0, 100),
    total=st.integers(0, 100),
    tooManyToCount=st.booleans(),
    hasNext=st.booleans(),
)


def page_of(
    parts: tuple[list[dict[str, object]], dict[str, object], dict[str, JSONValue]],
) -> dict[str, object]:
    listed, paging, extra = parts
    return {**extra, "packages": listed, "metadata": paging}


pages = st.tuples(
    st.lists(packages, max_size=2),
    metadata,
    extras("packages", "metadata", "pagingMetadata"),
).map(page_of)


@given(pages)
def test_a_page_of_the_documented_shape_comes_back_unchanged(raw: dict[str, JSONValue]) -> None:
    assert raw == _wire.encode(_wire.decode(raw, Page))


@given(json_values)
def test_any_document_is_read_or_refused_with_our_own_error(raw: JSONValue) -> None:
    for kind in (Package, Page):
        with contextlib.suppress(_wire.WireError):
            assert isinstance(_wire.decode(raw, kind), kind)


@given(packages, json_values, st.data())
def test_a_wrong_type_in_an_optional_field_is_kept_in_extra(
    raw: dict[str, JSONValue], junk: JSONValue, data: st.DataObject
) -> None:
    field = data.draw(st.sampled_from(["accountId", "externalId", "createdDate"]))

    package = _wire.decode({**raw, field: [junk]}, Package)

    assert [junk] == package.extra[field]


def instance(**fields: JSONValue) -> ProductInstance:
    return _wire.decode({"instanceId": GUID, **fields}, ProductInstance)


@pytest.mark.parametrize(
    "fields",
    [
        {"billingInfo": {"type": "RECURRING", "cycleDuration": {"unit": "YEAR", "count": 1}}},
        {"paymentInfo": {"type": "RECURRING", "cycleDuration": {"unit": "YEAR", "count": 1}}},
        {
            "contractDetails": {
                "billingInfo": {
                    "type": "RECURRING",
                    "cycleDuration": {"unit": "YEAR", "count": 1},
                }
            }
        },
    ],
)
def test_billing_is_read_under_each_name_that_documents_use(fields: dict[str, JSONValue]) -> None:
    read = instance(**fields)

    assert (BillingInfo.recurring(1, CycleUnit.YEAR), {}) == (read.billing_info, read.extra)


def test_active_is_read_as_enabled() -> None:
    assert Status.ENABLED is instance(status="ACTIVE").status


def test_a_recurring_billing_without_cycle_is_read_as_it_came() -> None:
    read = instance(billingInfo={"type": "RECURRING"}).billing_info

    assert read is not None
    assert read.cycle_duration is None


@pytest.mark.parametrize("key", ["metadata", "pagingMetadata"])
def test_paging_is_read_under_either_name(key: str) -> None:
    page = _wire.decode({"packages": [], key: {"count": 0, "cursors": {"next": "n"}}}, Page)

    assert (
        page.metadata.next_cursor,
        page.metadata.prev_cursor,
        page.metadata.count,
    ) == ("n", None, 0)


REFUSED: list[tuple[JSONValue, str]] = [
    ({"packages": [{"id": GUID}, {"id": 7}]}, "packages[1].id"),
    ({"packages": [{"id": GUID, "productInstances": {}}]}, "packages[0].productInstances"),
    (
        {"packages": [{"id": GUID, "productInstances": [{}]}]},
        "packages[0].productInstances[0].instanceId",
    ),
    ({"packages": [None]}, "packages[0]"),
    (
        {"packages": [{"id": GUID}] * 3 + [{"id": GUID, "productInstances": [{"instanceId": []}]}]},
        "packages[3].productInstances[0].instanceId",
    ),
    ({"packages": [], "metadata": []}, "metadata"),
    ({"packages": [], "metadata": {"cursors": {"next": 5}}}, "metadata.cursors.next"),
]


@pytest.mark.parametrize(("raw", "path"), REFUSED)
def test_a_wrong_id_or_container_is_refused_with_its_path(raw: JSONValue, path: str) -> None:
    with pytest.raises(_wire.WireError) as caught:
        _wire.decode(raw, Page)

    assert path == caught.value.path


def test_dates_are_aware_and_utc_and_written_in_milliseconds() -> None:
    read = instance(createdDate="2024-05-06T07:08:09.010Z")

    assert datetime(2024, 5, 6, 7, 8, 9, 10_000, UTC) == read.created_date
    east = timezone(timedelta(hours=2))
    moved = ProductInstance(
        instance_id=GUID, created_date=datetime(2024, 5, 6, 9, 8, 9, 10_000, east)
    )
    assert _wire.encode(moved)["createdDate"] == "2024-05-06T07:08:09.010Z"


def test_what_is_written_is_json() -> None:
    written = _wire.dumps(_wire.encode(instance(status="NEW_ONE", other=[1, {"a": None}])))

    assert orjson.loads(written) == {
        "instanceId": GUID,
        "status": "NEW_ONE",
        "other": [1, {"a": None}],
    }
