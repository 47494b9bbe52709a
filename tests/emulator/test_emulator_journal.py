"""What the journal tells about every request, and what it keeps to itself."""

from time import perf_counter
from typing import TYPE_CHECKING, Any

from wixreseller.emulator import default_seed as world
from wixreseller.emulator import journal

if TYPE_CHECKING:
    import pytest

    from tests.emulator.conftest import Api, Start

ACCOUNT, OTHER = world.SUB_ACCOUNTS[:2]


async def entries(api: "Api", query: str = "") -> list[Any]:
    listed: list[Any] = (await api.control("GET", f"requests{query}"))["requests"]
    return listed


async def test_an_entry_tells_everything_about_a_request(api: "Api") -> None:
    body = {"externalId": "x", "idempotencyKey": "k", "products": [api.product()]}
    began = perf_counter()
    reply = await api.send("POST", "/resellers/v2/packages?debug=1", body)
    passed = (perf_counter() - began) * 1000
    (entry,) = await entries(api)
    headers = entry.pop("requestHeaders")
    milliseconds = entry.pop("milliseconds")

    assert entry == {
        "number": 1,
        "time": "2026-03-01T12:00:00.000Z",
        "method": "POST",
        "path": "/resellers/v2/packages?debug=1",
        "operation": "createPackageV2",
        "account": ACCOUNT,
        "externalId": "x",
        "deprecated": False,
        "status": 200,
        "idempotencyKey": "k",
        "replayed": False,
        "committed": True,
        "requestId": reply.headers["X-Wix-Request-Id"],
        "fault": None,
        "requestBody": body,
        "responseHeaders": {
            name: reply.headers[name] for name in ("X-Wix-Request-Id", "X-Wix-Consistent")
        },
        "responseBody": reply.body,
        "cut": False,
    }
    assert (headers["Authorization"], headers["wix-account-id"]) == ("[redacted]", ACCOUNT)
    assert 0 < milliseconds < passed


async def test_the_key_stands_nowhere_in_the_journal(api: "Api") -> None:
    await api.send(
        "POST",
        f"/resellers/v2/packages?key={api.key}",
        {"surprise": api.key},
        headers={"X-Odd": f"a {api.key}", "Cookie": "secret", "Authorization": f"Bearer {api.key}"},
    )
    await api.create(externalId=f"x{api.key}")
    reply = await api.send("GET", "/_emulator/requests")
    listed = str(reply.body)

    assert (api.key in listed, "secret" in listed) == (False, False)
    assert listed.count("[redacted]") >= 6


async def test_a_replay_says_so_and_commits_nothing(api: "Api") -> None:
    for _ in range(2):
        await api.create(idempotencyKey="k")
    await api.query()
    await api.create(api.product("c0000000-0000-4000-8000-0000000000ff"))

    assert [
        ("k", False, True),
        ("k", True, False),
        (None, False, False),
        (None, False, False),
    ] == [(e["idempotencyKey"], e["replayed"], e["committed"]) for e in await entries(api)]


async def test_a_cancel_that_changes_nothing_commits_nothing(api: "Api") -> None:
    package = (await api.create()).package
    for _ in range(2):
        await api.send("DELETE", f"/resellers/v1/packages/{package['id']}?idempotencyKey=")

    assert [e["committed"] for e in await entries(api)] == [True, True, False]


async def test_the_old_create_is_marked_as_deprecated(api: "Api") -> None:
    await api.send("POST", "/resellers/v1/packages", {"products": [api.product()]})
    await api.create()

    assert [True, False] == [entry["deprecated"] for entry in await entries(api)]


async def test_refusals_and_unknown_routes_are_there_too(api: "Api") -> None:
    await api.send("GET", "/nowhere")
    await api.send("POST", "/resellers/v2/packages", data=b"\xff{")
    await api.send("PATCH", "/resellers/v1/packages/update/x/a%2Fb")
    listed = await entries(api)

    assert [501, 400, 400] == [entry["status"] for entry in listed]
    operations = [None, "createPackageV2", "updatePackageExternalId"]
    assert operations == [entry["operation"] for entry in listed]
    assert ["\ufffd{", "a/b"] == [listed[1]["requestBody"], listed[2]["externalId"]]


async def test_the_control_plane_is_not_in_the_journal(api: "Api") -> None:
    await api.control("GET", "clock")

    assert await entries(api) == []


async def test_the_journal_is_read_in_parts(api: "Api") -> None:
    for account in (ACCOUNT, OTHER, ACCOUNT):
        await api.create(account=account)
    await api.query()
    parts = [
        await entries(api, "?limit=2"),
        await entries(api, "?since=2"),
        await entries(api, f"?account={OTHER}"),
        await entries(api, "?operation=queryPackages"),
        await entries(api, f"?operation=createPackageV2&account={ACCOUNT}&since=1&limit=1"),
        await entries(api, "?since=99"),
    ]

    assert [[1, 2], [3, 4], [2], [4], [3], []] == [[e["number"] for e in part] for part in parts]


async def test_a_wrong_part_names_its_field(api: "Api") -> None:
    reply = await api.send("GET", "/_emulator/requests?since=x&limit=0&account=y&surprise=")

    assert (400, ["surprise", "since", "limit", "account"]) == (reply.status, reply.fields)


async def test_the_journal_can_be_emptied(api: "Api") -> None:
    await api.query()

    assert await api.control("DELETE", "requests") == {"removed": 1}
    assert await api.control("GET", "requests") == {
        "requests": [],
        "last": 0,
        "dropped": 0,
        "kept": 0,
    }


async def test_the_oldest_entries_make_room(api: "Api", monkeypatch: "pytest.MonkeyPatch") -> None:
    monkeypatch.setattr(journal, "MOST_ENTRIES", 3)
    for _ in range(5):
        await api.query()
    listed = await api.control("GET", "requests")

    assert [3, 4, 5] == [entry["number"] for entry in listed["requests"]]
    assert (5, 2, 3) == (listed["last"], listed["dropped"], listed["kept"])


async def test_the_bytes_of_bodies_are_bounded_too(
    api: "Api", monkeypatch: "pytest.MonkeyPatch"
) -> None:
    monkeypatch.setattr(journal, "MOST_BYTES", 2000)
    for _ in range(3):
        await api.send("POST", "/resellers/v2/packages", data=b"x" * 1500)

    assert [3] == [entry["number"] for entry in await entries(api)]


async def test_a_long_body_is_kept_in_part(start: "Start") -> None:
    api = await start()
    await api.send("POST", "/resellers/v2/packages", data=b'"' + b"x" * 70_000 + b'"')
    (entry,) = await entries(api)

    assert (entry["cut"], len(entry["requestBody"])) == (True, 65_536)
