"""Offer the emulator to pytest: the fixtures ``wix_emulator`` and ``fast_time``.

Installed with the package, this is loaded in every test run, so it imports nothing but pytest
until a test asks for a fixture.

``wix_emulator`` gives each test an emulator with a world of its own, over a real socket: see
``wixreseller.testing.WixEmulator``. One server runs for the whole session (for each worker of
pytest-xdist); what a test does to it is gone in the next one. In such a test the hosts of the real
Wix cannot be reached (mark it with ``allow_real_wix`` if it must), the environment variables of
the client point to the emulator, and if it fails, the report lists what was asked.

``fast_time`` removes the waits: products are delivered at once, and where a client would wait
(for its turn, before it tries again, between two looks) time jumps instead.

Override ``wix_emulator_options`` in a ``conftest.py`` to start with another seed or settings.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import pluggy

    from wixreseller.testing import EmulatorOptions, FastTime, WixEmulator
    from wixreseller.testing._shared import SharedEmulator

__all__ = [
    "fast_time",
    "pytest_configure",
    "pytest_runtest_makereport",
    "pytest_runtest_teardown",
    "wix_emulator",
    "wix_emulator_options",
]

_MARKER = "allow_real_wix"
_has_failed = pytest.StashKey[bool]()
_is_last = pytest.StashKey[bool]()


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line(
        "markers", f"{_MARKER}: let a test that uses wix_emulator connect to Wix itself"
    )


@pytest.fixture(scope="session")
def wix_emulator_options() -> EmulatorOptions:
    """Say how the emulator is made; override it: ``{"rate_limit": "off"}``."""
    return {}


@pytest.fixture(scope="session")
def _wix_emulator_server(wix_emulator_options: EmulatorOptions) -> Iterator[SharedEmulator]:
    from wixreseller.testing._shared import SharedEmulator

    with SharedEmulator(wix_emulator_options) as server:
        yield server


@pytest.fixture
def wix_emulator(
    _wix_emulator_server: SharedEmulator,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[WixEmulator]:
    """Give an emulator of the Wix API with a world of its own, for sync and async tests alike."""
    from wixreseller.testing._no_wix import WixGuard

    emulator = _wix_emulator_server.begin()
    for name, value in emulator.environment.items():
        monkeypatch.setenv(name, value)
    guard = WixGuard()
    if request.node.get_closest_marker(_MARKER) is None:
        guard.install(monkeypatch)
    yield emulator
    if request.node.stash.get(_is_last, False):
        emulator.keep_journal()
    if guard.refused and not request.node.stash.get(_has_failed, False):
        pytest.fail(f"{guard.refused[0]} (the test went on all the same)", pytrace=False)


@pytest.fixture
def fast_time(wix_emulator: WixEmulator, monkeypatch: pytest.MonkeyPatch) -> FastTime:
    """Remove the waits of the clients that this test makes, and those for deliveries."""
    from wixreseller.testing import FastTime

    fast = FastTime(wix_emulator.clock)
    fast.install(monkeypatch)
    wix_emulator.control.change_settings(delivery_seconds=0)
    return fast


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """Know the last test: when its report is written, the emulator is gone."""
    item.stash[_is_last] = nextitem is None


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pluggy.Result[pytest.TestReport], None]:
    """Add what was asked of the emulator to the report of a failure."""
    outcome = yield
    report = outcome.get_result()
    emulator: WixEmulator | None = getattr(item, "funcargs", {}).get("wix_emulator")
    if emulator is None or not report.failed:
        return
    item.stash[_has_failed] = True
    try:
        text = emulator.journal()
    except RuntimeError as error:
        text = f"the journal cannot be read: {error}"
    report.sections.append((f"requests to the Wix emulator at {emulator.url}", text))
