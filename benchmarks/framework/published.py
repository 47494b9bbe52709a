"""Write into the README, and draw, what was measured last: all of it from ``results.json``."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from benchmarks.framework.plots import DARK, LIGHT, Bar, Panel, draw
from benchmarks.framework.processes import ROOT
from benchmarks.framework.tables import measured

__all__ = ["RESULTS", "is_up_to_date", "write"]

RESULTS: Final = ROOT / "benchmarks" / "results.json"
_README: Final = ROOT / "README.md"
_PICTURES: Final = ROOT / "docs" / "bench"
_BEGIN: Final = "<!-- Written by `python -m benchmarks --render`: do not edit. -->"
_END: Final = "<!-- End of what `python -m benchmarks --render` writes. -->"
_ALT: Final = (
    "Bars: what a create, decoding, a blocking create and an import cost here and elsewhere; the "
    "numbers are in benchmarks/results.json"
)

# What is drawn: a question, its heading, and how the ways are called there.
_DRAWN: Final[Mapping[str, tuple[str, Mapping[str, str]]]] = {
    "creates-50": (
        "A create, 50 at a time",
        {
            "wixreseller × 50": "wixreseller",
            "aiohttp, naive × 50": "aiohttp by hand",
            "aiohttp, tuned × 50": "aiohttp, tuned",
            "openai × 50": "openai",
            "httpx × 50": "httpx",
            "stripe × 50": "stripe",
        },
    ),
    "decoding": (
        "Decode 100 packages",
        {
            "wixreseller": "wixreseller",
            "orjson.loads": "orjson, dicts only",
            "msgspec": "msgspec",
            "pydantic": "pydantic",
            "cattrs as it comes": "cattrs",
        },
    ),
    "blocking": (
        "A blocking create",
        {
            "wixreseller.Client": "wixreseller",
            "urllib3": "urllib3",
            "httpx.Client": "httpx",
            "requests.Session": "requests",
            "openai": "openai",
            "stripe": "stripe",
        },
    ),
    "imports": (
        "Import",
        {
            "wixreseller": "wixreseller",
            "requests": "requests",
            "httpx": "httpx",
            "aiohttp": "aiohttp",
            "stripe": "stripe",
            "openai": "openai",
        },
    ),
}


def write(results: Mapping[str, Any]) -> None:
    """Write the table into the README, and the pictures."""
    for path, text in _files(results).items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def is_up_to_date() -> bool:
    """Say whether README and pictures are what the committed results make of them."""
    files = _files(json.loads(RESULTS.read_text()))
    return all(path.exists() and path.read_text() == text for path, text in files.items())


def _files(results: Mapping[str, Any]) -> dict[Path, str]:
    readme = _README.read_text()
    before, begin, rest = readme.partition(_BEGIN)
    _, end, after = rest.partition(_END)
    if not begin or not end:
        raise ValueError("README.md has no place for the table: its two marks are missing")
    files = {_README: f"{before}{_BEGIN}\n{_section(results)}{_END}{after}"}
    panels = _panels(results["questions"])
    for name, colours in (("light", LIGHT), ("dark", DARK)):
        files[_PICTURES / f"{name}.svg"] = draw(panels, colours, columns=2)
        files[_PICTURES / f"{name}-narrow.svg"] = draw(panels, colours, columns=1)
    return files


def _panels(questions: Sequence[Mapping[str, Any]]) -> list[Panel]:
    asked = {question["name"]: question for question in questions}
    panels: list[Panel] = []
    for name, (title, names) in _DRAWN.items():
        if name in asked:
            medians = {row["name"]: row["median"] for row in asked[name]["rows"]}
            bars = [
                Bar(shown, medians[way], is_ours=shown == "wixreseller")
                for way, shown in names.items()
            ]
            bars.sort(key=lambda bar: bar.value)
            panels.append(Panel(title=title, unit=asked[name]["unit"], bars=bars))
    return panels


def _section(results: Mapping[str, Any]) -> str:
    goals = [
        goal
        for question in results["questions"]
        for goal in question["goals"]
        if goal["is_headline"]
    ]
    missed = sum(not goal["is_met"] for goal in goals)
    lines = [
        *_picture(),
        "",
        "| question | target | measured | |",
        "| --- | --: | --: | --- |",
        *[_line(goal) for goal in goals],
        "",
        f"{_when(results)} {len(goals) - missed} of {len(goals)} targets are reached.",
    ]
    return "\n".join(lines) + "\n"


def _picture() -> list[str]:
    here = _PICTURES.relative_to(ROOT).as_posix()
    narrow, dark = "(max-width: 600px)", "(prefers-color-scheme: dark)"
    return [
        "<picture>",
        f'  <source media="{dark} and {narrow}" srcset="{here}/dark-narrow.svg">',
        f'  <source media="{dark}" srcset="{here}/dark.svg">',
        f'  <source media="{narrow}" srcset="{here}/light-narrow.svg">',
        f'  <img alt="{_ALT}" src="{here}/light.svg">',
        "</picture>",
    ]


def _line(goal: Mapping[str, Any]) -> str:
    mark = "reached" if goal["is_met"] else "**missed**"
    value = measured(goal["value"], goal["target"], is_met=goal["is_met"])
    return f"| {goal['what']} | {goal['target']} | {value} {goal['unit']} | {mark} |"


def _when(results: Mapping[str, Any]) -> str:
    libraries = results["libraries"]
    named = ", ".join(f"{name} {libraries[name]}" for name in ("aiohttp", "httpx", "requests"))
    how = "A quick run" if results["is_quick"] else "Medians of interleaved rounds"
    return (
        f"{how}, {results['date']}: Python {results['python']}, {results['machine']}; {named}, and "
        f"the others as listed in [`benchmarks/results.json`](benchmarks/results.json), which also "
        f"says what each did."
    )
