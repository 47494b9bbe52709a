"""Show how much of a rate limit is used, and how much is refused, whatever the server's limit is.

The limiter, the executor and asyncio are the real ones; the servers and the time are simulated, so
that half an hour passes in a fraction of a second, and each run with a seed gives the same.

``python -m benchmarks.limits [--quick] [--json FILE]``

The file holds ``{"seed", "is_quick", "minutes", "told", "rows", "bursts", "summary"}``. A row is
``{"set", "family", "server", "share", "tells", "latency", "used", "used_later", "possible",
"refused", "requests", "lost"}``: ``share`` is the true limit as a part of the one told, ``used``
which part of what the server allowed was used, ``used_later`` the same without the first window,
``possible`` what one could use who knows the server and sends no more in a minute than was told
(null where others use it too), ``refused`` a part of ``requests``, ``lost`` a number of calls.
``bursts`` says how many seconds a job of 200 takes at a latency. ``summary`` is a list of
``{"family", "set", "rows", "met", "worst_used", "worst_refused", "lost"}``; ``met`` is null where
nothing is promised.
"""

from __future__ import annotations

import argparse
import json
import logging
import math
import random
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import attrs

from benchmarks.limit_servers import (
    WINDOW,
    Bucket,
    Counting,
    FixedWindow,
    FromFirst,
    Limit,
    Server,
    SlidingCounter,
    SlidingLog,
    allowed_by,
    evenly,
    in_bursts,
)
from benchmarks.simulated import Network, run, work_off
from wixreseller import RateLimit

TOLD: Final = 200
SEED: Final = 1
WORKERS: Final = 64
LATENCIES: Final = (0.0, 0.05, 0.2, 0.3)
Others = Callable[[random.Random, float], deque[float]]


@attrs.frozen(kw_only=True)
class Case:
    """Describe a server and the way there."""

    set: str
    family: str
    server: str
    make: Callable[[], Counting]
    share: float = 1.0
    tells: bool = False
    latency: float = 0.05
    others: Others | None = None
    limit: Limit | None = None
    windows: int = 30

    def limit_at(self, now: float) -> float:
        """Give the true limit."""
        return self.limit(now) if self.limit else TOLD * self.share


@attrs.frozen(kw_only=True)
class Row:
    """Hold what came of a case."""

    set: str
    family: str
    server: str
    share: float
    tells: bool
    latency: float
    used: float
    used_later: float
    possible: float | None
    refused: float
    requests: int
    lost: int

    @property
    def is_met(self) -> bool | None:
        """Whether it is as good as is hoped for; ``None`` where nothing is."""
        if self.family == "known":
            return self.used_later >= 0.995 and not self.refused and not self.lost
        if self.family in ("wrong", "small"):
            return self.used >= 0.98 and self.refused < 0.01 and not self.lost
        return None


def measure(case: Case) -> Row:
    """Let many workers make calls for half an hour."""
    chance, until = random.Random(SEED), case.windows * WINDOW  # noqa: S311  # a simulation
    others = case.others(chance, until) if case.others else deque[float]()
    server = Server(case.make(), case.limit_at, case.tells, others)
    network = Network(server, case.latency, chance)
    limit = RateLimit(TOLD, per=WINDOW)
    outcome = run(work_off(network, limit, workers=WORKERS, calls=math.inf, until=until))
    server.let_others_ask(until)
    allowed = allowed_by(_ideal(case), case.limit_at, until)
    requests = len(server.accepted) + len(server.refused)
    return Row(
        set=case.set,
        family=case.family,
        server=case.server,
        share=case.share,
        tells=case.tells,
        latency=case.latency,
        used=round(server.share_used(allowed, until), 4),
        used_later=round(server.steady(allowed, until), 4),
        possible=None if case.others else _possible(case, allowed, until),
        refused=round(len(server.refused) / requests, 4),
        requests=requests,
        lost=outcome.lost,
    )


def _ideal(case: Case) -> Counting:
    """Give a server that never refuses for what it refused."""
    ideal = case.make()
    if isinstance(ideal, SlidingLog):
        ideal.counts_refused = False
    return ideal


