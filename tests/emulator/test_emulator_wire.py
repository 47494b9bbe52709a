"""What every answer has, and what real clients send."""

import json
from typing import TYPE_CHECKING

import pytest

from wixreseller.emulator import default_seed as world

if TYPE_CHECKING:
    from tests.emulator.conftest import Api, Start

ACCOUNT = world.SUB_ACCOUNTS[0]
SITE = world.SITES[ACCOUNT][0]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/resellers/v1/packages/00000000-0000-0000-0000-000000000000", 404),
        ("GET", "/nowhere", 501),
        ("GET", "/line%0Abreak", 501),
        ("PUT", "/resellers/v2/packages", 501),
        ("GET", "/resellers/v1/packages/%FF", 400),
        ("GET", "/_emulator/health", 200),
        ("GET", "/_emulator/nowhere", 501),
    ],
)
async def test_every_answer_has_a_request_id_of_its_own(
    api: "Api", method: str, path: str, status: int
) -> None:
    first, second = await api.send(method, path), await api.send(method, path)

    assert (status, status) == (first.status, second.status)
    assert first.headers["X-Wix-Request-Id"] != second.headers["X-Wix-Request-Id"]


async def test_a_failure_of_its_own_is_a_bare_500_with_a_request_id(
    api: "Api", monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("wixreseller.emulator.lifecycle.settle", fail)
    reply = await api.create()

    assert (reply.status, reply.body) == (500, {"message": "", "details": {}})
    assert "X-Wix-Request-Id" in reply.headers


async def test_an_unknown_route_lists_the_known_ones(api: "Api") -> None:
    reply = await api.send("GET", "/resellers/v3/packages")

    assert reply.refusal == (501, "UNIMPLEMENTED")
    routes = reply.body["details"]["applicationError"]["data"]["routes"]
    assert "POST /resellers/v2/packages" in routes
    assert len(routes) == 10


async def test_the_date_header_follows_the_clock(api: "Api") -> None:
    reply = await api.create()

    assert reply.headers["Date"] == "Sun, 01 Mar 2026 12:00:00 GMT"


async def test_the_consistency_token_changes_with_every_write(api: "Api") -> None:
    tokens = [(await api.create()).headers["X-Wix-Consistent"] for _ in range(2)]
    read = (await api.query()).headers["X-Wix-Consistent"]

    assert (len(set(tokens)), read) == (2, tokens[1])


@pytest.mark.parametrize(
    ("data", "kind", "suffix"),
    [
        (None, "", ""),
        (b"{}", "application/json", ""),
        (b'{"idempotencyKey": "k"}', "text/plain;charset=UTF-8", ""),
        (None, "", "?idempotencyKey=k&id=whatever&unknown=1"),
    ],
    ids=["no body", "empty object", "typed as text", "query string"],
)
async def test_delete_works_in_every_form_that_real_clients_send(
    api: "Api", data: bytes | None, kind: str, suffix: str
) -> None:
    package = (await api.create()).package
    reply = await api.send(
        "DELETE",
        f"/resellers/v1/packages/{package['id']}{suffix}",
        data=data,
        headers={"Content-Type": kind},
    )

    assert reply.package["productInstances"][0]["status"] == "CANCELED"


async def test_patch_needs_no_body(api: "Api") -> None:
    package = (await api.create()).package
    reply = await api.send("PATCH", api.instance_path(package, f"/{SITE}"))

    assert reply.package["productInstances"][0]["siteId"] == SITE


async def test_ids_of_the_path_may_be_repeated_in_the_body(api: "Api") -> None:
    package = (await api.create()).package
    instance_id = package["productInstances"][0]["instanceId"]
    body = {"instanceId": instance_id, "siteId": SITE}
    reply = await api.send("PATCH", api.instance_path(package, f"/{SITE}"), body)

    assert reply.status == 200


async def test_an_id_in_capital_letters_is_the_same_request_to_an_idempotency_key(
    api: "Api",
) -> None:
    package = (await api.create()).package
    first, again = [
        await api.send("DELETE", f"/resellers/v1/packages/{package_id}?idempotencyKey=k")
        for package_id in (package["id"], package["id"].upper())
    ]

    assert (200, first.body) == (again.status, again.body)


async def test_ids_of_the_path_may_be_repeated_in_the_query_string(api: "Api") -> None:
    package = (await api.create()).package
    instance_id = package["productInstances"][0]["instanceId"]
    suffix = f"/{SITE}?instanceId={instance_id}&siteId={SITE}&idempotencyKey=k"
    reply = await api.send("PATCH", api.instance_path(package, suffix))

    assert (reply.status, reply.body["idempotencyKey"]) == (200, "k")


@pytest.mark.parametrize("whole", [True, False], ids=["package", "instance"])
async def test_a_delete_may_repeat_its_id_in_a_body_typed_as_text(api: "Api", whole: bool) -> None:
    package = (await api.create()).package
    instance_id = package["productInstances"][0]["instanceId"]
    path = f"/resellers/v1/packages/{package['id']}" if whole else api.instance_path(package)
    body = {"id": package["id"]} if whole else {"instanceId": instance_id}
    data = json.dumps(body | {"idempotencyKey": "k"}).encode()
    kind = {"Content-Type": "text/plain;charset=UTF-8"}
    replies = [await api.send("DELETE", path, data=data, headers=kind) for _ in range(2)]

    assert [(200, "k")] * 2 == [(r.status, r.body["idempotencyKey"]) for r in replies]


async def test_filters_come_as_query_builders_write_them(api: "Api") -> None:
    await api.create(externalId="x")
    package = (await api.create(externalId="y")).package
    condition = {
        "$and": [
            {"$or": [{"externalId": "y"}, {"externalId": {"$eq": "z"}}]},
            {"$not": {"externalId": "x"}},
            {"createdDate": {"$gte": package["createdDate"], "$lt": "2027-01-01T00:00:00.000Z"}},
            {"accountId": ACCOUNT},
        ]
    }

    assert await api.found(condition) == ["y"]


async def test_the_next_page_is_asked_for_with_nothing_but_cursor_paging(api: "Api") -> None:
    for name in "ab":
        await api.create(externalId=name)
    first = await api.query(filter={}, cursorPaging={"limit": 1})
    cursor = first.body["metadata"]["cursors"]["next"]
    second = await api.query(cursorPaging={"cursor": cursor, "limit": 1})

    names = [r.body["packages"][0]["externalId"] for r in (first, second)]
    assert names == ["b", "a"]


async def test_unknown_headers_and_query_parameters_are_ignored(api: "Api") -> None:
    path = "/resellers/v1/packages/query?debug=1"
    reply = await api.send("POST", path, {}, headers={"wix-site-id": SITE, "X-Odd": "1"})

    assert reply.status == 200


async def test_an_encoded_slash_in_a_path_segment_is_data(api: "Api") -> None:
    package = (await api.create()).package
    path = f"/resellers/v1/packages/update/{package['id']}/a%2Fb%20%C3%A9%3F"
    reply = await api.send("PATCH", path)

    assert reply.body["updatedPackage"]["externalId"] == "a/b é?"


async def test_a_body_that_is_not_a_json_object_is_refused(api: "Api") -> None:
    for data in (b"{", b"[]", b'"text"', b"\xff"):
        reply = await api.send("POST", "/resellers/v2/packages", data=data)

        assert (reply.status, reply.fields) == (400, ["body"])


@pytest.mark.parametrize("key", ["updatedPackage", "updated_package", "package"])
async def test_the_key_of_an_updated_package_is_a_setting(start: "Start", key: str) -> None:
    api = await start(update_key=key)
    package = (await api.create()).package
    reply = await api.send("PATCH", f"/resellers/v1/packages/update/{package['id']}/new")

    assert [key] == list(reply.body)


async def test_where_billing_and_status_are_shown_is_a_setting(start: "Start") -> None:
    api = await start(billing_key="contractDetails", usable_status="ACTIVE", delivery_seconds=0)
    instance = (await api.get((await api.create()).package["id"]))["productInstances"][0]

    assert instance["status"] == "ACTIVE"
    assert instance["contractDetails"]["billingInfo"]["type"] == "RECURRING"


async def test_bodies_of_delete_can_be_lost_on_the_way(start: "Start") -> None:
    api = await start(delete_bodies="drop")
    package = (await api.create()).package
    path = f"/resellers/v1/packages/{package['id']}"
    reply = await api.send("DELETE", path, {"idempotencyKey": "k"})

    assert list(reply.body) == ["package"]
