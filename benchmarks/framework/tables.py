"""Show answers as tables in a terminal."""

from __future__ import annotations

import textwrap

from benchmarks.framework.questions import Answer, Row

__all__ = ["measured", "number", "table_of"]

_WIDTH = 100


def number(value: float) -> str:
    """Write a number with three digits that count."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}" if value >= 1 else f"{value:.3f}"


def measured(value: float, target: str, *, is_met: bool) -> str:
    """Write a value beside its target: as exactly as that, and more so if it is hardly missed."""
    short, bound = number(value), target.split()[1]
    if not is_met and short.rstrip("0") == bound:
        return f"{value:g}"
    return max(short, f"{value:.{len(bound.partition('.')[2])}f}", key=len)


def table_of(answer: Answer) -> str:
    """Write what came of a question: each way, what it did, and which targets are reached."""
    best = answer.rows[0].median
    width = max(len(row.name) for row in answer.rows)
    lines = [f"{answer.title} ({answer.unit})", "─" * _WIDTH]
    for row in answer.rows:
        lines += _row(row, width, best)
    for verdict in answer.verdicts:
        mark = "met   " if verdict.is_met else "MISSED"
        value = measured(verdict.value, verdict.target, is_met=verdict.is_met)
        shown = f"{value} {verdict.unit}"
        lines.append(f"  {mark}  {verdict.what}: {shown} (target {verdict.target})")
    return "\n".join(lines) + "\n"


def _row(row: Row, width: int, first: float) -> list[str]:
    ratio = f"{number(row.median / first)} ×" if first else ""
    head = f"{row.name:{width}}  {number(row.median):>9}  {ratio:>9}  "
    work = textwrap.wrap(row.work, _WIDTH - len(head)) or [""]
    return [head + work[0], *(" " * len(head) + line for line in work[1:])]
