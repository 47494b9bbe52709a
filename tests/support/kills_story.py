"""Tell the story of one plan: it is applied, killed again and again, resumed, and judged."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import attrs
from bulk_processes import Process, Program, with_times
from kills_journal import Row, by_state, watching
from kills_judge import Cell, Judge
from kills_orders import Ordered, make_rivals, make_world, write_orders
from separate_emulator import CANARY_KEY, separate_emulator

from wixreseller.testing import EmulatorControl, FaultKind, FaultOptions

__all__ = ["Bite", "Story"]

_WINDOW_AFTER_LAG: Final = 1.0
_TIMEOUT: Final = 3.0
"""Seconds, both: the time-out of an attempt, and what the settle window has beyond the lag."""
_BEYOND: Final = 1000.0
_PATIENCE: Final = 60.0  # seconds; for a machine that is busy with something else
_MOST_AT_A_TIME: Final = 30
"""Orders begun between two kills, so that something is left for the kills to come."""
_TRIES: Final = 5
_LATE: Final = 0.4
"""Seconds by which a request may be held up; with the lag, still well within the window."""

_TROUBLES: Final[tuple[tuple[FaultKind, FaultOptions], ...]] = (
    ("drop_before_commit", {}),
    ("drop_after_commit", {}),
    ("drop_after_commit", {}),
    ("reset", {"when": "before_commit"}),
    ("reset", {"when": "after_commit"}),
    ("status", {"status": 500, "when": "before_commit"}),
    ("status", {"status": 500, "when": "after_commit"}),
    ("status", {"status": 429}),
    ("html_502", {"when": "after_commit"}),
    ("truncate", {}),
    ("unreadable", {}),
    ("delay", {"seconds": _LATE, "when": "before_commit"}),
    ("delay", {"seconds": _LATE, "when": "after_commit"}),
)
_OF_READS: Final[tuple[tuple[FaultKind, FaultOptions], ...]] = (
    ("drop_before_commit", {}),
    ("status", {"status": 503}),
    ("truncate", {}),
)


@attrs.define
class Bite:
    """Count what a story's kills met, to show that they strike where it hurts."""

    kills: int = 0
    within_intents: int = 0
    """Kills at which an order was under way."""
    intents: int = 0
    """Orders under way when a kill came, of all kills."""
    orders_met: int = 0
    """Orders that were under way at any of them."""
    unknown: int = 0
    """Orders that stayed unknown until they were sent again."""


