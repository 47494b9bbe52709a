"""Write the blocking client, in ``wixreseller/sync/``, from the sources of the async one.

Run ``python wixreseller/_tools/gensync.py [--check] [--root DIR]``. It parses the sources and
never imports them. Every async class gets a blocking twin that holds it (``self._impl``) and has
the same methods, with signatures copied as they are written and docstrings rewritten by
:meth:`Names.blocking`; each body is one call through the portal. It knows the constructs listed
in :data:`ALLOWED` and refuses all others, with their place.

``--check`` writes nothing, and exits with 1 if a file on disk is not what would be written.
"""

from __future__ import annotations

import argparse
import ast
import builtins
import io
import itertools
import re
import sys
import textwrap
import tokenize
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, NoReturn

PACKAGE = "wixreseller"
MARKER = "# @generated"
HEADER = f"""\
{MARKER} by {PACKAGE}/_tools/gensync.py from {{}}.
# Do not edit: change that file, and run `nox -s generate`.
\"\"\"Give the blocking twin of ``{{}}``.\"\"\"
"""
WIDTH = 100
RESOURCES = "resources/__init__.py", "resources/packages.py", "resources/product_instances.py"
SOURCES = ("client.py", *RESOURCES)
# Async classes whose twins are written by hand, with their modules: AsyncX is twinned in sync._x.
BY_HAND = {"AsyncChanges": "_changes", "AsyncPager": "pagination"}
RENAMED = {"aclose": "close", "__aenter__": "__enter__", "__aexit__": "__exit__"}
# The bodies that are not one call of the method of the same name.
BODIES = {
    "aclose": "self._portal.close(self._impl.aclose)",
    "__aenter__": "return self",
    "__aexit__": "self.close()",
    "__repr__": 'return repr(self._impl).removeprefix("Async")',
    "__reduce__": "return self._impl.__reduce__()",
}
# What may be left in no docstring and no annotation: it would be wrong of the twin.
ASYNC_WORDS = re.compile(
    r"\b(Async[A-Z]\w*|Awaitable|Coroutine|Self|await|asyncio|aclose|__a[a-z]+__"
    r"|async (?:for|with|def|context))\b"
)
ALLOWED = """\
In a module: a docstring, imports, private names, and one public class, named Async…, without
bases or decorators. In that class: a docstring; private names; attributes annotated with another
class that has a twin, documented and without a value (a client has such); methods, documented,
annotated and undecorated: async ones that give values, plain ones that give an iterator or view of
the client; __init__ and the dunder methods of BODIES. In a signature: annotated parameters that
take nothing async, no stars and no "/"; comments only behind a parameter."""

Function = ast.FunctionDef | ast.AsyncFunctionDef
# A parameter as it is written (``*`` too), the comment behind it, and how it is passed on.
Parameter = tuple[str, str, str]
Homes = dict[str, tuple[str, str]]
Sliced = ast.stmt | ast.expr | ast.arg


class RefusedError(Exception):
    """Say which line of a source has no blocking twin, and why."""


class Import(NamedTuple):
    """Hold one imported name; the fields are in the order that the linter sorts by."""

    is_typing_only: bool
    section: int
    is_from: bool
    module: str
    name: str

    @classmethod
    def of(cls, module: str, item: ast.alias, *, is_typing_only: bool = False) -> Import:
        """Make the import of a name from a module, or of a module that has no other name."""
        first = (module or item.name).partition(".")[0]
        section = 2 if first == PACKAGE else int(first not in sys.stdlib_module_names)
        text = f"{item.name} as {item.asname}" if item.asname else item.name
        return cls(is_typing_only, section, bool(module), module or text, text)


