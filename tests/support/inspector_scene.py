"""Fill an emulator with what a morning of work leaves behind, by the client library."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime

import aiohttp

from wixreseller import (
    AsyncClient,
    BillingInfo,
    CycleUnit,
    Package,
    Product,
    Q,
    RetryPolicy,
    errors,
)
from wixreseller.emulator import default_seed as world
from wixreseller.testing import AsyncEmulatorControl

NOON = datetime(2026, 3, 2, 9, 0, 0, tzinfo=UTC)
ACCOUNT, SECOND, THIRD = world.SUB_ACCOUNTS
SCRIPT = "<script>alert('shop')</script>"
YEARLY = BillingInfo.recurring(1, CycleUnit.YEAR)
MONTHLY = BillingInfo.recurring(1, CycleUnit.MONTH)


def client_of(url: str, account_id: str = ACCOUNT) -> AsyncClient:
    """Return a client of an emulator that neither waits nor tries again."""
    return AsyncClient(
        api_key=world.API_KEY,
        account_id=account_id,
        base_url=url,
        rate_limit=None,
        retry=RetryPolicy(max_attempts=1, max_throttled=1),
    )


def order(product: str, billing: BillingInfo, site: str | None = None) -> Product:
    """Return one product to buy."""
    return Product(
        catalog_product_id=product, country_code="BR", billing_info=billing, site_id=site
    )


async def play(url: str) -> Package:
    """Buy, move, adjust, cancel and fail; return the package with the longest history."""
    control = AsyncEmulatorControl(url)
    await control.freeze(NOON)
    sites = world.SITES[ACCOUNT]
    async with client_of(url) as client:
        storied = await client.packages.create(
            [order(world.PREMIUM_BASIC, YEARLY, sites[0]), order(world.BUSINESS_EMAIL, MONTHLY)],
            external_id="shop-1",
        )
        await control.advance(95)
        premium, mailbox = storied.product_instances
        await client.product_instances.assign_to_site(premium.instance_id, site_id=sites[1])
        await client.product_instances.adjust_specifications(
            premium.instance_id, catalog_product_id=world.PREMIUM_UNLIMITED
        )
        await control.advance(3600)
        await client.packages.update_external_id(storied.id, external_id="shop-1-moved")
        await client.product_instances.unassign_from_site(premium.instance_id)
        await client.product_instances.cancel(mailbox.instance_id)
        await _others(client, control)
        await _accidents(client, control)
        return storied


async def _others(client: AsyncClient, control: AsyncEmulatorControl) -> None:
    await client.packages.create(
        [order(world.PROVIDER_MAILBOX, MONTHLY), order(world.UNLUCKY_ADDON, MONTHLY)],
        external_id="mail-and-misfortune",
    )
    for number in range(12):
        account = (SECOND, THIRD)[number % 2]
        made = await client.for_account(account).packages.create(
            [order(world.PREMIUM_BUSINESS, YEARLY)], external_id=f"agency-{number:03d}"
        )
        await control.advance(41)
        if number % 5 == 4:
            await client.for_account(account).packages.cancel(made.id)
    await client.packages.create([order(world.DOMAIN, YEARLY)], external_id=SCRIPT)
    await client.packages.create([order(world.DOMAIN, YEARLY)])
    many = [order(world.PREMIUM_BUSINESS, YEARLY) for _ in range(9)]
    await client.packages.create(
        many, external_id="franchise-with-nine-shops-and-a-rather-long-external-id-that-wraps"
    )


async def _accidents(client: AsyncClient, control: AsyncEmulatorControl) -> None:
    lost = [order(world.PREMIUM_BUSINESS, YEARLY)]
    await control.add_fault("drop_after_commit", operation="createPackageV2")
    for _ in range(2):
        await client.packages.create(lost, external_id="answer-lost", idempotency_key="order-77")
    await control.add_fault("html_502", operation="queryPackages", times=None, nth=3)
    for _ in range(3):
        with contextlib.suppress(errors.ServerError):
            await client.packages.query(Q.external_id == "answer-lost").collect()
    with contextlib.suppress(errors.NotFoundError):
        await client.packages.get("b0000000-0000-4000-8000-000000000000")
    async with aiohttp.ClientSession() as session:
        await session.get(f"{control.url}/resellers/v1/nowhere")
    await control.add_fault("delay", seconds=30, account=THIRD)
    await control.change_settings(rate_limit="30/60", delivery_seconds=600, retry_after="seconds")
    last = [order(world.BUSINESS_EMAIL, MONTHLY)]
    made = await client.packages.create(last, external_id="not-delivered-yet")
    with contextlib.suppress(errors.RateLimitError):
        for _ in range(40):
            await client.packages.get(made.id)
    await control.snapshot("before-the-migration")
    await control.snapshot()
