"""Take the pictures that the pages show, from the real thing: ``nox -s docs_pictures``.

The emulator's page after some work; a run of orders in a terminal of its own, while it runs; and
the report that is made of it. They go to ``docs/assets/screens``.
"""

from __future__ import annotations

import asyncio
import fcntl
import html
import io
import os
import pty
import re
import struct
import sys
import tempfile
import termios
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Literal

import pyte
from inspector_browser import chromium
from PIL import Image
from playwright.async_api import Browser

from wixreseller import AsyncClient, BillingInfo, CycleUnit, Package, Product
from wixreseller.cli.demo_orders import DEMO_KEY, PARENT_ACCOUNT, demo_seed, write_orders
from wixreseller.emulator import Emulator
from wixreseller.emulator import default_seed as world
from wixreseller.testing import AsyncEmulatorControl

SCREENS: Final = Path(__file__).parents[1] / "assets" / "screens"
THEMES: Final[tuple[Literal["light", "dark"], ...]] = ("light", "dark")
MORNING: Final = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
COLUMNS, LINES = 84, 17
ORDERS: Final = 400
COLOURS: Final = {
    "black": "#5c6773",
    "red": "#f28779",
    "green": "#8fd17f",
    "brown": "#ffd173",
    "blue": "#73b8ff",
    "magenta": "#dfbfff",
    "cyan": "#6fd8d0",
    "white": "#d9e0e8",
    "default": "#d9e0e8",
}


async def take_all() -> None:
    """Take every picture."""
    SCREENS.mkdir(parents=True, exist_ok=True)
    async with chromium() as browser:
        await take_inspector(browser)
        with tempfile.TemporaryDirectory() as name:
            await take_run(browser, Path(name))


async def take_inspector(browser: Browser) -> None:
    """Show packages, one package and requests, in both themes."""
    async with Emulator(rate_limit="off") as emulator:
        story = await work(emulator.url)
        places = {
            "inspector": "packages",
            "package": f"packages/{story.id}",
            "requests": "requests",
        }
        for theme in THEMES:
            for name, place in places.items():
                url = f"{emulator.url}/_emulator/#/{place}"
                height = 860 if name == "package" else 640
                await shoot(browser, url, f"{name}-{theme}", theme, height=height, ready="#live.on")


async def work(url: str) -> Package:
    """Do what a quiet morning brings; give the package with the longest history."""
    control = AsyncEmulatorControl(url)
    await control.freeze(MORNING)
    yearly = BillingInfo.recurring(1, CycleUnit.YEAR)
    sites = world.SITES[world.SUB_ACCOUNTS[0]]

    def order(product: str, site: str | None = None) -> Product:
        return Product(
            catalog_product_id=product, country_code="BR", site_id=site, billing_info=yearly
        )

    async with AsyncClient(
        api_key=world.API_KEY, account_id=world.SUB_ACCOUNTS[0], base_url=url, rate_limit=None
    ) as client:
        plan = [order(world.PREMIUM_BASIC, sites[0]), order(world.BUSINESS_EMAIL)]
        story = await client.packages.ensure(plan, external_id="sub-41")
        await control.advance(60)
        premium, _ = story.package.product_instances
        calls = client.product_instances
        await calls.assign_to_site(premium.instance_id, site_id=sites[1])
        await control.advance(300)
        await calls.adjust_specifications(
            premium.instance_id, catalog_product_id=world.PREMIUM_UNLIMITED
        )
        for number, (product, account) in enumerate(
            (
                (world.PREMIUM_BUSINESS, 1),
                (world.DOMAIN, 1),
                (world.PREMIUM_BASIC, 2),
                (world.BUSINESS_EMAIL, 2),
            )
        ):
            account_id = world.SUB_ACCOUNTS[account]
            site = world.SITES[account_id][0]
            name = f"sub-{42 + number}"
            await client.packages.ensure(
                [order(product, site)], external_id=name, account_id=account_id
            )
            await control.advance(40)
        await control.add_fault("drop_after_commit", operation="createPackageV2")
        # Its answer is lost, and it is found by looking.
        await client.packages.ensure([order(world.PREMIUM_BASIC)], external_id="sub-46")
        return await client.packages.get(story.package.id)


