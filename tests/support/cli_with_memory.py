"""Run the command line, and write down the most memory it had: ``cli_with_memory.py FILE …``.

What a parent is told of its child (``wait4``) counts what the parent itself had when it began it.
"""

from __future__ import annotations

import atexit
import resource
import runpy
import sys
from pathlib import Path


def most_memory() -> int:
    """Give the most memory that this program had so far, in bytes."""
    if sys.platform != "linux":
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return most if sys.platform == "darwin" else most * 1024
    (line,) = (
        line for line in Path("/proc/self/status").read_text().splitlines() if "VmHWM" in line
    )
    return int(line.split()[1]) * 1024


if __name__ == "__main__":
    path = Path(sys.argv.pop(1))
    atexit.register(lambda: path.write_text(str(most_memory())))
    runpy.run_module("wixreseller", run_name="__main__", alter_sys=True)
