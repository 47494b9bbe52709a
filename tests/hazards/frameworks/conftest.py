"""Run real servers, workers and kernels, each in a process group of its own, under a watchdog."""

from __future__ import annotations

import os
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from scripts import WATCHDOG_SECONDS, guarded
from services import Serve, Service

from wixreseller.emulator import default_seed


@pytest.fixture
def serve(tmp_path: Path, emulator_url: str) -> Serve:
    """Give what starts programs; at the end each must stop with nothing to complain of."""

    @contextmanager
    def start(app: str, *command: str) -> Generator[Service, None, None]:
        (tmp_path / "app.py").write_text(app)
        settings = {
            "WIXRESELLER_BASE_URL": emulator_url,
            "WIX_API_KEY": default_seed.API_KEY,
            "WIX_ACCOUNT_ID": default_seed.SUB_ACCOUNTS[0],
            "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path]),
            "PYTHONUNBUFFERED": "1",
            "C_FORCE_ROOT": "1",  # Celery asks for it where tests run as root
        }
        line = [sys.executable, "-m", *command]
        with guarded(line, cwd=tmp_path, environment=settings) as process:
            service = Service(process)
            following = threading.Thread(target=service.follow)
            following.start()
            try:
                yield service
            except AssertionError as error:
                error.add_note("".join(service.log))
                raise
            service.stop()
        following.join(WATCHDOG_SECONDS)

    return start


def get(url: str) -> str:
    """Get a page."""
    try:
        with urllib.request.urlopen(url, timeout=WATCHDOG_SECONDS) as answer:  # noqa: S310
            return str(answer.read().decode())
    except urllib.error.HTTPError as error:
        return f"{error.code} {error.read().decode()[-2000:]}"


@pytest.fixture
def get_many() -> Callable[[str, int], list[str]]:
    """Give what gets a page many times at once."""

    def many(url: str, count: int) -> list[str]:
        with ThreadPoolExecutor(16) as threads:
            return list(threads.map(get, [url] * count))

    return many
