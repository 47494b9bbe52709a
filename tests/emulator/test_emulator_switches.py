"""Every switch does both of the things that it says."""

from typing import TYPE_CHECKING, Any

import pytest

from wixreseller.emulator import default_seed as world
from wixreseller.emulator.fidelity import SETTING_SOURCES
from wixreseller.emulator.settings import describe_settings

if TYPE_CHECKING:
    from tests.emulator.conftest import Api, Start
    from wixreseller.emulator import Clock

ACCOUNT, OTHER = world.SUB_ACCOUNTS[:2]
SITE = world.SITES[ACCOUNT][0]
NOWHERE = "00000000-0000-0000-0000-000000000000"


@pytest.mark.parametrize(("setting", "expected"), [("both", 200), ("externalId", 400)])
async def test_the_names_of_the_external_id(start: "Start", setting: str, expected: int) -> None:
    api = await start(external_id_names=setting)
    odd, usual = await api.create(external_id="x"), await api.create(externalId="y")

    assert (expected, 200) == (odd.status, usual.status)


@pytest.mark.parametrize(("setting", "expected"), [("data", 200), ("refused", 400)])
async def test_an_encoded_slash(start: "Start", setting: str, expected: int) -> None:
    api = await start(encoded_slash=setting)
    package = (await api.create()).package
    reply = await api.send("PATCH", f"/resellers/v1/packages/update/{package['id']}/a%2fb")

    assert expected == reply.status


@pytest.mark.parametrize(("setting", "expected"), [(True, 400), (False, 200)])
async def test_the_country(start: "Start", setting: bool, expected: int) -> None:
    api = await start(country_required=setting)
    product = api.product()
    del product["countryCode"]

    assert expected == (await api.create(product)).status


@pytest.mark.parametrize(("setting", "expected"), [("served", 200), ("unimplemented", 501)])
async def test_the_old_create(start: "Start", setting: str, expected: int) -> None:
    api = await start(old_create=setting)
    reply = await api.send("POST", "/resellers/v1/packages", {"products": [api.product()]})

    assert expected == reply.status


@pytest.mark.parametrize(("setting", "expected"), [("tolerated", 200), ("refused", 400)])
async def test_both_ids(start: "Start", setting: str, expected: int) -> None:
    api = await start(both_ids=setting)
    path = "/resellers/v1/packages/query"
    reply = await api.send("POST", path, {}, headers={"wix-site-id": SITE})

    assert (expected, 200) == (reply.status, (await api.query()).status)


@pytest.mark.parametrize("paging", ["paging", "cursorPaging"])
@pytest.mark.parametrize(("setting", "expected"), [("refused", 400), ("cut", 200)])
async def test_a_page_above_100(start: "Start", setting: str, expected: int, paging: str) -> None:
    api = await start(limit_above_100=setting)
    for _ in range(101 if expected == 200 else 0):
        await api.create()
    reply = await api.query(**{paging: {"limit": 101}})
    wrong = await api.query(**{paging: {"limit": 0}})

    assert (expected, 400) == (reply.status, wrong.status)
    if expected == 200:
        assert len(reply.body["packages"]) == 100


@pytest.mark.parametrize(("setting", "expected"), [("absent", 200), ("refused", 400)])
async def test_an_empty_filter_beside_a_cursor(
    start: "Start", clock: "Clock", setting: str, expected: int
) -> None:
    api = await start(empty_filter=setting)
    for _ in range(2):
        await api.create()
    first = await api.query(filter={}, cursorPaging={"limit": 1})
    cursor = first.body["metadata"]["cursors"]["next"]
    second = await api.query(filter={}, cursorPaging={"cursor": cursor})

    assert (200, expected) == (first.status, second.status)


@pytest.mark.parametrize(("setting", "expected"), [("deep", []), ("partial", ["x"])])
async def test_how_objects_match(start: "Start", setting: str, expected: list[str]) -> None:
    api = await start(object_match=setting)
    await api.create(externalId="x")
    field = "productInstances.billingInfo.cycleDuration"
    found = [
        await api.found({field: {"$hasSome": [value]}})
        for value in ({"unit": "YEAR"}, {"unit": "MONTH"}, {"unit": "YEAR", "count": 1})
    ]

    assert [expected, [], ["x"]] == found


@pytest.mark.parametrize(("setting", "expected"), [(True, 2), (False, 1)])
async def test_ne_and_a_missing_field(start: "Start", setting: bool, expected: int) -> None:
    api = await start(ne_matches_missing=setting)
    await api.create(externalId="x")
    await api.create()
    reply = await api.query(filter={"externalId": {"$ne": "y"}})

    assert expected == len(reply.body["packages"])


