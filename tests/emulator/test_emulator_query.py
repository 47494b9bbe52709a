"""How packages are found: scope, filters, sorting, pages."""

from typing import TYPE_CHECKING, Any

import pytest

from wixreseller.emulator import default_seed as world

if TYPE_CHECKING:
    from tests.emulator.conftest import Api, Reply, Start
    from wixreseller.emulator import Clock

ACCOUNT = world.SUB_ACCOUNTS[0]


async def fill(api: "Api", clock: "Clock", count: int) -> list[str]:
    """Create packages a second apart, and return their external ids."""
    names = [f"p{number}" for number in range(count)]
    for name in names:
        clock.advance(1)
        await api.create(externalId=name)
    return names


def names(reply: "Reply") -> list[str]:
    return [package["externalId"] for package in reply.body["packages"]]


async def test_a_query_sees_the_whole_parent_account(api: "Api") -> None:
    accounts = [world.PARENT_ACCOUNT, *world.SUB_ACCOUNTS]
    for account in accounts:
        await api.create(account=account)
    found = (await api.query()).body["packages"]

    assert set(accounts) == {package["accountId"] for package in found}


async def test_an_account_filter_narrows_it(api: "Api") -> None:
    await api.create(externalId="mine")
    await api.create(externalId="theirs", account=world.SUB_ACCOUNTS[1])

    assert await api.found({"accountId": ACCOUNT.upper()}) == ["mine"]


async def test_the_newest_comes_first(api: "Api", clock: "Clock") -> None:
    created = await fill(api, clock, 3)

    assert created[::-1] == names(await api.query())


async def test_an_empty_result_has_no_cursors(api: "Api") -> None:
    reply = await api.query()

    assert reply.body == {
        "metadata": {"count": 0, "cursors": {}, "hasNext": False},
        "packages": [],
    }


async def test_cursors_lead_there_and_back(api: "Api", clock: "Clock") -> None:
    created = await fill(api, clock, 5)
    first = await api.query(cursorPaging={"limit": 2})
    cursor = first.body["metadata"]["cursors"]["next"]
    second = await api.query(cursorPaging={"limit": 2, "cursor": cursor})
    cursors = second.body["metadata"]["cursors"]
    third = await api.query(cursorPaging={"limit": 2, "cursor": cursors["next"]})
    back = await api.query(cursorPaging={"limit": 2, "cursor": cursors["prev"]})

    assert created[::-1] == names(first) + names(second) + names(third)
    assert names(first) == names(back)
    assert list(first.body["metadata"]["cursors"]) == ["next"]
    assert list(third.body["metadata"]["cursors"]) == ["prev"]
    assert [r.body["metadata"]["hasNext"] for r in (first, second, third)] == [True, True, False]
    assert list(back.body["metadata"]["cursors"]) == ["next"]


async def test_pages_neither_repeat_nor_skip_while_packages_come(
    api: "Api", clock: "Clock"
) -> None:
    created = await fill(api, clock, 4)
    first = await api.query(cursorPaging={"limit": 2})
    await fill(api, clock, 2)
    cursor = first.body["metadata"]["cursors"]["next"]
    second = await api.query(cursorPaging={"limit": 2, "cursor": cursor})

    assert created[::-1] == names(first) + names(second)


