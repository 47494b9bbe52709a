"""Run what the project runs: `nox` does what CI does, `nox -l` lists the rest."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import nox

nox.needs_version = ">=2024.10.9"
nox.options.default_venv_backend = "virtualenv"
nox.options.reuse_venv = "yes"
nox.options.sessions = ["lint", "types", "tests", "tests_min_deps"]

PYPROJECT = nox.project.load_toml("pyproject.toml")
GENERATOR = "wixreseller/_tools/gensync.py"


def group(name: str) -> list[str]:
    """Give the requirements of a dependency group."""
    return list(nox.project.dependency_groups(PYPROJECT, name))


def lower_bounds() -> list[str]:
    """Give every run-time requirement, those of the extras included, at its lower bound."""
    project = PYPROJECT["project"]
    extras = project["optional-dependencies"]
    requirements = [*project["dependencies"], *extras["cli"], *extras["otel"]]
    return [requirement.replace(">=", "==") for requirement in requirements]


def answers(version: str) -> bool:
    """Say whether this Python is here. A version manager's stub is found and does not run."""
    try:
        command = [f"python{version}", "-c", ""]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


RUNNING = f"{sys.version_info[0]}.{sys.version_info[1]}"
CLAIMED = nox.project.python_versions(PYPROJECT)
# Every Python that the package claims and this machine has, and the one that runs nox.
PYTHONS = [RUNNING, *(version for version in CLAIMED if version != RUNNING and answers(version))]


@nox.session
def generate(session: nox.Session) -> None:
    """Write the blocking client from the async one."""
    session.run("python", GENERATOR)


@nox.session
def lint(session: nox.Session) -> None:
    """Check style, and that the blocking client is what the generator writes."""
    session.install(*group("lint"))
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")
    session.run("python", GENERATOR, "--check")


@nox.session
def types(session: nox.Session) -> None:
    """Check types with mypy and pyright, both strict, and that every public name has one."""
    groups = [*group("tests"), *group("bench"), *group("inspector"), *group("types")]
    session.install("-e", ".[cli]", "nox", *groups)
    session.run("mypy")
    session.run("pyright")
    session.run("pyright", "--verifytypes", "wixreseller", "--ignoreexternal")


# What one go tries less often than it makes environments. A test may be named here if what it
# looks at cannot come out otherwise there: not what is about event loops, threads, forks, signals,
# clocks, pickling, types or the wire, and not what is quick. Behind `--` every environment tries
# what is named: `nox -s tests-3.12 -- tests`. CI's own matrix tries all tests on every Python.
#
# Only the Python that runs nox, with the newest dependencies: what tries the whole program or the
# emulator alone for long, kills it, measures its memory, or reads the project's own files.
ONCE = (
    "tests/bulk/test_order_source_memory.py",
    "tests/bulk/test_run_crashes.py",
    "tests/bulk/test_run_memory.py",
    "tests/bulk_kills",
    "tests/cli/test_cli_hard_ends.py",
    "tests/docs",
    "tests/emulator",
    "tests/recipes",
    "tests/safety",
)
# The oldest dependencies too, but no other Python: what is shown to people, which hangs on click
# and rich. That every Python can start the program, end it and interrupt it is tried by the rest.
ON_ONE_PYTHON = (
    "tests/cli/test_cli_catalogue.py",
    "tests/cli/test_cli_completion.py",
    "tests/cli/test_cli_progress.py",
    "tests/cli/test_cli_provision_plan.py",
    "tests/cli/test_cli_terminal.py",
)
# More than there are processors: many tests wait for processes, and for what must not happen. Who
# has nothing left takes over from the others, for what takes long lies together in a few files.
WORKERS = ("-n", "4", "--dist", "worksteal")
# Tests start Python hundreds of times: where no bytecode is written, each compiles all anew.
WITH_BYTECODE = {"PYTHONDONTWRITEBYTECODE": ""}


def run_tests(session: nox.Session, left_out: Sequence[str]) -> None:
    """Run what is named behind `--`; else all tests but some."""
    ignored = () if session.posargs else (f"--ignore={path}" for path in left_out)
    session.run("pytest", *WORKERS, *ignored, *session.posargs, env=WITH_BYTECODE)


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """Run the tests on every Python that is here, with the newest dependencies."""
    session.install("-e", ".[cli]", *group("tests"))
    run_tests(session, () if session.python == RUNNING else (*ONCE, *ON_ONE_PYTHON))


@nox.session
def tests_min_deps(session: nox.Session) -> None:
    """Run the tests with the oldest dependencies that the package claims to work with."""
    session.install("-e", ".[cli]", *lower_bounds(), *group("tests"))
    run_tests(session, ONCE)


@nox.session
def bench(session: nox.Session) -> None:
    """Measure against others; `-- --quick` takes under two minutes, `-- --help` says more."""
    session.install("-e", ".[cli]", *group("bench"))
    session.run("python", "-m", "benchmarks", *session.posargs)


@nox.session
def emulator_machine(session: nox.Session) -> None:
    """Compare the emulator with a model over 500 random histories; the tests try 40."""
    session.install("-e", ".[cli]", *group("tests"))
    path = "tests/emulator/test_emulator_machine.py"
    session.run("pytest", path, *session.posargs, env={"WIXRESELLER_MACHINE_EXAMPLES": "500"})


@nox.session
def emulator_kills(session: nox.Session) -> None:
    """Kill the emulator 200 times and look for what it had acknowledged; the tests do it 20."""
    session.install("-e", ".[cli]", *group("tests"))
    path = "tests/emulator/test_emulator_kill.py"
    session.run("pytest", path, *session.posargs, env={"WIXRESELLER_KILLS": "200"})


