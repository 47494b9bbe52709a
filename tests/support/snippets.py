"""Run the code of a page of Markdown as a reader would: block after block, from the top.

A page is one notebook. ``python`` blocks share their names, and may ``await`` as notebooks do.
Blocks in tabs called *Async* and *Blocking* belong to one face; the page runs once for each. A
block with ``title="NAME"`` is a file. ``sh`` blocks run line by line. A ``text`` block titled
*prints* is what the block before it printed, with ``…`` for whatever differs every time. The
comment ``<!-- exits N -->`` above a ``sh`` block says how its last command ends.
"""

from __future__ import annotations

import ast
import asyncio
import contextlib
import inspect
import io
import os
import re
import runpy
import shlex
import subprocess
import sys
from collections.abc import Generator, Sequence
from importlib.metadata import entry_points
from pathlib import Path
from typing import Final, Literal

import attrs

from wixreseller import AsyncClient, Client

__all__ = [
    "ROOT",
    "Block",
    "Ended",
    "Face",
    "Notebook",
    "blocks_of",
    "console",
    "faces_of",
    "matches",
    "run_pytest",
]

ROOT: Final = Path(__file__).parents[2]
Face = Literal["async", "blocking"]

_FACES: Final[dict[str, Face]] = {"Async": "async", "Blocking": "blocking"}
_TAB: Final = re.compile(r'=== "(.+)"')
_FENCE: Final = re.compile(r'( *)```(\w*)(?: +title="([^"]+)")?.*')
_EXITS: Final = re.compile(r" *<!-- exits (\d+) -->")
# Installing is tried where packages are built, the demonstration by tests of its own.
_LEFT_OUT: Final = ("python3 -m venv", "python -m pip", "wixreseller demo")


@attrs.frozen(kw_only=True)
class Block:
    """Hold one block of code, and where it stands."""

    language: str
    title: str | None
    code: str
    face: Face | None
    line: int
    exits: int = 0


def blocks_of(text: str) -> list[Block]:
    """List the blocks of a page."""
    found: list[Block] = []
    lines = enumerate(text.splitlines(), start=1)
    face: Face | None = None
    exits = 0
    for number, line in lines:
        if tab := _TAB.fullmatch(line):
            face = _FACES[tab[1]]
        elif line and not line.startswith(" "):
            face = None
        if note := _EXITS.fullmatch(line):
            exits = int(note[1])
        if (fence := _FENCE.fullmatch(line)) is None:
            continue
        indent = fence[1]
        code: list[str] = []
        for _, inner in lines:
            if inner == f"{indent}```":
                break
            code.append(inner.removeprefix(indent))
        found.append(
            Block(
                language=fence[2],
                title=fence[3],
                code="\n".join(code) + "\n",
                face=face,
                line=number,
                exits=exits,
            )
        )
        exits = 0
    return found


def faces_of(blocks: Sequence[Block]) -> list[Face | None]:
    """List the faces that a page shows; ``[None]`` if it does not tell them apart."""
    shown = {block.face for block in blocks} - {None}
    return [face for face in _FACES.values() if face in shown] or [None]


def matches(expected: str, printed: str) -> bool:
    """Tell whether something was printed as a page says."""
    pattern = ".*".join(re.escape(part) for part in expected.rstrip().split("…"))
    return re.fullmatch(pattern, printed.rstrip(), re.DOTALL) is not None


