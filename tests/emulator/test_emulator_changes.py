"""What cancel, assign, unassign, adjust and update change, and what they refuse."""

from typing import TYPE_CHECKING, Any

import pytest

from wixreseller.emulator import default_seed as world

if TYPE_CHECKING:
    from tests.emulator.conftest import Api, Start
    from wixreseller.emulator import Clock

ACCOUNT = world.SUB_ACCOUNTS[0]
SITE, OTHER_SITE = world.SITES[ACCOUNT][:2]
NOWHERE = "00000000-0000-0000-0000-000000000000"


def only(package: Any) -> Any:
    (instance,) = package["productInstances"]
    return instance


async def test_cancel_package_cancels_every_instance(api: "Api") -> None:
    package = (await api.create(api.product(), api.product())).package
    reply = await api.send("DELETE", f"/resellers/v1/packages/{package['id']}")

    assert [i["status"] for i in reply.package["productInstances"]] == ["CANCELED"] * 2


async def test_cancel_instance_cancels_one_and_answers_with_the_package(api: "Api") -> None:
    package = (await api.create(api.product(), api.product())).package
    reply = await api.send("DELETE", api.instance_path(package))

    assert [i["status"] for i in reply.package["productInstances"]] == ["CANCELED", "PENDING"]


async def test_canceling_again_changes_nothing(api: "Api", clock: "Clock") -> None:
    path = f"/resellers/v1/packages/{(await api.create()).package['id']}"
    first = await api.send("DELETE", path)
    clock.advance(60)
    second = await api.send("DELETE", path)

    assert first.package == second.package


async def test_a_change_moves_the_updated_date_of_instance_and_package(
    api: "Api", clock: "Clock"
) -> None:
    package = (await api.create()).package
    clock.advance(1.5)
    changed = (await api.send("PATCH", api.instance_path(package, f"/{SITE}"))).package

    moment = "2026-03-01T12:00:01.500Z"
    assert (moment, moment) == (changed["updatedDate"], only(changed)["updatedDate"])
    assert package["createdDate"] == changed["createdDate"]


async def test_assign_moves_an_instance_and_unassign_makes_it_float(api: "Api") -> None:
    package = (await api.create(api.product(siteId=SITE))).package
    moved = await api.send("PATCH", api.instance_path(package, f"/{OTHER_SITE}"))
    floating = await api.send("PATCH", api.instance_path(package, "/unassign"))

    assert only(moved.package)["siteId"] == OTHER_SITE
    assert "siteId" not in only(floating.package)


async def test_assign_refuses_a_site_of_another_account(api: "Api") -> None:
    package = (await api.create()).package
    foreign = world.SITES[world.SUB_ACCOUNTS[1]][0]
    reply = await api.send("PATCH", api.instance_path(package, f"/{foreign}"))

    assert reply.refusal == (404, "SITE_NOT_FOUND")


async def test_assign_refuses_a_site_that_has_a_product_of_the_type(api: "Api") -> None:
    await api.create(api.product(siteId=SITE))
    package = (await api.create()).package
    reply = await api.send("PATCH", api.instance_path(package, f"/{SITE}"))

    assert reply.refusal == (428, "PRODUCT_TYPE_ALREADY_ASSIGNED")


async def test_assign_to_the_same_site_is_fine(api: "Api") -> None:
    package = (await api.create(api.product(siteId=SITE))).package

    assert (await api.send("PATCH", api.instance_path(package, f"/{SITE}"))).status == 200


@pytest.mark.parametrize("rest", [f"/{SITE}", "/unassign"])
async def test_a_canceled_instance_goes_nowhere(api: "Api", rest: str) -> None:
    package = (await api.create()).package
    await api.send("DELETE", api.instance_path(package))
    reply = await api.send("PATCH", api.instance_path(package, rest))

    assert reply.refusal == (428, "FAILED_PRECONDITION")


async def test_update_changes_the_external_id(api: "Api") -> None:
    package = (await api.create(externalId="old")).package
    await api.send("PATCH", f"/resellers/v1/packages/update/{package['id']}/new")

    assert (await api.get(package["id"]))["externalId"] == "new"


async def test_update_refuses_an_external_id_of_101_characters(api: "Api") -> None:
    package = (await api.create()).package
    path = f"/resellers/v1/packages/update/{package['id']}/{'x' * 101}"

    assert (await api.send("PATCH", path)).fields == ["externalId"]


async def test_adjust_gives_another_product_of_the_type(api: "Api") -> None:
    package = (await api.create()).package
    body = {"catalogProductId": world.PREMIUM_UNLIMITED, "discountCode": "LESS"}
    adjusted = only((await api.send("PATCH", api.instance_path(package), body)).package)

    assert adjusted["catalogProductId"] == world.PREMIUM_UNLIMITED
    assert adjusted["discountCode"] == "LESS"
    assert only(package)["billingInfo"] == adjusted["billingInfo"]
    assert adjusted["status"] == "PENDING"


