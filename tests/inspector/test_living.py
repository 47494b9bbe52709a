"""How the page lives: news, pauses, lost connections, keys, themes, sizes."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from inspector_scene import YEARLY, client_of, order, play
from playwright.async_api import expect

from wixreseller.emulator import default_seed as world

if TYPE_CHECKING:
    from playwright.async_api import Page

    from tests.inspector.conftest import Open, Witness
    from wixreseller.emulator import Emulator

VIEWS = ("packages", "requests", "faults", "switches", "world")


async def buy(emulator: Emulator, *names: str) -> None:
    """Create packages."""
    async with client_of(emulator.url) as client:
        for name in names:
            await client.packages.create([order(world.DOMAIN, YEARLY)], external_id=name)


async def test_a_page_finds_back_when_the_emulator_was_away(
    visit: Open, emulator: Emulator, witness: Witness
) -> None:
    witness.tolerated = ("ERR_CONNECTION_REFUSED", "ERR_INCOMPLETE_CHUNKED", "ERR_EMPTY_RESPONSE")
    page = await visit()
    await buy(emulator, "before")
    await expect(page.locator("a.line")).to_contain_text("before")
    port = int(emulator.url.rpartition(":")[2])
    await emulator.stop()
    await expect(page.get_by_text("connection lost")).to_be_visible()
    emulator._port = port  # pyright: ignore[reportPrivateUsage] # the page knows but one address
    await emulator.start()
    await expect(page.locator("#live.on")).to_be_visible()
    # It was in memory, so it began anew: what the page shows must be what there is.
    await expect(page.get_by_role("heading", name="No packages yet")).to_be_visible()
    await buy(emulator, "after")
    await expect(page.locator("a.line")).to_contain_text("after")


async def test_what_was_missed_is_there_after_reconnecting(
    visit: Open, emulator: Emulator, witness: Witness
) -> None:
    witness.tolerated = ("ERR_INTERNET_DISCONNECTED", "ERR_NETWORK")
    page = await visit()
    await page.context.set_offline(True)
    await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    await expect(page.get_by_text("connection lost")).to_be_visible()
    await buy(emulator, "missed")
    await page.context.set_offline(False)
    await expect(page.locator("a.line")).to_contain_text("missed")


async def test_a_paused_list_stands_still_and_says_that_there_is_news(
    visit: Open, emulator: Emulator
) -> None:
    await buy(emulator, "one")
    page = await visit()
    await expect(page.locator("a.line")).to_have_count(1)
    await page.get_by_role("button", name="Pause").click()
    await buy(emulator, "two")
    go_on = page.get_by_role("button", name="Go on: there is news")
    await expect(go_on).to_be_visible()
    await expect(page.locator("a.line")).to_have_count(1)
    await go_on.click()
    await expect(page.locator("a.line")).to_have_count(2)


async def test_pages_lead_to_older_packages_and_back(visit: Open, emulator: Emulator) -> None:
    await buy(emulator, *(f"p-{number:03d}" for number in range(120)))
    page = await visit()
    first = page.locator("a.line .name").first
    turn = page.get_by_role("navigation", name="Pages")

    await expect(first).to_have_text("p-119")
    await turn.get_by_role("button", name="Older").click()
    await expect(first).to_have_text("p-069")
    await turn.get_by_role("button", name="Older").click()
    await expect(page.locator("a.line")).to_have_count(20)
    await expect(turn).to_contain_text("101\N{EN DASH}120")
    await expect(turn.get_by_role("button", name="Older")).to_be_disabled()
    await turn.get_by_role("button", name="Newer").click()
    await expect(first).to_have_text("p-069")
    await turn.get_by_role("button", name="Newest").click()
    await expect(first).to_have_text("p-119")


async def test_everything_can_be_done_with_the_keyboard_alone(
    visit: Open, emulator: Emulator
) -> None:
    await buy(emulator, "one", "two", "three")
    page = await visit()
    keyboard = page.keyboard
    await expect(page.locator("a.line")).to_have_count(3)

    await keyboard.press("Tab")
    await expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    await keyboard.press("Enter")
    await expect(page.locator("main")).to_be_focused()
    await keyboard.press("j")
    await keyboard.press("ArrowDown")
    await expect(page.locator("a.line", has_text="two")).to_be_focused()
    await keyboard.press("Enter")
    panel = page.get_by_role("complementary", name="Package")
    await expect(panel.get_by_role("heading", name="two")).to_be_focused()
    await keyboard.press("Escape")
    await expect(panel).to_have_count(0)
    await expect(page.locator("a.line", has_text="two")).to_be_focused()
    await keyboard.press("k")
    await expect(page.locator("a.line", has_text="three")).to_be_focused()
    await keyboard.press("/")
    await expect(page.get_by_label("Search")).to_be_focused()
    await keyboard.type("one")
    await expect(page.locator("a.line")).to_have_count(1)
    await page.locator("a.line").focus()
    await keyboard.press("p")
    await expect(page.get_by_role("button", name="Go on")).to_be_visible()
    await keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Keyboard")
    await expect(dialog).to_be_visible()
    await keyboard.press("Escape")
    await expect(dialog).to_have_count(0)
    await keyboard.press("3")
    await expect(page.get_by_role("heading", name="Faults", exact=True)).to_be_visible()
    button = page.get_by_role("button", name="Drop after commit", exact=True)
    for _ in range(30):
        await keyboard.press("Tab")
        if await button.evaluate("element => element === document.activeElement"):
            break
    await keyboard.press("Enter")
    await expect(page.get_by_role("listitem").filter(has_text="fault-1")).to_be_visible()


async def test_the_focus_is_seen_and_stays_while_the_list_changes(
    visit: Open, emulator: Emulator
) -> None:
    await buy(emulator, "one")
    page = await visit()
    await expect(page.locator("a.line")).to_have_count(1)
    await page.keyboard.press("j")
    line = page.locator("a.line", has_text="one")
    await expect(line).to_be_focused()
    outline = await line.evaluate("element => getComputedStyle(element).outlineStyle")
    await buy(emulator, "two")
    await expect(page.locator("a.line")).to_have_count(2)

    await expect(line).to_be_focused()
    await expect(line).to_contain_text("Enabled")
    await expect(line).to_be_focused()
    assert "solid" == outline


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_both_themes_follow_the_system(visit: Open, theme: str) -> None:
    page = await visit(color_scheme=theme)
    ground = await page.evaluate("getComputedStyle(document.documentElement).backgroundColor")

    assert {"light": "rgb(245, 246, 249)", "dark": "rgb(16, 19, 26)"}[theme] == ground


@pytest.mark.parametrize("width", [360, 1024, 1920])
async def test_no_view_is_wider_than_its_window(
    visit: Open, emulator: Emulator, width: int
) -> None:
    storied = await play(emulator.url)
    page = await visit(viewport={"width": width, "height": 800})
    places = (*VIEWS, f"packages/{storied.id}", "requests/1", "packages?text=nothing")
    for place in places:
        await page.goto(f"{emulator.url}/_emulator/#/{place}")
        await expect(page.locator("main :is(h1, h2):visible").first).to_be_visible()
        await settled(page)

        wider = await page.evaluate(
            "[...document.querySelectorAll('body *')].filter(element => element.checkVisibility() "
            "&& element.getBoundingClientRect().right > innerWidth + 1 "
            "&& !element.closest('.hidden, .tabs, pre')).map(element => element.outerHTML)"
        )
        assert [] == wider, place


async def settled(page: Page) -> None:
    """Wait until nothing is being loaded."""
    await expect(page.get_by_text("Loading…")).to_have_count(0)
    await expect(page.locator("[aria-busy]")).to_have_count(0)


@pytest.mark.parametrize("view", VIEWS)
async def test_every_control_has_a_name_and_every_id_is_there_once(
    visit: Open, emulator: Emulator, view: str
) -> None:
    await play(emulator.url)
    page = await visit(view)
    await settled(page)
    nameless = await page.evaluate(
        "[...document.querySelectorAll('button, a, input, select, textarea')].filter(element => "
        "!(element.getAttribute('aria-label') || element.labels?.length || "
        "element.textContent.trim())).map(element => element.outerHTML)"
    )
    ids: list[str] = await page.evaluate(
        "[...document.querySelectorAll('[id]')].map(element => element.id)"
    )

    assert ([], len(ids)) == (nameless, len(set(ids)))
    assert 1 == await page.locator("h1").count()


async def test_a_hidden_page_does_not_listen(visit: Open, emulator: Emulator) -> None:
    page = await visit()
    hide = "Object.defineProperty(document, 'hidden', {value: %s, configurable: true});"
    tell = "document.dispatchEvent(new Event('visibilitychange'))"
    await page.evaluate(hide % "true" + tell)
    await expect(page.locator("#live")).to_have_text("paused")
    await buy(emulator, "unseen")
    await page.evaluate(hide % "false" + tell)

    await expect(page.locator("a.line")).to_contain_text("unseen")


async def test_several_pages_hear_the_same(visit: Open, emulator: Emulator) -> None:
    pages = await asyncio.gather(*(visit(view) for view in ("packages", "requests", "packages")))
    await buy(emulator, "for-all")

    for page in pages:
        await expect(page.locator("a.line", has_text="for-all")).to_be_visible()