@nox.session
def bulk_kills(session: nox.Session) -> None:
    """Kill runs of orders 300 times, and plan a million orders; the tests do it 30 times."""
    session.install("-e", ".[cli]", *group("tests"))
    many = {
        "WIXRESELLER_BULK_KILLS": "300",
        "WIXRESELLER_BULK_KILLS_LOG": "build/bulk-kills.ndjson",
        "WIXRESELLER_BULK_ORDERS": "1000000",
    }
    session.run("pytest", "tests/bulk_kills", "-n", "auto", *session.posargs, env=many)


@nox.session
def safety(session: nox.Session) -> None:
    """Run 100 programs in each cell of the grid, and 10,000 cancellations; the tests try fewer."""
    session.install("-e", ".[cli]", *group("tests"))
    many = {
        "WIXRESELLER_SAFETY_EXAMPLES": "100",
        "WIXRESELLER_SAFETY_CANCELLATIONS": "10000",
        "WIXRESELLER_SAFETY_TABLE": "build/safety-table.txt",
    }
    session.run("pytest", "tests/safety", *session.posargs, env=many)


@nox.session
def documents(session: nox.Session) -> None:
    """Read 100,000 random documents in each test of the wire format; the tests read 100."""
    session.install("-e", ".[cli]", *group("tests"))
    many = {"WIXRESELLER_EXAMPLES": "100000"}
    command = ["pytest", "tests/unit/test_wire_quick.py", "-o", "timeout=3600", "-n", "auto"]
    session.run(*command, *session.posargs, env=many)


@nox.session
def inspector(session: nox.Session) -> None:
    """Try the emulator's page in a real Chromium; skipped where there is none to be had."""
    bring_chromium(session)
    session.install("-e", ".[cli]", *group("tests"), *group("inspector"))
    session.run("pytest", "tests/inspector", "-n", "2", *session.posargs)


@nox.session
def screenshots(session: nox.Session) -> None:
    """Take a picture of every view of that page, into build/screenshots; look at them."""
    bring_chromium(session)
    session.install("-e", ".[cli]", *group("tests"), *group("inspector"))
    paths = os.pathsep.join([".", "tests/support"])
    session.run(
        "python", "tests/inspector/screenshots.py", *session.posargs, env={"PYTHONPATH": paths}
    )


def bring_chromium(session: nox.Session) -> None:
    """Install Debian's Chromium if it is not here, or skip the session and say what to do."""
    own = os.environ.get("WIXRESELLER_CHROMIUM")
    chromium = own or "/usr/bin/chromium"
    is_root = hasattr(os, "geteuid") and os.geteuid() == 0
    if not Path(chromium).exists() and not own and is_root and shutil.which("apt-get"):
        for command in (["update", "-qq"], ["install", "-y", "-qq", "chromium"]):
            session.run("apt-get", *command, external=True, success_codes=range(256))
    if not Path(chromium).exists():
        session.skip(
            f"there is no Chromium at {chromium}: install Debian's package chromium (apt-get "
            "install chromium), or name another one in WIXRESELLER_CHROMIUM"
        )


@nox.session
def recipes(session: nox.Session) -> None:
    """Start every recipe of the documentation for real; the tests start those with few needs."""
    session.install("-e", ".[cli]", *group("tests"), *group("recipes"))
    session.run("pyright", "--project", "docs/recipes/pyrightconfig.json")
    every = ("-o", "python_files=recipe_*.py test_*.py", "tests/recipes")
    session.run("pytest", "-n", "auto", *every, *session.posargs)


@nox.session
def docs(session: nox.Session) -> None:
    """Build the site into build/site, strictly: warnings are errors, and so are dead links."""
    session.install("-e", ".[cli]", *group("docs"))
    session.run("mkdocs", "build", "--strict", *session.posargs, env={"NO_MKDOCS_2_WARNING": "1"})
    session.run("python", "docs/_site/check_site.py", "build/site")


@nox.session
def docs_pictures(session: nox.Session) -> None:
    """Take the pictures of the site anew, from the real thing; look at them before you commit."""
    bring_chromium(session)
    session.install("-e", ".[cli]", *group("docs_pictures"))
    paths = os.pathsep.join([".", "tests/support"])
    session.run("python", "docs/_site/screenshots.py", env={"PYTHONPATH": paths})


@nox.session
def build(session: nox.Session) -> None:
    """Build wheel and sdist into dist/, and check both; `-- --tag v1.2.3` checks the version."""
    session.install("build>=1.2", "twine>=6.1")
    shutil.rmtree("dist", ignore_errors=True)
    session.run("python", "-m", "build", "--outdir", "dist")
    session.run("twine", "check", "--strict", *map(str, Path("dist").iterdir()))
    session.run("python", "tests/packaging/check_dist.py", "dist", *session.posargs)


@nox.session
def slow_machine(session: nox.Session) -> None:
    """Run all tests in event loops that stop for a moment now and then; none may mind."""
    session.install("-e", ".[cli]", *group("tests"))
    env = {**WITH_BYTECODE, "PYTHONPATH": "tests/support"}
    session.run("pytest", "-p", "slow_machine", *WORKERS, *session.posargs, env=env)


@nox.session(python=PYTHONS)
def hazards(session: nox.Session) -> None:
    """Try real kernels, workers and servers; `-- 10`: those and all other hazards, ten times."""
    session.install("-e", ".[cli]", *group("tests"), *group("hazards"))
    pytest = ("pytest", "-n", "auto")
    for _ in range(int(session.posargs[0]) if session.posargs else 0):
        session.run(*pytest, "tests/hazards", "tests/sync")
        session.run(*pytest, "-o", "python_files=framework_*.py", "tests/hazards")
    if not session.posargs:
        session.run(*pytest, "-o", "python_files=framework_*.py", "tests/hazards")
