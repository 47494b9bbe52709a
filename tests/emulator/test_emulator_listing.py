"""What the inspector lists, filters, counts and pages."""

import itertools
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

import pytest

from wixreseller.emulator import default_seed as world

if TYPE_CHECKING:
    from tests.emulator.conftest import Api

ACCOUNT, OTHER = world.SUB_ACCOUNTS[:2]
SITES = world.SITES[ACCOUNT]
STATUSES = ("PENDING", "ENABLED", "AWAITING_ACTION", "FAILED", "CANCELED")
OVER = ("FAILED", "CANCELED")


@pytest.fixture
async def filled(api: "Api") -> "Api":
    """Fill an emulator with packages of every status, on sites and floating, of two accounts."""
    made: list[Any] = []
    for number in range(12):
        premium = api.product(world.PREMIUM_BUSINESS)
        if number < len(SITES):
            premium["siteId"] = SITES[number]
        others = [
            api.product(world.PROVIDER_MAILBOX, "1 MONTH"),
            api.product(world.UNLUCKY_ADDON, "1 MONTH"),
        ]
        account = ACCOUNT if number < 8 else OTHER
        name = {"externalId": f"sub_{number}%"} if number % 4 else {}
        products = [premium, *others[: number % 3]]
        made.append((await api.create(*products, account=account, **name)).package)
    await api.control("POST", "clock", {"advance": 2})
    for package in made[::3]:
        account = package["accountId"]
        await api.send("DELETE", f"/resellers/v1/packages/{package['id']}", account=account)
    await api.create(externalId="fresh")
    return api


async def listed(api: "Api", **query: object) -> list[Any]:
    found = await api.control("GET", f"inspector/packages?{urlencode(query)}")
    rows: list[Any] = found["packages"]
    return rows


def fits(instance: Any, wanted: dict[str, str]) -> bool:
    """Say in the plainest way whether an instance meets a filter."""
    is_floating = "siteId" not in instance and instance["status"] not in OVER
    has_place = {"": True, "yes": is_floating, "no": "siteId" in instance}
    return (
        wanted["status"] in ("", instance["status"])
        and wanted["product"] in ("", instance["catalogProductId"])
        and has_place[wanted["floating"]]
    )


async def test_every_combination_of_filters_finds_and_counts_the_packages_that_meet_it(
    filled: "Api",
) -> None:
    packages: list[Any] = (await filled.query()).body["packages"]
    filters = itertools.product(
        ("", *STATUSES),
        ("", world.PREMIUM_BUSINESS, world.UNLUCKY_ADDON, world.DOMAIN),
        ("", ACCOUNT, OTHER),
        ("", "yes", "no"),
        ("", "SUB_1", "%"),
    )
    for values in filters:
        names: tuple[str, ...] = ("status", "product", "account", "floating", "text")
        wanted: dict[str, str] = dict(zip(names, values, strict=True))
        in_question = [
            package
            for package in packages
            if wanted["account"] in ("", package["accountId"])
            and wanted["text"].lower() in package.get("externalId", "").lower()
        ]
        meeting = [
            package["id"]
            for package in in_question
            if any(fits(instance, wanted) for instance in package["productInstances"])
        ]
        every_status = wanted | {"status": ""}
        by_status = {
            status: sum(
                fits(instance, every_status) and instance["status"] == status
                for package in in_question
                for instance in package["productInstances"]
            )
            for status in STATUSES
        }
        found = await listed(filled, **wanted)
        counts = await filled.control("GET", f"inspector/counts?{urlencode(wanted)}")

        assert sorted(meeting) == sorted(row["id"] for row in found), wanted
        assert (13, len(meeting), by_status) == (
            counts["total"],
            counts["matching"],
            counts["instances"],
        ), wanted


@pytest.mark.parametrize("query", [{}, {"status": "ENABLED"}, {"product": world.PREMIUM_BUSINESS}])
async def test_pages_follow_each_other_newest_first_without_gap_or_repeat(
    filled: "Api", query: dict[str, str]
) -> None:
    whole = [row["seq"] for row in await listed(filled, **query)]
    walked: list[int] = []
    more, place = True, dict[str, int]()
    while more:
        parameters = urlencode({**query, **place, "limit": 2})
        page = await filled.control("GET", f"inspector/packages?{parameters}")
        walked += [row["seq"] for row in page["packages"]]
        more, place = page["more"], {"before": walked[-1]}

    assert sorted(whole, reverse=True) == walked


async def test_a_row_shows_the_first_instances_and_how_many_there_are(api: "Api") -> None:
    products = [api.product(world.PREMIUM_BUSINESS) for _ in range(9)]
    package = (await api.create(*products, externalId="many")).package
    (row,) = await listed(api)
    instance = row["instances"][0]

    assert (6, 9, "many", package["id"]) == (
        len(row["instances"]),
        row["instanceCount"],
        row["externalId"],
        row["id"],
    )
    assert ("PENDING", "ENABLED", None) == (
        instance["status"],
        instance["dueStatus"],
        instance["siteId"],
    )


async def test_an_id_or_its_beginning_finds_its_package(api: "Api") -> None:
    package = (await api.create(api.product(siteId=SITES[0]))).package
    await api.create(api.product(siteId=SITES[1]))
    instance_id = package["productInstances"][0]["instanceId"]
    texts = [package["id"], package["id"][:9].upper(), instance_id, instance_id[:8], SITES[0]]

    for text in texts:
        assert [package["id"]] == [row["id"] for row in await listed(api, text=text)], text
    assert [] == await listed(api, text=package["id"][:3])


