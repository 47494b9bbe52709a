"""An emulator on a thread of its own leaves nothing behind."""

from __future__ import annotations

import gc
import socket
import sys
from urllib.parse import urlsplit

import pytest

from wixreseller.emulator import Emulator
from wixreseller.testing import EmulatorThread


def test_who_connects_right_before_the_emulator_stops_leaves_no_connection_open(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    complaints: list[str] = []

    def note(unraisable: sys.UnraisableHookArgs) -> None:
        complaints.append(str(unraisable.exc_value))

    monkeypatch.setattr(sys, "unraisablehook", note)
    for _ in range(10):
        with EmulatorThread(Emulator(rate_limit="off")) as running:
            address = urlsplit(running.url)
            peers = [
                socket.create_connection((address.hostname, address.port or 0)) for _ in range(3)
            ]
        for peer in peers:
            peer.close()
    gc.collect()

    assert [] == complaints
