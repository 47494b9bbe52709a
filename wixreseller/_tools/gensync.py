"""Write the blocking client, in ``wixreseller/sync/``, from the sources of the async one.

Run ``python wixreseller/_tools/gensync.py [--check] [--root DIR]``. It parses the sources and
never imports them. Every async class gets a blocking twin that holds it (``self._impl``), every
function that takes a client one that takes the blocking client. Signatures and docstrings are
copied and rewritten by :func:`blocking`; each body is one call through the portal. It knows the
constructs listed in :data:`ALLOWED` and refuses all others, with their place.

``--check`` writes nothing, and exits with 1 if a file on disk is not what would be written.
"""

from __future__ import annotations

import argparse
import ast
import builtins
import itertools
import re
import sys
import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NoReturn

PACKAGE = "wixreseller"
MARKER = "# @generated"
HEADER = f"""\
{MARKER} by {PACKAGE}/_tools/gensync.py from {PACKAGE}.{{0}}.
# Do not edit: change what is there, and run `nox -s generate`.
\"\"\"Give the blocking twin of ``{PACKAGE}.{{0}}``.\"\"\"

from __future__ import annotations

{{1}}

{{2}}


"""
WIDTH = 100
PART = "at_first_use"  # decorates a method that makes a part of a client
# The modules of sync, and the classes and functions that have their twins there.
TWINS = {
    "client": "client.AsyncClient",
    "resources.packages": "resources.packages.AsyncPackages",
    "resources.product_instances": "resources.product_instances.AsyncProductInstances",
    "bulk": "bulk.applying.apply bulk.applying.resume bulk.auditing.audit bulk.plan.make_plan "
    "bulk.planning.plan_orders bulk.runner.run bulk.verifying.verify",
}
# Classes whose twins are written by hand; where they are, and where generated code finds the twins.
BY_HAND = {
    "AsyncChanges": ("_changes", "sync._changes"),
    "AsyncPager": ("pagination", "sync._pager"),
    "Audit": ("bulk.auditing", "sync._audit"),
    "Stop": ("bulk.stopping", "sync._bridges"),
}
RENAMED = {"aclose": "close", "__aenter__": "__enter__", "__aexit__": "__exit__"}
# The bodies that are not one call of the method of the same name.
BODIES = {
    "aclose": "if not close_unused(self._impl):\n    self._portal.close(self._impl.aclose)",
    "__aenter__": "_ = self.packages  # which loads what calls need\nreturn self",
    "__aexit__": "self.close()",
    "__repr__": 'return repr(self._impl).removeprefix("Async")',
    "__reduce__": "return self._impl.__reduce__()",
    "account_id": "return self._impl.account_id",
}
# Parameters of functions that belong to the caller's thread or to the loop, by their annotations:
# what is made of them, what is passed on in their place, and what Batches has to know of them.
BRIDGES = {
    "AsyncClient": ("portal, awaited = inside({})", "awaited", ""),
    r".*\| AsyncIterable\[.*": ("feed = Feed({})", "feed", "feed=feed"),
    r"Stop \| None": ("halt = {} or Stop()", "halt.impl", "halt=halt.impl.request"),
    r"Callable\[.*, None\]": ("told = Telling(portal, {})", "told.tell", ""),
}
# What may be left in no docstring and no annotation: it would be wrong of the twin.
ASYNC_WORDS = re.compile(
    r"\b(Async[A-Z]\w*|Awaitable|Coroutine|Self|await|asyncio|aclose|__a[a-z]+__"
    r"|async (?:for|with|def|context))\b"
)
# What async code would use on the loop's thread, though it is the caller's.
OF_THE_CALLER = re.compile(r"\b(?:Iterable|Iterator|Callable)\b")
ITEMS = re.compile(r"\bAsync(?:Generator\[(\w+), None\]|Iterator\[(\w+)\])")
ALLOWED = """\
Allowed are the classes and functions of TWINS, undecorated. In a class: no bases; a docstring;
private names; parts: plain methods under @at_first_use that give a class with a twin; methods,
documented, annotated and undecorated: async ones that give values, plain ones that give an
iterator or view of the client; __init__, and the dunder methods and properties of BODIES. In a
signature: annotated parameters that take nothing async, no stars and no "/".
A function takes an AsyncClient before all else, and gives a value, async items, or an object of
BY_HAND. Other parameters may be as BRIDGES has them; where it is async, no other may hold an
iterable or a function."""

Function = ast.FunctionDef | ast.AsyncFunctionDef
Import = tuple[bool, str, str]  # whether for type checkers only; module, if not all of it; name
Homes = dict[str, tuple[str, str]]
Sliced = ast.stmt | ast.expr | ast.arg


