"""Run the command line with other times: ``cli_with_times.py WINDOW TIMEOUT AHEAD ARGUMENTS…``.

The settle window and the time-out of an attempt, in seconds, for which the command line has no
options, and how far its calendar is ahead of the machine's. All else is the real program.
"""

from __future__ import annotations

import runpy
import sys
import time
from collections.abc import Callable
from typing import Any

from wixreseller import retry


def defaults_of(function: Callable[..., Any]) -> dict[str, Any]:
    """Give the values that a function takes where it is told none, to be changed."""
    defaults = function.__kwdefaults__
    assert defaults is not None
    return defaults


def set_times(window: float, timeout: float) -> None:
    """Exchange the defaults, before anything is made of them."""
    of_retries = defaults_of(retry.RetryPolicy.__init__)
    assert of_retries["settle_window"] == 10.0
    of_retries["settle_window"] = window
    # Only now, because it makes a policy of the defaults when it is imported.
    from wixreseller import client

    of_clients = defaults_of(client.AsyncClient.__init__)
    assert (of_clients["timeout"], of_clients["retry"]) == (
        30.0,
        retry.RetryPolicy(settle_window=window),
    )
    of_clients["timeout"] = timeout


def set_clock(ahead: float) -> None:
    """Put the calendar forward, or back."""
    true = time.time
    time.time = lambda: true() + ahead


if __name__ == "__main__":
    window, timeout, ahead = (float(sys.argv.pop(1)) for _ in range(3))
    set_clock(ahead)
    set_times(window, timeout)
    runpy.run_module("wixreseller", run_name="__main__", alter_sys=True)
