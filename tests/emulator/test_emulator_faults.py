"""What faults do to requests and answers."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import pytest

from wixreseller.emulator import default_seed as world

if TYPE_CHECKING:
    from tests.emulator.conftest import Api
    from wixreseller.emulator import Clock

CREATE = "/resellers/v2/packages"
SITE, OTHER_SITE = world.SITES[world.SUB_ACCOUNTS[0]][:2]


def order(api: "Api", external_id: str = "x") -> dict[str, object]:
    return {"externalId": external_id, "products": [api.product()]}


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    """Ask again until it is so; asking is itself what lets the emulator go on."""
    async with asyncio.timeout(20):
        while not await condition():
            pass


async def is_hit(api: "Api") -> bool:
    (fault,) = (await api.control("GET", "faults"))["faults"]
    return bool(fault["hits"])


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
