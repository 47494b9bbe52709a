"""Test against the emulator: run it beside the tests, and move its world from there.

::

    from wixreseller.emulator import Emulator
    from wixreseller.testing import EmulatorControl, EmulatorThread

    with EmulatorThread(Emulator(rate_limit="off")) as emulator:
        control = EmulatorControl(emulator.url)
        fault = control.add_fault("drop_after_commit", operation="createPackageV2")
        ...  # let a client at emulator.url create a package
        assert control.fault(fault).hits == 1

With pytest, the fixture ``wix_emulator`` does all of this. Names are loaded when they are first
used: this package costs nothing until then.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from wixreseller.testing._control import AsyncEmulatorControl, EmulatorControl
    from wixreseller.testing._exchange import EmulatorControlError
    from wixreseller.testing._fast_time import FastTime
    from wixreseller.testing._faults import FaultKind, FaultOptions
    from wixreseller.testing._no_wix import RealWixError
    from wixreseller.testing._shared import EmulatorOptions, WixEmulator
    from wixreseller.testing._thread import EmulatorThread
    from wixreseller.testing._values import (
        Behaviour,
        ClockReading,
        Event,
        Fault,
        Operation,
        RecordedRequest,
        Setting,
        Snapshot,
    )

__all__ = [
    "AsyncEmulatorControl",
    "Behaviour",
    "ClockReading",
    "EmulatorControl",
    "EmulatorControlError",
    "EmulatorOptions",
    "EmulatorThread",
    "Event",
    "FastTime",
    "Fault",
    "FaultKind",
    "FaultOptions",
    "Operation",
    "RealWixError",
    "RecordedRequest",
    "Setting",
    "Snapshot",
    "WixEmulator",
]

_HOMES: Final = {
    "AsyncEmulatorControl": "_control",
    "EmulatorControl": "_control",
    "EmulatorControlError": "_exchange",
    "EmulatorThread": "_thread",
    "EmulatorOptions": "_shared",
    "FastTime": "_fast_time",
    "FaultKind": "_faults",
    "FaultOptions": "_faults",
    "RealWixError": "_no_wix",
    "WixEmulator": "_shared",
}


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = importlib.import_module(f"{__name__}.{_HOMES.get(name, '_values')}")
    value: object = getattr(home, name)
    globals()[name] = value
    return value
