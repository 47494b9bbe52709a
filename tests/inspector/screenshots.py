"""Take a picture of every view of the inspector, in both themes and three widths.

``nox -s screenshots`` writes them to ``build/screenshots``; look at them after every change of the
page.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Literal

from inspector_browser import chromium
from inspector_scene import play
from playwright.async_api import Browser, Page

from wixreseller.emulator import Emulator

WIDTHS = {360: 740, 1024: 800, 1920: 1080}
THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


async def take_all(folder: Path) -> None:
    """Take the pictures of an emulator that has work behind it, and of one that has none."""
    async with chromium() as browser:
        async with Emulator(rate_limit="off") as emulator:
            for width in WIDTHS:
                for theme in THEMES:
                    await _take_empty(browser, emulator.url, folder, width, theme)
        async with Emulator(rate_limit="off") as emulator:
            storied = await play(emulator.url)
            places = {
                "packages": "packages",
                "packages-failed": "packages?status=FAILED",
                "packages-none": "packages?text=nothing-like-that",
                "package": f"packages/{storied.id}",
                "requests": "requests",
                "requests-429": "requests?status=429",
                "request": "requests/1",
                "request-dropped": "requests?text=answer-lost",
                "faults": "faults",
                "switches": "switches",
                "world": "world",
            }
            for width in WIDTHS:
                for theme in THEMES:
                    for name, place in places.items():
                        page = await _open(browser, emulator.url, place, width, theme)
                        await _shoot(page, folder, name, width, theme)
                    page = await _open(browser, emulator.url, "packages", width, theme)
                    await page.keyboard.press("?")
                    await _shoot(page, folder, "keyboard", width, theme)


async def _take_empty(
    browser: Browser, url: str, folder: Path, width: int, theme: Literal["light", "dark"]
) -> None:
    for name in ("packages", "requests", "faults", "world"):
        page = await _open(browser, url, name, width, theme)
        await _shoot(page, folder, f"empty-{name}", width, theme)


async def _open(
    browser: Browser, url: str, place: str, width: int, theme: Literal["light", "dark"]
) -> Page:
    size = {"width": width, "height": WIDTHS[width]}
    context = await browser.new_context(
        viewport={"width": size["width"], "height": size["height"]},
        color_scheme=theme,
        reduced_motion="reduce",
    )
    page = await context.new_page()
    await page.goto(f"{url}/_emulator/#/{place}")
    await page.locator("#live.on").wait_for()
    await page.locator("main :is(h1, h2):visible").first.wait_for()
    # What the views ask for comes right after; there is no more to wait for than their answers.
    await page.wait_for_timeout(300)
    return page


async def _shoot(page: Page, folder: Path, name: str, width: int, theme: str) -> None:
    await page.screenshot(path=folder / f"{name}-{theme}-{width}.png")
    await page.context.close()


if __name__ == "__main__":
    chosen = Path(sys.argv[1] if len(sys.argv) > 1 else "build/screenshots")
    chosen.mkdir(parents=True, exist_ok=True)
    asyncio.run(take_all(chosen))
