"""Run the command line where no file can grow beyond a size: ``cli_with_full_disk.py KIB …``.

As on a full disk, writing fails in the middle of a run; which file system it is does not matter.
"""

from __future__ import annotations

import resource
import runpy
import sys

if __name__ == "__main__":
    size = int(sys.argv.pop(1)) * 1024
    # Python ignores the signal that comes with it, so that the write fails with an error.
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
    runpy.run_module("wixreseller", run_name="__main__", alter_sys=True)