async def take_run(browser: Browser, folder: Path) -> None:
    """Show a run in the middle, and its report."""
    orders = folder / "orders.csv"
    async with Emulator(seed=demo_seed(ORDERS), rate_limit="off") as emulator:
        write_orders(orders, ORDERS)
        # So slow that there is a middle.
        control = AsyncEmulatorControl(emulator.url)
        await control.add_fault(
            "status",
            operation="createPackageV2",
            status=428,
            code="PRODUCT_LIMIT_EXCEEDED",
            message="the product is limited to 5 for an account",
            nth=90,
            times=7,
        )
        await control.add_fault("delay", operation="createPackageV2", seconds=0.3, times=None)
        environment = os.environ | {
            "WIX_API_KEY": DEMO_KEY,
            "WIX_ACCOUNT_ID": PARENT_ACCOUNT,
            "WIXRESELLER_BASE_URL": emulator.url,
            "XDG_STATE_HOME": str(folder / "state"),
            "TERM": "xterm-256color",
        }
        run = ["provision", "run", orders.name, "--rate-limit", "off", "--concurrency", "20"]
        screen = await in_terminal(run, folder, environment)
        (folder / "run.html").write_text(screen)
        await shoot(browser, (folder / "run.html").as_uri(), "run", "dark", element="pre")
        report = ["provision", "report", "orders.plan.json", "--rate-limit", "off"]
        await in_terminal(report, folder, environment)
    page = folder / "orders.report.html"
    for theme in THEMES:
        await shoot(browser, page.as_uri(), f"report-{theme}", theme, height=900)


async def in_terminal(arguments: list[str], folder: Path, environment: dict[str, str]) -> str:
    """Run a command in a terminal; give the screen when it was two thirds through, as HTML."""
    main, side = pty.openpty()
    fcntl.ioctl(side, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
    program = (sys.executable, "-m", "wixreseller", *arguments)
    process = await asyncio.create_subprocess_exec(
        *program,
        cwd=folder,
        env=environment,
        start_new_session=True,
        stdin=side,
        stdout=side,
        stderr=side,
    )
    os.close(side)
    screen = pyte.Screen(COLUMNS, LINES)
    stream = pyte.ByteStream(screen)
    screen.draw(f"$ wixreseller {' '.join(arguments)}")
    screen.linefeed()
    screen.carriage_return()
    kept = ""
    while True:
        try:
            data = await asyncio.to_thread(os.read, main, 65536)
        except OSError:  # the other end is closed
            break
        if not data:
            break
        stream.feed(data)
        shown = "\n".join(screen.display)
        if not kept and _part(shown) > 0.6:
            kept = as_html(screen)
    os.close(main)
    await process.wait()
    return kept or as_html(screen)


def _part(shown: str) -> float:
    """Tell how much is done: "260/400" on the screen."""
    found = re.search(r"(\d+) ?(?:/|of) ?(\d+)", shown)
    return int(found[1]) / int(found[2]) if found else 0.0


def as_html(screen: pyte.Screen) -> str:
    """Write a screen down with its colours."""
    lines: list[str] = []
    for row in range(LINES):
        cells = [screen.buffer[row][column] for column in range(COLUMNS)]
        lines.append("".join(_cell(cell) for cell in cells))
    text = "\n".join(lines).rstrip()
    style = (
        "body{margin:0;background:#16202b}pre{margin:0;padding:18px 22px;width:max-content;"
        "background:#16202b;color:#d9e0e8;font:15px/1.45 'DejaVu Sans Mono',monospace}"
    )
    return f"<!doctype html><meta charset=utf-8><style>{style}</style><pre>{text}</pre>"


def _cell(cell: pyte.screens.Char) -> str:
    colour = COLOURS.get(cell.fg, f"#{cell.fg}" if re.fullmatch("[0-9a-f]{6}", cell.fg) else "")
    weight = ";font-weight:600" if cell.bold else ""
    text = html.escape(cell.data)
    if text == " " or (colour == COLOURS["default"] and not weight):
        return text
    return f'<span style="color:{colour}{weight}">{text}</span>'


async def shoot(
    browser: Browser,
    url: str,
    name: str,
    theme: Literal["light", "dark"],
    *,
    height: int = 720,
    ready: str = "body",
    element: str | None = None,
) -> None:
    """Take one picture, and keep it small."""
    context = await browser.new_context(
        viewport={"width": 1120, "height": height},
        color_scheme=theme,
        reduced_motion="reduce",
        device_scale_factor=1.5,
    )
    page = await context.new_page()
    await page.goto(url)
    await page.locator(ready).wait_for()
    await page.wait_for_timeout(400)
    data = await (page.locator(element) if element else page).screenshot()
    Image.open(io.BytesIO(data)).save(SCREENS / f"{name}.webp", quality=82, method=6)
    await context.close()


if __name__ == "__main__":
    asyncio.run(take_all())
