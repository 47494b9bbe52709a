"""Write the parts of the documentation that are in the code already, as Markdown."""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby

import click

from wixreseller import errors
from wixreseller._filter_table import FIELDS, SORTABLE, SPELT
from wixreseller.bulk.findings import FindingKind
from wixreseller.bulk.verify_findings import MismatchKind
from wixreseller.cli.app import cli as command_line
from wixreseller.emulator import command, control, default_seed
from wixreseller.emulator.fidelity import to_wire
from wixreseller.emulator.routes import ROUTES
from wixreseller.emulator.settings import describe_settings
from wixreseller.models import enums

__all__ = ["write"]


def write(name: str) -> str:
    """Give the text that a page calls ``name``."""
    return _WRITERS[name]()


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Write a table."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(_cell(cell) for cell in line)} |\n" for line in lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


# --- the command line ---------------------------------------------------------------------------


def cli() -> str:
    """Walk the commands, from the root down."""
    return "\n".join(_commands(command_line, click.Context(command_line, info_name="wixreseller")))


def _commands(command: click.Command, context: click.Context) -> Iterator[str]:
    level = min(3, 2 + context.command_path.count(" "))
    name = context.command_path
    yield f"{'#' * level} {name} {{ #{name.replace(' ', '-')} }}\n"
    usage = " ".join(command.collect_usage_pieces(context))
    yield f"```text\n{name} {usage}\n```\n"
    yield _help(command)
    if rows := [_parameter(parameter, context) for parameter in command.get_params(context)]:
        yield table(("argument or option", "what it is"), [row for row in rows if row])
    if command.epilog:
        yield _prose(command.epilog)
    if isinstance(command, click.Group):
        for below in command.list_commands(context):
            inner = command.get_command(context, below)
            if inner is not None and not inner.hidden:
                yield from _commands(inner, click.Context(inner, info_name=below, parent=context))


def _help(command: click.Command) -> str:
    if command.name == "emulator":
        return "Run an emulator of the API on this machine: see [Emulator](emulator.md).\n"
    return _prose(command.help or "")


_OPTION = re.compile(r"(?<![\w`-])(--[a-z][a-z-]*)")


def _prose(text: str) -> str:
    """Write help text: paragraphs that are marked to keep their lines as code, others as prose."""
    parts: list[str] = []
    # A raw docstring spells the mark out, as two characters.
    for paragraph in inspect.cleandoc(text).replace("\\b\n", "\b\n").split("\n\n"):
        if paragraph.startswith("\b\n"):
            parts.append(f"```text\n{paragraph[2:].strip(chr(10))}\n```")
        else:
            parts.append(_OPTION.sub(r"`\1`", " ".join(paragraph.split())))
    return "\n\n".join(parts) + "\n"


def _parameter(parameter: click.Parameter, context: click.Context) -> tuple[str, str] | None:
    if isinstance(parameter, click.Argument):
        return f"`{parameter.make_metavar(context)}`", "required" if parameter.required else ""
    record = parameter.get_help_record(context) if isinstance(parameter, click.Option) else None
    return None if record is None else (f"`{' '.join(record[0].split())}`", record[1])


# --- the emulator -------------------------------------------------------------------------------


def emulator_command() -> str:
    """Show the help of the command that runs it, but for its settings."""
    text = command._parser().format_help()  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
    return f"```text\n{text.partition('settings, with')[0].strip()}\n```\n"


def emulator_settings() -> str:
    """List every switch."""
    rows = [
        (f"`{info.name}`", info.doc, f"`{_text(info.default)}`", info.allowed, info.source)
        for info in describe_settings()
    ]
    return table(("name", "what it decides", "default", "allowed", "basis"), rows)


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"{value:g}" if isinstance(value, float) else str(value)


def control_plane() -> str:
    """Show the routes under ``/_emulator/``, and what their bodies hold."""
    return rst(inspect.getdoc(control) or "")


def default_world() -> str:
    """Show what the emulator starts with."""
    return rst(inspect.getdoc(default_seed) or "")


def emulator_routes() -> str:
    """List the operations, by the names that faults and the journal use."""
    rows = [
        (f"`{route.operation}`", f"`{route.method} {route.path}`", "yes" if route.writes else "no")
        for route in ROUTES
    ]
    return table(("operation", "request", "writes"), rows)


