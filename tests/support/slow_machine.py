"""Stop every event loop for a moment now and then, as a machine does that has too much to do.

A plugin of pytest's, ``-p slow_machine``: a test fails under it that holds only where nothing is
ever late.
"""

from __future__ import annotations

import time
from asyncio import BaseEventLoop
from collections.abc import Callable
from random import Random
from typing import Any, Final

_SHARE: Final = 0.05
"""How many of a loop's rounds have such a moment before them, and how many after them."""
_LEAST_SECONDS: Final = 0.002
_MOST_SECONDS: Final = 0.04
_RANDOM: Final = Random()  # noqa: S311  # no secret hangs on it


def pytest_configure() -> None:
    """Slow down all loops of this process; those of the programs that tests start go on."""
    one_round: Callable[[Any], None] = vars(BaseEventLoop)["_run_once"]

    def slow_round(loop: Any) -> None:
        _stop_now_and_then()
        one_round(loop)
        _stop_now_and_then()

    setattr(BaseEventLoop, "_run_once", slow_round)  # noqa: B010  # it has no public name


def _stop_now_and_then() -> None:
    if _RANDOM.random() < _SHARE:
        time.sleep(_RANDOM.uniform(_LEAST_SECONDS, _MOST_SECONDS))
