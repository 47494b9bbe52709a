"""What the inspector tells about the history of a package."""

import sqlite3
from typing import TYPE_CHECKING, Any

from wixreseller.emulator import default_seed as world

if TYPE_CHECKING:
    from pathlib import Path

    from tests.emulator.conftest import Api, Start

ACCOUNT = world.SUB_ACCOUNTS[0]
SITES = world.SITES[ACCOUNT]
NOON = "2026-03-01T12:00:00.000Z"


async def story(api: "Api", package: Any) -> list[Any]:
    """Return the time line of a package."""
    found = await api.control("GET", f"inspector/packages/{package['id']}")
    lines: list[Any] = found["timeline"]
    return lines


async def test_a_time_line_tells_every_change_with_the_request_that_did_it(api: "Api") -> None:
    package = (await api.create(externalId="a")).package
    instance_id = package["productInstances"][0]["instanceId"]
    await api.control("POST", "clock", {"advance": 2})
    path = api.instance_path(package)
    await api.send("PATCH", f"{path}/{SITES[0]}")
    await api.send("PATCH", path, {"catalogProductId": world.PREMIUM_UNLIMITED})
    await api.send("PATCH", f"/resellers/v1/packages/update/{package['id']}/b")
    await api.send("PATCH", f"{path}/unassign")
    await api.send("DELETE", path)

    assert [
        ({"created": 1}, None, "createPackageV2", 1),
        ({"status": ["PENDING", "ENABLED"]}, instance_id, None, None),
        ({"siteId": [None, SITES[0]]}, instance_id, "assignProductInstanceToSite", 2),
        (
            {"catalogProductId": [world.PREMIUM_BASIC, world.PREMIUM_UNLIMITED]},
            instance_id,
            "adjustProductInstanceSpecifications",
            3,
        ),
        ({"externalId": ["a", "b"]}, None, "updatePackageExternalId", 4),
        ({"siteId": [SITES[0], None]}, instance_id, "unassignProductInstanceFromSite", 5),
        ({"status": ["ENABLED", "CANCELED"]}, instance_id, "cancelProductInstance", 6),
    ] == [
        (line["changes"], line["instanceId"], line["operation"], line["request"])
        for line in await story(api, package)
    ]


async def test_a_change_has_the_time_that_it_was_due(api: "Api") -> None:
    package = (await api.create()).package
    await api.control("POST", "clock", {"advance": 86_400})

    times = [line["time"] for line in await story(api, package)]
    assert [NOON, "2026-03-01T12:00:02.000Z"] == times


async def test_a_failed_delivery_says_why(api: "Api") -> None:
    product = api.product(world.UNLUCKY_ADDON, "1 MONTH")
    package = (await api.create(product)).package
    await api.control("POST", "clock", {"advance": 2})
    changes = {"status": ["PENDING", "FAILED"], "failure": [None, "EXTERNAL_FAILURE"]}

    assert changes == (await story(api, package))[-1]["changes"]


async def test_another_billing_is_told_in_words(api: "Api") -> None:
    package = (await api.create()).package
    billing = {"type": "RECURRING", "cycleDuration": {"unit": "MONTH", "count": 1}}
    await api.send("PATCH", api.instance_path(package), {"billingInfo": billing})

    changes = (await story(api, package))[-1]["changes"]
    assert {"billing": ["RECURRING 1 YEAR", "RECURRING 1 MONTH"]} == changes


async def test_a_slow_cancel_is_told_when_it_is_asked_for_and_when_it_is_done(
    start: "Start",
) -> None:
    api = await start(cancel_delay_seconds=60)
    package = (await api.create()).package
    await api.control("POST", "clock", {"advance": 2})
    await api.send("DELETE", f"/resellers/v1/packages/{package['id']}")
    asked = (await story(api, package))[-1]
    await api.control("POST", "clock", {"advance": 60})

    assert {"cancelAt": [None, "2026-03-01T12:01:02.000Z"]} == asked["changes"]
    done = (await story(api, package))[-1]
    assert ({"status": ["ENABLED", "CANCELED"]}, None) == (done["changes"], done["operation"])


async def test_what_was_undone_or_changed_nothing_is_not_told(api: "Api") -> None:
    package = (await api.create(idempotencyKey="k")).package
    await api.create(idempotencyKey="k")
    unknown = "50000000-0000-4000-8000-0000000000ff"
    await api.send("PATCH", f"{api.instance_path(package)}/{unknown}")
    await api.send("PATCH", f"{api.instance_path(package)}/unassign")

    assert 1 == len(await story(api, package))


async def test_what_lies_ahead_is_told_with_its_time(api: "Api") -> None:
    package = (await api.create()).package
    found = await api.control("GET", f"inspector/packages/{package['id'].upper()}")
    (instance,) = package["productInstances"]

    due = {"time": "2026-03-01T12:00:02.000Z", "status": "ENABLED"}
    assert [{**due, "instanceId": instance["instanceId"]}] == found["ahead"]


async def test_a_dropped_answer_is_told_like_any_other(api: "Api") -> None:
    await api.fault("html_502", when="after_commit")
    body = {"products": [api.product()], "externalId": "lost"}
    await api.raw("POST", "/resellers/v2/packages", body)
    (listed,) = (await api.control("GET", "inspector/packages?text=lost"))["packages"]

    (created,) = await story(api, listed)
    assert ("createPackageV2", 1) == (created["operation"], created["request"])


async def test_a_time_line_outlives_the_journal_and_a_restart(
    start: "Start", tmp_path: "Path"
) -> None:
    api = await start({"db": tmp_path / "state.db"})
    package = (await api.create(externalId="a")).package
    await api.send("PATCH", f"/resellers/v1/packages/update/{package['id']}/b")
    await api.emulator.stop()
    await api.emulator.start()

    assert [("createPackageV2", None), ("updatePackageExternalId", None)] == [
        (line["operation"], line["request"]) for line in await story(api, package)
    ]


async def test_a_package_of_an_older_layout_has_a_creation_without_a_request(
    start: "Start", tmp_path: "Path"
) -> None:
    path = tmp_path / "state.db"
    api = await start({"db": path})
    package = (await api.create()).package
    await api.emulator.stop()
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE packages SET creation = NULL")
    connection.close()
    await api.emulator.start()

    (created,) = await story(api, package)
    assert (None, None) == (created["operation"], created["requestId"])


async def test_a_reset_and_a_restore_take_the_time_lines_with_them(api: "Api") -> None:
    package = (await api.create(externalId="a")).package
    await api.control("POST", "snapshot", {"name": "s"})
    await api.send("PATCH", f"/resellers/v1/packages/update/{package['id']}/b")
    await api.control("POST", "restore", {"name": "s"})
    restored = await story(api, package)
    await api.control("POST", "reset")
    gone = await api.send("GET", f"/_emulator/inspector/packages/{package['id']}")

    assert 1 == len(restored)
    assert (404, "NOT_FOUND") == gone.refusal
