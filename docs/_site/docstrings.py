"""Turn docstrings into Markdown: examples into code blocks, roles into links."""

from __future__ import annotations

import re
import textwrap
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


class Docstrings(griffe.Extension):
    """Convert every docstring as it is read."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        """Convert the docstring of a module, class, function or attribute."""
        if obj.docstring is not None:
            obj.docstring.value = as_markdown(obj.docstring.value)
