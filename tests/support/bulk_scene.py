"""Set a plan, an emulator and the command line up for something to go wrong with them."""

from __future__ import annotations

import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Literal

import attrs
from bulk_processes import Ended, Process, Program
from kills_journal import Row, left_behind
from kills_orders import Ordered, write_orders
from separate_emulator import everything

from wixreseller.emulator.default_seed import SUB_ACCOUNTS
from wixreseller.testing import EmulatorControl

__all__ = ["Scene", "When"]

When = Literal["before_commit", "after_commit"]

_PATIENCE: Final = 60.0  # seconds; for a machine that is busy with something else


@attrs.frozen(kw_only=True)
class Scene:
    """Run the commands of ``provision`` in a folder."""

    folder: Path
    emulator: EmulatorControl
    program: Program

    @property
    def orders(self) -> Path:
        """The order file."""
        return self.folder / "orders.csv"

    @property
    def plan(self) -> Path:
        """The plan."""
        return self.folder / "orders.plan.json"

    @property
    def journal(self) -> Path:
        """The journal of the plan."""
        return self.folder / "orders.plan.journal"

    def with_program(self, program: Program) -> Scene:
        """Give the same scene with another program."""
        return attrs.evolve(self, program=program)

    def write_orders(self, count: int = 20) -> None:
        """Write an order file of so many creates."""
        write_orders(
            self.orders,
            (
                Ordered(kind="create", account=SUB_ACCOUNTS[0], external_id=f"sub-{number:06}")
                for number in range(count)
            ),
        )

    def planned(self, count: int = 20) -> None:
        """Write an order file, and plan it."""
        self.write_orders(count)
        ended = self.run("plan", "orders.csv", "-o", self.plan.name)
        assert ended.code == 0, ended

    def run(self, command: str, *arguments: str) -> Ended:
        """Run a command of ``provision`` to its end, at no rate limit unless it is given one."""
        return self.program.run(*self._arguments(command, *arguments))

    @contextmanager
    def running(self, command: str, *arguments: str) -> Generator[Process, None, None]:
        """Start a command of ``provision``; it is killed when the block ends."""
        with self.program.running(*self._arguments(command, *arguments)) as process:
            yield process

    def killed_with_creates_under_way(self, *, lost: int = 0) -> None:
        """Plan, apply, and kill while the eighth create and those after it are not answered.

        They are carried out nevertheless, but for those that are ``lost`` on the way.
        """
        self.planned()
        if lost:
            self.hold_creates(nth=8, times=lost, when="before_commit")
        held = self.hold_creates(nth=8)
        with self.running("apply", self.plan.name) as process:
            self.wait_until_held(held)
            assert process.kill()
        self.emulator.clear_faults()

    def hold_creates(
        self, *, nth: int = 1, times: int | None = None, when: When = "after_commit"
    ) -> str:
        """Hold up creates from some number on, until the emulator's clock is put forward."""
        fault = self.emulator.add_fault(
            "delay", operation="createPackageV2", nth=nth, when=when, times=times, seconds=1000.0
        )
        return fault.id

    def wait_until_held(self, fault: str) -> None:
        """Wait until a fault has hit."""
        end = time.monotonic() + _PATIENCE
        while not self.emulator.fault(fault).hits:
            assert time.monotonic() < end, "nothing came"
            time.sleep(0.005)  # leaves the processor to what is waited for

    def bought(self) -> Sequence[str]:
        """Give the external ids of all packages, sorted; what comes twice was bought twice."""
        return sorted(package["externalId"] for package in everything(self.emulator))

    def names(self, count: int = 20) -> Sequence[str]:
        """Give the external ids of the order file, sorted."""
        return [f"sub-{number:06}" for number in range(count)]

    def writes(self) -> int:
        """Give how many creates came over the wire."""
        return len(self.emulator.requests(operation="createPackageV2"))

    def rows(self) -> Sequence[Row]:
        """Give what the journal says."""
        return left_behind(self.journal)

    @staticmethod
    def _arguments(command: str, *arguments: str) -> Sequence[str]:
        takes_a_limit = command in ("plan", "apply", "run", "resume")
        limit = () if "--rate-limit" in arguments or not takes_a_limit else ("--rate-limit", "off")
        return ("provision", command, *arguments, *limit)