class Module:
    """Hold an async module; ``used`` gets what the file of the twins has to import."""

    def __init__(self, root: Path, name: str, homes: Homes, used: set[Import]) -> None:
        self._path = root / PACKAGE / f"{name.replace('.', '/')}.py"
        self._text = self._path.read_text(encoding="utf-8")
        self._name = name
        self._homes = homes
        self._used = used
        self._cls, self._has_parts = "", False
        body = ast.parse(self._text, str(self._path)).body
        self._imports = dict(imported(body))
        self._defined = {name_of(node): node for node in body}
        for name, node in self._defined.items():
            if name.startswith("Async") and name not in homes:
                self._refuse(node, f"{name} has no twin")

    def twin(self, name: str) -> str:
        """Write the twin of a class or function."""
        node = self._defined.get(name, ast.Pass(lineno=1))
        if isinstance(node, Function):
            self._used.add((False, PACKAGE, package := self._name.partition(".")[0]))
            return self._callable(node, f"{package}.{name}", 0)
        if not isinstance(node, ast.ClassDef) or node.bases or node.keywords or node.decorator_list:
            self._refuse(node, f"{name} is not there, or is no plain class")
        self._cls = name
        return self._class(node)

    def _slice(self, first: Sliced, last: Sliced | None = None) -> str:
        """Give the source from the beginning of one node to the end of another."""
        span, end = ast.copy_location(ast.Pass(), first), last or first
        span.end_lineno, span.end_col_offset = end.end_lineno, end.end_col_offset
        return ast.get_source_segment(self._text, span) or ""

    def _refuse(self, node: Sliced, what: str) -> NoReturn:
        raise SyntaxError(f"{self._path}:{node.lineno}: {what}\n{ALLOWED}")

    def _class(self, cls: ast.ClassDef) -> str:
        self._import("sync._portal", "Portal")
        self._import(self._name, cls.name)
        self._has_parts = any(decorator_of(node) == PART for node in cls.body)
        twin = cls.name.removeprefix("Async")
        name, gives = ("_hold", twin) if self._has_parts else ("__init__", "None")
        hold = f"    def {name}(self, portal: Portal, impl: {cls.name}) -> {gives}:\n"
        hold += "        self._portal = portal\n        self._impl = impl\n"
        members = list(self._members(cls))
        at, end = (len(members), "        return self\n") if self._has_parts else (0, "")
        members.insert(at, hold + end)
        return "\n".join([f"class {twin}:\n    {self._docstring(cls)}\n", *members])

    def _members(self, cls: ast.ClassDef) -> Iterator[str]:
        for node in cls.body:
            match node:
                case _ if is_text(node) or re.match("_(?!_)", name_of(node)):
                    pass
                case ast.FunctionDef() | ast.AsyncFunctionDef():
                    if node.name != "__init__" or self._has_parts:
                        mark = f"    @{decorator_of(node)}\n" if node.decorator_list else ""
                        yield mark + self._callable(node, f"self._impl.{node.name}", 4)
                case _:
                    self._refuse(node, "this statement has no place in an async class")

    def _callable(self, node: Function, call: str, indent: int) -> str:
        inner = " " * (indent + 4)
        text = f"{inner[4:]}{self._signature(node, indent)}:\n"
        if not node.name.startswith("__"):
            text += f"{inner}{self._docstring(node)}\n"
        lines = self._body(node, call, list(self._parameters(node)), indent + 4)
        return text + "".join(f"{inner}{line}".rstrip() + "\n" for line in lines)

    def _signature(self, node: Function, indent: int) -> str:
        kind = "property" if node.name in BODIES else PART
        if node.returns is None or decorator_of(node) not in ("", kind):
            self._refuse(node, f"{node.name} has a decorator, or no return annotation")
        for used in [node.args] if decorator_of(node) == PART else [node.args, node.returns]:
            self._use(used)
        text = self._blocking(node, node.returns)
        # What stood on a line of its own may have room now; a comma behind the last one forbids it.
        joined = re.sub(r"\(\n +(.*[^,])\n *(?=\) ->)", r"(\1", text)
        return text if re.search(r"[\n#]", joined) or indent + len(joined) >= WIDTH else joined

    def _parameters(self, node: Function) -> Iterator[tuple[str, str, str]]:
        """Give for each what is made of it, what is passed on, and what Batches is told."""
        given = node.args
        if given.posonlyargs or given.vararg or given.kwarg:
            self._refuse(node, f'{node.name} has *args, **kwargs or "/"')
        for parameter in [*given.args, *given.kwonlyargs][1 if self._cls else 0 :]:  # but self
            name, annotation = parameter.arg, parameter.annotation
            text = self._slice(annotation) if annotation else "Awaitable"
            bridges = (bridge for of, bridge in BRIDGES.items() if re.fullmatch(of, text))
            line, argument, keyword = next(bridges, ("", name, ""))
            is_of_caller = isinstance(node, ast.AsyncFunctionDef) and OF_THE_CALLER.search(text)
            if line and not self._cls:
                self._import("sync._bridges", line.partition("(")[0].split()[-1])
            elif ASYNC_WORDS.search(text) or is_of_caller:
                self._refuse(parameter, f"{name} has no annotation, or takes what is async")
            argument = f"{name}={argument}" if parameter in given.kwonlyargs else argument
            yield line.format(name), argument, keyword

    def _body(
        self, node: Function, call: str, parameters: Sequence[tuple[str, str, str]], indent: int
    ) -> Iterator[str]:
        yield from (line for line, _, _ in parameters if line)
        arguments = [argument for _, argument, _ in parameters]
        keywords = [keyword for _, _, keyword in parameters if keyword]
        gives = self._slice(node.returns) if node.returns else ""
        is_async = isinstance(node, ast.AsyncFunctionDef)
        portal = "self._portal" if self._cls else "told" if "told." in str(arguments) else "portal"
        if node.name in BODIES:
            yield from BODIES[node.name].split("\n")
            if "close_unused" in BODIES[node.name]:
                self._import(self._name, "close_unused")
        elif node.name == "__init__":
            yield laid_out(f"impl = {self._cls}(", arguments, ")", indent)
            yield "self._hold(Portal(impl.aclose), impl)"
        elif decorator_of(node) == PART and gives in self._homes and not is_async:
            twin, home = gives.removeprefix("Async"), f"{PACKAGE}.{self._homes[gives][1]}"
            self._used |= {(False, f"{PACKAGE}._first_use", PART), (True, home, twin)}
            yield from (f"from {home} import {twin}", "", f"return {twin}(self._portal, {call})")
        elif node.name.startswith("__") or (not self._cls and arguments[:1] != ["awaited"]):
            self._refuse(node, f"{node.name} has no blocking body")
        elif is_async and ITEMS.fullmatch(gives) and portal == "portal":
            self._import("sync._bridges", "Batches")
            self._used.add((False, "", "functools"))
            yield laid_out("begin = functools.partial(", [call, *arguments], ")", indent)
            yield laid_out("return Batches(", [portal, "begin", *keywords], ")", indent)
        elif is_async and not ASYNC_WORDS.search(gives) and not keywords:
            yield laid_out(f"return {portal}.call(", [call, *arguments], ")", indent)
        elif not is_async and gives in BY_HAND and portal != "told" and not keywords:
            yield laid_out(f"impl = {call}(", arguments, ")", indent)
            yield f"return {gives.removeprefix('Async')}({portal}, impl)"
        elif not is_async and gives == self._cls and self._has_parts:
            twin = gives.removeprefix("Async")
            yield laid_out(f"impl = {call}(", arguments, ")", indent)
            yield f"return {twin}._hold(object.__new__({twin}), self._portal, impl)"
        else:
            self._refuse(node, f"{node.name} gives what no blocking body can give")

    def _docstring(self, node: Function | ast.ClassDef) -> str:
        if not is_text(node.body[0]):
            self._refuse(node, f"{node.name} has no docstring")
        return self._blocking(node.body[0])

    def _blocking(self, node: Sliced, last: Sliced | None = None) -> str:
        text = blocking(self._slice(node, last), self._homes)
        if left := ASYNC_WORDS.search(text):
            self._refuse(node, f"{left[0]!r} has no blocking twin")
        return text

    def _import(self, module: str, name: str) -> None:
        self._used.add((False, f"{PACKAGE}.{module}", name))

    def _use(self, node: ast.AST) -> None:
        """Import the names that a signature uses."""
        for name in (child for child in ast.walk(node) if isinstance(child, ast.Name)):
            if name.id in self._homes:
                if name.id != self._cls:
                    self._import(self._homes[name.id][1], name.id.removeprefix("Async"))
            elif name.id in self._imports:
                if not ASYNC_WORDS.match(name.id):  # it is rewritten, or refused
                    self._used.add(self._imports[name.id])
            elif name.id in self._defined:
                self._import(self._name, name.id)
            elif not hasattr(builtins, name.id):
                self._refuse(name, f"{name.id} in a signature is not imported")


