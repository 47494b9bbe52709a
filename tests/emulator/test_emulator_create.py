"""What create makes of an order, and what it refuses."""

from typing import TYPE_CHECKING, Any

import pytest

from wixreseller.emulator import default_seed as world

if TYPE_CHECKING:
    from tests.emulator.conftest import Api, Start

ACCOUNT = world.SUB_ACCOUNTS[0]
SITE, OTHER_SITE = world.SITES[ACCOUNT][:2]
NOWHERE = "00000000-0000-0000-0000-000000000000"


async def test_a_created_package_shows_what_was_ordered(api: "Api") -> None:
    package = (
        await api.create(api.product(siteId=SITE, discountCode="LESS"), externalId="sub/42")
    ).package
    instance = package["productInstances"][0]
    now = "2026-03-01T12:00:00.000Z"

    assert {
        "id": package["id"],
        "accountId": ACCOUNT,
        "parentAccountId": world.PARENT_ACCOUNT,
        "externalId": "sub/42",
        "createdDate": now,
        "updatedDate": now,
        "productInstances": [
            {
                "instanceId": instance["instanceId"],
                "siteId": SITE,
                "catalogProductId": world.PREMIUM_BASIC,
                "status": "PENDING",
                "billingInfo": {
                    "type": "RECURRING",
                    "cycleDuration": {"unit": "YEAR", "count": 1},
                },
                "countryCode": "BR",
                "discountCode": "LESS",
                "createdDate": now,
                "updatedDate": now,
            }
        ],
    } == package
    assert package == await api.get(package["id"])


async def test_a_product_without_a_site_floats(api: "Api") -> None:
    package = (await api.create()).package

    assert "siteId" not in package["productInstances"][0]


async def test_the_account_without_a_parent_is_its_own_parent(api: "Api") -> None:
    package = (await api.create(account=world.PARENT_ACCOUNT)).package

    assert package["parentAccountId"] == world.PARENT_ACCOUNT


async def test_the_external_id_has_two_names(api: "Api") -> None:
    assert (await api.create(external_id="x")).package["externalId"] == "x"


async def test_the_same_calls_give_the_same_ids(start: "Start") -> None:
    first, second = await start(), await start()

    assert (await first.create()).package["id"] == (await second.create()).package["id"]


async def test_only_the_deprecated_create_does_without_a_country(api: "Api") -> None:
    body = {"products": [{"catalogProductId": world.PREMIUM_BUSINESS}]}
    new = await api.send("POST", "/resellers/v2/packages", body)
    old = await api.send("POST", "/resellers/v1/packages", body)

    assert new.fields == ["products[0].countryCode"]
    assert old.status == 200


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"catalogProductId": ""}, "products[0].catalogProductId"),
        ({"catalogProductId": 5}, "products[0].catalogProductId"),
        ({"countryCode": "XX"}, "products[0].countryCode"),
        ({"countryCode": "br"}, "products[0].countryCode"),
        ({"siteId": "abc"}, "products[0].siteId"),
        ({"discountCode": "x" * 26}, "products[0].discountCode"),
        ({"referenceProductInstanceId": "abc"}, "products[0].referenceProductInstanceId"),
        ({"surprise": 1}, "products[0].surprise"),
        ({"billingInfo": []}, "products[0].billingInfo"),
        ({"billingInfo": {}}, "products[0].billingInfo.type"),
        ({"billingInfo": {"type": "UNKNOWN"}}, "products[0].billingInfo.type"),
        (
            {"billingInfo": {"type": "RECURRING", "cycleDuration": {"unit": "DECADE"}}},
            "products[0].billingInfo.cycleDuration.unit",
        ),
        (
            {"billingInfo": {"type": "RECURRING", "cycleDuration": {"unit": "DAY", "count": 0}}},
            "products[0].billingInfo.cycleDuration.count",
        ),
        (
            {"billingInfo": {"type": "ONE_TIME", "cycleDuration": {"unit": "DAY"}}},
            "products[0].billingInfo.cycleDuration",
        ),
    ],
)
async def test_bad_input_names_its_field(api: "Api", change: dict[str, Any], field: str) -> None:
    reply = await api.create(api.product() | change)

    assert (400, [field]) == (reply.status, reply.fields)
    assert reply.body["message"].startswith(f"{field} ")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "products"),
        ({"products": []}, "products"),
        ({"products": {}}, "products"),
        ({"products": [7]}, "products[0]"),
        ({"products": [None] * 1001}, "products"),
    ],
)
async def test_the_list_of_products_is_checked(api: "Api", body: object, field: str) -> None:
    reply = await api.send("POST", "/resellers/v2/packages", body)

    assert reply.status == 400
    assert field == reply.fields[0]


async def test_all_violations_come_at_once(api: "Api") -> None:
    reply = await api.create({}, api.product(siteId="?"), externalId="x" * 101, extra=1)

    assert reply.fields == [
        "extra",
        "externalId",
        "products[0].catalogProductId",
        "products[0].countryCode",
        "products[1].siteId",
    ]
    assert len(reply.body["message"].splitlines()) == 5