@pytest.mark.parametrize(("setting", "counted"), [(0, "total"), (3, "total"), (2, None)])
async def test_too_many_to_count(start: "Start", setting: int, counted: str | None) -> None:
    api = await start(counted_at_most=setting)
    for _ in range(3):
        await api.create()
    metadata = (await api.query(paging={"limit": 1})).body["metadata"]

    rest = {"count": 1, "offset": 0, "hasNext": True}
    assert metadata == rest | ({"total": 3} if counted else {"tooManyToCount": True})


@pytest.mark.parametrize(
    ("setting", "operation", "account"),
    [("operation", 200, 200), ("account", 409, 200), ("caller", 409, 409)],
)
async def test_whose_an_idempotency_key_is(
    start: "Start", setting: str, operation: int, account: int
) -> None:
    api = await start(idempotency_scope=setting)
    package = (await api.create(idempotencyKey="k")).package
    again = await api.create(idempotencyKey="k")
    path = f"/resellers/v1/packages/{package['id']}?idempotencyKey=k"
    elsewhere = await api.create(idempotencyKey="k", account=OTHER)

    assert package == again.package
    assert (operation, account) == ((await api.send("DELETE", path)).status, elsewhere.status)


@pytest.mark.parametrize("code", ["NOT_FOUND", "PACKAGE_NOT_FOUND"])
async def test_the_code_of_an_unknown_package(start: "Start", code: str) -> None:
    api = await start(unknown_package_code=code)
    reply = await api.send("GET", f"/resellers/v1/packages/{NOWHERE}")

    assert (404, code) == reply.refusal


@pytest.mark.parametrize("key", [{}, {"idempotencyKey": "k"}])
@pytest.mark.parametrize(("setting", "site"), [("keeps_site", SITE), ("unassigns", None)])
async def test_where_a_refused_move_leaves_an_instance(
    start: "Start", setting: str, site: str | None, key: dict[str, str]
) -> None:
    api = await start(failed_assign=setting)
    package = (await api.create(api.product(siteId=SITE))).package
    reply = await api.send("PATCH", api.instance_path(package, f"/{NOWHERE}"), key)
    (instance,) = (await api.get(package["id"]))["productInstances"]
    entries = (await api.control("GET", "requests"))["requests"]

    assert reply.refusal == (404, "SITE_NOT_FOUND")
    assert (site, site is None) == (instance.get("siteId"), entries[1]["committed"])


@pytest.mark.parametrize(("setting", "keys"), [("application", 2), ("message", 1)])
async def test_what_a_429_says(start: "Start", setting: str, keys: int) -> None:
    api = await start({"rate_limit": "1/60"}, rate_limit_body=setting)
    await api.query()
    reply = await api.query()

    assert (429, keys) == (reply.status, len(reply.body))


@pytest.mark.parametrize(
    ("kind", "first", "later"), [("fixed", 9, 9), ("sliding", 4, 4), ("bucket", 9, 3)]
)
async def test_requests_of_others_count_too(
    start: "Start", clock: "Clock", kind: str, first: int, later: int
) -> None:
    api = await start({"rate_limit": "10/60"}, rate_limit_kind=kind, foreign_requests_per_minute=6)
    seen: list[int] = []
    for _ in range(2):
        statuses = [(await api.query()).status for _ in range(11)]
        seen.append(statuses.count(200))
        clock.advance(60)

    assert [first, later] == seen


async def test_others_can_use_up_everything(start: "Start", clock: "Clock") -> None:
    api = await start(
        {"rate_limit": "2/60"}, rate_limit_kind="sliding", foreign_requests_per_minute=60_000
    )
    seen: Any = []
    for _ in range(3):
        seen.append((await api.query()).status)
        clock.advance(3600)
    await api.control("PATCH", "settings", {"foreign_requests_per_minute": 0})
    seen.append((await api.query()).status)
    await api.control("PATCH", "settings", {"foreign_requests_per_minute": 1})
    seen.append((await api.query()).status)

    assert seen == [429, 429, 429, 200, 200]


async def test_fidelity_knows_every_behaviour_and_where_it_is_from(api: "Api") -> None:
    listed = (await api.control("GET", "fidelity"))["behaviours"]
    names = [entry["setting"] for entry in listed if entry["setting"]]

    assert {"documented", "observed", "guessed"} == {entry["basis"] for entry in listed}
    assert all(entry["behaviour"] and entry["source"] for entry in listed)
    assert [info.name for info in describe_settings()] == names
    assert set(names) == set(SETTING_SOURCES)
