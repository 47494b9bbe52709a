"""Carry a plan out before the eyes of a person: progress, results, signals, exit code."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import time
from collections import Counter
from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

import attrs
import orjson
from rich.console import Console

from wixreseller.bulk.applying import open_plan_journal
from wixreseller.bulk.execution import CANCELS_CONFIRMED, Execution, ExecutionOptions, Report
from wixreseller.bulk.failed_file import write_failed
from wixreseller.bulk.interrupts import on_interrupts
from wixreseller.bulk.plan_file import PlanFile, as_text
from wixreseller.bulk.results import (
    RESULT_COLUMNS,
    Failed,
    Outcome,
    ResultsWriter,
    Unknown,
    failed_path_of,
    free_results_path,
)
from wixreseller.bulk.summary import StopReason, exit_code
from wixreseller.cli.connection import Connection, InputError
from wixreseller.cli.end_show import Ending, tell_end
from wixreseller.cli.limits import RATE_LIMIT, Limit
from wixreseller.cli.progress import RunView, view_for
from wixreseller.cli.resume_line import ResumeLine
from wixreseller.cli.terminal import error_console
from wixreseller.cli.troubles import Troubles
from wixreseller.errors import WixResellerError

if TYPE_CHECKING:
    from wixreseller.bulk.journal_sqlite import SqliteJournal
    from wixreseller.client import AsyncClient
    from wixreseller.models import JSONObject

__all__ = ["Carrying", "carry_out", "check_results", "execute"]

_SHOWN_PROBLEMS: Final = 10
_EXISTS: Final = (
    "the results file {} exists, and may be the only record of another run: name another, or add "
    "--overwrite"
)


@attrs.frozen(kw_only=True)
class Carrying:
    """Say how a plan is to be carried out, as the options say."""

    limit: Limit
    results: Path | None
    overwrite: bool
    as_json: bool
    is_new: bool
    """Whether it is applied, not resumed."""
    options: ExecutionOptions
    confirmed_cancels: int | None = None
    """How many cancels somebody has just agreed to."""


class Problems:
    """Keep the first problems of a run, and count all by code."""

    def __init__(self) -> None:
        self.first: list[Failed | Unknown] = []
        self.codes: Counter[str] = Counter()

    def add(self, outcome: Outcome) -> None:
        """Take note of an outcome, if it is a problem."""
        if isinstance(outcome, (Failed, Unknown)):
            self.codes[outcome.code] += 1
            if len(self.first) < _SHOWN_PROBLEMS:
                self.first.append(outcome)


def carry_out(connection: Connection, plan: PlanFile, carrying: Carrying) -> int:
    """Carry a plan out, write the files of results, and give the exit code.

    Raises:
        InputError: the results cannot be written where they are to be.
        JournalError: the journal cannot be used; nothing was sent.
        ConfigurationError: the plan is of another server, or an option cannot work.
    """
    troubles = Troubles()
    client = connection.client(carrying.limit, hooks=troubles.hooks)
    path = carrying.results or free_results_path(str(plan.path))
    if plan.needs(path):
        raise InputError(
            f"the results cannot be written to {path}, which this plan needs",
            then="name another file with --results FILE",
        )
    console = error_console()
    problems = Problems()
    check_results(path, overwrite=carrying.overwrite)

    async def run() -> Report:
        async with client, open_plan_journal(client, plan, is_new=carrying.is_new) as journal:
            await _tell_of_looking(journal, console)
            await journal.set_facts(_facts(carrying))
            with _opened(path, overwrite=carrying.overwrite) as writer:
                if carrying.as_json:
                    _print_event("start", plan=as_text(plan.path), orders=plan.counts.orders)
                return await execute(
                    client,
                    plan,
                    journal,
                    tell=_noting(writer, problems, as_json=carrying.as_json),
                    options=carrying.options,
                    requests_per_second=carrying.limit.per_second,
                    console=console,
                    troubles=troubles,
                )

    report = asyncio.run(run())
    failed = _write_failed(plan, path, report, console, overwrite=carrying.overwrite)
    ending = Ending(
        report=report,
        first_problems=problems.first,
        codes=problems.codes,
        results=path,
        failed=failed,
        resume=ResumeLine.of(connection, plan.path, carrying.limit),
        catalogue=connection.catalogue,
    )
    tell_end(ending, console)
    if carrying.as_json:
        try:
            _print_end(report)
        except OSError:  # told above, if it is why the run was stopped
            _give_output_up()
            return report.exit_code or exit_code(report.counts, StopReason.FILES)
    return report.exit_code


def _facts(carrying: Carrying) -> JSONObject:
    """Give what the journal is to know of how a run was started."""
    limit = {RATE_LIMIT: str(carrying.limit)}
    if carrying.confirmed_cancels is None:
        return limit
    return {**limit, CANCELS_CONFIRMED: carrying.confirmed_cancels}


def _noting(
    writer: ResultsWriter, problems: Problems, *, as_json: bool
) -> Callable[[Outcome], None]:
    """Make what takes note of each outcome."""

    def note(outcome: Outcome) -> None:
        writer.write(outcome)
        problems.add(outcome)
        if as_json:
            record = {name: getattr(outcome, name) for name in RESULT_COLUMNS}
            _print_event("outcome", **record)

    return note


async def execute(
    client: AsyncClient,
    plan: PlanFile,
    journal: SqliteJournal,
    *,
    tell: Callable[[Outcome], None],
    options: ExecutionOptions,
    requests_per_second: float | None,
    console: Console,
    indent: int = 0,
    troubles: Troubles | None = None,
) -> Report:
    """Carry a plan out, showing on ``console`` how far it is; Ctrl-C ends it early."""
    counts = await journal.counts()
    known = counts["done"] + (0 if options.retry_failed else counts["failed"])
    with view_for(
        console,
        plan.counts.orders,
        time.monotonic,
        requests_per_second,
        known=known,
        indent=indent,
    ) as view:

        def show(outcome: Outcome) -> None:
            tell(outcome)
            view.add(outcome)

        execution = Execution(client, plan, journal, tell=show, options=options)
        if troubles is not None:
            troubles.show_in(view.trouble)

        def interrupt() -> None:
            execution.interrupt()
            view.say("stopping: what is in flight is being finished; again to end at once")

        async with _ticking(view):
            with on_interrupts(interrupt, execution.abandon):
                return await execution.run()


def check_results(path: Path, *, overwrite: bool) -> None:
    """Refuse a path for results before anything is begun.

    Raises:
        InputError: there is a file, or none can be made.
    """
    if path.exists() and not overwrite:
        raise InputError(_EXISTS.format(path))
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise InputError(
            f"cannot write the results file: {path} is in no folder to write to",
            then="name another with --results FILE",
        )


@contextlib.asynccontextmanager
async def _ticking(view: RunView) -> AsyncGenerator[None, None]:
    async def tick() -> None:
        while True:
            await asyncio.sleep(1.0)
            view.tick()

    task = asyncio.create_task(tick())
    try:
        yield
    finally:
        task.cancel()


async def _tell_of_looking(journal: SqliteJournal, console: Console) -> None:
    counts = await journal.counts()
    if count := counts["intent"] + counts["unknown"]:
        noun = "1 order that was" if count == 1 else f"{count:,} orders that were"
        console.print(
            f"looking for {noun} under way; Wix gets up to a minute to show them",
            soft_wrap=not console.is_terminal,
        )


def _write_failed(
    plan: PlanFile, results: Path, report: Report, console: Console, *, overwrite: bool
) -> Path | None:
    if not report.counts["failed"]:
        return None
    path = failed_path_of(results, overwrite=overwrite)
    if plan.needs(path):
        path, overwrite = failed_path_of(results), False
    try:
        return path if asyncio.run(write_failed(plan, path, overwrite=overwrite)) else None
    except (OSError, WixResellerError) as problem:  # the plan, too, may not be what it was
        console.print(f"cannot write {path}: {problem}", style="red", soft_wrap=True, markup=False)
        return None


def _opened(path: Path, *, overwrite: bool) -> ResultsWriter:
    try:
        return ResultsWriter(path, overwrite=overwrite)
    except FileExistsError:
        raise InputError(_EXISTS.format(path)) from None
    except OSError as error:
        raise InputError(
            f"cannot write the results file: {error}", then="name another with --results FILE"
        ) from error


def _print_end(report: Report) -> None:
    _print_event(
        "end",
        counts=dict(report.counts),
        outcomes=dict(report.outcomes),
        seconds=round(report.seconds, 3),
        stopped=None if report.reason is None else report.reason.value,
        exit_code=report.exit_code,
    )


def _print_event(event: str, **fields: object) -> None:
    line = orjson.dumps({"event": event, **fields}, option=orjson.OPT_APPEND_NEWLINE)
    try:
        sys.stdout.buffer.write(line)
        sys.stdout.buffer.flush()
    except OSError as error:
        raise OSError(error.errno, error.strerror, "standard output") from error


def _give_output_up() -> None:
    """Let go of what could not be written, which Python would try to write once more at its end."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