def blocking(text: str, homes: Homes) -> str:
    """Rewrite a docstring or a signature for the twin.

    ``await x`` becomes ``x``; ``async with``, ``async for`` and ``async def`` lose the word;
    ``aclose`` becomes ``close``; what has a twin becomes that twin, together with the module before
    its name if there is one. Async items come in batches; async iterables are no longer taken.
    """
    for name, (module, twin) in homes.items():
        path, new = re.escape(f"{PACKAGE}.{module}.{name}"), name.removeprefix("Async")
        text = re.sub(rf"\b{path}\b", f"{PACKAGE}.{twin}.{new}", text)
        text = re.sub(rf"\b{name}\b", new, text)
    text = ITEMS.sub(lambda found: f"Batches[{found[1] or found[2]}]", text)
    text = re.sub(r" \| AsyncIterable\[[^][]*\]", "", text)
    text = re.sub(r"\basync (?=(?:for|with|def)\b)|\bawait (?=\S)", "", text)
    return re.sub(r"\b\w+\b", lambda word: RENAMED.get(word[0], word[0]), text)


def is_text(node: ast.AST) -> bool:
    """Tell a docstring."""
    return isinstance(node, ast.Expr) and isinstance(getattr(node.value, "value", None), str)


def decorator_of(node: ast.AST) -> str:
    """Give the decorator of a method; empty if it has none."""
    return " ".join(ast.unparse(mark) for mark in getattr(node, "decorator_list", ()))