@attrs.define
class Story:
    """Run one plan in a folder against a server of one kind, with chance deciding the moments."""

    folder: Path
    cell: Cell
    chance: random.Random
    bite: Bite = attrs.field(factory=Bite)
    _runs: int = 0
    _seconds_to_begin: float = 0.5
    _met: set[str] = attrs.field(factory=set[str])

    def tell(self, kills: int) -> None:
        """Plan, apply, be killed so many times, resume; check all on the way."""
        with separate_emulator(self.folder, *self._emulator_options()) as emulator:
            orders = self._plan(emulator)
            judge = Judge(emulator, self.cell, orders, self.folder / "orders.journal")
            self._killed(judge, kills)
            if self.chance.random() < 0.5:
                self._spoil(emulator)
                self._finished(judge)
            unknown = by_state(self._finished(judge)).get("unknown", 0)
            self.bite.unknown += unknown
            judge.sends_again()
            if unknown:
                self._strike(judge, "--resend-absent")
                self._sent_again(judge)
            writes = judge.writes()
            judge.check_promise(self._finished(judge))
            assert writes == judge.writes(), "what was done, or is unknown, was sent again"

    @property
    def _lag(self) -> float:
        """Seconds until a write can be seen: where it can at all, not by a run begun at once."""
        if self.cell.visibility == "beyond the window":
            return _BEYOND
        return self._seconds_to_begin + 0.5 if self.cell.visibility == "within the window" else 0.0

    @property
    def _window(self) -> float:
        """Seconds; scaled, so that what was under way is soon known to be absent."""
        return _WINDOW_AFTER_LAG + (self._lag if self.cell.shows_in_time else 0.0)

    # --- the world ------------------------------------------------------------------------------

    def _emulator_options(self) -> list[str]:
        settings = {
            "idempotency_mode": self.cell.key_mode,
            "visibility_lag_seconds": self._lag,
            "visibility_lags_get": self.chance.choice(("on", "off")),
            "consistency_token": self.chance.choice(("honoured", "ignored", "absent")),
        }
        options = [word for name in settings for word in ("--set", f"{name}={settings[name]}")]
        if self.chance.random() < 0.5:
            options += ["--db", str(self.folder / "emulator.db")]
        return options

    def _plan(self, emulator: EmulatorControl) -> Sequence[Ordered]:
        orders = make_world(emulator, self.chance)
        emulator.advance(2 * self._lag)
        write_orders(self.folder / "orders.csv", orders)
        began = time.monotonic()
        planned = self._program(emulator).run(
            *("provision", "plan", "orders.csv", "-o", "orders.json", "--rate-limit", "off")
        )
        assert planned.code == 0, planned
        # So long does this machine take just now to begin and to look; sending takes as long.
        self._seconds_to_begin = time.monotonic() - began
        emulator.change_settings(visibility_lag_seconds=self._lag)
        make_rivals(emulator, orders)
        emulator.advance(2 * self._lag)
        return orders

    def _spoil(self, emulator: EmulatorControl) -> None:
        """Let some of the next requests go wrong."""
        for _ in range(self.chance.randint(3, 8)):
            kind, options = self.chance.choice(_TROUBLES)
            where = FaultOptions(
                operation="cancelPackage" if self.chance.random() < 0.2 else "createPackageV2",
                nth=self.chance.randint(1, 15),
                times=self.chance.randint(1, 2),
            )
            emulator.add_fault(kind, **_both(options, where))
        if self.chance.random() < 0.3:
            kind, options = self.chance.choice(_OF_READS)
            where = FaultOptions(operation="queryPackages", nth=self.chance.randint(1, 3))
            emulator.add_fault(kind, **_both(options, where))

    def _slow_down(self, emulator: EmulatorControl) -> None:
        """Hold up every create from some number on, so that a kill meets many under way."""
        emulator.add_fault(
            "delay",
            operation="createPackageV2",
            nth=self.chance.randint(1, 10),
            times=None,
            when="before_commit" if self.chance.random() < 0.5 else "after_commit",
            seconds=_LATE,
        )

    # --- runs -----------------------------------------------------------------------------------

    def _program(self, emulator: EmulatorControl) -> Program:
        return Program(
            folder=self.folder,
            url=emulator.url,
            key=CANARY_KEY,
            prelude=with_times(self._window, _TIMEOUT),
        )

    def _arguments(self, judge: Judge, *options: str) -> Sequence[str]:
        self._runs += 1
        command = "resume" if judge.journal.exists() else "apply"
        cancels = sum(order.kind == "cancel" for order in judge.orders)
        return (
            *("provision", command, "orders.json", "--yes", "--expect", str(cancels)),
            *("--rate-limit", "off", "--results", self._results.name, *options),
        )

    @property
    def _results(self) -> Path:
        return self.folder / f"results-{self._runs}.csv"

    def _finished(self, judge: Judge, *options: str) -> Sequence[Row]:
        ended = self._program(judge.emulator).run(*self._arguments(judge, *options))
        assert ended.code in (0, 4), ended
        return judge.after_a_run(self._results, ended.code)

    def _sent_again(self, judge: Judge) -> None:
        """Send again what is unknown, till it is not; once, where that may be so for good.

        Each run sends an order again only once. An answer that comes later than the time-out,
        because the machine was busy, is lost like any other, and leaves it unknown.
        """
        for _ in range(_TRIES if judge.cell.is_promised_once else 1):
            if not by_state(self._finished(judge, "--resend-absent")).get("unknown"):
                return

    def _killed(self, judge: Judge, kills: int) -> None:
        while self.bite.kills < kills:
            self._spoil(judge.emulator)
            if self.chance.random() < 0.9:
                self._slow_down(judge.emulator)
            self._strike(judge)

    def _strike(self, judge: Judge, *options: str) -> None:
        """Kill a run at some moment, and look at what it left."""
        with self._program(judge.emulator).running(*self._arguments(judge, *options)) as process:
            self._wait_for_a_moment(process, judge, is_again="--resend-absent" in options)
            if process.kill():
                self.bite.kills += 1
            else:
                ended = process.ended()
                assert ended.code in (0, 4), ended
        under_way = [row for row in judge.after_a_kill() if row.state == "intent"]
        self.bite.intents += len(under_way)
        self.bite.within_intents += bool(under_way)
        self._met |= {row.key for row in under_way}
        self.bite.orders_met = len(self._met)

    def _wait_for_a_moment(self, process: Process, judge: Judge, *, is_again: bool) -> None:
        """Wait for some moment; or until so many orders were begun, or none are left to begin."""
        kind = self.chance.choice(("any", "intents", "intents", "arrivals"))
        number = _MOST_AT_A_TIME if kind == "any" else self.chance.randint(1, 15)
        patience = _PATIENCE
        if kind == "any":
            patience = self.chance.uniform(0.1, 3.0 * self._seconds_to_begin)
        arrived = _Arrivals(judge.emulator)
        with watching(judge.journal) as watch:
            count = arrived.count if kind == "arrivals" else watch.intents
            before, end = count(), time.monotonic() + patience
            while count() < before + number and process.popen.poll() is None:
                if watch.begun() == len(judge.orders) and kind != "any" and not is_again:
                    break
                if time.monotonic() > end:
                    assert kind == "any", "nothing happens"
                    break
                time.sleep(0.003)  # leaves the processor to what is watched
        # Somewhere within what is under way then.
        moment = time.perf_counter() + self.chance.uniform(0, 0.005)
        while time.perf_counter() < moment:
            pass


def _both(options: FaultOptions, where: FaultOptions) -> FaultOptions:
    joined: FaultOptions = {**options, **where}
    return joined


@attrs.define
class _Arrivals:
    """Count the creates that reach the emulator from now on."""

    emulator: EmulatorControl
    _last: int = attrs.field(init=False)
    _seen: int = 0

    def __attrs_post_init__(self) -> None:
        requests = self.emulator.requests()
        self._last = requests[-1].number if requests else 0

    def count(self) -> int:
        """Give how many came so far."""
        for request in self.emulator.requests(since=self._last):
            self._last = request.number
            self._seen += request.operation == "createPackageV2"
        return self._seen