@pytest.mark.parametrize("few", [2_000, 0], ids=["few", "many"])
async def test_packages_of_one_instant_are_paged_in_order(
    api: "Api", monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    monkeypatch.setattr("wixreseller.emulator.paging._FEW", few)
    for name in "abcd":
        await api.create(externalId=name)
    seen: list[str] = []
    paging: dict[str, Any] = {"limit": 1}
    for _ in range(4):
        reply = await api.query(cursorPaging=paging)
        seen += names(reply)
        paging["cursor"] = reply.body["metadata"]["cursors"].get("next")

    assert list("dcba") == seen


async def test_a_cursor_keeps_filter_and_sort_and_lets_the_limit_change(
    api: "Api", clock: "Clock"
) -> None:
    await fill(api, clock, 6)
    first = await api.query(
        filter={"externalId": {"$ne": "p2"}},
        sort=[{"fieldName": "createdDate", "order": "ASC"}],
        cursorPaging={"limit": 1},
    )
    cursor = first.body["metadata"]["cursors"]["next"]
    rest = await api.query(filter={}, sort=[], cursorPaging={"cursor": cursor, "limit": 3})

    assert [names(first), names(rest)] == [["p0"], ["p1", "p3", "p4"]]


@pytest.mark.parametrize(
    "extra", [{"filter": {"externalId": "x"}}, {"sort": [{"fieldName": "createdDate"}]}]
)
async def test_a_cursor_comes_alone(api: "Api", clock: "Clock", extra: dict[str, Any]) -> None:
    await fill(api, clock, 2)
    first = await api.query(cursorPaging={"limit": 1})
    cursor = first.body["metadata"]["cursors"]["next"]
    reply = await api.query(cursorPaging={"cursor": cursor}, **extra)

    assert reply.refusal == (400, "INVALID_CURSOR")


@pytest.mark.parametrize("cursor", ["", "x", "é", 5, "AAAAAAAAAAAAAAAAAAAAAAAA"])
async def test_a_cursor_that_was_not_given_out_is_refused(api: "Api", cursor: object) -> None:
    reply = await api.query(cursorPaging={"cursor": cursor})

    assert reply.refusal == (400, "INVALID_CURSOR")


async def test_a_damaged_cursor_is_refused(api: "Api", clock: "Clock") -> None:
    await fill(api, clock, 2)
    first = await api.query(cursorPaging={"limit": 1})
    cursor: str = first.body["metadata"]["cursors"]["next"]
    changed = ("B" if cursor[30] == "A" else "A").join((cursor[:30], cursor[31:]))
    reply = await api.query(cursorPaging={"cursor": changed})

    assert reply.refusal == (400, "INVALID_CURSOR")


async def test_a_bad_cursor_may_be_a_field_violation(start: "Start") -> None:
    api = await start(cursor_error="validation")

    assert (await api.query(cursorPaging={"cursor": "x"})).fields == ["query.cursorPaging.cursor"]


async def test_offset_paging_counts(api: "Api", clock: "Clock") -> None:
    created = await fill(api, clock, 5)
    reply = await api.query(paging={"limit": 2, "offset": 1})

    assert created[::-1][1:3] == names(reply)
    assert reply.body["metadata"] == {"count": 2, "offset": 1, "total": 5, "hasNext": True}


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"cursorPaging": {"limit": 101}}, "query.cursorPaging.limit"),
        ({"cursorPaging": {"limit": 0}}, "query.cursorPaging.limit"),
        ({"cursorPaging": {"limit": True}}, "query.cursorPaging.limit"),
        ({"paging": {"limit": 101}}, "query.paging.limit"),
        ({"paging": {"offset": -1}}, "query.paging.offset"),
        ({"paging": {}, "cursorPaging": {}}, "query.paging"),
        ({"filter": []}, "query.filter"),
        ({"sort": {}}, "query.sort"),
        ({"sort": [{"fieldName": "createdDate", "order": "UP"}]}, "query.sort[0].order"),
        ({"fields": "id"}, "query.fields"),
        ({"surprise": 1}, "query.surprise"),
    ],
)
async def test_a_malformed_query_names_its_field(
    api: "Api", query: dict[str, Any], field: str
) -> None:
    reply = await api.query(**query)

    assert (400, [field]) == (reply.status, reply.fields)


async def test_the_paging_key_is_a_setting(start: "Start") -> None:
    api = await start(paging_key="pagingMetadata")

    assert list((await api.query()).body) == ["pagingMetadata", "packages"]


@pytest.mark.parametrize(("setting", "keys"), [(False, 6), (True, 2)])
async def test_whether_fields_are_honoured_is_a_setting(
    start: "Start", setting: bool, keys: int
) -> None:
    api = await start(fields_honoured=setting)
    await api.create()
    reply = await api.query(fields=["id", "productInstances.status"])
    (package,) = reply.body["packages"]

    assert keys == len(package)
    if setting:
        assert package["productInstances"] == [{"status": "PENDING"}]