class Source:
    """Hold one async module: its syntax tree, and the text that the tree was made from."""

    def __init__(self, root: Path, name: str) -> None:
        self.path = root / PACKAGE / name
        text = self.path.read_text(encoding="utf-8")
        # As bytes, for that is what the columns of syntax trees count.
        self._lines = [line.encode() for line in text.splitlines(keepends=True)]
        module = name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        self.module = f"{PACKAGE}.{module}"
        self.twin = f"{PACKAGE}.sync.{module}"
        tokens = tokenize.generate_tokens(io.StringIO(text).readline)
        self.comments = {t.start[0]: t.string for t in tokens if t.type == tokenize.COMMENT}
        self.imports: dict[str, Import] = {}
        self.cls: ast.ClassDef | None = None
        for node in ast.parse(text, name).body:
            self._read(node)

    def _read(self, node: ast.stmt) -> None:
        match node:
            case ast.Import() | ast.ImportFrom():
                self._import(node, is_typing_only=False)
            case ast.If(test=ast.Name(id="TYPE_CHECKING"), orelse=[]):
                for child in node.body:
                    self._import(child, is_typing_only=True)
            case _ if is_text(node) or is_private(node):
                pass
            case ast.ClassDef() if self.cls is None and node.name.startswith("Async"):
                if node.bases or node.keywords or node.decorator_list:
                    self.refuse(node, f"{node.name} has a base or a decorator")
                self.cls = node
            case _:
                self.refuse(node, "this statement has no place in an async module")

    def _import(self, node: ast.stmt, *, is_typing_only: bool) -> None:
        if not isinstance(node, ast.Import | ast.ImportFrom):
            self.refuse(node, "only imports may stand here")
        module = node.module or "" if isinstance(node, ast.ImportFrom) else ""
        for item in node.names:
            made = Import.of(module, item, is_typing_only=is_typing_only)
            self.imports[item.asname or item.name.partition(".")[0]] = made

    def slice(self, first: Sliced, last: Sliced | None = None) -> str:
        """Give the source from the beginning of one node to the end of another."""
        end = last or first
        lines = self._lines[first.lineno - 1 : end.end_lineno]
        lines[-1] = lines[-1][: end.end_col_offset]
        lines[0] = lines[0][first.col_offset :]
        return b"".join(lines).decode()

    def refuse(self, node: Sliced | int, what: str) -> NoReturn:
        """Refuse a line of this source."""
        raise RefusedError(f"{self.path}:{getattr(node, 'lineno', node)}: {what}\n{ALLOWED}")


def blocking(text: str, homes: Homes) -> str:
    """Rewrite a docstring or an annotation for the twin.

    ``await x`` becomes ``x``; ``async with``, ``async for``, ``async def`` and ``async context
    manager`` lose the word; ``aclose`` becomes ``close``; a class that has a twin becomes that
    twin, together with the module before its name if there is one.
    """
    for name, (module, twin) in homes.items():
        text = re.sub(rf"\b{re.escape(module)}\.{name}\b", f"{twin}.{name[5:]}", text)
        text = re.sub(rf"\b{name}\b", name[5:], text)
    text = re.sub(r"\b([Aa])n async (?=context manager)", r"\1 ", text)
    text = re.sub(r"\basync (?=(?:for|with|def|context manager)\b)", "", text)
    text = re.sub(r"\bawait (?=\S)", "", text)
    return re.sub(r"\baclose\b", "close", text)


