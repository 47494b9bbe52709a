"""Open the inspector in a real Chromium, and see that nothing goes wrong in it unseen.

These tests need Playwright and Chromium, which ``nox -s inspector`` brings. Without Playwright they
are not collected: the other tests run on any machine.
"""

from __future__ import annotations

import importlib.util
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeAlias

import attrs
import pytest
import pytest_asyncio

from wixreseller.emulator import Clock, Emulator, Settings

PATIENCE_MS = 20_000

if importlib.util.find_spec("playwright") is None:
    collect_ignore_glob = ["test_*.py"]

if TYPE_CHECKING:
    from playwright.async_api import Browser, BrowserContext, Page

Open: TypeAlias = "Callable[..., Awaitable[Page]]"
Start: TypeAlias = "Callable[..., Awaitable[Emulator]]"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run everything here on one event loop: it is the one that the browser was started on."""
    marker = pytest.mark.asyncio(loop_scope="session")
    for item in items:
        if "tests/inspector/" in item.path.as_posix():
            item.add_marker(marker, append=False)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """Run one browser for all tests; each has a profile of its own."""
    from inspector_browser import chromium
    from playwright.async_api import expect

    # Nothing here takes a second; a machine that is busy with other things may.
    expect.set_options(timeout=PATIENCE_MS)
    async with chromium() as running:
        yield running


@pytest_asyncio.fixture(loop_scope="session")
async def start() -> AsyncIterator[Start]:
    """Return a function that starts an emulator; what is started is stopped after the test."""
    running: list[Emulator] = []

    async def start(*, clock: Clock | None = None, port: int = 0, **settings: Any) -> Emulator:
        emulator = Emulator(rate_limit="off", clock=clock, port=port, settings=Settings(**settings))
        await emulator.start()
        running.append(emulator)
        return emulator

    yield start
    for emulator in running:
        await emulator.stop()


@pytest_asyncio.fixture(loop_scope="session")
async def emulator(start: Start) -> Emulator:
    """Run an emulator of the default world, without a rate limit."""
    return await start()


@attrs.define
class Witness:
    """Note what a page did that it should not have done."""

    seen: list[str] = attrs.field(factory=list[str])
    tolerated: tuple[str, ...] = ()

    def watch(self, page: Page, origin: str) -> None:
        """Note errors, warnings, and requests to anybody but the emulator."""
        page.on("console", lambda message: self._note(message.type, message.text))
        page.on("pageerror", lambda error: self._note("error", str(error)))
        page.on("request", lambda request: self._note_address(request.url, origin))

    def _note_address(self, address: str, origin: str) -> None:
        if not address.startswith(f"{origin}/"):
            self._note("error", f"asked for {address}")

    def _note(self, kind: str, text: str) -> None:
        # A violation of the content security policy is an error of the console as well.
        if kind in ("error", "warning") and not any(word in text for word in self.tolerated):
            self.seen.append(f"{kind}: {text}")


@pytest.fixture
def witness() -> Witness:
    """Return what notes errors; a test may name those that it provokes."""
    return Witness()


@pytest_asyncio.fixture(loop_scope="session")
async def visit(browser: Browser, emulator: Emulator, witness: Witness) -> AsyncIterator[Open]:
    """Return a function that opens a view; nothing may go wrong in it before the test is over."""
    contexts: list[BrowserContext] = []

    async def visit(place: str = "packages", **options: Any) -> Page:
        size = {"width": 1400, "height": 900}
        given: dict[str, Any] = {"viewport": size, "reduced_motion": "reduce"} | options
        context = await browser.new_context(**given)
        context.set_default_timeout(PATIENCE_MS)
        contexts.append(context)
        page = await context.new_page()
        witness.watch(page, emulator.url)
        await page.goto(f"{emulator.url}/_emulator/#/{place}")
        await page.locator("#live.on").wait_for()
        return page

    yield visit
    for context in contexts:
        await context.close()
    assert [] == witness.seen
