"""What each view shows, and what can be done in it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from inspector_scene import ACCOUNT, SCRIPT, YEARLY, client_of, order, play
from playwright.async_api import expect

from wixreseller import errors
from wixreseller.emulator import default_seed as world
from wixreseller.testing import AsyncEmulatorControl

if TYPE_CHECKING:
    from tests.inspector.conftest import Open, Witness
    from wixreseller.emulator import Emulator

SITE = world.SITES[ACCOUNT][0]
BAD_REQUEST = "status of 400"  # the browser says so in its console


async def test_an_empty_emulator_says_what_to_do_next(visit: Open, emulator: Emulator) -> None:
    page = await visit()

    await expect(page.get_by_role("heading", name="No packages yet")).to_be_visible()
    await expect(page.locator(".empty pre").first).to_contain_text(emulator.url)
    await page.get_by_role("link", name="Requests").click()
    await expect(page.get_by_role("heading", name="No requests yet")).to_be_visible()
    await page.get_by_role("link", name="Faults").click()
    await expect(page.get_by_role("heading", name="No rules")).to_be_visible()


async def test_packages_appear_and_change_while_the_library_works(
    visit: Open, emulator: Emulator
) -> None:
    page = await visit()
    emulator.clock.freeze()
    async with client_of(emulator.url) as client:
        await client.packages.create([order(world.PREMIUM_BASIC, YEARLY)], external_id="sub-1")
        line = page.locator("a.line", has_text="sub-1")
        await expect(line).to_contain_text("Pending")
        await expect(line).to_contain_text("Premium Basic")
        await expect(line).to_contain_text("floating")
        emulator.clock.resume()
        await expect(line).to_contain_text("Enabled")  # two seconds later, with nobody asking
        package = await client.packages.find("sub-1")
        assert package is not None
        await client.product_instances.assign_to_site(
            package.product_instances[0].instance_id, site_id=SITE
        )
        await expect(line).to_contain_text("on 51000000")
        await client.packages.update_external_id(package.id, external_id="sub-2")
        await expect(page.locator("a.line", has_text="sub-2")).to_be_visible()
        await client.packages.cancel(package.id)
        await expect(page.locator("a.line")).to_contain_text("Canceled")
    await expect(page.get_by_role("status").filter(has_text="1 package")).to_be_visible()


async def test_a_script_tag_stays_text_everywhere(visit: Open, emulator: Emulator) -> None:
    async with client_of(emulator.url) as client:
        made = await client.packages.create([order(world.DOMAIN, YEARLY)], external_id=SCRIPT)
        await client.packages.update_external_id(made.id, external_id=f"{SCRIPT}<img src=x>")
    page = await visit()
    shouted: list[str] = []
    page.on("dialog", lambda dialog: shouted.append(dialog.message))

    await expect(page.locator("a.line")).to_contain_text(SCRIPT)
    await page.locator("a.line").click()
    panel = page.get_by_role("complementary", name="Package")
    await expect(panel.get_by_role("heading", name=SCRIPT)).to_be_visible()
    await expect(panel.locator(".timeline")).to_contain_text("<img src=x>")
    await panel.get_by_role("link", name="createPackageV2, request 1").click()
    panel = page.get_by_role("complementary", name="Request")
    await expect(panel.locator("pre").first).to_contain_text(SCRIPT)
    assert ([], 0) == (shouted, await page.locator("main script, main img").count())


async def test_the_history_of_a_package_leads_to_the_requests_that_made_it(
    visit: Open, emulator: Emulator
) -> None:
    storied = await play(emulator.url)
    page = await visit(f"packages/{storied.id}")
    panel = page.get_by_role("complementary", name="Package")
    history = panel.locator(".timeline li")

    await expect(panel.get_by_role("heading", name="shop-1-moved")).to_be_visible()
    await expect(history.first).to_contain_text("Created with 2 instances")
    await expect(history.nth(1)).to_contain_text("2 instances")
    for words in ("Moved to a site", "Premium Unlimited", "Left its site", "shop-1-moved"):
        await expect(panel.locator(".timeline")).to_contain_text(words)
    await panel.get_by_role("link", name="assignProductInstanceToSite").click()
    panel = page.get_by_role("complementary", name="Request")
    await expect(panel.get_by_role("heading", name="assignProductInstanceToSite")).to_be_visible()
    await panel.get_by_role("link", name="Show the package").click()
    await expect(page.get_by_role("heading", name="shop-1-moved")).to_be_visible()


async def test_filters_find_count_and_stand_in_the_address(visit: Open, emulator: Emulator) -> None:
    await play(emulator.url)
    page = await visit()
    lines = page.locator("a.line")
    status = page.get_by_role("group", name="Status")

    await expect(lines).to_have_count(19)
    await status.get_by_role("button", name="Failed 1").click()
    await expect(lines).to_have_count(1)
    await expect(page.get_by_text("1 of 19 packages")).to_be_visible()
    await page.get_by_role("button", name="Clear filters").click()
    await page.get_by_label("Product").select_option(label="Domain")
    await expect(lines).to_have_count(2)
    await page.get_by_label("Place").select_option("no")
    await expect(page.get_by_role("heading", name="No package is like that")).to_be_visible()
    await page.get_by_role("button", name="Clear filters").first.click()
    await page.get_by_label("Search").fill("AGENCY-00")
    await expect(lines).to_have_count(10)
    assert page.url.endswith("#/packages?text=AGENCY-00")
    await page.reload()
    await expect(lines).to_have_count(10)
    await expect(page.get_by_label("Search")).to_have_value("AGENCY-00")


async def test_the_journal_shows_a_request_whole_with_what_to_copy(
    visit: Open, emulator: Emulator
) -> None:
    page = await visit("requests")
    await page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    async with client_of(emulator.url) as client:
        for _ in range(2):
            await client.packages.create(
                [order(world.PREMIUM_BASIC, YEARLY)], external_id="sub-1", idempotency_key="k-1"
            )
        with pytest.raises(errors.NotFoundError):
            await client.packages.get(ACCOUNT)
    lines = page.locator("a.line")

    await expect(lines).to_have_count(3)
    await expect(lines.first).to_contain_text("404")
    await expect(lines.nth(1)).to_contain_text("replayed")
    await expect(lines.nth(2)).to_contain_text("key k-1")
    await lines.nth(1).click()
    panel = page.get_by_role("complementary", name="Request")
    await expect(panel).to_contain_text("k-1 (answered as the first time)")
    await expect(panel.get_by_role("region", name="Sent").first).to_contain_text(
        '"externalId": "sub-1"'
    )
    for name, words in (("As curl", "$WIX_API_KEY"), ("As Python", "client.packages.create(")):
        await (
            panel.locator(".code", has=page.get_by_role("heading", name=name))
            .get_by_role("button")
            .click()
        )
        copied = await page.evaluate("navigator.clipboard.readText()")
        assert words in copied
        assert world.API_KEY not in copied
    await page.get_by_label("Only").select_option(label="Replayed")
    await expect(lines).to_have_count(1)
    await page.get_by_role("button", name="Empty the journal").click()
    await page.get_by_role("dialog").get_by_role("button", name="Empty the journal").click()
    await expect(lines).to_have_count(0)


async def test_a_fault_that_is_set_by_a_click_hits_the_library(
    visit: Open, emulator: Emulator
) -> None:
    page = await visit("faults")
    await page.get_by_role("button", name="Drop after commit", exact=True).click()
    rule = page.get_by_role("listitem").filter(has_text="fault-1")
    await expect(rule).to_contain_text("waiting")
    async with client_of(emulator.url) as client:
        package = await client.packages.create(
            [order(world.PREMIUM_BASIC, YEARLY)], external_id="lost"
        )
    await expect(rule).to_contain_text("spent")
    await expect(rule.locator(".figure").nth(1)).to_have_text("1hits of 1")
    assert "lost" == package.external_id  # the library looked, and found it
    await rule.get_by_role("button", name="Remove fault-1").click()
    await expect(rule).to_have_count(0)


async def test_the_next_create_can_be_dropped_from_every_view(
    visit: Open, emulator: Emulator
) -> None:
    control = AsyncEmulatorControl(emulator.url)
    for number, view in enumerate(("packages", "world"), 1):
        page = await visit(view)
        await page.get_by_role("button", name="Drop the next create after commit").click()
        await expect(page.locator(".toast")).to_contain_text("hits one createPackageV2")
        assert number == len(await control.faults())


async def test_a_rule_of_ones_own_takes_every_field(
    visit: Open, emulator: Emulator, witness: Witness
) -> None:
    witness.tolerated = (BAD_REQUEST,)
    page = await visit("faults")
    form = page.get_by_role("form", name="A rule of your own")
    await form.get_by_role("combobox", name="What happens").select_option(
        label="Answer with a status"
    )
    await form.get_by_role("spinbutton", name="Status").fill("428")
    await form.get_by_role("textbox", name="Code").fill("PRODUCT_LIMIT_EXCEEDED")
    await form.get_by_role("combobox", name="Operation").select_option("createPackageV2")
    await form.get_by_role("textbox", name="External id").fill("sub-9")
    await form.get_by_role("spinbutton", name="How many times").fill("")
    await form.get_by_role("button", name="Add the rule").click()
    rule = page.get_by_role("listitem").filter(has_text="fault-1")
    await expect(rule).to_contain_text("hits every createPackageV2 about sub-9 with 428")
    async with client_of(emulator.url) as client:
        for _ in range(2):
            with pytest.raises(errors.FailedPreconditionError, match="PRODUCT_LIMIT_EXCEEDED"):
                await client.packages.create([order(world.DOMAIN, YEARLY)], external_id="sub-9")
    await expect(rule.locator(".figure").nth(1)).to_have_text("2hits")
    await form.get_by_role("spinbutton", name="Status").fill("900")
    await form.get_by_role("spinbutton", name="Status").evaluate(
        "field => field.removeAttribute('max')"
    )
    await form.get_by_role("button", name="Add the rule").click()
    await expect(page.locator(".toast.error")).to_contain_text("status must be less than")
    await page.get_by_role("button", name="Remove all").click()
    await expect(page.get_by_role("heading", name="No rules")).to_be_visible()


async def test_the_clock_is_frozen_advanced_and_let_go_and_an_instance_is_enabled(
    visit: Open, emulator: Emulator
) -> None:
    page = await visit()
    clock = page.get_by_role("region", name="Clock")
    await clock.get_by_role("button", name="Freeze").click()
    await expect(clock).to_contain_text("frozen")
    async with client_of(emulator.url) as client:
        made = await client.packages.create([order(world.DOMAIN, YEARLY)], external_id="sub-1")
        line = page.locator("a.line")
        await expect(line).to_contain_text("Pending")
        before = emulator.clock.epoch()
        await clock.get_by_role("button", name="Advance the clock by 1 minute").click()
        await expect(line).to_contain_text("Enabled")
        assert 60 == round(emulator.clock.epoch() - before, 3)
        assert "ENABLED" == (await client.packages.get(made.id)).product_instances[0].status
    await clock.get_by_role("button", name="Advance the clock by 1 day").click()
    await clock.get_by_role("button", name="Resume").click()
    await expect(clock).to_contain_text("running")
    assert not emulator.clock.is_frozen


async def test_one_can_go_to_where_something_happens(visit: Open, emulator: Emulator) -> None:
    emulator.clock.freeze()
    async with client_of(emulator.url) as client:
        made = await client.packages.create([order(world.DOMAIN, YEARLY)], external_id="sub-1")
    page = await visit(f"packages/{made.id}")
    ahead = page.locator(".timeline li.ahead")

    await expect(ahead).to_contain_text("Will be enabled")
    await ahead.get_by_role("button", name="Advance the clock to").click()
    await expect(ahead).to_have_count(0)
    await expect(page.locator(".timeline li").last).to_contain_text("by time")


async def test_the_gauge_fills_up_and_the_429s_are_one_click_away(
    visit: Open, emulator: Emulator
) -> None:
    page = await visit("world")
    limit = page.get_by_label("Requests/seconds")
    await limit.fill("3/60")
    await limit.press("Enter")
    gauge = page.get_by_role("region", name="Rate limit")
    await expect(gauge).to_contain_text("0 / 3 in 60 s")
    async with client_of(emulator.url) as client:
        for _ in range(3):
            await client.packages.query().collect()
        with pytest.raises(errors.RateLimitError):
            await client.packages.query().collect()
    await expect(gauge).to_contain_text("3 / 3 in 60 s")
    await gauge.get_by_role("link", name="429").click()
    await expect(page.get_by_role("heading", name="Requests")).to_be_visible()
    await expect(page.locator("a.line").first).to_contain_text("429")
    assert "rate" not in await page.locator("a.line").first.inner_text()


async def test_switches_are_turned_searched_and_turned_back(
    visit: Open, emulator: Emulator, witness: Witness
) -> None:
    witness.tolerated = (BAD_REQUEST,)
    page = await visit("switches")
    await page.get_by_label("update_key", exact=True).select_option("package")
    await expect(page.get_by_text("2 changed")).to_be_visible()
    assert "package" == emulator.settings.update_key
    await page.get_by_label("delivery_seconds", exact=True).fill("7")
    await page.get_by_label("delivery_seconds", exact=True).press("Enter")
    await page.get_by_label("country_required", exact=True).select_option("off")
    await expect(page.get_by_text("4 changed")).to_be_visible()
    assert (7, False) == (
        emulator.settings.delivery_seconds,
        emulator.settings.country_required,
    )
    await page.get_by_label("rate_limit", exact=True).fill("fast")
    await page.get_by_label("rate_limit", exact=True).press("Enter")
    await expect(page.locator(".toast.error")).to_contain_text("write N/SECONDS")
    await expect(page.get_by_label("rate_limit", exact=True)).to_have_value("off")
    await page.get_by_label("Show").select_option("changed")
    await expect(page.locator(".switch")).to_have_count(4)
    await page.get_by_role("button", name="Reset update_key").click()
    await expect(page.locator(".switch")).to_have_count(3)
    await page.get_by_role("button", name="All back to their defaults").click()
    await expect(page.get_by_role("heading", name="No switch is like that")).to_be_visible()
    await page.get_by_role("button", name="Show all").click()
    await page.get_by_label("Search").fill("idempotency")
    assert await page.locator(".switch").count() < 10


async def test_snapshots_reset_and_seed(visit: Open, emulator: Emulator) -> None:
    async with client_of(emulator.url) as client:
        await client.packages.create([order(world.DOMAIN, YEARLY)], external_id="sub-1")
    page = await visit("world")
    await page.get_by_label("Name (or none)").fill("before")
    await page.get_by_role("button", name="Take a snapshot").click()
    await expect(page.get_by_role("button", name="Restore before")).to_be_visible()
    await page.get_by_role("button", name="Reset…").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_role("button", name="Cancel").click()
    await expect(dialog).to_have_count(0)
    await page.get_by_role("button", name="Reset…").click()
    await page.get_by_role("dialog").get_by_role("button", name="Reset", exact=True).click()
    await expect(page.get_by_role("heading", name="No packages yet")).to_be_visible()
    await page.get_by_role("link", name="World").click()
    await page.get_by_role("button", name="Restore before").click()
    await page.get_by_role("link", name="Packages", exact=True).click()
    await expect(page.locator("a.line")).to_contain_text("sub-1")
    await page.get_by_role("link", name="World").click()
    await page.get_by_role("button", name="Insert the default seed").click()
    seed = page.get_by_label("Seed (JSON)")
    await expect(seed).to_have_value(re.compile(re.escape(world.API_KEY)))
    await seed.fill((await seed.input_value()).replace("Premium Basic", "Premium <b>Fancy</b>"))
    await page.get_by_role("button", name="Plant the seed…").click()
    await page.get_by_role("dialog").get_by_role("button", name="Plant the seed").click()
    await expect(page.get_by_label("Product").locator("option")).to_contain_text(
        ["Any product", "Premium <b>Fancy</b>"]
    )
