"""Completion: what the shells are told, in real ones where they are there (bash always is)."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from wixreseller.cli.profiles import config_path
from wixreseller.testing import EmulatorControl

WATCHDOG_SECONDS = 60.0
PRODUCT = "c0000000-0000-4000-8000-000000000001"

Run = Callable[..., Any]
Complete = Callable[[str], list[str]]


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]) -> Path:
    """Have profiles, a catalogue, a plan, and the command on the path; give the path's folder."""
    config = config_path()
    config.parent.mkdir(parents=True, exist_ok=True)
    config.write_text(
        '[profiles.acme]\ncatalogue = "names.toml"\napi_key_command = ["touch", "ran"]\n'
        "[profiles.acorn]\n[profiles.zeta]\n"
    )
    (config.parent / "names.toml").write_text(
        f'premium-monthly = {{product = "{PRODUCT}"}}\npremium-yearly = {{product = "{PRODUCT}"}}\n'
    )
    for name in ("orders.csv", "orders.plan.json", "orders.plan-2.json", "other.json"):
        Path(name).write_text("")
    folder = tmp_path.parent / f"{tmp_path.name}-bin"
    folder.mkdir()
    command = folder / "wixreseller"
    # As an installed command is: a file on the path.
    command.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m wixreseller "$@"\n')
    command.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.delenv("WIXRESELLER_BASE_URL")
    return folder


def shell(*words: str) -> str:
    ended = subprocess.run(
        words, capture_output=True, text=True, timeout=WATCHDOG_SECONDS, check=False
    )
    assert "" == ended.stderr
    return ended.stdout


def in_bash(line: str) -> list[str]:
    """Complete a line as bash does at its end: through the function that ``complete`` names."""
    words = line.split(" ")
    script = (
        'eval "$(wixreseller completion bash)"\n'
        'function compopt { local IFS=" "; echo "compopt $*"; }\n'
        "found=$(complete -p wixreseller)\n"
        "[[ $found =~ -F\\ ([^ ]+) ]]; function=${BASH_REMATCH[1]}\n"
        f"COMP_WORDS=({' '.join(map(shlex.quote, words))}); COMP_CWORD={len(words) - 1}\n"
        "$function wixreseller\n"
        'printf "%s\\n" "${COMPREPLY[@]}"'
    )
    return shell("bash", "--norc", "-c", script).split("\n")[:-1]


def in_fish(line: str) -> list[str]:
    script = f"wixreseller completion fish | source; complete -C {shlex.quote(line)}"
    answers = shell("fish", "--no-config", "-c", script).splitlines()
    return [answer.partition("\t")[0] for answer in answers]


def in_zsh(line: str) -> list[str]:
    """Complete a line with zsh's own functions, whose additions are printed instead of shown."""
    words = line.split(" ")
    script = (
        "function compdef { : }\n"
        'eval "$(wixreseller completion zsh)"\n'
        'function compadd { local -a kept; eval "kept=(\\${${@[-1]}[@]})"; print -l -- $kept }\n'
        'function _describe { local -a kept; eval "kept=(\\${${@[-2]}[@]})"; '
        "print -l -- ${kept%%:*} }\n"
        "function _path_files { print -- files }\n"
        f"words=({' '.join(map(shlex.quote, words))}); CURRENT={len(words)}\n"
        "_wixreseller_completion"
    )
    return shell("zsh", "-f", "-c", script).splitlines()


SHELLS = {"bash": in_bash, "fish": in_fish, "zsh": in_zsh}
# Bash is everywhere where this is worked on; the others are tried where they are.
HERE = [name for name in SHELLS if name == "bash" or shutil.which(name)]
LINES = [
    ("wixreseller pro", {"provision"}),
    ("wixreseller provision re", {"resume", "report"}),
    ("wixreseller provision run --rate", {"--rate-limit"}),
    ("wixreseller --profile ac", {"acme", "acorn"}),
    ("wixreseller --profile acme packages create --product premium-y", {"premium-yearly"}),
    ("wixreseller packages query --status AWAIT", {"AWAITING_ACTION"}),
    ("wixreseller packages query --status C", {"CANCELED"}),
    ("wixreseller provision apply or", {"orders.plan.json", "orders.plan-2.json"}),
    ("wixreseller completion z", {"zsh"}),
]


@pytest.mark.parametrize("name", HERE)
@pytest.mark.parametrize(("line", "expected"), LINES, ids=[line for line, _ in LINES])
def test_a_real_shell_completes_commands_options_and_values(
    world: Path, name: str, line: str, expected: set[str]
) -> None:
    assert expected == set(SHELLS[name](line))


def test_files_are_left_to_the_shell(world: Path) -> None:
    assert "compopt -o default" in in_bash("wixreseller provision plan ord")
    assert "compopt -o default" in in_bash("wixreseller --catalogue na")
    assert "compopt -o default" in in_bash("wixreseller provision apply somewhere/")


@pytest.mark.parametrize(
    ("protocol", "words", "expected"),
    [
        ("bash", "wixreseller --profile z", "plain,zeta\n"),
        ("zsh", "wixreseller pro", "plain\nprovision\nTurn files of orders into packages, each"),
        ("fish", "wixreseller pro", "provision"),
    ],
)
def test_each_shell_is_answered_in_its_protocol(
    world: Path,
    run_process: Run,
    monkeypatch: pytest.MonkeyPatch,
    protocol: str,
    words: str,
    expected: str,
) -> None:
    monkeypatch.setenv("_WIXRESELLER_COMPLETE", f"{protocol}_complete")
    monkeypatch.setenv("COMP_WORDS", words)
    # Fish says the word itself, the others its place.
    monkeypatch.setenv("COMP_CWORD", "pro" if protocol == "fish" else str(words.count(" ")))
    ran = run_process()
    assert (0, "") == (ran.code, ran.err)
    assert expected in ran.out


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("bash", "complete -o nosort -F _wixreseller_completion wixreseller"),
        ("zsh", "#compdef wixreseller"),
        ("fish", "--command wixreseller"),
    ],
)
def test_the_script_of_a_shell_is_printed_alone_and_its_help_says_where_to_keep_it(
    run: Run, name: str, expected: str
) -> None:
    ran = run("completion", name)
    assert (0, "") == (ran.code, ran.err)
    assert expected in ran.out
    assert f"wixreseller completion {name} > " in run("completion", "--help").out


def test_completing_runs_no_command_sends_nothing_and_is_silent_about_a_wrong_file(
    world: Path, emulator_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WIXRESELLER_BASE_URL", emulator_url)
    assert ["premium-monthly", "premium-yearly"] == sorted(
        in_bash(f"wixreseller --base-url {emulator_url} --profile acme packages query --product p")
    )
    assert not Path("ran").exists()
    assert [] == list(EmulatorControl(emulator_url).requests())
    config_path().write_text("[profiles")
    assert [""] == in_bash("wixreseller --profile ac")
    assert [""] == in_bash("wixreseller --profile acme packages query --product p")


def test_an_unknown_shell_is_refused_with_those_that_are_known(run: Run) -> None:
    ran = run("completion", "tcsh")
    assert (2, "") == (ran.code, ran.out)
    assert "'bash', 'zsh', 'fish'" in ran.err
