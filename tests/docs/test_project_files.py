"""What is written for contributors and for CI is true of the code."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


def sessions() -> set[str]:
    tree = ast.parse((ROOT / "noxfile.py").read_text())
    return {
        node.name
        for node in tree.body
        if isinstance(node, ast.FunctionDef)
        and any("nox.session" in ast.unparse(decorator) for decorator in node.decorator_list)
    }


def without_space(text: str) -> str:
    return re.sub(r"\s+", "", text)


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_calls_nox_sessions_that_are_there(path: Path) -> None:
    text = path.read_text()
    called = " ".join(re.findall(r"nox -s ([^$\n]+?)(?: --|\n|$)", text)).split()
    listed = ", ".join(re.findall(r"session: \[(.+)\]", text)).split(", ")
    names = {name.partition("-")[0] for name in (*called, *filter(None, listed))}

    assert names
    assert set() == names - sessions()


def test_the_worked_example_for_contributors_is_what_the_code_says() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text()
    code = without_space(
        "".join(
            (ROOT / "wixreseller" / name).read_text()
            for name in ("_operations.py", "_look.py", "resources/product_instances.py")
        )
    )
    blocks = re.findall(r"```python\n(.+?)```", text, flags=re.DOTALL)
    lines = [
        line for block in blocks for line in block.splitlines() if line.strip() and "…" not in line
    ]

    assert len(blocks) == 3
    assert [] == [line for line in lines if without_space(line) not in code]


@pytest.mark.parametrize("name", ["CONTRIBUTING.md", "SECURITY.md", "README.md"])
def test_paths_that_are_named_exist(name: str) -> None:
    text = (ROOT / name).read_text()
    named = re.findall(r"`((?:docs|tests|benchmarks|emulator|wixreseller)/[\w./-]*)`", text)
    missing = [
        path
        for path in named
        if not (ROOT / path).exists() and not (ROOT / "wixreseller" / path).exists()
    ]

    assert [] == missing
