"""The calls on packages keep their contract, awaited and blocking, against the emulator."""

from __future__ import annotations

import pytest

from wixreseller import AsyncClient, BillingInfo, CycleUnit, Product, Status, errors
from wixreseller.emulator.default_seed import (
    DOMAIN,
    PARENT_ACCOUNT,
    PREMIUM_BASIC,
    PREMIUM_UNLIMITED,
    SITES,
    SUB_ACCOUNTS,
)
from wixreseller.models import JSONObject

HERE, ELSEWHERE, _ = SUB_ACCOUNTS
NOWHERE = "00000000-0000-0000-0000-000000000000"


async def test_create_answers_with_the_package_that_was_ordered(
    client: AsyncClient, product: Product
) -> None:
    package = await client.packages.create([product], external_id="sub-42")

    (instance,) = package.product_instances
    assert (package.account_id, package.external_id) == (HERE, "sub-42")
    assert (product.catalog_product_id, "BR", product.billing_info, Status.PENDING) == (
        instance.catalog_product_id,
        instance.country_code,
        instance.billing_info,
        instance.status,
    )
    assert dict(package.extra) == {}


async def test_create_takes_several_products_in_their_order(client: AsyncClient) -> None:
    site = SITES[HERE][0]
    package = await client.packages.create(
        [
            Product(
                catalog_product_id=PREMIUM_UNLIMITED,
                country_code="DE",
                site_id=site,
                billing_info=BillingInfo.recurring(2, CycleUnit.YEAR),
            ),
            Product(
                catalog_product_id=DOMAIN,
                country_code="DE",
                billing_info=BillingInfo.recurring(1, CycleUnit.YEAR),
            ),
        ]
    )

    assert [(PREMIUM_UNLIMITED, site), (DOMAIN, None)] == [
        (item.catalog_product_id, item.site_id) for item in package.product_instances
    ]
    assert package.external_id is None


async def test_results_tell_how_the_call_went(client: AsyncClient, product: Product) -> None:
    package = await client.packages.create([product], idempotency_key="my own key")

    assert package.meta is not None
    assert (
        package.meta.status,
        package.meta.attempts,
        package.meta.idempotency_key,
    ) == (200, 1, "my own key")
    assert package.meta.request_id


async def test_the_same_idempotency_key_makes_one_package(
    client: AsyncClient, product: Product
) -> None:
    first = await client.packages.create([product], external_id="a", idempotency_key="k")
    second = await client.packages.create([product], external_id="a", idempotency_key="k")

    assert first == second
    assert [first.id] == [package.id async for package in client.packages.query()]


async def test_each_create_has_a_key_of_its_own(client: AsyncClient, product: Product) -> None:
    first = await client.packages.create([product])
    second = await client.packages.create([product])

    assert first.id != second.id
    assert first.meta is not None
    assert second.meta is not None
    assert first.meta.idempotency_key != second.meta.idempotency_key


async def test_get_reads_what_create_made(client: AsyncClient, product: Product) -> None:
    created = await client.packages.create([product], external_id="x")

    assert created == await client.packages.get(created.id)


async def test_find_gives_the_package_of_an_external_id(
    client: AsyncClient, product: Product
) -> None:
    created = await client.packages.create([product], external_id="x/ü 1")
    await client.packages.create([product], external_id="y")

    assert created == await client.packages.find("x/ü 1")
    assert await client.packages.find("z") is None


async def test_find_looks_through_the_account_of_the_call_only(
    client: AsyncClient, product: Product
) -> None:
    await client.packages.create([product], external_id="x", account_id=ELSEWHERE)

    assert await client.packages.find("x") is None
    assert await client.packages.find("x", account_id=ELSEWHERE) is not None


async def test_find_refuses_to_choose_among_several(client: AsyncClient, product: Product) -> None:
    made = [await client.packages.create([product], external_id="x") for _ in range(2)]

    with pytest.raises(errors.ExternalIdConflictError) as caught:
        await client.packages.find("x")

    assert {package.id for package in made} == {package.id for package in caught.value.matches}


async def test_cancel_cancels_every_instance(client: AsyncClient, product: Product) -> None:
    created = await client.packages.create([product, product])

    canceled = await client.packages.cancel(created.id)

    assert [item.status for item in canceled.product_instances] == [Status.CANCELED] * 2
    assert canceled == await client.packages.get(created.id)


@pytest.mark.parametrize(
    "external_id", ["a/b", "../x", ".", "..", "ü ß 漢", "100%", "a?b#c", "+ +"]
)
async def test_update_external_id_takes_any_character(
    client: AsyncClient, product: Product, external_id: str
) -> None:
    created = await client.packages.create([product], external_id="old")

    updated = await client.packages.update_external_id(created.id, external_id=external_id)

    assert external_id == updated.external_id
    found = await client.packages.find(external_id)
    assert found is not None
    assert created.id == found.id


