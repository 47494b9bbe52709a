"""Who may do what: keys, accounts, ownership."""

from typing import TYPE_CHECKING

import pytest

from wixreseller.emulator import default_seed as world

if TYPE_CHECKING:
    from tests.emulator.conftest import Api, Start

NOWHERE = "00000000-0000-0000-0000-000000000000"
OPERATIONS = [
    ("POST", "/resellers/v2/packages"),
    ("POST", "/resellers/v1/packages"),
    ("GET", f"/resellers/v1/packages/{NOWHERE}"),
    ("DELETE", f"/resellers/v1/packages/{NOWHERE}"),
    ("POST", "/resellers/v1/packages/query"),
    ("PATCH", f"/resellers/v1/packages/update/{NOWHERE}/x"),
    ("PATCH", f"/resellers/v1/packages/product-instances/{NOWHERE}/{NOWHERE}"),
    ("PATCH", f"/resellers/v1/packages/product-instances/{NOWHERE}/unassign"),
    ("DELETE", f"/resellers/v1/packages/product-instances/{NOWHERE}"),
    ("PATCH", f"/resellers/v1/packages/product-instances/{NOWHERE}"),
]


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
@pytest.mark.parametrize("key", ["", "EMU.wrong", "Bearer EMU.demo"])
async def test_no_operation_answers_without_a_known_raw_key(
    api: "Api", method: str, path: str, key: str
) -> None:
    reply = await api.send(method, path, headers={"Authorization": key})

    assert reply.refusal == (401, "UNAUTHENTICATED")


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
@pytest.mark.parametrize("account", ["", "not-a-guid"])
async def test_every_operation_needs_an_account(
    api: "Api", method: str, path: str, account: str
) -> None:
    reply = await api.send(method, path, headers={"wix-account-id": account})

    assert (reply.status, reply.fields) == (400, ["wix-account-id"])


async def test_create_names_an_unknown_account(api: "Api") -> None:
    assert (await api.create(account=NOWHERE)).refusal == (404, "ACCOUNT_NOT_FOUND")


async def test_other_operations_refuse_an_unknown_account(api: "Api") -> None:
    api.account = NOWHERE

    assert (await api.query()).refusal == (403, "PERMISSION_DENIED")


async def test_the_account_may_be_written_in_any_case(api: "Api") -> None:
    reply = await api.create(account=world.SUB_ACCOUNTS[0].upper())

    assert world.SUB_ACCOUNTS[0] == reply.package["accountId"]


async def test_a_key_serves_its_account_and_the_children_of_it_only(start: "Start") -> None:
    other = "b0000000-0000-4000-8000-000000000000"
    seed = world.default_seed()
    seed["accounts"] = [*world.default_seed()["accounts"], {"id": other}]  # type: ignore[misc] # a list, as written there
    seed["apiKeys"] = [
        {"key": world.API_KEY, "accountId": world.PARENT_ACCOUNT},
        {"key": "EMU.child", "accountId": world.SUB_ACCOUNTS[0]},
    ]
    api = await start({"seed": seed})
    served: dict[str, list[int]] = {}
    for key in (world.API_KEY, "EMU.child"):
        api.key = key
        accounts = [world.PARENT_ACCOUNT, *world.SUB_ACCOUNTS[:2], other]
        replies = [
            await api.send("POST", "/resellers/v1/packages/query", {}, account=account)
            for account in accounts
        ]
        served[key] = [reply.status for reply in replies]

    assert served == {world.API_KEY: [200, 200, 200, 403], "EMU.child": [403, 200, 403, 403]}


@pytest.mark.parametrize(
    ("setting", "expected"), [("404", "NOT_FOUND"), ("403", "PERMISSION_DENIED")]
)
async def test_a_package_of_another_account_is_out_of_reach(
    start: "Start", setting: str, expected: str
) -> None:
    api = await start(foreign_package=setting)
    package = (await api.create()).package
    package_path = f"/resellers/v1/packages/{package['id']}"
    calls = [
        ("GET", package_path),
        ("DELETE", package_path),
        ("PATCH", f"/resellers/v1/packages/update/{package['id']}/x"),
        ("PATCH", api.instance_path(package, f"/{world.SITES[world.SUB_ACCOUNTS[1]][0]}")),
        ("PATCH", api.instance_path(package, "/unassign")),
        ("DELETE", api.instance_path(package)),
    ]
    for method, path in calls:
        reply = await api.send(method, path, account=world.SUB_ACCOUNTS[1])

        assert (int(setting), expected) == reply.refusal
    assert package == await api.get(package["id"])


@pytest.mark.parametrize("status", [404, 428])
async def test_the_status_for_an_unknown_package_is_a_setting(start: "Start", status: int) -> None:
    api = await start(unknown_package=str(status))
    reply = await api.send("GET", f"/resellers/v1/packages/{NOWHERE}")

    assert (status, "NOT_FOUND") == reply.refusal


async def test_a_malformed_id_in_the_path_names_its_field(api: "Api") -> None:
    reply = await api.send("GET", "/resellers/v1/packages/abc")

    assert (reply.status, reply.fields) == (400, ["id"])


async def test_loose_takes_any_key_account_site_and_product(start: "Start") -> None:
    api = await start({"loose": True})
    api.key = "anything"
    product = api.product(NOWHERE, "7 WEEK", siteId=NOWHERE)
    first = await api.create(product, account="b0000000-0000-4000-8000-000000000001")
    second = await api.create(
        api.product("odd name", "ONE_TIME", siteId=NOWHERE.replace("0", "1")),
        account="b0000000-0000-4000-8000-000000000002",
    )
    api.account = "b0000000-0000-4000-8000-000000000002"
    found = await api.query()

    assert {first.package["id"], second.package["id"]} == {p["id"] for p in found.body["packages"]}


async def test_loose_still_needs_a_key(start: "Start") -> None:
    api = await start({"loose": True})
    reply = await api.send(
        "POST", "/resellers/v1/packages/query", {}, headers={"Authorization": ""}
    )

    assert reply.refusal == (401, "UNAUTHENTICATED")
