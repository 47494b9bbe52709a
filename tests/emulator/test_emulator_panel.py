"""Turning the knobs over HTTP: clock, settings, snapshots, reset."""

import time
from typing import TYPE_CHECKING, Any

import pytest

from wixreseller.emulator import Settings
from wixreseller.emulator import default_seed as world

if TYPE_CHECKING:
    from tests.emulator.conftest import Api, Start
    from wixreseller.emulator import Clock


def value_of(settings: Any, name: str) -> Any:
    (found,) = [setting for setting in settings["settings"] if setting["name"] == name]
    return found["value"]


async def test_the_clock_can_be_read_frozen_advanced_and_resumed(
    api: "Api", clock: "Clock"
) -> None:
    frozen = await api.control("POST", "clock", {"freeze": "2030-01-01T00:00:00+01:00"})
    advanced = await api.control("POST", "clock", {"advance": 1.5})
    stood = await api.control("GET", "clock")
    resumed = await api.control("POST", "clock", {"resume": True})
    stopped = await api.control("POST", "clock", {"freeze": True, "advance": 60})

    assert frozen == {"now": "2029-12-31T23:00:00.000Z", "frozen": True}
    assert advanced == stood == {"now": "2029-12-31T23:00:01.500Z", "frozen": True}
    assert (resumed["frozen"], stopped["frozen"], clock.is_frozen) == (False, True, True)
    assert stopped["now"] >= "2029-12-31T23:01:01.500Z"


async def test_an_hour_passes_in_less_than_a_second(api: "Api") -> None:
    package = (await api.create()).package
    started = time.perf_counter()
    await api.control("POST", "clock", {"advance": 3600})
    settled = await api.get(package["id"])

    assert settled["productInstances"][0]["status"] == "ENABLED"
    assert time.perf_counter() - started < 1


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, ["freeze"]),
        ({"freeze": "noon"}, ["freeze"]),
        ({"freeze": "2030-01-01T00:00:00"}, ["freeze"]),
        ({"freeze": False}, ["freeze"]),
        ({"advance": -1, "resume": "yes", "surprise": 1}, ["surprise", "advance", "resume"]),
        ({"advance": True}, ["advance"]),
        ({"advance": 1e10}, ["advance"]),
    ],
)
async def test_a_wrong_setting_of_the_clock_names_its_field_and_changes_nothing(
    api: "Api", body: object, fields: list[str]
) -> None:
    reply = await api.send("POST", "/_emulator/clock", body)

    assert (400, fields) == (reply.status, reply.fields)
    assert (await api.control("GET", "clock"))["now"] == "2026-03-01T12:00:00.000Z"


async def test_settings_are_listed_with_all_there_is_to_know(api: "Api") -> None:
    settings = (await api.control("GET", "settings"))["settings"]

    assert settings[0] == {
        "name": "rate_limit",
        "value": "off",
        "default": "200/60",
        "choices": [],
        "allowed": "N/SECONDS | off",
        "doc": "how many requests are allowed in how many seconds",
        "source": "documented",
    }
    assert settings[1] == {
        "name": "paging_key",
        "value": "metadata",
        "default": "metadata",
        "choices": ["metadata", "pagingMetadata"],
        "allowed": "metadata | pagingMetadata",
        "doc": "the key of the paging object in a query's answer",
        "source": "documented",
    }


@pytest.mark.parametrize("method", ["PATCH", "POST"])
async def test_settings_can_be_changed(api: "Api", method: str) -> None:
    changes = {"paging_key": "pagingMetadata", "delivery_seconds": 0, "rate_limit": "1/10"}
    settings = await api.control(method, "settings", changes)
    first, second = await api.query(), await api.query()

    assert changes == {name: value_of(settings, name) for name in changes}
    assert list(first.body) == ["pagingMetadata", "packages"]
    assert second.status == 429
    assert api.emulator.settings == Settings(paging_key="pagingMetadata", delivery_seconds=0)


async def test_wrong_settings_are_all_named_with_what_is_allowed_and_change_nothing(
    api: "Api",
) -> None:
    changes = {
        "paging_key": "pagingMetadata",
        "update_key": "x",
        "delivery_seconds": "1",
        "surprise": 1,
        "rate_limit": "0/60",
    }
    reply = await api.send("PATCH", "/_emulator/settings", changes)

    assert reply.fields == ["rate_limit", "update_key", "delivery_seconds", "surprise"]
    assert "allowed: updatedPackage | updated_package | package" in reply.body["message"]
    assert api.emulator.settings == Settings()


@pytest.mark.parametrize("data", [b"{", b"[]", b'"x"'])
async def test_a_body_that_is_no_object_is_refused(api: "Api", data: bytes) -> None:
    for path in ("clock", "settings", "faults", "snapshot", "restore"):
        reply = await api.send("POST", f"/_emulator/{path}", data=data)

        assert (reply.status, reply.fields) == (400, ["body"])


async def test_a_reset_goes_back_to_how_the_emulator_was_started(
    start: "Start", clock: "Clock"
) -> None:
    api = await start({"rate_limit": "3/60"}, delivery_seconds=7)
    await api.control("PATCH", "settings", {"delivery_seconds": 1, "rate_limit": "off"})
    await api.control("POST", "clock", {"advance": 60, "resume": True})
    await api.query()
    await api.control("POST", "reset")
    settings = await api.control("GET", "settings")

    assert [value_of(settings, n) for n in ("delivery_seconds", "rate_limit")] == [7, "3/60"]
    assert await api.control("GET", "clock") == {"now": "2026-03-01T12:00:00.000Z", "frozen": True}
    assert (await api.control("GET", "requests"))["last"] == 0


