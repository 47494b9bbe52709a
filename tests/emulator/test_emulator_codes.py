"""Every documented error code, with its status, the form of its message and its data."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pytest

from wixreseller.emulator import default_seed as world
from wixreseller.emulator.jsonvalue import JsonObject

if TYPE_CHECKING:
    from tests.emulator.conftest import Api, Reply, Start

ACCOUNT = world.SUB_ACCOUNTS[0]
SITE = world.SITES[ACCOUNT][0]
NOWHERE = "00000000-0000-0000-0000-000000000000"
BARE = "c0000000-0000-4000-8000-0000000000aa"
YEARLY: dict[str, object] = {
    "type": "RECURRING",
    "cycleDuration": {"unit": "YEAR", "count": 1},
}


def cycle(count: int, unit: str) -> dict[str, object]:
    return {"type": "RECURRING", "cycleDuration": {"unit": unit, "count": count}}


def seed() -> JsonObject:
    """Return the default world, with a product more that is not fully defined."""
    document = world.default_seed()
    products = document["products"]
    assert isinstance(products, list)
    products.append({"id": BARE, "name": "Bare", "type": "PREMIUM", "cycles": []})
    return document


def expect(reply: "Reply", status: int, code: str, data: Mapping[str, object]) -> None:
    """Assert the whole form of a refusal."""
    error = reply.body["details"]["applicationError"]
    form = (list(reply.body), list(reply.body["details"]), list(error))

    assert (status, code, data) == (reply.status, error["code"], error["data"])
    assert (["message", "details"], ["applicationError"], ["code", "description", "data"]) == form
    assert reply.body["message"] == error["description"] != ""


@pytest.mark.parametrize(
    ("product", "status", "code", "data"),
    [
        ({"catalogProductId": NOWHERE}, 404, "PRODUCT_NOT_FOUND", {"catalogProductId": NOWHERE}),
        ({"siteId": NOWHERE}, 404, "SITE_NOT_FOUND", {"siteId": NOWHERE}),
        (
            {"catalogProductId": BARE},
            428,
            "PRODUCT_SETTINGS_NOT_FOUND",
            {"catalogProductId": BARE},
        ),
        (
            {"billingInfo": None},
            428,
            "MISSING_BILLING_CYCLE",
            {"catalogProductId": world.PREMIUM_BASIC},
        ),
        (
            {"billingInfo": {"type": "RECURRING"}},
            428,
            "MISSING_BILLING_CYCLE",
            {"catalogProductId": world.PREMIUM_BASIC},
        ),
        (
            {"billingInfo": cycle(2, "YEAR")},
            428,
            "INCOMPATIBLE_BILLING_CYCLE",
            {"catalogProductId": world.PREMIUM_BASIC},
        ),
        (
            {"billingInfo": cycle(3, "WEEK")},
            428,
            "INVALID_BILLING_CYCLE",
            {"catalogProductId": world.PREMIUM_BASIC},
        ),
        ({"catalogProductId": "odd"}, 428, "INVALID_PRODUCTS", {"catalogProductId": "odd"}),
        (
            {
                "catalogProductId": world.EXTRA_STORAGE,
                "billingInfo": {"type": "ONE_TIME"},
                "siteId": SITE,
            },
            428,
            "PRODUCT_NOT_SUPPORTED_ON_SITE",
            {"catalogProductId": world.EXTRA_STORAGE, "siteId": SITE},
        ),
    ],
)
async def test_codes_of_create(
    start: "Start", product: dict[str, object], status: int, code: str, data: dict[str, object]
) -> None:
    api = await start({"seed": seed()})

    expect(await api.create(api.product() | product), status, code, data)


async def test_account_not_found(api: "Api") -> None:
    reply = await api.create(account=NOWHERE)

    expect(reply, 404, "ACCOUNT_NOT_FOUND", {"accountId": NOWHERE})


async def test_product_limit_exceeded(api: "Api") -> None:
    reply = await api.create(*[api.product(world.BUSINESS_EMAIL)] * 6)

    data = {"catalogProductId": world.BUSINESS_EMAIL, "limit": 5}
    expect(reply, 428, "PRODUCT_LIMIT_EXCEEDED", data)


async def test_multiple_product_assignments(api: "Api") -> None:
    reply = await api.create(api.product(siteId=SITE), api.product(siteId=SITE))

    data = {"catalogProductId": world.PREMIUM_BASIC, "siteId": SITE}
    expect(reply, 428, "MULTIPLE_PRODUCT_ASSIGNMENTS", data)


async def test_product_type_already_assigned(api: "Api") -> None:
    await api.create(api.product(world.PREMIUM_BUSINESS, siteId=SITE))
    reply = await api.create(api.product(siteId=SITE))

    data = {"catalogProductId": world.PREMIUM_BASIC, "siteId": SITE}
    expect(reply, 428, "PRODUCT_TYPE_ALREADY_ASSIGNED", data)


@pytest.mark.parametrize(
    ("body", "status", "code", "data"),
    [
        ({"catalogProductId": NOWHERE}, 404, "PRODUCT_NOT_FOUND", {"catalogProductId": NOWHERE}),
        (
            {"catalogProductId": BARE},
            428,
            "PRODUCT_SETTINGS_NOT_FOUND",
            {"catalogProductId": BARE},
        ),
        (
            {"catalogProductId": world.PREMIUM_BUSINESS, "billingInfo": cycle(1, "MONTH")},
            428,
            "INCOMPATIBLE_BILLING_CYCLE",
            {"catalogProductId": world.PREMIUM_BUSINESS},
        ),
        (
            {"billingInfo": cycle(3, "WEEK")},
            428,
            "INVALID_BILLING_CYCLE",
            {"catalogProductId": world.PREMIUM_BASIC},
        ),
        ({"catalogProductId": "odd"}, 428, "INVALID_PRODUCTS", {"catalogProductId": "odd"}),
        (
            {"catalogProductId": world.BUSINESS_EMAIL},
            428,
            "INCOMPATIBLE_PRODUCT",
            {"catalogProductId": world.BUSINESS_EMAIL},
        ),
        (
            {},
            428,
            "MISSING_PRODUCT_DETAILS",
            {"missing": ["catalogProductId", "billingInfo"]},
        ),
        (
            {"billingInfo": {"type": "RECURRING"}},
            428,
            "MISSING_PRODUCT_DETAILS",
            {"missing": ["cycleDuration"]},
        ),
    ],
)
async def test_codes_of_adjust(
    start: "Start", body: dict[str, Any], status: int, code: str, data: dict[str, object]
) -> None:
    api = await start({"seed": seed()})
    package = (await api.create()).package
    reply = await api.send("PATCH", api.instance_path(package), body)

    expect(reply, status, code, data)


async def test_missing_billing_cycle_of_adjust(api: "Api") -> None:
    package = (await api.create(api.product(world.PREMIUM_UNLIMITED, "2 YEAR"))).package
    body = {"catalogProductId": world.PREMIUM_BASIC}
    reply = await api.send("PATCH", api.instance_path(package), body)

    data: dict[str, object] = {"catalogProductId": world.PREMIUM_BASIC}
    expect(reply, 428, "MISSING_BILLING_CYCLE", data)


async def test_product_instance_not_found(api: "Api") -> None:
    path = f"/resellers/v1/packages/product-instances/{NOWHERE}"
    reply = await api.send("PATCH", path, {"billingInfo": YEARLY})

    expect(reply, 428, "PRODUCT_INSTANCE_NOT_FOUND", {"instanceId": NOWHERE})


async def test_incompatible_product_instance_status(api: "Api") -> None:
    package = (await api.create()).package
    await api.send("DELETE", api.instance_path(package))
    reply = await api.send("PATCH", api.instance_path(package), {"billingInfo": YEARLY})

    instance_id = package["productInstances"][0]["instanceId"]
    data: dict[str, object] = {"instanceId": instance_id, "status": "CANCELED"}
    expect(reply, 428, "INCOMPATIBLE_PRODUCT_INSTANCE_STATUS", data)


async def test_site_codes_of_adjust(start: "Start") -> None:
    document = seed()
    products = document["products"]
    assert isinstance(products, list)
    month: JsonObject = {"unit": "MONTH", "count": 1}
    plain: JsonObject = {"id": NOWHERE, "name": "P", "type": "PREMIUM", "cycles": [month]}
    needy: JsonObject = {**plain, "id": NOWHERE.replace("0", "1"), "requiresType": "DOMAIN"}
    products.extend([plain, needy])
    api = await start({"seed": document})
    await api.create(api.product(siteId=SITE))
    package = (await api.create(api.product(NOWHERE, "1 MONTH", siteId=SITE))).package
    taken = await api.send(
        "PATCH", api.instance_path(package), {"catalogProductId": world.PREMIUM_UNLIMITED}
    )
    unfit = await api.send(
        "PATCH", api.instance_path(package), {"catalogProductId": str(needy["id"])}
    )

    data = {"catalogProductId": world.PREMIUM_UNLIMITED, "siteId": SITE}
    expect(taken, 428, "PRODUCT_TYPE_ALREADY_ASSIGNED", data)
    data = {"catalogProductId": str(needy["id"]), "siteId": SITE}
    expect(unfit, 428, "PRODUCT_NOT_SUPPORTED_ON_SITE", data)


async def test_site_not_found_of_assign(api: "Api") -> None:
    package = (await api.create()).package
    reply = await api.send("PATCH", api.instance_path(package, f"/{NOWHERE}"))

    expect(reply, 404, "SITE_NOT_FOUND", {"siteId": NOWHERE})


async def test_several_violations_of_an_adjust_come_at_once(api: "Api") -> None:
    package = (await api.create()).package
    body = {
        "billingInfo": {"type": "NEVER", "cycleDuration": {"unit": "AGE", "count": 0}},
        "discountCode": "x" * 26,
    }
    reply = await api.send("PATCH", api.instance_path(package), body)

    assert (400, ["billingInfo.type", "billingInfo.cycleDuration.unit"]) == (
        reply.status,
        reply.fields[:2],
    )
    assert reply.fields[2:] == ["billingInfo.cycleDuration.count", "discountCode"]
    violations = reply.body["details"]["validationError"]["fieldViolations"]
    lines = [f"{v['field']} {v['description']}" for v in violations]
    assert reply.body["message"].split("\n") == lines


async def test_an_unknown_discount_code_does_no_harm(api: "Api") -> None:
    package = (await api.create(api.product(discountCode="NO SUCH CODE"))).package

    assert package["productInstances"][0]["discountCode"] == "NO SUCH CODE"


async def test_a_product_of_the_seed_fails_for_a_reason_of_its_own(
    start: "Start", clock: Any
) -> None:
    document = world.default_seed()
    products = document["products"]
    assert isinstance(products, list)
    for number, code in enumerate(("DELIVERY_TIMEOUT", "UNKNOWN", None)):
        product: JsonObject = {
            "id": NOWHERE[:-1] + str(number),
            "name": "F",
            "type": "T",
            "oneTime": True,
            "outcome": "FAILED",
            "failureCode": code,
        }
        products.append(product)
    api = await start({"seed": document})
    lines = [api.product(NOWHERE[:-1] + str(number), "ONE_TIME") for number in range(3)]
    package = (await api.create(*lines)).package
    clock.advance(2)
    instances = (await api.get(package["id"]))["productInstances"]

    codes = ["DELIVERY_TIMEOUT", "UNKNOWN", "EXTERNAL_FAILURE"]
    assert codes == [instance["failure"]["code"] for instance in instances]
    assert {"The product could not be delivered."} == {
        instance["failure"]["message"] for instance in instances
    }
