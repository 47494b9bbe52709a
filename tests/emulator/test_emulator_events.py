"""Which events the log holds, and how they look."""

import json
from typing import TYPE_CHECKING, Any

from wixreseller.emulator import default_seed as world
from wixreseller.emulator import events

if TYPE_CHECKING:
    import pytest

    from tests.emulator.conftest import Api, Start
    from wixreseller.emulator import Clock

SITE, OTHER_SITE = world.SITES[world.SUB_ACCOUNTS[0]][:2]


async def listed(api: "Api", query: str = "") -> list[Any]:
    found: list[Any] = (await api.control("GET", f"events{query}"))["events"]
    return found


async def slugs(api: "Api") -> list[str]:
    return [event["slug"] for event in await listed(api)]


async def test_a_create_is_an_event_that_holds_the_package(api: "Api") -> None:
    package = (await api.create()).package
    (event,) = await listed(api)
    entity = event.pop("createdEvent")

    assert {
        "id": event["id"],
        "entityFqdn": "wix.premium.reseller.v1.packages",
        "slug": "created",
        "entityId": package["id"],
        "eventTime": "2026-03-01T12:00:00.000Z",
        "triggeredByAnonymizeRequest": False,
        "originatedFrom": "",
        "entityEventSequence": "1",
    } == event
    assert package == json.loads(entity["entityAsJson"])


async def test_every_act_has_its_event(api: "Api") -> None:
    package = (await api.create(api.product(), api.product())).package
    await api.send("PATCH", api.instance_path(package, f"/{SITE}"))
    await api.send("PATCH", api.instance_path(package, "/unassign"))
    body = {"catalogProductId": world.PREMIUM_UNLIMITED}
    await api.send("PATCH", api.instance_path(package), body)
    await api.send("DELETE", api.instance_path(package))
    await api.send("DELETE", f"/resellers/v1/packages/{package['id']}")
    instance_id = package["productInstances"][0]["instanceId"]
    found = await listed(api)
    bodies = [json.loads(event["actionEvent"]["bodyAsJson"]) for event in found[1:]]

    assert [event["slug"] for event in found] == [
        "created",
        "assigned_product_instance_to_site",
        "unassigned_product_instance_from_site",
        "adjusted_product_instance_specifications",
        "product_instance_canceled",
        "package_canceled",
    ]
    assert [instance_id] * 4 + [None] == [body.get("instanceId") for body in bodies]
    assert {package["id"]} == {body["packageId"] for body in bodies}
    assert await api.get(package["id"]) == bodies[-1]["package"]


async def test_what_time_does_is_an_event_of_the_moment_it_was_due(
    api: "Api", clock: "Clock"
) -> None:
    await api.create(
        api.product(),
        api.product(world.UNLUCKY_ADDON, "ONE_TIME"),
        api.product(world.PROVIDER_MAILBOX, "1 MONTH"),
    )
    clock.advance(3600)
    found = await listed(api, "?since=1")
    bodies = [json.loads(event["actionEvent"]["bodyAsJson"]) for event in found]

    failed = {"status": "FAILED", "failureCode": "EXTERNAL_FAILURE"}
    assert [
        ("product_instance_updated", {"status": "ENABLED"}),
        ("product_instance_failed", failed),
        ("product_instance_updated", {"status": "AWAITING_ACTION"}),
    ] == [
        (event["slug"], {name: body[name] for name in ("status", "failureCode") if name in body})
        for event, body in zip(found, bodies, strict=True)
    ]
    assert {"2026-03-01T12:00:02.000Z"} == {event["eventTime"] for event in found}


async def test_what_changes_nothing_is_no_event(api: "Api") -> None:
    package = (await api.create(idempotencyKey="k")).package
    await api.create(idempotencyKey="k")
    await api.create(api.product("c0000000-0000-4000-8000-0000000000ff"))
    await api.send("PATCH", api.instance_path(package, "/unassign"))
    path = f"/resellers/v1/packages/{package['id']}"
    for _ in range(2):
        await api.send("DELETE", path)

    assert await slugs(api) == ["created", "package_canceled"]


async def test_the_log_is_read_in_parts(api: "Api") -> None:
    packages = [(await api.create()).package for _ in range(3)]
    await api.send("DELETE", f"/resellers/v1/packages/{packages[0]['id']}")
    parts = [
        await listed(api, "?limit=2"),
        await listed(api, "?since=3"),
        await listed(api, "?slug=created&since=1&limit=1"),
    ]
    wrong = await api.send("GET", "/_emulator/events?slug=x&since=-1")

    numbers = [[event["entityEventSequence"] for event in part] for part in parts]
    assert numbers == [["1", "2"], ["4"], ["2"]]
    assert (await api.control("GET", "events"))["last"] == 4
    assert (400, ["since", "slug"]) == (wrong.status, wrong.fields)


async def test_the_same_acts_give_the_same_events(api: "Api") -> None:
    seen: list[Any] = []
    for _ in range(2):
        await api.create()
        seen.append(await listed(api))
        await api.control("POST", "reset")

    assert seen[0] == seen[1]
    assert await listed(api) == []


async def test_events_outlive_the_process(start: "Start", tmp_path: Any) -> None:
    api = await start({"db": tmp_path / "state.db"})
    await api.create()
    before = await listed(api)
    await api.emulator.stop()
    again = await start({"db": tmp_path / "state.db"})

    assert before == await listed(again)


async def test_the_oldest_events_make_room(
    api: "Api", clock: "Clock", monkeypatch: "pytest.MonkeyPatch"
) -> None:
    monkeypatch.setattr(events, "MOST", 3)
    monkeypatch.setattr(events, "_EACH", 4)
    for _ in range(4):
        await api.create()
    created = [event["entityEventSequence"] for event in await listed(api)]
    clock.advance(60)
    delivered = [event["entityEventSequence"] for event in await listed(api)]

    assert (created, delivered) == (["2", "3", "4"], ["6", "7", "8"])