def _possible(case: Case, allowed: list[float], until: float) -> float:
    """Give what could be used of it without ever sending more in a minute than was told.

    Where a fixed window ends soon after the start, the server allows twice the limit at once.
    """
    times = allowed_by(_ideal(case), case.limit_at, until, told=TOLD)
    server = Server(case.make(), case.limit_at, case.tells, accepted=times)
    return round(server.share_used(allowed, until), 4)


def seconds_for(calls: int, latency: float) -> float:
    """Measure a job of so many calls at once, where the limit is as told."""
    server = Server(SlidingLog(), lambda _: TOLD, tells=False)
    network = Network(server, latency, random.Random(SEED))  # noqa: S311
    limit = RateLimit(TOLD, per=WINDOW)
    done = run(work_off(network, limit, workers=calls, calls=calls, until=1_000.0))
    return round(done.last_done, 2)


def _halved(now: float) -> float:
    return TOLD / 2 if 600.0 <= now < 1_200.0 else TOLD


def cases(*, is_quick: bool) -> Iterator[Case]:
    """List the cases; the numbers were tuned on those of the set "dev" only."""
    windows: dict[str, Callable[[], Counting]] = {
        "fixed window": lambda: FixedWindow(20.0),
        "window from first": FromFirst,
        "sliding log": SlidingLog,
    }
    awkward: dict[str, Callable[[], Counting]] = {
        "log, refused count": lambda: SlidingLog(counts_refused=True),
        "sliding counter": lambda: SlidingCounter(20.0),
    }
    known_at = (0.3,) if is_quick else LATENCIES
    for name, make in {**windows, "bucket 200": lambda: Bucket(200)}.items():
        for latency in known_at:
            yield Case(set="dev", family="known", server=name, make=make, latency=latency)
    tellings = (False,) if is_quick else (False, True)
    latencies = (0.3,) if is_quick else (0.05, 0.3)
    for share in (0.5, 0.3):
        for tells in tellings:
            for latency in latencies[-1:] if tells else latencies:
                for name, make in {**windows, **awkward}.items():
                    yield Case(
                        set="dev",
                        family="wrong",
                        server=name,
                        make=make,
                        share=share,
                        tells=tells,
                        latency=latency,
                    )
    for share in (1.0, 0.5, 0.3):
        for tells in tellings:
            for size in (1, 10, 20, 200):
                if (share, size) != (1.0, 200):
                    yield _bucket("dev", size, share, tells=tells, latency=latencies[-1])
    yield from _held_out(tellings)
    if not is_quick:
        yield from _with_others(tellings)


def _bucket(which: str, size: int, share: float, *, tells: bool, latency: float) -> Case:
    return Case(
        set=which,
        family="small",
        server=f"bucket {size}",
        make=lambda: Bucket(size),
        share=share,
        tells=tells,
        latency=latency,
    )


def _held_out(tellings: tuple[bool, ...]) -> Iterator[Case]:
    """List cases that nothing was tuned on."""
    makes: dict[str, Callable[[], Counting]] = {
        "fixed window": lambda: FixedWindow(47.0),
        "window from first": FromFirst,
        "sliding log": SlidingLog,
        "log, refused count": lambda: SlidingLog(counts_refused=True),
        "sliding counter": lambda: SlidingCounter(47.0),
    }
    for name in ("fixed window", "sliding log"):
        make = makes[name]
        yield Case(set="held out", family="known", server=name, make=make, latency=0.25)
    for tells in tellings:
        for share, latency in ((0.7, 0.2), (0.4, 0.1)):
            for name, make in makes.items():
                yield Case(
                    set="held out",
                    family="wrong",
                    server=name,
                    make=make,
                    share=share,
                    tells=tells,
                    latency=latency,
                )
            for size in (5, 50):
                yield _bucket("held out", size, share, tells=tells, latency=latency)
    if tellings[-1]:
        yield from _held_out_later()