async def test_a_list_shows_what_time_has_done(api: "Api") -> None:
    await api.create()
    await api.control("POST", "clock", {"advance": 2})

    (row,) = await listed(api)
    assert "ENABLED" == row["instances"][0]["status"]


@pytest.mark.parametrize("query", ["status=LOST", "floating=maybe", "account=x", "limit=0", "x=1"])
async def test_a_wrong_filter_is_refused(api: "Api", query: str) -> None:
    assert 400 == (await api.send("GET", f"/_emulator/inspector/packages?{query}")).status


async def entries(api: "Api", query: str = "") -> list[int]:
    found = await api.control("GET", f"inspector/requests?{query}")
    return [entry["number"] for entry in found["requests"]]


@pytest.fixture
async def asked(api: "Api") -> "Api":
    """Send six requests, each of its own kind."""
    await api.create(externalId="Lost & Found", idempotencyKey="k")
    await api.create(externalId="Lost & Found", idempotencyKey="k")
    await api.send("GET", "/nowhere")
    await api.fault("empty_500", operation="queryPackages")
    await api.raw("POST", "/resellers/v1/packages/query", {})
    await api.fault("drop_before_commit", operation="queryPackages")
    await api.raw("POST", "/resellers/v1/packages/query", {})
    await api.send("GET", f"/resellers/v1/packages/{ACCOUNT}", account=OTHER)
    return api


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("", [6, 5, 4, 3, 2, 1]),
        ("before=3", [2, 1]),
        ("before=99", [6, 5, 4, 3, 2, 1]),
        ("operation=queryPackages", [5, 4]),
        ("status=2xx", [2, 1]),
        ("status=4xx", [6]),
        ("status=404", None),
        ("status=5xx", [4, 3]),
        ("status=none", [5]),
        (f"account={OTHER}", [6]),
        ("kind=fault", [5, 4]),
        ("kind=replayed", [2]),
        ("kind=committed", [1]),
        (f"text={quote('lost & found')}", [2, 1]),
        ("text=NOWHERE", [3]),
        ("text=EMU.demo", []),
    ],
)
async def test_the_journal_is_listed_newest_first_and_filtered(
    asked: "Api", query: str, numbers: list[int] | None
) -> None:
    if numbers is None:
        assert 400 == (await asked.send("GET", f"/_emulator/inspector/requests?{query}")).status
    else:
        assert numbers == await entries(asked, query)


async def test_pages_of_the_journal_say_whether_there_is_more(asked: "Api") -> None:
    page = await asked.control("GET", "inspector/requests?limit=4")

    assert (True, 6, 6, 0) == (page["more"], page["last"], page["kept"], page["dropped"])
    assert {"number", "path", "status"} <= set(page["requests"][0])
    assert "requestBody" not in page["requests"][0]


async def test_one_request_is_shown_whole_and_an_unknown_one_is_not_found(asked: "Api") -> None:
    entry = await asked.control("GET", "inspector/requests/1")
    listed = (await asked.control("GET", "requests?limit=1"))["requests"][0]

    assert listed == {name: value for name, value in entry.items() if name in listed}
    for number in ("0", "7", "x"):
        reply = await asked.send("GET", f"/_emulator/inspector/requests/{number}")
        assert (404, "NOT_FOUND") == reply.refusal


async def test_the_overview_tells_how_full_the_limit_is_and_never_a_key(api: "Api") -> None:
    await api.control("PATCH", "settings", {"rate_limit": "2/60", "update_key": "package"})
    await api.fault("reset", operation="createPackage")
    for _ in range(5):
        await api.query()
    for kind, used in (("fixed", 2), ("sliding", 2), ("bucket", 2)):
        await api.control("PATCH", "settings", {"rate_limit_kind": kind})
        for _ in range(3):
            await api.query()
        overview = await api.control("GET", "inspector/overview")
        (gauge,) = overview["limits"]["gauges"]

        assert f"key of account {world.PARENT_ACCOUNT}" == gauge["caller"]
        assert used == gauge["used"]
        assert gauge["refused"] >= 1
    assert (1, 3) == (overview["faults"], overview["switched"])
    assert world.API_KEY not in str(overview)
    await api.control("POST", "clock", {"advance": 60})
    (gauge,) = (await api.control("GET", "inspector/overview"))["limits"]["gauges"]
    assert 0 == gauge["used"]


async def test_a_gauge_knows_accounts_and_addresses_too(api: "Api") -> None:
    for scope, caller in (("account", f"account {ACCOUNT}"), ("address", "address 127.0.0.1")):
        settings = {"rate_limit": "9/60", "rate_limit_scope": scope}
        await api.control("POST", "reset")
        await api.control("PATCH", "settings", settings)
        await api.query()

        limits = (await api.control("GET", "inspector/overview"))["limits"]
        assert [caller] == [gauge["caller"] for gauge in limits["gauges"]]


async def test_the_world_names_accounts_products_and_sites_and_counts_keys(api: "Api") -> None:
    found = await api.control("GET", "inspector/world")
    names = {product["name"] for product in found["products"]}

    assert (4, 8, 12, 1) == (
        len(found["accounts"]),
        len(found["products"]),
        len(found["sites"]),
        found["apiKeys"],
    )
    assert "Premium Basic" in names
    assert world.default_seed() == await api.control("GET", "inspector/seed")


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "packages"), ("GET", "nothing"), ("GET", "world/x"), ("DELETE", "requests/1")],
)
async def test_what_the_page_never_asks_is_unknown(api: "Api", method: str, path: str) -> None:
    assert 501 == (await api.send(method, f"/_emulator/inspector/{path}")).status