async def test_query_gives_newest_first_through_all_pages(
    client: AsyncClient, product: Product
) -> None:
    made = [(await client.packages.create([product])).id for _ in range(7)]

    assert made[::-1] == [package.id async for package in client.packages.query(page_size=3)]


async def test_query_filters_sorts_and_stops_where_it_is_told(
    client: AsyncClient, product: Product
) -> None:
    made = [(await client.packages.create([product], external_id=name)).id for name in "abcd"]

    pager = client.packages.query(
        {"externalId": {"$in": ["a", "b", "d"]}},
        sort={"fieldName": "createdDate", "order": "ASC"},
        page_size=1,
        max_items=2,
    )

    assert made[:2] == [package.id for package in await pager.collect()]


async def test_query_resumes_at_a_cursor(client: AsyncClient, product: Product) -> None:
    made = [(await client.packages.create([product])).id for _ in range(5)]
    pager = client.packages.query(page_size=2, max_items=3)
    begun = [package.id for package in await pager.collect()]

    rest = client.packages.query(cursor=pager.cursor)

    assert made[::-1][:3] == begun
    assert made[::-1][2:] == [package.id for package in await rest.collect()]


async def test_query_sees_the_family_and_a_view_its_own_account(
    client: AsyncClient, product: Product
) -> None:
    here = await client.packages.create([product])
    there = await client.packages.create([product], account_id=ELSEWHERE)

    assert {here.id, there.id} == {package.id async for package in client.packages.query()}
    view = client.for_account(ELSEWHERE)
    assert [there.id] == [package.id async for package in view.packages.query()]
    assert [here.id] == [package.id async for package in client.packages.query(account_id=HERE)]


async def test_a_view_keeps_the_users_filter_as_well(client: AsyncClient, product: Product) -> None:
    for name in ("a", "b"):
        await client.packages.create([product], external_id=name, account_id=ELSEWHERE)

    view = client.for_account(ELSEWHERE)

    found = await view.packages.query({"externalId": "b"}).collect()
    assert [package.external_id for package in found] == ["b"]


async def test_first_gives_one_or_none(client: AsyncClient, product: Product) -> None:
    assert await client.packages.query().first() is None

    created = await client.packages.create([product])

    assert created == await client.packages.query().first()


async def test_a_package_of_another_account_is_not_found(
    client: AsyncClient, product: Product
) -> None:
    other = await client.packages.create([product], account_id=ELSEWHERE)

    for call in (client.packages.get, client.packages.cancel):
        with pytest.raises(errors.NotFoundError) as caught:
            await call(other.id)
        assert caught.value.code == "NOT_FOUND"


async def test_business_rules_come_as_failed_preconditions_with_their_code(
    client: AsyncClient,
) -> None:
    product = Product(
        catalog_product_id=PREMIUM_BASIC,
        country_code="BR",
        billing_info=BillingInfo.recurring(3, CycleUnit.DAY),
    )

    with pytest.raises(errors.FailedPreconditionError) as caught:
        await client.packages.create([product])

    error = caught.value
    assert (error.status, error.code is not None and error.code.is_known) == (428, True)
    assert error.idempotency_key
    assert str(error).endswith(f"[request_id={error.request_id} attempts=1]")


async def test_an_unknown_product_is_not_found(client: AsyncClient) -> None:
    with pytest.raises(errors.NotFoundError) as caught:
        await client.packages.create([Product(catalog_product_id=NOWHERE, country_code="BR")])

    assert errors.NotFoundError is type(caught.value)
    assert caught.value.code == "PRODUCT_NOT_FOUND"


async def test_a_filter_that_the_server_refuses_is_a_bad_request_with_its_violation(
    client: AsyncClient,
) -> None:
    nested: JSONObject = {"externalId": "x"}
    for _ in range(60):  # more levels than the emulator takes, fewer than the client refuses
        nested = {"$and": [nested]}

    with pytest.raises(errors.BadRequestError) as caught:
        await client.packages.query(nested).collect()

    assert [violation.field for violation in caught.value.field_violations] == ["value"]


async def test_an_account_of_a_stranger_is_refused(client: AsyncClient, product: Product) -> None:
    with pytest.raises(errors.APIError) as caught:
        await client.packages.create([product], account_id=NOWHERE)

    assert caught.value.status in (401, 403, 404)


async def test_the_parent_account_is_an_account_like_any_other(
    client: AsyncClient, product: Product
) -> None:
    package = await client.packages.create([product], account_id=PARENT_ACCOUNT)

    assert package.account_id == PARENT_ACCOUNT
