"""Write the counts of the grid as a table."""

from __future__ import annotations

from collections import Counter

from safety_grid import TROUBLES, Cell, Tally, Verdict

_VERDICTS: tuple[Verdict, ...] = ("done", "failed", "unknown")


def as_text(counts: Tally, *, whole: bool = False) -> str:
    """Write a line for each cell, or for each trouble and policy: done / failed / unknown."""
    rows: dict[tuple[str, ...], Counter[str]] = {}
    for (cell, trouble, verdict), count in counts.items():
        name = (cell.policy, trouble, *(_coordinates(cell) if whole else ()))
        rows.setdefault(name, Counter())[verdict] += count
    order = [trouble.name for trouble in TROUBLES]
    names = sorted(rows, key=lambda name: (name[0], order.index(name[1]), name[2:]))
    heads = ("if_unknown", "trouble", *(("keys", "lag") if whole else ()))
    table = [(*heads, *_VERDICTS)]
    table += [(*name, *(str(rows[name][verdict]) for verdict in _VERDICTS)) for name in names]
    widths = [max(len(row[column]) for row in table) for column in range(len(table[0]))]
    return "\n".join(
        "  ".join(
            text.ljust(width) if column < len(heads) else text.rjust(width)
            for column, (text, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in table
    )


def _coordinates(cell: Cell) -> tuple[str, str]:
    return cell.key_mode, str(cell.lag)
