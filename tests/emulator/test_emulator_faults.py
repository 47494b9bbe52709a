"""What faults do to requests and answers, and that they do it when they are told to."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import pytest

from wixreseller.emulator import default_seed as world

if TYPE_CHECKING:
    from tests.emulator.conftest import Api, Start
    from wixreseller.emulator import Clock

CREATE = "/resellers/v2/packages"
ACCOUNT, OTHER = world.SUB_ACCOUNTS[:2]
SITE, OTHER_SITE = world.SITES[ACCOUNT][:2]


def order(api: "Api", external_id: str = "x") -> dict[str, object]:
    return {"externalId": external_id, "products": [api.product()]}


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    """Ask again until it is so; asking is itself what lets the emulator go on."""
    async with asyncio.timeout(20):
        while not await condition():
            pass


async def counts(api: "Api") -> list[tuple[int, int, bool]]:
    listed = (await api.control("GET", "faults"))["faults"]
    return [(fault["matches"], fault["hits"], fault["spent"]) for fault in listed]


async def is_hit(api: "Api") -> bool:
    return (await counts(api)) != [(0, 0, False)]


async def is_journaled(api: "Api") -> bool:
    listed = await api.control("GET", "requests?operation=createPackageV2")
    return bool(listed["requests"])


async def test_a_drop_before_the_commit_does_nothing_and_answers_nothing(api: "Api") -> None:
    await api.fault("drop_before_commit")

    assert await api.raw("POST", CREATE, order(api)) == b""
    assert await api.found({}) == []


async def test_a_drop_after_the_commit_does_it_and_answers_nothing(api: "Api") -> None:
    await api.fault("drop_after_commit")

    assert await api.raw("POST", CREATE, order(api)) == b""
    assert await api.found({}) == ["x"]


@pytest.mark.parametrize(
    ("more", "found"), [({}, []), ({"when": "after_commit"}, ["x"])], ids=["before", "after"]
)
async def test_a_reset_ends_the_connection_with_rst(
    api: "Api", more: dict[str, str], found: list[str]
) -> None:
    await api.fault("reset", **more)
    with pytest.raises(ConnectionResetError):
        await api.raw("POST", CREATE, order(api))

    assert await api.found({}) == found


@pytest.mark.parametrize(("more", "kept"), [({}, None), ({"bytes": 7}, 7), ({"bytes": 0}, 0)])
async def test_truncate_promises_the_whole_body_and_breaks_off(
    api: "Api", more: dict[str, int], kept: int | None
) -> None:
    await api.fault("truncate", **more)
    head, _, body = (await api.raw("POST", CREATE, order(api))).partition(b"\r\n\r\n")
    (promised,) = [
        int(line.split(b":")[1])
        for line in head.split(b"\r\n")
        if line.lower().startswith(b"content-length")
    ]

    assert head.startswith(b"HTTP/1.1 200 ")
    assert len(body) == (promised // 2 if kept is None else kept)
    assert await api.found({}) == ["x"]


@pytest.mark.parametrize(
    ("fault", "first", "last"),
    [
        ("html_502", b"HTTP/1.1 502 ", b"</html>"),
        ("empty_500", b"HTTP/1.1 500 ", b"\r\n\r\n"),
    ],
)
@pytest.mark.parametrize(("when", "found"), [("before_commit", []), ("after_commit", ["x"])])
async def test_what_a_proxy_says_instead(
    api: "Api", fault: str, first: bytes, last: bytes, when: str, found: list[str]
) -> None:
    await api.fault(fault, when=when)
    answer = await api.raw("POST", CREATE, order(api))

    assert (answer.startswith(first), answer.endswith(last)) == (True, True)
    assert b"X-Wix-Request-Id" not in answer
    assert await api.found({}) == found


async def test_an_unreadable_body_keeps_the_status(api: "Api") -> None:
    await api.fault("unreadable")
    answer = await api.raw("POST", CREATE, order(api))

    assert answer.startswith(b"HTTP/1.1 200 ")
    assert answer.endswith(b'{"package": {"id": "')
    assert await api.found({}) == ["x"]


async def test_nobody_gets_a_200_for_an_unreadable_body_without_a_key(api: "Api") -> None:
    await api.fault("unreadable")
    api.key = "EMU.wrong"

    assert (await api.raw("POST", CREATE, order(api))).startswith(b"HTTP/1.1 401 ")


async def test_a_status_comes_with_the_body_of_wix(api: "Api") -> None:
    await api.fault("status", status=409, code="TAKEN", message="It is.", data={"by": "me"})
    await api.fault("status", status=503, headers={"Retry-After": "7"})
    await api.fault("status", status=400, body={"message": "odd"}, when="after_commit")
    violations = [{"field": "a", "description": "b"}, {"field": "c", "description": "d"}]
    await api.fault("status", status=400, fieldViolations=violations)
    rule, system, odd, fields = [await api.create(externalId=f"x{n}") for n in range(4)]

    error = {"code": "TAKEN", "description": "It is.", "data": {"by": "me"}}
    assert (409, {"message": "It is.", "details": {"applicationError": error}}) == (
        rule.status,
        rule.body,
    )
    assert (503, {"message": "", "details": {}}) == (system.status, system.body)
    assert system.headers["Retry-After"] == "7"
    assert (400, {"message": "odd"}) == (odd.status, odd.body)
    assert (fields.body["message"], fields.fields) == ("a b\nc d", ["a", "c"])
    assert await api.found({}) == ["x2"]


async def test_a_redirect_names_its_location(api: "Api") -> None:
    await api.fault("redirect", location="http://elsewhere.example/x", status=308)
    answer = await api.raw("POST", CREATE, order(api))

    assert answer.startswith(b"HTTP/1.1 308 ")
    assert b"Location: http://elsewhere.example/x\r\n" in answer
    assert await api.found({}) == []


async def test_the_body_of_a_delete_can_get_lost(api: "Api") -> None:
    package = (await api.create()).package
    await api.fault("strip_delete_body", operation="cancelPackage")
    path, body = f"/resellers/v1/packages/{package['id']}", {"idempotencyKey": "k"}
    stripped, whole = await api.send("DELETE", path, body), await api.send("DELETE", path, body)

    assert [list(stripped.body), list(whole.body)] == [["package"], ["idempotencyKey", "package"]]


@pytest.mark.parametrize(("when", "early"), [("after_commit", ["x"]), ("before_commit", [])])
async def test_a_delay_lasts_by_the_clock_of_the_emulator(
    api: "Api", clock: "Clock", when: str, early: list[str]
) -> None:
    await api.fault("delay", seconds=3600, when=when, operation="createPackageV2")
    call = asyncio.create_task(api.create(externalId="x"))
    await until(lambda: is_hit(api))
    clock.advance(3599)
    during = await api.found({})
    waiting = not call.done()
    clock.advance(1)

    assert ((await call).status, during, waiting) == (200, early, True)


async def test_a_delay_passes_by_itself_where_the_clock_runs(api: "Api", clock: "Clock") -> None:
    await api.fault("delay", seconds=0.02)
    clock.resume()

    assert (await api.create()).status == 200


async def test_a_request_that_waits_is_handled_even_if_its_sender_has_gone(
    api: "Api", clock: "Clock"
) -> None:
    await api.fault("delay", seconds=5, when="before_commit", operation="createPackageV2")
    call = asyncio.create_task(api.raw("POST", CREATE, order(api)))
    await until(lambda: is_hit(api))
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    before = await api.found({})
    clock.advance(5)
    await until(lambda: is_journaled(api))

    assert (before, await api.found({})) == ([], ["x"])


@pytest.mark.parametrize("when", ["before_commit", "after_commit"])
async def test_a_reset_lets_go_of_what_waits(api: "Api", when: str) -> None:
    await api.fault("delay", seconds=5, when=when, operation="createPackageV2")
    call = asyncio.create_task(api.raw("POST", CREATE, order(api)))
    await until(lambda: is_hit(api))
    await api.control("POST", "reset")

    assert await call == b""
    assert await api.found({}) == []


async def test_a_failed_move_can_end_half_way(api: "Api") -> None:
    package = (await api.create(api.product(siteId=SITE))).package
    await api.fault("empty_500", operation="assignProductInstanceToSite", when="half_way")
    answer = await api.raw("PATCH", api.instance_path(package, f"/{OTHER_SITE}"))

    assert answer.startswith(b"HTTP/1.1 500 ")
    assert "siteId" not in (await api.get(package["id"]))["productInstances"][0]


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
