"""Say how a run ended: totals, what went wrong, where it is written down, what to do next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import attrs
from rich.console import Console
from rich.text import Text

from wixreseller.bulk.catalogue import Catalogue
from wixreseller.bulk.execution import Report
from wixreseller.bulk.journal import State
from wixreseller.bulk.results import Failed, Unknown
from wixreseller.bulk.summary import StopReason
from wixreseller.bulk.verdicts import CONFLICT
from wixreseller.cli.names import with_names
from wixreseller.cli.progress import describe_counts, describe_duration
from wixreseller.cli.resume_line import ResumeLine
from wixreseller.cli.terminal import without_controls

__all__ = ["Ending", "tell_end", "tell_next"]

_STOPPED = {
    StopReason.AUTHENTICATION: "the key was refused",
    StopReason.LIMIT: "nothing more could be sent",
    StopReason.FILES: "a file cannot be written",
    StopReason.INPUT: "the plan cannot be used",
    StopReason.FAILURES: "as many orders failed as --max-failures allows",
    StopReason.INTERRUPTED: "interrupted",
}


@attrs.frozen(kw_only=True)
class Ending:
    """Hold what there is to say about a run."""

    report: Report
    first_problems: Sequence[Failed | Unknown]
    codes: Mapping[str, int]
    results: Path
    failed: Path | None
    resume: ResumeLine
    catalogue: Catalogue


def tell_end(ending: Ending, console: Console) -> None:
    """Sum a run up, and say what to do about what is left."""
    report = ending.report
    for problem in ending.first_problems:
        _tell_problem(problem, ending.catalogue, console)
    more = sum(ending.codes.values()) - len(ending.first_problems)
    if more:
        _say(console, f"… and {more:,} more; of all of them:")
        for code, count in sorted(ending.codes.items(), key=lambda item: -item[1]):
            _say(console, f"  {count:,} x {code}")
    if report.reason is not None:
        _say(console, f"stopped: {_why(report)}", "red")
    totals = describe_counts(report.outcomes) or "nothing done"
    # What was told and could not be written down is planned still, by the journal.
    untold = report.orders - sum(report.outcomes.values())
    not_sent = min(report.counts["planned"], untold)
    untold -= not_sent
    if untold:
        totals += f", {untold:,} not in the results"
    if not_sent:
        totals += f", {not_sent:,} not sent"
    noun = "order" if report.orders == 1 else "orders"
    took = describe_duration(report.seconds)
    _say(console, f"{report.orders:,} {noun} in {took}: {totals}", "bold")
    _say(console, f"results: {ending.results}")
    if ending.failed is not None:
        _say(console, f"failed:  {ending.failed}")
    if ending.failed is not None and {*ending.codes} == {CONFLICT} and not report.open + untold:
        _say(
            console, f"Nothing came of what failed. Mend its rows in {ending.failed}, and run that."
        )
        return
    tell_next(report.counts, ending.resume, console, failed=ending.failed, untold=untold)


def tell_next(
    counts: Mapping[State, int],
    resume: ResumeLine,
    console: Console,
    *,
    failed: Path | None = None,
    untold: int = 0,
) -> None:
    """Say what to do about orders that are not done, by how many are in which state.

    ``failed`` is the file of those that failed; ``untold`` is how many the results lack.
    """
    unknown = counts["unknown"] + counts["intent"]
    if unknown:
        noun = "order may" if unknown == 1 else "orders may"
        _say(
            console,
            f"{unknown:,} {noun} have been carried out: sent, and there is no answer. Nothing was "
            f"sent twice. This looks for them again:",
            "magenta",
        )
        _command(console, str(resume))
        _say(console, "and this sends those again that are not there, with their old keys:")
        _command(console, resume.with_option("--resend-absent"))
    elif counts["planned"]:
        _say(console, "Go on with:")
        _command(console, str(resume))
    elif untold:
        _say(console, "This sends nothing again, and writes all results:")
        _command(console, str(resume))
    elif counts["failed"]:
        _tell_failed(resume, failed, console)


def _tell_failed(resume: ResumeLine, failed: Path | None, console: Console) -> None:
    mend = f"Mend its rows in {failed} and run that, or t" if failed else "T"
    _say(console, f"Nothing came of what failed. {mend}ry it again as it is:")
    _command(console, resume.with_option("--only-failed"))


def _why(report: Report) -> str:
    if report.reason is None:
        return ""
    words = _STOPPED[report.reason]
    if report.error is None:
        return words
    return f"{words}: {' '.join(str(report.error).split())}"


def _tell_problem(problem: Failed | Unknown, catalogue: Catalogue, console: Console) -> None:
    line = Text(f"{problem.outcome}: ", style="magenta" if problem.outcome == "unknown" else "red")
    name = problem.external_id or problem.package_id or "?"
    message = with_names(problem.message, catalogue)
    text = without_controls(f"{name}: {problem.code}: {message}")
    line.append(text, style="default")
    console.print(line, soft_wrap=not console.is_terminal)


def _say(console: Console, text: str, style: str = "") -> None:
    console.print(Text(text, style=style), soft_wrap=not console.is_terminal)


def _command(console: Console, command: str) -> None:
    # Never broken into lines by us: it is there to be copied.
    console.print(Text(f"  {command}", style="bold"), soft_wrap=True)
