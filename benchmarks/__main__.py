"""Measure, and show what came of it: ``nox -s bench``, or ``python -m benchmarks``.

``nox -s bench -- --publish`` measures in full, keeps the results, and writes table and pictures.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from benchmarks.framework import published
from benchmarks.framework.processes import ROOT, canned_server
from benchmarks.framework.questions import Answer, Effort
from benchmarks.framework.results import as_json
from benchmarks.framework.tables import number, table_of
from benchmarks.list import QUESTIONS


def main() -> int:
    """Do what the command line says; 1 if ``--check`` finds that something became slow."""
    arguments = _parser().parse_args()
    if arguments.is_rendered:
        return 0 if published.is_up_to_date() else 1
    if arguments.render:
        published.write(json.loads(published.RESULTS.read_text()))
        return 0
    chosen = [
        question
        for question in QUESTIONS
        if not arguments.only or question.name.startswith(tuple(arguments.only))
    ]
    answers: list[Answer] = []
    with canned_server() as url:
        effort = Effort(is_quick=arguments.quick, url=url)
        for question in chosen:
            answer = question.answer(effort)
            print(table_of(answer), flush=True)
            answers.append(answer)
    results = as_json(answers, is_quick=arguments.quick)
    for path in [arguments.json, *([published.RESULTS] if arguments.publish else [])]:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n")
    if arguments.publish:
        published.write(results)
    return _check(answers) if arguments.check else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer rounds: under two minutes")
    parser.add_argument(
        "--only",
        action="append",
        metavar="NAME",
        help="only questions whose name begins so: " + ", ".join(q.name for q in QUESTIONS),
    )
    parser.add_argument(
        "--check", action="store_true", help="fail if a ratio is past what was reached"
    )
    parser.add_argument(
        "--publish",
        action="store_true",
        help="keep the results in benchmarks/results.json, and write README and pictures anew",
    )
    parser.add_argument(
        "--render", action="store_true", help="measure nothing; write README and pictures anew"
    )
    parser.add_argument(
        "--is-rendered",
        action="store_true",
        help="measure nothing; fail if README or pictures are not what --render writes",
    )
    parser.add_argument("--json", type=Path, default=ROOT / "build" / "bench.json", metavar="FILE")
    return parser


def _check(answers: list[Answer]) -> int:
    late = [
        f"{verdict.what}: {number(verdict.value)} {verdict.unit}, guarded at {verdict.guard:g} "
        f"({verdict.value / verdict.guard:.2f} of that)"
        for answer in answers
        for verdict in answer.verdicts
        if not verdict.is_guarded
    ]
    for line in late:
        print(f"SLOWER: {line}")
    return 1 if late else 0


if __name__ == "__main__":
    sys.exit(main())