async def test_restore_brings_packages_back_and_the_ids_to_come(api: "Api") -> None:
    kept = (await api.create(externalId="kept", idempotencyKey="k")).package
    snapshot = await api.control("POST", "snapshot")
    later = (await api.create(externalId="later")).package
    await api.send("DELETE", f"/resellers/v1/packages/{kept['id']}")
    restored = await api.control("POST", "restore", {"name": snapshot["name"]})

    assert snapshot == {"name": "snapshot-1", "time": "2026-03-01T12:00:00.000Z"}
    assert restored == {"name": "snapshot-1", "now": "2026-03-01T12:00:00.000Z"}
    assert kept == await api.get(kept["id"])
    assert await api.found({}) == ["kept"]
    assert kept == (await api.create(externalId="kept", idempotencyKey="k")).package
    assert later == (await api.create(externalId="later")).package


async def test_restore_brings_everything_but_the_journal_back(start: "Start") -> None:
    api = await start({"rate_limit": "2/60"})
    await api.query()
    await api.fault("empty_500", times=2, operation="getPackage")
    await api.control("POST", "snapshot", {"name": "before"})
    await api.control("PATCH", "settings", {"update_key": "package"})
    await api.control("POST", "clock", {"advance": 3600})
    await api.control("DELETE", "faults")
    await api.control("POST", "restore", {"name": "before"})

    settings = await api.control("GET", "settings")
    assert value_of(settings, "update_key") == "updatedPackage"
    assert (await api.control("GET", "clock"))["now"] == "2026-03-01T12:00:00.000Z"
    assert len((await api.control("GET", "faults"))["faults"]) == 1
    assert [(await api.query()).status for _ in range(2)] == [200, 429]
    assert (await api.control("GET", "requests"))["last"] == 3


async def test_a_snapshot_survives_resets_and_is_restored_any_number_of_times(
    api: "Api",
) -> None:
    await api.create(externalId="x")
    await api.control("POST", "snapshot", {"name": "one"})
    seen: list[Any] = []
    for _ in range(2):
        await api.control("POST", "reset")
        seen.append(await api.found({}))
        await api.control("POST", "restore", {"name": "one"})
        seen.append(await api.found({}))
        await api.create(externalId="y")

    assert seen == [[], ["x"]] * 2


async def test_a_snapshot_under_a_known_name_replaces_it(api: "Api") -> None:
    await api.control("POST", "snapshot", {"name": "snapshot-1"})
    await api.create(externalId="x")
    await api.control("POST", "snapshot", {"name": "snapshot-1"})
    unnamed = await api.control("POST", "snapshot")
    await api.control("POST", "reset")
    await api.control("POST", "restore", {"name": "snapshot-1"})

    assert await api.found({}) == ["x"]
    names = [kept["name"] for kept in (await api.control("GET", "snapshots"))["snapshots"]]
    assert ["snapshot-1", unnamed["name"]] == names == ["snapshot-1", "snapshot-2"]


async def test_what_cannot_be_restored_says_what_can(api: "Api") -> None:
    await api.control("POST", "snapshot", {"name": "known"})
    unknown = await api.send("POST", "/_emulator/restore", {"name": "unknown"})
    unnamed = await api.send("POST", "/_emulator/restore", {})

    assert unknown.refusal == (404, "NOT_FOUND")
    assert unknown.body["details"]["applicationError"]["data"] == {"snapshots": ["known"]}
    assert unnamed.fields == ["name"]


async def test_there_are_32_snapshots_at_most(api: "Api") -> None:
    for _ in range(32):
        await api.control("POST", "snapshot")
    again = await api.control("POST", "snapshot", {"name": "snapshot-7"})
    more = await api.send("POST", "/_emulator/snapshot")

    assert (again["name"], more.refusal) == ("snapshot-7", (409, "FAILED_PRECONDITION"))


async def test_a_file_can_be_snapshot_and_restored_too(start: "Start", tmp_path: Any) -> None:
    api = await start({"db": tmp_path / "state.db"})
    await api.create(externalId="x")
    await api.control("POST", "snapshot", {"name": "one"})
    await api.control("POST", "reset")
    await api.control("POST", "restore", {"name": "one"})
    await api.create(externalId="y")
    await api.emulator.stop()
    again = await start({"db": tmp_path / "state.db"})

    assert await again.found({}) == ["x", "y"]


async def test_another_seed_keeps_clock_settings_and_faults(api: "Api") -> None:
    await api.control("PATCH", "settings", {"delivery_seconds": 7})
    await api.control("POST", "clock", {"advance": 60})
    await api.fault("empty_500", operation="getPackage")
    await api.control("POST", "seed", world.default_seed())

    assert value_of(await api.control("GET", "settings"), "delivery_seconds") == 7
    assert (await api.control("GET", "clock"))["now"] == "2026-03-01T12:01:00.000Z"
    assert len((await api.control("GET", "faults"))["faults"]) == 1
