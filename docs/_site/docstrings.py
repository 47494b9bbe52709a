"""Turn docstrings into Markdown: examples into code blocks, roles into links."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from typing import Any

import griffe

ROLE = re.compile(r":(?:class|func|meth|mod|attr|data):`~?([\w.]+)`")
LITERAL = re.compile(r"(?m)^([^\n]*?)::\n\n((?:[ ]{4}[^\n]*\n?|\n)+)")


def as_markdown(text: str) -> str:
    """Convert the few marks of reStructuredText that the docstrings use."""
    return ROLE.sub(_link, LITERAL.sub(_fence, text))


def _link(match: re.Match[str]) -> str:
    path = match[1]
    name = path.rpartition(".")[2]
    if "." not in path:
        return f"`{name}`"
    return f'<autoref optional identifier="{path}"><code>{name}</code></autoref>'


def _fence(match: re.Match[str]) -> str:
    lead = "" if match[1].strip() in ("", "Example") else f"{match[1]}:\n\n"
    code = textwrap.dedent(match[2]).strip("\n")
    language = "text" if "├" in code else "toml" if " = {" in code else "python"
    return f"{lead}```{language}\n{code}\n```\n\n"


_MADE_BY_ATTRS = ("attrs.frozen", "attrs.define")
_DEFAULT = re.compile(r"\b(default|factory)=([\w.]+(?:\([^()]*\))?)")


def signature_of(cls: griffe.Class) -> str:
    """Write how a class that attrs makes is called; empty for any other."""
    marks = [str(mark.value) for mark in cls.decorators]
    if not any(mark.startswith(_MADE_BY_ATTRS) for mark in marks):
        return ""
    lines: list[str] = []
    is_named = False
    for attribute in _arguments(cls):
        if not is_named and "kw_only=True" in f"{marks}{attribute.value}":
            lines.append("    *,")
            is_named = True
        lines.append(f"    {attribute.name}: {attribute.annotation}{_default(attribute)},")
    return "\n".join([f"{cls.name}(", *lines, ")"])


def _arguments(cls: griffe.Class) -> Iterator[griffe.Attribute]:
    for name, member in cls.members.items():
        is_field = isinstance(member, griffe.Attribute) and member.annotation is not None
        is_given = "init=False" not in str(getattr(member, "value", ""))
        if is_field and is_given and "property" not in member.labels and not name.startswith("_"):
            assert isinstance(member, griffe.Attribute)  # noqa: S101  # for the type checker
            yield member


def _default(attribute: griffe.Attribute) -> str:
    value = "" if attribute.value is None else str(attribute.value)
    if not value.startswith("attrs.field("):
        return f" = {value}" if value else ""
    found = _DEFAULT.search(value)
    if found is None:
        return ""
    # What extra is by default is empty, whatever its name in the code.
    made = f"{found[2]}()" if found[1] == "factory" else found[2]
    return f" = {'{}' if made == 'NO_EXTRA' else made}"


def _is_made_late(function: griffe.Function) -> bool:
    return [str(mark.value) for mark in function.decorators] == ["at_first_use"]


def _as_attribute(function: griffe.Function) -> griffe.Attribute:
    """Show as an attribute what is written as the function that makes it."""
    return griffe.Attribute(
        function.name,
        annotation=function.returns,
        docstring=function.docstring,
        lineno=function.lineno,
        endlineno=function.endlineno,
        parent=function.parent,
    )


class Docstrings(griffe.Extension):
    """Convert every docstring as it is read, and say how values are made."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        """Convert the docstring of a module, class, function or attribute."""
        if obj.docstring is not None:
            obj.docstring.value = as_markdown(obj.docstring.value)
            if isinstance(obj, griffe.Class) and (made := signature_of(obj)):
                obj.docstring.value = f"```python\n{made}\n```\n\n{obj.docstring.value}"
        if isinstance(obj, griffe.Function) and obj.parent is not None and _is_made_late(obj):
            obj.parent.set_member(obj.name, _as_attribute(obj))