class Twin:
    """Write the twin of one class."""

    def __init__(self, source: Source, cls: ast.ClassDef, homes: Homes) -> None:
        self._source = source
        self._cls = cls
        self._homes = homes
        self._parts: dict[str, str] = {}
        self._imports: set[Import] = set()
        self._import(f"{PACKAGE}.sync._portal", "Portal")
        self._import(source.module, cls.name)

    def write(self) -> str:
        """Give the imports and the class."""
        twin = self._cls.name[5:]
        docstring = self._docstring(self._cls)
        attributes = "".join(self._attributes())
        methods = list(self._methods())
        hold = f"(self, portal: Portal, impl: {self._cls.name}) -> None:\n"
        hold += "        self._portal = portal\n        self._impl = impl\n"
        for name, part in self._parts.items():
            hold += f"        self.{name} = {part}(portal, impl.{name})\n"
        if self._parts:
            members = "\n".join([attributes, *methods, f"    def _hold{hold}"])
        else:
            members = "\n".join([f"    def __init__{hold}", *methods])
        return (
            f"from __future__ import annotations\n\n{import_lines(self._imports)}\n\n"
            f'__all__ = ["{twin}"]\n\n\nclass {twin}:\n    {docstring}\n\n{members}'
        )

    def _attributes(self) -> Iterator[str]:
        """Write the parts of a client; only a client has any."""
        nodes = iter(self._cls.body)
        for node in nodes:
            if isinstance(node, ast.AnnAssign) and not is_private(node):
                name, part = self._source.slice(node.target), self._source.slice(node.annotation)
                text = next(nodes, node)
                if node.value or part not in self._homes or not is_text(text):
                    self._source.refuse(node, f"{name} is no documented part of a client")
                self._parts[name] = part[5:]
                self._import(self._homes[part][1], part[5:])
                docstring = self._blocking(self._source.slice(text), text)
                yield f"    {name}: {part[5:]}\n    {docstring}\n"

    def _methods(self) -> Iterator[str]:
        for node in self._cls.body:
            match node:
                case _ if is_private(node) or is_text(node) or isinstance(node, ast.AnnAssign):
                    pass
                case ast.FunctionDef() | ast.AsyncFunctionDef():
                    if node.name != "__init__" or self._parts:
                        yield self._method(node)
                case _:
                    self._source.refuse(node, "this statement has no place in an async class")

    def _method(self, node: Function) -> str:
        parameters = list(self._parameters(node))
        arguments = [argument for _, _, argument in parameters if argument]
        text = f"    {self._signature(node, parameters)}\n"
        if not node.name.startswith("__"):
            text += f"        {self._docstring(node)}\n"
        return text + "".join(f"        {line}\n" for line in self._body(node, arguments))

    def _body(self, node: Function, arguments: list[str]) -> Iterator[str]:
        call = f"self._impl.{node.name}"
        gives = self._source.slice(node.returns) if node.returns else ""
        if node.name in BODIES:
            yield BODIES[node.name]
        elif node.name == "__init__":
            yield laid_out(f"impl = {self._cls.name}(", arguments, ")", 8)
            yield "self._hold(Portal(impl.aclose), impl)"
        elif node.name.startswith("__"):
            self._source.refuse(node, f"{node.name} has no blocking body")
        elif isinstance(node, ast.AsyncFunctionDef) and not ASYNC_WORDS.search(gives):
            yield laid_out("return self._portal.call(", [call, *arguments], ")", 8)
        elif isinstance(node, ast.FunctionDef) and gives in BY_HAND:
            self._import(self._homes[gives][1], gives[5:])
            yield laid_out(f"impl = {call}(", arguments, ")", 8)
            yield f"return {gives[5:]}(self._portal, impl)"
        elif isinstance(node, ast.FunctionDef) and gives == self._cls.name and self._parts:
            yield laid_out(f"impl = {call}(", arguments, ")", 8)
            yield f"view = object.__new__({gives[5:]})"
            yield "view._hold(self._portal, impl)"
            yield "return view"
        else:
            self._source.refuse(node, f"{node.name} gives what no blocking body can give")

    def _signature(self, node: Function, parameters: list[Parameter]) -> str:
        if node.returns is None or node.decorator_list:
            self._source.refuse(node, f"{node.name} has a decorator, or no return annotation")
        self._use(node.args)
        self._use(node.returns)
        head = f"def {RENAMED.get(node.name, node.name)}("
        tail = f") -> {self._blocking(self._source.slice(node.returns), node)}:"
        # Where each has a line of its own, a comma after the last one keeps it so.
        if len({parameter.lineno for parameter in (*node.args.args, *node.args.kwonlyargs)}) > 1:
            each = [f"{text},{note and '  '}{note}" for text, note, _ in parameters]
            return "\n        ".join([head, *each]) + f"\n    {tail}"
        return laid_out(head, [text for text, _, _ in parameters], tail, 4)

    def _parameters(self, node: Function) -> Iterator[Parameter]:
        given, refuse = node.args, self._source.refuse
        if given.posonlyargs or given.vararg or given.kwarg:
            refuse(node, f'{node.name} has *args, **kwargs or "/"')
        signature = range(node.lineno, node.body[0].lineno)
        comments = {n: text for n, text in self._source.comments.items() if n in signature}
        plain = len(given.args)
        defaults = [*[None] * (plain - len(given.defaults)), *given.defaults, *given.kw_defaults]
        pairs = zip([*given.args, *given.kwonlyargs], defaults, strict=True)
        for at, (parameter, default) in enumerate(pairs):
            name, end = parameter.arg, default or parameter
            if at == plain:
                yield "*", "", ""
            text = self._source.slice(parameter, end)
            if ASYNC_WORDS.search(text) or (name != "self" and parameter.annotation is None):
                refuse(parameter, f"{name} of {node.name} is not annotated, or takes what is async")
            comment = comments.pop(end.end_lineno or 0, "")
            passed_on = name if at < plain else f"{name}={name}"
            yield text, comment, "" if name == "self" else passed_on
        for line in comments:
            refuse(line, f"a comment inside {node.name} is behind no parameter")

    def _docstring(self, node: Function | ast.ClassDef) -> str:
        if not is_text(node.body[0]):
            self._source.refuse(node, f"{node.name} has no docstring")
        return self._blocking(self._source.slice(node.body[0]), node.body[0])

    def _blocking(self, text: str, node: Sliced) -> str:
        text = blocking(text, self._homes)
        if left := ASYNC_WORDS.search(text):
            self._source.refuse(node, f"{left[0]!r} has no blocking twin")
        return text

    def _import(self, module: str, name: str) -> None:
        self._imports.add(Import.of(module, ast.alias(name)))

    def _use(self, node: ast.AST) -> None:
        """Import the names that a signature uses."""
        for name in (child for child in ast.walk(node) if isinstance(child, ast.Name)):
            if name.id in self._source.imports:
                if name.id not in self._homes:
                    self._imports.add(self._source.imports[name.id])
            elif name.id != self._cls.name and not hasattr(builtins, name.id):
                self._source.refuse(name, f"{name.id} in a signature is not imported")