def fidelity() -> str:
    """List every behaviour by what it rests on."""
    behaviours = to_wire()["behaviours"]
    assert isinstance(behaviours, list)  # noqa: S101  # its own form
    rows = [row for row in behaviours if isinstance(row, dict)]
    parts: list[str] = []
    for basis in ("documented", "observed", "guessed"):
        chosen = [row for row in rows if row["basis"] == basis]
        parts.append(f"## {basis.capitalize()} ({len(chosen)})\n")
        for source, group in groupby(sorted(chosen, key=_source), key=_source):
            parts.append(f"**{source[:1].upper()}{source[1:]}**\n")
            lines = [f"- {row['behaviour']}{_switch(row['setting'])}" for row in group]
            parts.append("\n".join(lines) + "\n")
    return "\n".join(parts)


def _source(row: Mapping[str, object]) -> str:
    return str(row["source"])


def _switch(name: object) -> str:
    return "" if name is None else f" (switch: `{name}`)"


# --- what the client knows ----------------------------------------------------------------------


def error_tree() -> str:
    """Show the tree of errors."""
    (tree,) = re.findall(r"::\n\n((?: {4}.*\n)+)", f"{inspect.getdoc(errors)}\n")
    return f"```text\n{textwrap.dedent(tree)}```\n"


_CODE = re.compile(r"On (.+?), (\d+): (.+)\.")


def error_codes() -> str:
    """List the application codes, as the docstrings beside them say."""
    (found,) = (
        node
        for node in ast.parse(inspect.getsource(enums)).body
        if isinstance(node, ast.ClassDef) and node.name == enums.ErrorCode.__name__
    )
    rows: list[tuple[str, ...]] = []
    for name, doc in zip(found.body, found.body[1:], strict=False):
        if isinstance(name, ast.Assign) and isinstance(doc, ast.Expr):
            text = ast.literal_eval(doc.value)
            told = _CODE.fullmatch(" ".join(text.split()))
            assert told is not None, f"the docstring of a code is of another form: {text}"  # noqa: S101
            rows.append((f"`{ast.unparse(name.targets[0])}`", told[2], told[1], told[3]))
    return table(("code", "HTTP", "on", "meaning"), rows)


def filters() -> str:
    """List the fields that can be filtered on, and how."""
    rows = [
        (
            f"`{_q_name(name)}`",
            ", ".join(f"`{SPELT[operator]}`" for operator in spec.operators),
            "yes" if name in SORTABLE else "",
        )
        for name, spec in FIELDS.items()
    ]
    return table(("field", "operators", "sorts"), rows)


def _q_name(name: str) -> str:
    snake = re.sub(r"[A-Z]", lambda match: f"_{match[0].lower()}", name)
    return f"Q.{snake}"


def audit_findings() -> str:
    """List what an audit finds."""
    return table(("finding", "what it says"), [(f"`{kind}`", kind.meaning) for kind in FindingKind])


def verify_mismatches() -> str:
    """List what a verification finds."""
    rows = [(f"`{kind}`", kind.meaning) for kind in MismatchKind]
    return table(("mismatch", "what it says"), rows)


# --- reStructuredText ---------------------------------------------------------------------------

_BORDER = re.compile(r"=+( +=+)+")


def rst(text: str) -> str:
    """Turn a docstring with simple tables into Markdown."""
    lines = iter(text.splitlines())
    written = [_table_from(line, lines) if _BORDER.fullmatch(line) else line for line in lines]
    return re.sub(r"``(.+?)``", r"`\1`", "\n".join(written))


def _table_from(border: str, lines: Iterator[str]) -> str:
    starts = [match.start() for match in re.finditer(r"=+", border)]
    ends: list[int | None] = [*starts[1:], None]
    rows: list[list[str]] = []
    head: list[str] | None = None
    for line in lines:
        if _BORDER.fullmatch(line):
            if head is None and len(rows) == 1:
                head, rows = rows[0], []
                continue
            break
        cells = [line[start:end].strip() for start, end in zip(starts, ends, strict=True)]
        if cells[0]:
            rows.append(cells)
        else:
            rows[-1] = [
                " ".join((old, new)).strip() for old, new in zip(rows[-1], cells, strict=True)
            ]
    return "\n" + table(head or ["" for _ in starts], rows)


_WRITERS: dict[str, Callable[[], str]] = {
    writer.__name__: writer
    for writer in (
        audit_findings,
        cli,
        control_plane,
        default_world,
        emulator_command,
        emulator_routes,
        emulator_settings,
        error_codes,
        error_tree,
        fidelity,
        filters,
        verify_mismatches,
    )
}
