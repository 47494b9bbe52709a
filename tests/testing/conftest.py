"""Run pytest inside pytest, with the plugin and nothing else of ours."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from wixreseller import pytest_plugin

pytest_plugins = ["pytester"]

ROOT = Path(__file__).parents[2]
WATCHDOG_SECONDS = 60
SETTINGS = """
[pytest]
filterwarnings = error
asyncio_mode = auto
asyncio_default_fixture_loop_scope = function
"""
Run = Callable[..., pytest.RunResult]


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Return a function that runs a test file, here or in a process of its own."""
    # Installed, the plugin is found by its entry point; else it is named.
    is_installed = bool(entry_points(group="pytest11", name="wixreseller"))
    named = [] if is_installed else ["-p", pytest_plugin.__name__]
    plugins = [] if is_installed else [pytest_plugin]
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    for name in ("PYTEST_ADDOPTS", "PYTEST_XDIST_WORKER", "PYTEST_XDIST_TESTRUNUID"):
        monkeypatch.delenv(name, raising=False)

    def run(
        code: str, *arguments: str, settings: str = SETTINGS, apart: bool = False
    ) -> pytest.RunResult:
        pytester.makepyfile(code)
        pytester.makeini(settings)
        # Loading hypothesis would take most of the time.
        given = ["-p", "no:cacheprovider", "-p", "no:hypothesispytest", "-q", *arguments]
        if apart:
            command = [sys.executable, "-m", "pytest", *named, *given]
            return pytester.run(*command, timeout=WATCHDOG_SECONDS)
        return pytester.runpytest_inprocess(*given, plugins=plugins)

    return run