@pytest.mark.parametrize(
    ("product_id", "cycle", "expected"),
    [
        (NOWHERE, "1 YEAR", (404, "PRODUCT_NOT_FOUND")),
        ("not-a-guid", "1 YEAR", (428, "INVALID_PRODUCTS")),
        (world.PREMIUM_BASIC, None, (428, "MISSING_BILLING_CYCLE")),
        (world.PREMIUM_BASIC, "2 YEAR", (428, "INCOMPATIBLE_BILLING_CYCLE")),
        (world.PREMIUM_BASIC, "ONE_TIME", (428, "INCOMPATIBLE_BILLING_CYCLE")),
        (world.PREMIUM_BASIC, "3 WEEK", (428, "INVALID_BILLING_CYCLE")),
    ],
)
async def test_products_and_cycles_are_those_of_the_catalogue(
    api: "Api", product_id: str, cycle: str | None, expected: tuple[int, str]
) -> None:
    assert expected == (await api.create(api.product(product_id, cycle))).refusal


async def test_a_product_with_one_way_to_pay_needs_no_billing(api: "Api") -> None:
    package = (await api.create(api.product(world.PREMIUM_BUSINESS, None))).package

    cycle = {"unit": "YEAR", "count": 1}
    billing = {"type": "RECURRING", "cycleDuration": cycle}
    assert billing == package["productInstances"][0]["billingInfo"]


async def test_a_product_without_cycles_is_not_fully_defined(start: "Start") -> None:
    seed = world.default_seed()
    seed["products"] = [{"id": NOWHERE, "name": "Bare", "type": "T", "cycles": []}]
    api = await start({"seed": seed})

    assert (await api.create(api.product(NOWHERE))).refusal == (428, "PRODUCT_SETTINGS_NOT_FOUND")


@pytest.mark.parametrize("site", [NOWHERE, world.SITES[world.SUB_ACCOUNTS[1]][0]])
async def test_a_site_must_be_of_the_account(api: "Api", site: str) -> None:
    assert (await api.create(api.product(siteId=site))).refusal == (404, "SITE_NOT_FOUND")


async def test_a_limit_counts_the_live_instances_of_an_account(api: "Api") -> None:
    email = api.product(world.BUSINESS_EMAIL)
    first = (await api.create(*[email] * 5)).package
    full = await api.create(email)
    elsewhere = await api.create(email, account=world.SUB_ACCOUNTS[1])
    await api.send("DELETE", api.instance_path(first))
    after_cancel = await api.create(email)

    assert full.refusal == (428, "PRODUCT_LIMIT_EXCEEDED")
    assert (elsewhere.status, after_cancel.status) == (200, 200)


async def test_a_limit_counts_within_one_order(api: "Api") -> None:
    reply = await api.create(*[api.product(world.BUSINESS_EMAIL)] * 6)

    assert reply.refusal == (428, "PRODUCT_LIMIT_EXCEEDED")


async def test_a_site_takes_one_product_of_such_a_type(api: "Api") -> None:
    there = (await api.create(api.product(siteId=SITE))).package
    again = await api.create(api.product(world.PREMIUM_BUSINESS, siteId=SITE))
    elsewhere = await api.create(api.product(siteId=OTHER_SITE))
    await api.send("DELETE", f"/resellers/v1/packages/{there['id']}")
    after_cancel = await api.create(api.product(siteId=SITE))

    assert again.refusal == (428, "PRODUCT_TYPE_ALREADY_ASSIGNED")
    assert (elsewhere.status, after_cancel.status) == (200, 200)


async def test_two_products_of_such_a_type_cannot_go_to_one_site_together(api: "Api") -> None:
    reply = await api.create(
        api.product(siteId=SITE), api.product(world.PREMIUM_BUSINESS, siteId=SITE)
    )

    assert reply.refusal == (428, "MULTIPLE_PRODUCT_ASSIGNMENTS")


async def test_a_site_needs_what_the_product_requires(api: "Api") -> None:
    storage = api.product(world.EXTRA_STORAGE, "ONE_TIME", siteId=SITE)
    alone = await api.create(storage)
    together = await api.create(storage, api.product(siteId=SITE))

    assert alone.refusal == (428, "PRODUCT_NOT_SUPPORTED_ON_SITE")
    assert together.status == 200


async def test_an_instance_serves_as_reference_once(api: "Api") -> None:
    original = (await api.create()).package["productInstances"][0]["instanceId"]
    free = api.product(world.BUSINESS_EMAIL, referenceProductInstanceId=original)
    first, second = await api.create(free), await api.create(free)

    assert original == first.package["productInstances"][0]["referenceProductInstanceId"]
    assert second.refusal == (428, "FAILED_PRECONDITION")


async def test_a_reference_must_be_usable_and_of_the_account(api: "Api") -> None:
    package = (await api.create()).package
    original = package["productInstances"][0]["instanceId"]
    free = api.product(world.BUSINESS_EMAIL, referenceProductInstanceId=original)
    foreign = await api.create(free, account=world.SUB_ACCOUNTS[1])
    await api.send("DELETE", f"/resellers/v1/packages/{package['id']}")

    assert foreign.refusal == (428, "PRODUCT_INSTANCE_NOT_FOUND")
    assert (await api.create(free)).refusal == (428, "INCOMPATIBLE_PRODUCT_INSTANCE_STATUS")


async def test_a_refused_order_leaves_nothing_behind(api: "Api") -> None:
    await api.create(api.product(), api.product(NOWHERE))

    assert (await api.query()).body["packages"] == []