def is_text(node: ast.AST) -> bool:
    """Tell a docstring."""
    return isinstance(node, ast.Expr) and isinstance(getattr(node.value, "value", None), str)


def is_private(node: ast.AST) -> bool:
    """Tell a definition of a name that the twin does not have: a private one, or ``__all__``."""
    match node:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return name.startswith("_") and not name.startswith("__")
        case ast.AnnAssign(target=ast.Name(id=name)) | ast.Assign(targets=[ast.Name(id=name)]):
            return name.startswith("_")
        case _:
            return False


def laid_out(head: str, items: list[str], tail: str, indent: int) -> str:
    """Break a list between brackets as the formatter does: not at all, inside, or at each item."""
    inner = "\n" + " " * (indent + 4)
    joined = ", ".join(items)
    if indent + len(head + joined + tail) <= WIDTH and "\n" not in joined:
        return head + joined + tail
    if indent + 4 + len(joined) <= WIDTH and "\n" not in joined:
        return f"{head}{inner}{joined}{inner[:-4]}{tail}"
    return f"{head}{''.join(f'{inner}{item},' for item in items)}{inner[:-4]}{tail}"


def import_lines(imports: set[Import]) -> str:
    """Write imports in the order, and with the blank lines, that the linter wants."""
    lines: list[str] = []
    if any(item.is_typing_only for item in imports):
        imports = {*imports, Import.of("typing", ast.alias("TYPE_CHECKING"))}
    before = (False, 0)
    for key, group in itertools.groupby(sorted(imports), key=lambda item: item[:4]):
        is_typing_only, section, is_from, module = key
        if before != (is_typing_only, section) and lines:
            lines += ["", "if TYPE_CHECKING:"] if is_typing_only > before[0] else [""]
        before = (is_typing_only, section)
        names = sorted((i.name for i in group), key=lambda n: (not n.isupper(), n[:1].islower(), n))
        line = f"from {module} import {', '.join(names)}" if is_from else f"import {module}"
        if len(line) > WIDTH:
            line = laid_out(f"from {module} import (", names, ")", 0)
        lines.append(textwrap.indent(line, "    " * is_typing_only))
    return "\n".join(lines)


def twins(root: Path) -> dict[Path, str]:
    """Give every generated file, and its text."""
    sources = [Source(root, name) for name in SOURCES]
    homes = {n: (f"{PACKAGE}.{m}", f"{PACKAGE}.sync._{n[5:].lower()}") for n, m in BY_HAND.items()}
    homes |= {s.cls.name: (s.module, s.twin) for s in sources if s.cls}
    files: dict[Path, str] = {}
    for name, source in zip(SOURCES, sources, strict=True):
        text = HEADER.format(source.path.relative_to(root).as_posix(), source.module)
        if source.cls:
            text += f"\n{Twin(source, source.cls, homes).write()}"
        files[root / PACKAGE / "sync" / name] = text
    return files


def differences(root: Path, files: dict[Path, str]) -> Iterator[str]:
    """Say what on disk is not what would be written."""
    for path, text in files.items():
        if not path.exists() or path.read_bytes() != text.encode():
            yield f"{path}: {'differs from its source' if path.exists() else 'missing'}"
    for path in sorted(set((root / PACKAGE / "sync").rglob("*.py")) - files.keys()):
        if path.read_text(encoding="utf-8").startswith(MARKER):
            yield f"{path}: has the marker, but nothing generates it"


def main(arguments: list[str] | None = None) -> int:
    """Write the files, or check them; give the exit code."""
    parser = argparse.ArgumentParser(description="Write the blocking client.")
    parser.add_argument("--check", action="store_true", help="write nothing, say what differs")
    parser.add_argument("--root", type=Path, default=Path(__file__).parents[2], metavar="DIR")
    options = parser.parse_args(arguments)
    try:
        files = twins(options.root)
    except (RefusedError, SyntaxError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    if not options.check:
        for path, text in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode())
    found = list(differences(options.root, files))
    sys.stderr.writelines(f"{line}\n" for line in found)
    return int(bool(found))


if __name__ == "__main__":
    raise SystemExit(main())
