"""When reads see a write: the lag of queries, the token that takes it away, stale reads."""

import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from wixreseller.emulator import default_seed as world

if TYPE_CHECKING:
    from tests.emulator.conftest import Api, Reply, Start
    from wixreseller.emulator import Clock

STATUS = "productInstances.status"
SITE = world.SITES[world.SUB_ACCOUNTS[0]][0]
TOKEN = "X-Wix-Consistent"


async def query(api: "Api", token: str = "", **query: object) -> "Reply":
    return await api.send(
        "POST", "/resellers/v1/packages/query", {"query": query}, headers={TOKEN: token}
    )


def names(reply: "Reply") -> list[str]:
    return [package["externalId"] for package in reply.body["packages"]]


async def test_a_query_sees_a_create_when_the_lag_is_over(start: "Start", clock: "Clock") -> None:
    api = await start(visibility_lag_seconds=10)
    await api.create(externalId="x")
    clock.advance(9.999)
    before = await api.found({"externalId": "x"})
    clock.advance(0.001)

    assert (before, await api.found({"externalId": "x"})) == ([], ["x"])


async def test_a_query_shows_and_filters_a_package_as_it_was(
    start: "Start", clock: "Clock"
) -> None:
    api = await start(visibility_lag_seconds=10, delivery_seconds=20)
    package = (await api.create(externalId="old")).package
    clock.advance(10)
    await api.send("PATCH", f"/resellers/v1/packages/update/{package['id']}/new")
    await api.send("PATCH", api.instance_path(package, f"/{SITE}"))
    await api.send("DELETE", api.instance_path(package))
    during = [
        await api.found(condition)
        for condition in (
            {"externalId": "old"},
            {"externalId": "new"},
            {STATUS: {"$hasSome": ["PENDING"]}},
            {STATUS: {"$hasSome": ["CANCELED"]}},
            {"productInstances.siteId": {"$hasSome": [SITE]}},
            {"id": package["id"], "updatedDate": package["updatedDate"]},
        )
    ]
    (shown,) = (await api.query()).body["packages"]
    clock.advance(10)
    (later,) = (await api.query()).body["packages"]

    assert during == [["old"], [], ["old"], [], [], ["old"]]
    assert package == shown
    assert later == await api.get(package["id"])
    assert (later["externalId"], later["productInstances"][0]["status"]) == ("new", "CANCELED")


async def test_what_time_does_lags_too(start: "Start", clock: "Clock") -> None:
    api = await start(visibility_lag_seconds=10, delivery_seconds=20)
    await api.create(externalId="x")
    seen: list[Any] = []
    for _ in range(4):
        clock.advance(9)
        reply = await api.query()
        seen.append([p["productInstances"][0]["status"] for p in reply.body["packages"]])

    assert seen == [[], ["PENDING"], ["PENDING"], ["ENABLED"]]


async def test_a_jump_of_the_clock_passes_every_state_in_between(
    start: "Start", clock: "Clock"
) -> None:
    api = await start(visibility_lag_seconds=60, delivery_seconds=20)
    slow = (await api.create(api.product(), api.product())).package
    clock.advance(5)
    await api.control("PATCH", "settings", {"cancel_delay_seconds": 30})
    await api.send("DELETE", api.instance_path(slow))
    clock.advance(30)
    seen: list[Any] = []
    for _ in range(4):
        reply = await api.query()
        packages = reply.body["packages"]
        seen += [[i["status"] for i in p["productInstances"]] for p in packages]
        clock.advance(15)
    (last,) = (await api.query()).body["packages"]

    # Delivered (the second) at 20 s, canceled (the first) at 35 s; looked at as of -25, -10, 5, 20.
    assert seen == [["PENDING", "PENDING"], ["PENDING", "ENABLED"]]
    assert [i["status"] for i in last["productInstances"]] == ["CANCELED", "ENABLED"]
    assert last["updatedDate"] == "2026-03-01T12:00:35.000Z"


@pytest.mark.parametrize(("lags", "status"), [(False, 200), (True, 404)])
async def test_whether_a_get_lags_too_is_a_setting(
    start: "Start", clock: "Clock", lags: bool, status: int
) -> None:
    api = await start(visibility_lag_seconds=10, visibility_lags_get=lags)
    package = (await api.create(externalId="old")).package
    path = f"/resellers/v1/packages/{package['id']}"
    early = (await api.send("GET", path)).status
    clock.advance(10)
    await api.send("PATCH", f"/resellers/v1/packages/update/{package['id']}/new")

    assert early == status
    assert (await api.get(package["id"]))["externalId"] == ("old" if lags else "new")


async def test_writes_never_lag(start: "Start") -> None:
    api = await start(visibility_lag_seconds=10, visibility_lags_get=True)
    package = (await api.create(api.product(siteId=SITE))).package
    again = await api.create(api.product(siteId=SITE))
    canceled = await api.send("DELETE", f"/resellers/v1/packages/{package['id']}")

    assert (again.status, canceled.status) == (428, 200)