def _held_out_later() -> Iterator[Case]:
    """List cases that were added when the numbers had been settled, and changed none."""
    makes: dict[str, Callable[[], Counting]] = {
        "fixed window": lambda: FixedWindow(10.0),
        "fixed window, old": lambda: FixedWindow(55.0),
        "sliding log": SlidingLog,
        "log, refused count": lambda: SlidingLog(counts_refused=True),
        "sliding counter": lambda: SlidingCounter(30.0),
    }
    for share, latency in ((0.55, 0.15), (0.9, 0.25)):
        for name, make in makes.items():
            yield Case(
                set="later",
                family="wrong",
                server=name,
                make=make,
                share=share,
                latency=latency,
            )
        for size in (4, 30):
            yield _bucket("later", size, share, tells=False, latency=latency)


def _with_others(tellings: tuple[bool, ...]) -> Iterator[Case]:
    """List cases in which others use three tenths of the limit, or the limit changes."""
    rate = 0.3 * TOLD / WINDOW
    traffic: dict[str, Others] = {
        "steady": lambda chance, until: evenly(rate, until, chance),
        "in bursts": lambda chance, until: in_bursts(rate, until, chance, every=20.0),
    }
    makes: dict[str, Callable[[], Counting]] = {
        "window from first": FromFirst,
        "sliding log": SlidingLog,
        "bucket 20": lambda: Bucket(20),
        "bucket 200": lambda: Bucket(200),
    }
    for tells in tellings:
        for name, make in makes.items():
            for how, others in traffic.items():
                yield Case(
                    set="dev",
                    family=f"others, {how}",
                    server=name,
                    make=make,
                    tells=tells,
                    latency=0.2,
                    others=others,
                )
            yield Case(
                set="dev",
                family="200, 100, 200",
                server=name,
                make=make,
                tells=tells,
                latency=0.2,
                limit=_halved,
                windows=60,
            )


def summary(rows: list[Row]) -> list[dict[str, object]]:
    """Sum up each family of a set."""
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        groups.setdefault((row.family, row.set), []).append(row)
    return [
        {
            "family": family,
            "set": which,
            "rows": len(group),
            "met": None if group[0].is_met is None else sum(bool(row.is_met) for row in group),
            "worst_used": min(row.used for row in group),
            "worst_refused": max(row.refused for row in group),
            "lost": sum(row.lost for row in group),
        }
        for (family, which), group in groups.items()
    ]


def line_of(row: Row) -> str:
    """Write a row of the table."""
    mark = {True: "met", False: "MISSED", None: ""}[row.is_met]
    told = "Retry-After" if row.tells else ""
    possible = "" if row.possible is None else f"{row.possible:.2%}"
    return (
        f"{row.set:9}{row.family:19}{row.server:20}{row.share:4.1f} {told:12}{row.latency:5.2f} s"
        f"{row.used:9.2%}{row.used_later:9.2%}{possible:>9}{row.refused:8.2%}{row.lost:5}  {mark}"
    )


def main() -> None:
    """Measure all cases, print a table and write the file."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.limits")
    parser.add_argument("--quick", action="store_true", help="fewer cases: under 15 s")
    parser.add_argument("--json", type=Path, help="where the results are written")
    arguments = parser.parse_args()
    logging.disable(logging.CRITICAL)  # calls that the end of a run cuts off are no news
    print(
        f"{'set':9}{'family':19}{'server':20}{'share':17}{'latency':7}"
        f"{'used':>9}{'later':>9}{'possible':>9}{'refused':>8}{'lost':>5}"
    )
    rows = list[Row]()
    for case in cases(is_quick=arguments.quick):
        rows.append(measure(case))
        print(line_of(rows[-1]), flush=True)
    bursts = {str(latency): seconds_for(TOLD, latency) for latency in LATENCIES}
    print("200 calls at once take", ", ".join(f"{s} s at {at} s" for at, s in bursts.items()))
    for group in summary(rows):
        print(group)
    if arguments.json:
        results = {
            "seed": SEED,
            "is_quick": arguments.quick,
            "minutes": 30,
            "told": TOLD,
            "rows": [attrs.asdict(row) | {"met": row.is_met} for row in rows],
            "bursts": bursts,
            "summary": summary(rows),
        }
        arguments.json.parent.mkdir(parents=True, exist_ok=True)
        arguments.json.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