async def test_adjust_gives_another_billing_and_then_ignores_the_discount(api: "Api") -> None:
    package = (await api.create()).package
    billing = {"type": "RECURRING", "cycleDuration": {"unit": "MONTH", "count": 1}}
    body = {"billingInfo": billing, "discountCode": "LESS"}
    adjusted = only((await api.send("PATCH", api.instance_path(package), body)).package)

    assert billing == adjusted["billingInfo"]
    assert "discountCode" not in adjusted


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, (428, "MISSING_PRODUCT_DETAILS")),
        ({"discountCode": "LESS"}, (428, "MISSING_PRODUCT_DETAILS")),
        ({"billingInfo": {"type": "RECURRING"}}, (428, "MISSING_PRODUCT_DETAILS")),
        ({"catalogProductId": NOWHERE}, (404, "PRODUCT_NOT_FOUND")),
        ({"catalogProductId": world.BUSINESS_EMAIL}, (428, "INCOMPATIBLE_PRODUCT")),
        ({"billingInfo": {"type": "ONE_TIME"}}, (428, "INCOMPATIBLE_BILLING_CYCLE")),
    ],
)
async def test_adjust_refuses(api: "Api", body: object, expected: tuple[int, str]) -> None:
    package = (await api.create()).package
    reply = await api.send("PATCH", api.instance_path(package), body)

    assert expected == reply.refusal
    assert package == await api.get(package["id"])


async def test_adjust_asks_for_a_cycle_when_the_old_one_does_not_fit(api: "Api") -> None:
    package = (await api.create(api.product(world.PREMIUM_UNLIMITED, "2 YEAR"))).package
    several = await api.send(
        "PATCH", api.instance_path(package), {"catalogProductId": world.PREMIUM_BASIC}
    )
    single = await api.send(
        "PATCH", api.instance_path(package), {"catalogProductId": world.PREMIUM_BUSINESS}
    )

    assert several.refusal == (428, "MISSING_BILLING_CYCLE")
    assert only(single.package)["billingInfo"]["cycleDuration"] == {"unit": "YEAR", "count": 1}


async def test_adjust_respects_the_limit_of_the_new_product(api: "Api") -> None:
    await api.create(*[api.product(world.BUSINESS_EMAIL)] * 5)
    package = (await api.create(api.product(world.PROVIDER_MAILBOX, "1 MONTH"))).package
    body = {"catalogProductId": world.BUSINESS_EMAIL}
    reply = await api.send("PATCH", api.instance_path(package), body)

    assert reply.refusal == (428, "PRODUCT_LIMIT_EXCEEDED")


async def test_adjust_has_a_code_of_its_own_for_an_unknown_or_foreign_instance(api: "Api") -> None:
    package = (await api.create()).package
    body = {"catalogProductId": world.PREMIUM_UNLIMITED}
    foreign = await api.send(
        "PATCH", api.instance_path(package), body, account=world.SUB_ACCOUNTS[1]
    )
    unknown = await api.send("PATCH", f"/resellers/v1/packages/product-instances/{NOWHERE}", body)

    assert foreign.refusal == (428, "PRODUCT_INSTANCE_NOT_FOUND")
    assert unknown.refusal == (428, "PRODUCT_INSTANCE_NOT_FOUND")


async def test_adjust_refuses_a_canceled_instance(api: "Api") -> None:
    package = (await api.create()).package
    await api.send("DELETE", api.instance_path(package))
    body = {"catalogProductId": world.PREMIUM_UNLIMITED}
    reply = await api.send("PATCH", api.instance_path(package), body)

    assert reply.refusal == (428, "INCOMPATIBLE_PRODUCT_INSTANCE_STATUS")


async def test_adjust_refuses_unknown_fields(api: "Api") -> None:
    package = (await api.create()).package
    reply = await api.send("PATCH", api.instance_path(package), {"surprise": 1})

    assert reply.fields == ["surprise"]


@pytest.mark.parametrize(("setting", "status"), [(False, "ENABLED"), (True, "PENDING")])
async def test_whether_adjust_delivers_anew_is_a_setting(
    start: "Start", clock: "Clock", setting: bool, status: str
) -> None:
    api = await start(adjust_sets_pending=setting)
    package = (await api.create()).package
    clock.advance(10)
    body = {"catalogProductId": world.PREMIUM_UNLIMITED}
    adjusted = (await api.send("PATCH", api.instance_path(package), body)).package
    clock.advance(10)

    assert status == only(adjusted)["status"]
    assert only(await api.get(package["id"]))["status"] == "ENABLED"


async def test_a_cancel_can_take_its_time(start: "Start", clock: "Clock") -> None:
    api = await start(cancel_delay_seconds=30)
    package = (await api.create()).package
    path = f"/resellers/v1/packages/{package['id']}"
    at_once = only((await api.send("DELETE", path)).package)["status"]
    clock.advance(30)

    assert [at_once, only(await api.get(package["id"]))["status"]] == ["PENDING", "CANCELED"]
