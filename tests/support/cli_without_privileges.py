"""Run the command line as somebody whom permissions hold for, whoever starts it.

On Linux, root gives up what lets it pass by the permissions of files, and stays the owner of what
it owns.
"""

from __future__ import annotations

import ctypes
import os
import runpy
import sys

_VERSION = 0x20080522  # of the call: capabilities in two words
_DAC_OVERRIDE, _DAC_READ_SEARCH = 1, 2


class _Header(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _Data(ctypes.Structure):
    _fields_ = (
        ("effective", ctypes.c_uint32),
        ("permitted", ctypes.c_uint32),
        ("inheritable", ctypes.c_uint32),
    )


def give_up_privileges() -> None:
    """Let permissions of files hold for this process."""
    libc = ctypes.CDLL(None, use_errno=True)
    header, data = _Header(_VERSION, 0), (_Data * 2)()
    if libc.capget(ctypes.byref(header), data) != 0:
        raise OSError(ctypes.get_errno(), "capget")
    for bit in (_DAC_OVERRIDE, _DAC_READ_SEARCH):
        data[0].effective &= ~(1 << bit)
        data[0].permitted &= ~(1 << bit)
    if libc.capset(ctypes.byref(header), data) != 0:
        raise OSError(ctypes.get_errno(), "capset")


if __name__ == "__main__":
    if os.geteuid() == 0 and sys.platform == "linux":
        give_up_privileges()
    runpy.run_module("wixreseller", run_name="__main__", alter_sys=True)
