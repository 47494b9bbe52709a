"""Be the process in which one way does its rounds, each when it is told to.

``python -m benchmarks.framework.child MODULE WAY ADDRESS`` gets ready, says so, and makes a round
for each line that it reads. A process of its own: its CPU time is then this way's and nobody
else's, and no way lives with what another one has loaded.
"""

from __future__ import annotations

import importlib
import json
import sys
import time
from collections.abc import Iterable

from benchmarks.framework.questions import Way

__all__ = ["main"]


def main(module: str, name: str, address: str) -> None:
    """Serve rounds until the input ends."""
    ways: Iterable[Way] = importlib.import_module(module).WAYS
    (way,) = (way for way in ways if way.name == name)
    with way.open(address) as make_round:
        make_round()  # connections are opened, caches filled
        print("ready", flush=True)
        for _ in sys.stdin:
            began, began_cpu = time.perf_counter(), time.process_time()
            operations = make_round()
            cpu, wall = time.process_time() - began_cpu, time.perf_counter() - began
            seconds = {"cpu": cpu / operations, "wall": wall / operations}
            print(json.dumps(seconds), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