def name_of(node: ast.AST) -> str:
    """Give the name that a statement defines; empty if it defines none, or several."""
    target = getattr(node, "target", None) or [*getattr(node, "targets", ()), node][0]
    return getattr(target, "name", "") or getattr(target, "id", "")


def laid_out(head: str, items: list[str], tail: str, indent: int) -> str:
    """Break a list between brackets as the formatter does: not at all, inside, or at each item."""
    inner = "\n" + " " * (indent + 4)
    joined = ", ".join(items)
    if indent + len(head + joined + tail) <= WIDTH:
        return head + joined + tail
    if indent + 4 + len(joined) <= WIDTH:
        return f"{head}{inner}{joined}{inner[:-4]}{tail}"
    return f"{head}{''.join(f'{inner}{item},' for item in items)}{inner[:-4]}{tail}"


def imported(nodes: list[ast.stmt], is_typing_only: bool = False) -> Iterator[tuple[str, Import]]:
    """Give each name that is imported, and how."""
    for node in nodes:
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            yield from imported(node.body, is_typing_only=True)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            for item in node.names:
                name = f"{item.name} as {item.asname}" if item.asname else item.name
                known = item.asname or item.name.partition(".")[0]
                yield known, (is_typing_only, getattr(node, "module", ""), name)


def place_of(item: Import) -> tuple[bool, int, bool, str]:
    """Tell where the linter wants an import: in which block and section, and of which module."""
    is_typing_only, module, name = item
    first = re.split(r"\W", module or name)[0]
    section = 2 if first == PACKAGE else int(first not in sys.stdlib_module_names)
    return is_typing_only, section, bool(module), module or name


def import_lines(imports: set[Import]) -> str:
    """Write imports in the order, and with the blank lines, that the linter wants."""
    imports = {item for item in imports if not item[0] or (False, *item[1:]) not in imports}
    if any(is_typing_only for is_typing_only, _, _ in imports):
        imports.add((False, "typing", "TYPE_CHECKING"))
    lines, before = list[str](), (False, 0)
    for place, group in itertools.groupby(sorted(imports, key=place_of), key=place_of):
        is_typing_only, section, is_from, module = place
        if before != (is_typing_only, section) and lines:
            lines += ["", "if TYPE_CHECKING:"] if is_typing_only > before[0] else [""]
        before = (is_typing_only, section)
        names = sorted((i[2] for i in group), key=lambda n: (not n.isupper(), n[:1].islower(), n))
        line = f"from {module} import {', '.join(names)}" if is_from else f"import {module}"
        if len(line) > WIDTH:
            line = laid_out(f"from {module} import (", names, ")", 0)
        lines.append(textwrap.indent(line, "    " * is_typing_only))
    return "\n".join(lines)


def twins(root: Path) -> dict[Path, str]:
    """Give every generated file, and its text."""
    paths = [(path.rpartition("."), file) for file, many in TWINS.items() for path in many.split()]
    homes = dict(BY_HAND)
    for (module, _, name), file in paths:
        # A function is known by the package that offers it.
        homes[name] = module if name.startswith("Async") else file, f"sync.{file}"
    files: dict[Path, str] = {}
    for file, group in itertools.groupby(paths, key=lambda path: path[1]):
        used: set[Import] = set()
        parts = [Module(root, module, homes, used).twin(name) for (module, _, name), _ in group]
        names = {name.removeprefix("Async") for (_, _, name), place in paths if place == file}
        names |= {name for _, _, name in used if name in BY_HAND or f"Async{name}" in BY_HAND}
        offered = laid_out("__all__ = [", [f'"{name}"' for name in sorted(names)], "]", 0)
        path = root / PACKAGE / "sync" / f"{file.replace('.', '/')}.py"
        files[path] = HEADER.format(file, import_lines(used), offered) + "\n\n".join(parts)
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
    except SyntaxError as error:
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