class Notebook:
    """Run the blocks of one page in a folder, against an emulator; use it in a ``with``."""

    def __init__(self, page: Path, folder: Path, emulator_url: str) -> None:
        self._page = page
        self._folder = folder
        self._url = emulator_url
        self._names: dict[str, object] = {"__name__": "__main__"}
        self._runner = asyncio.Runner()
        self._tests: list[str] = []
        self._unused: set[str] = set()
        self._printed = ""

    def __enter__(self) -> Notebook:
        return self

    def __exit__(self, *_: object) -> None:
        for value in list(self._names.values()):
            if isinstance(value, AsyncClient):
                self._runner.run(value.aclose())
            elif isinstance(value, Client):
                value.close()
        self._runner.close()

    def run(self, blocks: Sequence[Block]) -> None:
        """Run blocks, then the tests among them; raise where one fails."""
        for block in blocks:
            self._run_block(block)
        if self._tests:
            self._pytest(self._tests)
        assert set() == self._unused, f"{self._page.name}: files that no command runs"

    def _run_block(self, block: Block) -> None:
        if block.language == "text" and block.title == "prints":
            where = f"{self._page.name}:{block.line}"
            assert matches(block.code, self._printed), f"{where} is not what was:\n{self._printed}"
        elif block.language == "sh":
            self._run_shell(block)
        elif block.title is not None and block.language != "text":
            self._write(block.title, block.code)
        elif block.language == "python":
            self._run_python(block)

    def _write(self, name: str, code: str) -> None:
        (self._folder / name).write_text(code)
        if name.startswith("test_"):
            self._tests.append(name)
        elif name.endswith(".py") and name != "conftest.py":
            self._unused.add(name)

    def _run_python(self, block: Block) -> None:
        # Lines of the page, so that a traceback names the right one.
        source = "\n" * block.line + block.code
        flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
        code = compile(source, str(self._page), "exec", flags=flags, dont_inherit=True)
        with self._catching():
            if code.co_flags & inspect.CO_COROUTINE:
                self._runner.run(eval(code, self._names))  # noqa: S307  # our own pages
            else:
                exec(code, self._names)  # noqa: S102  # our own pages

    def _run_shell(self, block: Block) -> None:
        lines = block.code.replace("\\\n", " ").splitlines()
        commands = [words for line in lines if (words := shlex.split(line, comments=True))]
        for words in commands:
            is_last = words is commands[-1]
            self._run_command(words, block.exits if is_last else 0, f"{block.line}: {words}")

    def _run_command(self, words: list[str], exits: int, where: str) -> None:
        if " ".join(words).startswith(_LEFT_OUT):
            return
        name, *arguments = words
        if name == "export":
            self._export(arguments)
        elif name == "wixreseller":
            with self._catching():
                code = _command(arguments)
            assert exits == code, f"{self._page.name}:{where} ended with {code}:\n{self._printed}"
        elif name == "python":
            (script,) = arguments
            self._unused.discard(script)
            with self._catching():
                runpy.run_path(str(self._folder / script), run_name="__main__")
        elif name == "pytest":
            self._pytest(arguments)
            self._tests = [test for test in self._tests if test not in arguments]
        else:
            raise AssertionError(f"{self._page.name}:{where} is nothing that is tried here")

    def _export(self, pairs: list[str]) -> None:
        for pair in pairs:
            name, _, value = pair.partition("=")
            # The page's emulator has an address that everybody would use at once.
            os.environ[name] = self._url if name == "WIXRESELLER_BASE_URL" else value

    def _pytest(self, arguments: list[str]) -> None:
        ended = run_pytest(arguments, self._folder)
        assert 0 == ended.code, f"{self._page.name}:\n{ended.printed}{ended.complained}"

    @contextlib.contextmanager
    def _catching(self) -> Generator[None]:
        caught = _paper()
        try:
            with contextlib.redirect_stdout(caught), contextlib.redirect_stderr(caught):
                yield
        finally:
            self._printed = _written(caught)


@attrs.frozen
class Ended:
    """Tell how a command ended, and what it wrote to standard output and standard error."""

    code: int
    printed: str
    complained: str


def console(arguments: list[str], folder: Path) -> Ended:
    """Run a command of ours in a folder, within this process: a new one costs a second."""
    out, err = _paper(), _paper()
    with (
        contextlib.chdir(folder),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        code = _command(arguments)
    return Ended(code, _written(out), _written(err))


def run_pytest(arguments: list[str], folder: Path) -> Ended:
    """Run the tests of a folder, in a process of their own: pytest runs already in this one."""
    is_installed = bool(entry_points(group="pytest11", name="wixreseller"))
    plugin = [] if is_installed else ["-p", "wixreseller.pytest_plugin"]
    outside = {name: value for name, value in os.environ.items() if "PYTEST" not in name}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *plugin, *arguments],
        cwd=folder,
        env=outside | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return Ended(done.returncode, done.stdout, done.stderr)


def _paper() -> io.TextIOWrapper:
    # Bytes below the text, as a terminal has them: some commands write those.
    return io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True)


def _written(paper: io.TextIOWrapper) -> str:
    paper.seek(0)
    return paper.read()


def _command(arguments: list[str]) -> int:
    """Run a command; one that would start an emulator is only read."""
    from wixreseller.cli.app import main
    from wixreseller.emulator import command

    if arguments[:1] == ["emulator"]:
        command._parser().parse_args(arguments[1:])  # pyright: ignore[reportPrivateUsage]
        return 0
    return main(arguments)
