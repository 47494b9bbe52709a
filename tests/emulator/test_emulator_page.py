"""The files of the inspector: what is handed out, under which policy, and how it looks on paper."""

import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from wixreseller.emulator.inspector import page

if TYPE_CHECKING:
    from tests.emulator.conftest import Api

FOLDER = Path(page.__file__).parent / "static"
NAMES = sorted(path.name for path in FOLDER.iterdir())
HTML = (FOLDER / "index.html").read_text()
CSS = (FOLDER / "style.css").read_text()
TYPES = {
    "html": "text/html",
    "css": "text/css",
    "js": "text/javascript",
    "svg": "image/svg+xml",
}
LEAST_FOR_TEXT = 4.5
LEAST_FOR_EDGES = 3.0


@pytest.mark.parametrize("name", NAMES)
async def test_every_file_is_handed_out_under_a_strict_policy(api: "Api", name: str) -> None:
    url = f"{api.emulator.url}/_emulator/inspector/static/{name}"
    async with api.session.get(url) as answer:
        content, headers = await answer.read(), answer.headers
    policy = headers["Content-Security-Policy"]

    assert (FOLDER / name).read_bytes() == content
    assert f"{TYPES[name.rpartition('.')[2]]}; charset=utf-8" == headers["Content-Type"]
    assert ("nosniff", "no-referrer") == (
        headers["X-Content-Type-Options"],
        headers["Referrer-Policy"],
    )
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'; ")
    assert "unsafe" not in policy
    for rule in ("base-uri", "form-action", "frame-ancestors"):
        assert f"{rule} 'none'" in policy


@pytest.mark.parametrize("name", ["nothing.js", "../page.py", "..%2fpage.py", "", "__init__.py"])
async def test_nothing_else_is_handed_out(api: "Api", name: str) -> None:
    reply = await api.send("GET", f"/_emulator/inspector/static/{name}")

    assert 404 == reply.status


@pytest.mark.parametrize("path", ["/", "/_emulator"])
async def test_a_browser_at_the_door_is_led_to_the_page(api: "Api", path: str) -> None:
    url, headers = f"{api.emulator.url}{path}", {"Accept": "text/html,*/*;q=0.8"}
    async with api.session.get(url, headers=headers) as answer:
        content, place = await answer.text(), answer.url.path
    asked = await api.send("GET", path)
    journal = (await api.control("GET", "requests"))["requests"]

    assert ("/_emulator/", HTML) == (place, content)
    assert (501, [path]) == (asked.status, [entry["path"] for entry in journal])


def test_the_page_holds_no_code_and_no_style_of_its_own_and_asks_for_nothing_outside() -> None:
    assert [] == re.findall(r"<script(?![^>]* src=)|<style|\son\w+=|\sstyle=", HTML)
    for name in NAMES:
        text = (FOLDER / name).read_text()
        addresses = re.findall(r"https?://[\w./-]+", text)

        assert set(addresses) <= {"http://www.w3.org/2000/svg", "https://example.com/"}, name


def test_no_script_parses_markup_or_text_as_code() -> None:
    ways = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|\beval\(|Function\("
    for name in NAMES:
        assert [] == re.findall(ways, (FOLDER / name).read_text()), name


def test_every_module_that_is_imported_is_there() -> None:
    imported = {
        module
        for name in NAMES
        for module in re.findall(r'from "\./([\w.-]+)"', (FOLDER / name).read_text())
    }

    assert imported <= set(NAMES)
    assert {name for name in NAMES if name.endswith(".js")} == imported | {"main.js"}


def test_starting_the_emulator_loads_nothing_of_the_inspector() -> None:
    code = (
        "import asyncio, sys; from wixreseller.emulator import Emulator\n"
        "async def run():\n"
        "    async with Emulator(): print([n for n in sys.modules if '.inspector' in n])\n"
        "asyncio.run(run())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )

    assert "[]\n" == done.stdout


def tokens(theme: str) -> dict[str, str]:
    """Return the colours of a theme; what the dark one does not name is the light one's."""
    light, dark = CSS.split("@media (prefers-color-scheme: dark)", 1)
    dark = dark.split("\n}\n", 1)[0]
    pattern = r"--([\w-]+): (#[0-9a-f]{6});"
    found = dict(re.findall(pattern, light))
    return found if theme == "light" else found | dict(re.findall(pattern, dark))


def luminance(colour: str) -> float:
    """Return the relative luminance of a colour, as WCAG 2 defines it."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours, 1 to 21."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


STATUS_COLOURS = ("enabled", "pending", "awaiting", "failed", "canceled", "accent")
ON_PLAIN_GROUND = ("text", "muted", "accent", "failed", "awaiting")
TEXTS = [
    *((text, ground) for text in ON_PLAIN_GROUND for ground in ("bg", "surface", "sunken")),
    *((colour, f"{colour}-soft") for colour in STATUS_COLOURS),
    ("text", "accent-soft"),
    ("muted", "accent-soft"),
    ("enabled", "sunken"),
    ("pending", "sunken"),
    ("on-accent", "accent"),
    ("bg", "text"),
]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_text_stands_out_from_its_ground(theme: str) -> None:
    colours = tokens(theme)
    faint = {
        (text, ground): round(found, 2)
        for text, ground in TEXTS
        if (found := contrast(colours[text], colours[ground])) < LEAST_FOR_TEXT
    }

    assert {} == faint


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_edges_of_controls_the_focus_and_the_gauge_stand_out_too(theme: str) -> None:
    colours = tokens(theme)
    pairs = [
        *(("edge", ground) for ground in ("surface", "bg")),
        *(("accent", ground) for ground in ("surface", "bg", "sunken", "accent-soft")),
        ("failed", "sunken"),
        ("enabled", "surface"),
    ]
    faint = {
        pair: round(found, 2)
        for pair in pairs
        if (found := contrast(colours[pair[0]], colours[pair[1]])) < LEAST_FOR_EDGES
    }

    assert {} == faint


def test_no_colour_stands_outside_the_tokens() -> None:
    rules = CSS.split("*,\n*::before", 1)[1]

    assert [] == re.findall(r"#[0-9a-fA-F]{3,8}\b", rules)