async def test_who_sends_the_token_back_sees_their_own_writes(
    start: "Start", clock: "Clock"
) -> None:
    api = await start(visibility_lag_seconds=10, visibility_lags_get=True)
    created = await api.create(externalId="mine")
    token = created.headers[TOKEN]
    clock.advance(1)
    await api.create(externalId="later, by somebody else")
    own = await query(api, token)
    path = f"/resellers/v1/packages/{created.package['id']}"

    assert (names(own), names(await query(api))) == (["mine"], [])
    assert (await api.send("GET", path, headers={TOKEN: token})).status == 200
    # A read hands on what it has seen, so the chain does not break.
    assert names(await query(api, own.headers[TOKEN])) == ["mine"]


async def test_a_token_never_takes_back_what_is_seen_anyway(start: "Start", clock: "Clock") -> None:
    api = await start(visibility_lag_seconds=10)
    token = (await api.query()).headers[TOKEN]
    await api.create(externalId="x")
    clock.advance(10)

    assert names(await query(api, token)) == ["x"]


@pytest.mark.parametrize("token", ["x", "9.9999999999999.abc", "..", "é", "1.99999999999999.0"])
async def test_a_token_that_was_not_given_out_helps_nobody(start: "Start", token: str) -> None:
    api = await start(visibility_lag_seconds=10)
    await api.create()
    reply = await query(api, token.encode("ascii", "replace").decode())

    assert (reply.status, names(reply)) == (200, [])


async def test_a_token_of_another_world_helps_nobody(start: "Start") -> None:
    api = await start(visibility_lag_seconds=10)
    other = await start({"seed": world.default_seed() | {"sites": []}})
    await api.create()

    assert names(await query(api, (await other.create()).headers[TOKEN])) == []


@pytest.mark.parametrize(("setting", "has_token"), [("ignored", True), ("absent", False)])
async def test_tokens_can_be_without_effect_or_absent(
    start: "Start", setting: str, has_token: bool
) -> None:
    api = await start(visibility_lag_seconds=10, consistency_token=setting)
    token = (await api.create()).headers.get(TOKEN)

    assert (has_token, []) == (token is not None, names(await query(api, token or "")))


@pytest.mark.parametrize("order", ["ASC", "DESC"])
async def test_pages_of_the_past_are_in_order_and_whole(
    start: "Start", clock: "Clock", order: str
) -> None:
    api = await start(visibility_lag_seconds=100, delivery_seconds=1000)
    packages: list[Any] = []
    for number in range(7):
        packages.append((await api.create(externalId=f"p{number}")).package)
        clock.advance(number % 2)
    clock.advance(100)
    for package in packages[::3]:
        await api.send("DELETE", f"/resellers/v1/packages/{package['id']}")
    await api.create(externalId="too new")
    sort = [{"fieldName": "createdDate", "order": order}]
    reply = await api.query(sort=sort, cursorPaging={"limit": 2})
    pages: list[list[str]] = [names(reply)]
    back: list[list[str]] = []
    while "next" in (cursors := reply.body["metadata"]["cursors"]):
        reply = await api.query(cursorPaging={"limit": 2, "cursor": cursors["next"]})
        pages.append(names(reply))
    while "prev" in (cursors := reply.body["metadata"]["cursors"]):
        reply = await api.query(cursorPaging={"limit": 2, "cursor": cursors["prev"]})
        back.insert(0, names(reply))
    offset = await api.query(sort=sort, paging={"limit": 3, "offset": 3})

    expected = [f"p{number}" for number in range(7)][:: 1 if order == "ASC" else -1]
    assert expected == [name for page in pages for name in page]
    assert pages[:-1] == back
    assert expected[3:6] == names(offset)
    assert offset.body["metadata"] == {"count": 3, "offset": 3, "total": 7, "hasNext": True}


async def test_a_stale_read_answers_as_of_then_whatever_the_token_says(
    api: "Api", clock: "Clock"
) -> None:
    package = (await api.create(externalId="old")).package
    clock.advance(90)
    token = (await api.send("PATCH", f"/resellers/v1/packages/update/{package['id']}/new")).headers[
        TOKEN
    ]
    clock.advance(30)
    for _ in range(2):
        await api.fault("stale_read")
    await api.fault("stale_read", seconds=3600)
    await api.fault("stale_read", seconds=30)
    got = await api.get(package["id"])
    seen = [names(await query(api, token)) for _ in range(4)]

    assert got["externalId"] == "old"
    assert seen == [["old"], [], ["new"], ["new"]]


async def test_a_stale_read_leaves_writes_alone(api: "Api") -> None:
    await api.fault("stale_read")

    assert (await api.create()).status == 200


async def test_after_an_hour_nobody_looks_back_and_nothing_is_kept(
    start: "Start", clock: "Clock", tmp_path: Path
) -> None:
    api = await start({"db": tmp_path / "state.db"})
    await api.create()
    clock.advance(10)
    await api.query()
    kept = [count(tmp_path / "state.db")]
    clock.advance(3600)
    await api.create()
    kept.append(count(tmp_path / "state.db"))

    assert kept == [1, 0]


def count(database: Path) -> int:
    connection = sqlite3.connect(database)
    try:
        ((found,),) = connection.execute("SELECT count(*) FROM past_instances").fetchall()
        return int(found)
    finally:
        connection.close()
