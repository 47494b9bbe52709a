"""Imports point down a floor only, and importing the package loads next to nothing."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import wixreseller

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "wixreseller"

# The map of the code. A module stands on the floor of its longest name below; imports may go to
# the same floor or lower ones.
FLOORS = {
    "errors": 0,
    "_frozen": 0,
    "_sentinels": 0,
    "_version": 0,
    "_clock": 0,
    "_caller": 0,
    "_threads": 0,
    "_first_use": 0,
    "models": 1,
    "query": 1,
    "_filter_table": 1,
    "_query_fields": 1,
    "config": 1,
    "_proxy": 1,
    "retry": 1,
    "ratelimit": 1,
    "_learning": 1,
    "_trying": 1,
    "idempotency": 1,
    "hooks": 1,
    "_hooks": 1,
    "_phase": 1,
    "matrix": 1,
    "_wire_names": 2,
    "_wire_fields": 2,
    "_wire_quick": 2,
    "_wire_shapes": 2,
    "_wire": 2,
    "_operations": 3,
    "_answers": 3,
    "_guard": 4,
    "_lanes": 4,
    "_shared_timer": 4,
    "_pacing_file": 4,
    "_transport": 4,
    "_pacing_line": 5,
    "_pacing_key": 5,
    "_pacing": 5,
    "_logical_call": 5,
    "_observing": 5,
    "_hooks_runner": 5,
    "_executor": 5,
    "pagination": 5,
    "_recent": 6,
    "_flights": 6,
    "_memory": 6,
    "_compare": 6,
    "_calls": 6,
    "_look": 6,
    "_replays": 6,
    "_writes": 6,
    "_changes": 6,
    "reconcile": 6,
    "resources": 6,
    "_wiring": 7,
    "client": 7,
    "otel": 8,
    "bulk": 8,
    "sync": 9,
    "cli": 10,
    "testing": 10,
    "pytest_plugin": 10,
    "__main__": 10,
}
SIDES = ("emulator", "_tools")
MAY_START_THE_EMULATOR = 10
MODULES = sorted(
    path for path in PACKAGE.rglob("*.py") if path.relative_to(PACKAGE).as_posix() != "__init__.py"
)


def name_of(path: Path) -> str:
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


def home(module: str) -> str:
    return module.partition(".")[0]


def run_time_imports(path: Path) -> set[str]:
    """Give the full names that a file imports when it runs, at once or late."""
    tree = ast.parse(path.read_text())
    typing_only = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    found: set[str] = set()
    for node in ast.walk(tree):
        if id(node) in typing_only:
            continue
        if isinstance(node, ast.ImportFrom) and node.module == "wixreseller":
            found |= {f"wixreseller.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.Call) and ast.unparse(node.func) == "LateModule":
            found.add(ast.literal_eval(node.args[0]))
    return found


def imported(path: Path) -> set[str]:
    """Give the modules of this package that a file imports."""
    return {
        name.removeprefix("wixreseller.")
        for name in run_time_imports(path)
        if name.startswith("wixreseller.")
    }


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_imports_point_down(path: Path) -> None:
    here = home(name_of(path))
    targets = {home(target) for target in imported(path)} - {here}
    if here in SIDES:
        assert targets <= {"_version"}
        return
    floor = FLOORS[here]
    homes = {target: FLOORS.get(target) for target in targets - set(SIDES)}
    # A name such as `Product` is the package's own surface, which floors above the client use.
    upward = {
        target: level
        for target, level in homes.items()
        if (level is None and floor < 8) or (level is not None and level > floor)
    }
    assert upward == {}
    assert "_tools" not in targets
    if "emulator" in targets:
        assert floor == MAY_START_THE_EMULATOR


def test_only_the_transport_and_its_parts_import_aiohttp() -> None:
    users = {
        home(name_of(path))
        for path in MODULES
        if any(name.partition(".")[0] == "aiohttp" for name in run_time_imports(path))
    }

    assert {"_guard", "_lanes", "_transport", "emulator"} == users


def run_python(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return done.stdout


def test_importing_the_package_loads_no_dependency() -> None:
    loaded = run_python(
        "import sys; before = set(sys.modules); import wixreseller;"
        "print(sorted({m.partition('.')[0] for m in set(sys.modules) - before}))"
    )

    assert not {"aiohttp", "attrs", "attr", "cattrs", "anyio", "orjson"} & set(
        ast.literal_eval(loaded)
    )


def test_every_public_name_can_be_had_and_is_listed() -> None:
    listed = run_python(
        "import wixreseller;"
        "print([n for n in wixreseller.__all__ if not hasattr(wixreseller, n)]);"
        "print(set(wixreseller.__all__) - set(dir(wixreseller)))"
    )

    assert listed == "[]\nset()\n"


def test_every_error_is_at_the_top_level() -> None:
    from wixreseller import errors

    public = set(errors.__all__) - {"CallFacts", "SiteState"}

    assert set() == public - set(wixreseller.__all__)


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Nonsense'"):
        wixreseller.Nonsense  # noqa: B018  # type: ignore[attr-defined]


def test_the_version_has_an_entry_in_the_changelog() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text()

    assert re.search(rf"^## \[{re.escape(wixreseller.__version__)}\]", changelog, re.MULTILINE)


def test_files_fit_in_a_sitting() -> None:
    long = {
        path.relative_to(ROOT).as_posix(): lines
        for path in MODULES
        if "@generated" not in path.read_text()[:400]
        and (lines := path.read_text().count("\n")) > 400
    }

    assert long == {}
