"""Run an emulator in a process of its own, and read from it what really is."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import threading
from collections.abc import Generator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import urlsplit

import wixreseller
from wixreseller.emulator.default_seed import PARENT_ACCOUNT, default_seed
from wixreseller.testing import EmulatorControl

__all__ = ["CANARY_KEY", "Json", "everything", "send", "separate_emulator"]

CANARY_KEY = "EMU.canary-3f1c9a"
_SECONDS = 60.0  # for a machine that is busy with something else

Json: TypeAlias = dict[str, Any]


@contextmanager
def separate_emulator(
    folder: Path, *options: str, rate_limit: str = "off"
) -> Generator[EmulatorControl, None, None]:
    """Start an emulator whose only key is the canary, and control it until the block ends."""
    seed = default_seed()
    seed["apiKeys"] = [{"key": CANARY_KEY, "accountId": PARENT_ACCOUNT}]
    path = folder / "seed.json"
    path.write_text(json.dumps(seed))
    command = [sys.executable, "-W", "error", "-m", "wixreseller", "emulator"]
    command += ["--seed", str(path), "--rate-limit", rate_limit, *options]
    root = Path(wixreseller.__file__).parents[1]
    process = subprocess.Popen(
        command,
        cwd=root,
        env=os.environ | {"PYTHONPATH": str(root)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    watchdog = threading.Timer(_SECONDS, process.kill)
    watchdog.start()
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("listening on http://"), process.communicate()
        watchdog.cancel()
        yield EmulatorControl(line.removeprefix("listening on ").strip())
    finally:
        watchdog.cancel()
        process.kill()
        complaints = process.communicate()[1]
    assert complaints == "", complaints


def send(url: str, account: str, method: str, path: str, body: Json) -> Json:
    """Send a request as Wix takes it, without the library that is tested."""
    address = urlsplit(url)
    headers = {"Authorization": CANARY_KEY, "wix-account-id": account}
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=_SECONDS)
    with closing(connection):
        connection.request(method, path, json.dumps(body), headers)
        answer = connection.getresponse()
        content: Json = json.loads(answer.read())
    assert answer.status == 200, content
    return content


def everything(emulator: EmulatorControl) -> Sequence[Json]:
    """Give every package, those included that queries do not show yet."""
    lag = emulator.settings()["visibility_lag_seconds"].value
    assert isinstance(lag, float)
    faults = [fault.id for fault in emulator.faults()]
    assert not faults, "they would spoil the queries"
    emulator.change_settings(visibility_lag_seconds=0.0)
    found: list[Json] = []
    cursor: Json = {}
    while True:
        query = {"query": {"cursorPaging": {"limit": 100} | cursor}}
        page = send(emulator.url, PARENT_ACCOUNT, "POST", "/resellers/v1/packages/query", query)
        found += page["packages"]
        if not page["metadata"]["hasNext"]:
            emulator.change_settings(visibility_lag_seconds=lag)
            return found
        cursor = {"cursor": page["metadata"]["cursors"]["next"]}
