"""Which requests a fault hits, and what its rule may say."""

from typing import TYPE_CHECKING, Any

import pytest

from wixreseller.emulator import default_seed as world

if TYPE_CHECKING:
    from tests.emulator.conftest import Api, Start

CREATE = "/resellers/v2/packages"
OTHER = world.SUB_ACCOUNTS[1]


def order(api: "Api", external_id: str = "x") -> dict[str, object]:
    return {"externalId": external_id, "products": [api.product()]}


async def counts(api: "Api") -> list[tuple[int, int, bool]]:
    listed = (await api.control("GET", "faults"))["faults"]
    return [(fault["matches"], fault["hits"], fault["spent"]) for fault in listed]


async def test_a_fault_hits_from_its_nth_match_so_many_times(api: "Api") -> None:
    await api.fault("status", status=503, operation="queryPackages", nth=2, times=2)
    await api.create()
    seen = [(await api.query()).status for _ in range(5)]

    assert seen == [200, 503, 503, 200, 200]
    assert await counts(api) == [(3, 2, True)]


async def test_a_fault_without_an_end_goes_on(api: "Api") -> None:
    await api.fault("status", status=503, times=None)

    assert [(await api.query()).status for _ in range(5)] == [503] * 5
    assert await counts(api) == [(5, 5, False)]


async def test_a_fault_keeps_to_its_account(api: "Api") -> None:
    await api.fault("status", status=503, account=OTHER.upper())
    here, there = await api.create(), await api.create(account=OTHER)

    assert (here.status, there.status) == (200, 503)


async def test_a_fault_keeps_to_its_external_id(api: "Api") -> None:
    await api.fault("status", status=503, externalId="x", times=None)
    created = [(await api.create(externalId=name)).status for name in ("y", "x")]
    await api.control("DELETE", "faults")
    package = (await api.create(externalId="x")).package
    await api.fault("status", status=503, externalId="x", times=None)
    package_path = f"/resellers/v1/packages/{package['id']}"
    replies = [
        await api.query(filter={"externalId": "x"}),
        await api.query(filter={"$and": [{"externalId": {"$in": ["a", "x"]}}]}),
        await api.query(filter={"externalId": {"$eq": "y"}}),
        await api.query(),
        await api.send("GET", package_path),
        await api.send("PATCH", api.instance_path(package, "/unassign")),
        await api.send("PATCH", f"/resellers/v1/packages/update/{package['id']}/z"),
        await api.send("POST", CREATE, data=b"[]"),
        await api.send("POST", CREATE, data=b"{"),
        await api.send("GET", "/nowhere"),
    ]

    assert created == [200, 503]
    expected = [503, 503, 200, 200, 503, 503, 503, 400, 400, 501]
    assert expected == [reply.status for reply in replies]


async def test_the_first_of_two_faults_hits_and_the_second_waits_for_the_next_request(
    api: "Api",
) -> None:
    await api.fault("status", status=500)
    await api.fault("status", status=504)

    assert [(await api.query()).status for _ in range(3)] == [500, 504, 200]


async def test_faults_can_be_listed_and_removed(api: "Api") -> None:
    first = await api.fault("reset", operation="getPackage")
    second = await api.fault("delay", seconds=1)
    await api.control("DELETE", f"faults/{first['id']}")
    missing = await api.send("DELETE", f"/_emulator/faults/{first['id']}")
    listed = (await api.control("GET", "faults"))["faults"]
    removed = await api.control("DELETE", "faults")

    assert missing.refusal == (404, "NOT_FOUND")
    assert (listed, removed) == ([second], {"removed": 1})
    assert second == {
        "id": "fault-2",
        "fault": "delay",
        "operation": None,
        "account": None,
        "externalId": None,
        "nth": 1,
        "times": 1,
        "seconds": 1,
        "when": "after_commit",
        "matches": 0,
        "hits": 0,
        "spent": False,
    }


async def test_a_reset_takes_the_faults_away(api: "Api") -> None:
    await api.fault("empty_500")
    await api.control("POST", "reset")

    assert (await api.control("GET", "faults"))["faults"] == []
    assert (await api.query()).status == 200


@pytest.mark.parametrize(
    ("rule", "fields"),
    [
        ({}, ["fault"]),
        ({"fault": "explode"}, ["fault"]),
        ({"fault": "reset", "when": "half_way"}, ["when"]),
        ({"fault": "reset", "surprise": 1, "nth": 0, "times": 0}, ["surprise", "nth", "times"]),
        ({"fault": "reset", "account": "x", "operation": "dance"}, ["operation", "account"]),
        ({"fault": "status"}, ["status"]),
        ({"fault": "status", "status": 200}, ["status"]),
        ({"fault": "status", "status": 404, "code": [], "data": 5}, ["code", "data"]),
        ({"fault": "status", "status": 404, "headers": {"a": 5}}, ["headers.a"]),
        ({"fault": "status", "status": 404, "headers": {"a": "b\r\nc"}}, ["headers.a"]),
        (
            {"fault": "status", "status": 404, "fieldViolations": [{"field": "x"}]},
            ["fieldViolations[0].description"],
        ),
        (
            {
                "fault": "status",
                "status": 404,
                "code": "C",
                "fieldViolations": [{"field": "x", "description": "y"}],
            },
            ["code"],
        ),
        ({"fault": "delay"}, ["seconds"]),
        ({"fault": "delay", "seconds": -1}, ["seconds"]),
        ({"fault": "delay", "seconds": "1"}, ["seconds"]),
        ({"fault": "redirect"}, ["location"]),
        ({"fault": "redirect", "location": "a\nb", "status": 200}, ["location", "status"]),
        ({"fault": "unreadable", "body": "{}"}, ["body"]),
        ({"fault": "stale_read", "seconds": 3601}, ["seconds"]),
    ],
)
async def test_a_wrong_rule_names_every_wrong_field(
    api: "Api", rule: Any, fields: list[str]
) -> None:
    reply = await api.send("POST", "/_emulator/faults", rule)

    assert (400, fields) == (reply.status, reply.fields)


async def test_the_refusal_of_a_rule_says_what_is_allowed(api: "Api") -> None:
    reply = await api.send("POST", "/_emulator/faults", {"fault": "explode"})

    assert "is not one of status, delay, drop_before_commit" in reply.body["message"]


async def test_a_drop_uses_up_no_rate_and_a_spoilt_answer_does(start: "Start") -> None:
    api = await start({"rate_limit": "2/60"})
    await api.fault("drop_before_commit")
    await api.fault("drop_after_commit")
    for number in range(2):
        await api.raw("POST", CREATE, order(api, f"x{number}"))

    assert [(await api.query()).status for _ in range(2)] == [200, 429]


async def test_the_journal_tells_what_a_fault_did(api: "Api") -> None:
    await api.fault("drop_after_commit")
    await api.fault("drop_before_commit")
    await api.fault("truncate", bytes=3)
    for number in range(3):
        await api.raw("POST", CREATE, order(api, f"x{number}"))
    entries = (await api.control("GET", "requests"))["requests"]

    assert [
        ({"id": "fault-1", "fault": "drop_after_commit"}, None, None, True),
        ({"id": "fault-2", "fault": "drop_before_commit"}, None, None, False),
        ({"id": "fault-3", "fault": "truncate"}, 200, '{"p', True),
    ] == [(e["fault"], e["status"], e["responseBody"], e["committed"]) for e in entries]
    assert ["x0", "x1", "x2"] == [entry["externalId"] for entry in entries]