async def test_sorting_by_updated_date_breaks_ties_by_the_second_field(
    api: "Api", clock: "Clock"
) -> None:
    created = await fill(api, clock, 3)
    clock.advance(60)
    order = [
        {"fieldName": "updatedDate", "order": "DESC"},
        {"fieldName": "createdDate", "order": "ASC"},
    ]
    package = (await api.query(filter={"externalId": "p1"})).body["packages"][0]
    await api.send("PATCH", f"/resellers/v1/packages/update/{package['id']}/p1")

    seen: list[str] = []
    reply = await api.query(sort=order, cursorPaging={"limit": 1})
    while True:
        seen += names(reply)
        cursor = reply.body["metadata"]["cursors"].get("next")
        if cursor is None:
            break
        reply = await api.query(cursorPaging={"limit": 1, "cursor": cursor})
    assert [created[1], created[2], created[0]] == seen


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({"externalId": "b"}, ["b"]),
        ({"externalId": {"$eq": "b"}}, ["b"]),
        ({"externalId": {"$ne": "b"}}, ["a", None]),
        ({"externalId": {"$in": ["a", "b", "z"]}}, ["a", "b"]),
        ({"externalId": {"$in": []}}, []),
        ({"externalId": None}, [None]),
        ({"externalId": {"$exists": False}}, [None]),
        ({"externalId": {"$exists": True, "$ne": "a"}}, ["b"]),
        ({"$not": {"externalId": "b"}}, ["a", None]),
        ({"$not": {"externalId": {"$in": ["b"]}}}, ["a", None]),
        ({"$or": [{"externalId": "a"}, {"externalId": "b"}]}, ["a", "b"]),
        ({"$and": [{"externalId": "a"}, {"externalId": "b"}]}, []),
        ({"createdDate": {"$gt": "2026-03-01T12:00:01.000Z"}}, ["b", None]),
        ({"createdDate": {"$gte": "2026-03-01T13:00:02+01:00"}}, ["b", None]),
        ({"createdDate": {"$lt": "2026-03-01T12:00:02.000Z"}}, ["a"]),
        ({"createdDate": "2026-03-01T12:00:02.000Z"}, ["b"]),
        ({"productInstances.siteId": {"$hasSome": [world.SITES[ACCOUNT][0]]}}, ["b"]),
        (
            {
                "productInstances.catalogProductId": {
                    "$hasAll": [world.PREMIUM_BASIC, world.BUSINESS_EMAIL]
                }
            },
            ["b"],
        ),
        ({"productInstances.billingInfo.cycleDuration.count": {"$hasSome": [1]}}, ["a", "b", None]),
        (
            {"productInstances.billingInfo.cycleDuration": {"$hasSome": [{"unit": "MONTH"}]}},
            [],
        ),
        (
            {
                "productInstances.billingInfo.cycleDuration": {
                    "$hasSome": [{"unit": "MONTH", "count": 1}]
                }
            },
            ["b"],
        ),
        ({"productInstances.countryCode": {"$hasSome": []}}, []),
    ],
)
async def test_filters_find(
    api: "Api", clock: "Clock", condition: object, expected: list[str | None]
) -> None:
    clock.advance(1)
    await api.create(externalId="a")
    clock.advance(1)
    site = world.SITES[ACCOUNT][0]
    await api.create(
        api.product(siteId=site), api.product(world.BUSINESS_EMAIL, "1 MONTH"), externalId="b"
    )
    clock.advance(1)
    await api.create()
    reply = await api.query(filter=condition, sort=[{"fieldName": "createdDate"}])

    assert expected == [package.get("externalId") for package in reply.body["packages"]]


@pytest.mark.parametrize(
    "field",
    [
        "parentAccountId",
        "surprise",
        "productInstances.discountCode",
        "productInstances.expirationDate",
        "productInstances.status.deeper",
        "productInstances.",
        "productInstancesX.status",
    ],
)
async def test_other_fields_cannot_be_filtered_on(api: "Api", field: str) -> None:
    reply = await api.query(filter={field: {"$hasSome": ["x"]}})

    assert (reply.status, reply.fields) == (400, ["value"])
    assert f"value Field '{field}' is not declared as filterable" == reply.body["message"]


@pytest.mark.parametrize(
    ("field", "operator", "value"),
    [
        ("id", "$gt", "x"),
        ("externalId", "$startsWith", "x"),
        ("externalId", "$nin", ["x"]),
        ("createdDate", "$in", ["2026-03-01T12:00:00.000Z"]),
        ("createdDate", "$exists", True),
        ("productInstances.status", "$eq", "ENABLED"),
        ("productInstances.status", "$in", ["ENABLED"]),
        ("productInstances", "$isEmpty", True),
    ],
)
async def test_operators_outside_the_table_are_refused(
    api: "Api", field: str, operator: str, value: object
) -> None:
    reply = await api.query(filter={field: {operator: value}})

    assert (reply.status, reply.fields) == (400, ["value"])


@pytest.mark.parametrize(
    "condition",
    [
        {"$and": []},
        {"$and": {}},
        {"$or": ["x"]},
        {"$not": []},
        {"$nor": []},
        {"id": 5},
        {"id": {}},
        {"id": ["x"]},
        {"id": {"$in": "x"}},
        {"id": {"$exists": 1}},
        {"createdDate": {"$gt": "yesterday"}},
        {"createdDate": {"$gt": None}},
        {"productInstances.failure": {"$hasSome": ["x"]}},
        {"productInstances.billingInfo.cycleDuration.count": {"$hasSome": ["1"]}},
        {"productInstances.billingInfo.cycleDuration.count": {"$hasSome": [2**63]}},
    ],
)
async def test_malformed_filters_are_refused(api: "Api", condition: object) -> None:
    reply = await api.query(filter=condition)

    assert (reply.status, reply.fields) == (400, ["value"])


async def test_a_filter_too_deep_or_too_long_is_refused_not_a_failure(api: "Api") -> None:
    deep: dict[str, Any] = {"externalId": "x"}
    for _ in range(200):
        deep = {"$not": deep}

    assert (await api.query(filter=deep)).status == 400
    assert (await api.query(filter={"id": {"$in": ["x"] * 30_001}})).status == 400


async def test_thousands_of_alternatives_are_fine(api: "Api") -> None:
    await api.create(externalId="p1234")
    condition = {"$or": [{"externalId": f"p{number}"} for number in range(3000)]}

    assert await api.found(condition) == ["p1234"]


async def test_sorting_by_another_field_is_refused(api: "Api") -> None:
    reply = await api.query(sort=[{"fieldName": "externalId"}])

    assert reply.body["message"] == "value Field 'externalId' is not declared as sortable"
