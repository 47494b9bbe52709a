"""Build HTML in which every text is escaped, because external ids are whatever people typed."""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape
from typing import Final

import attrs

__all__ = ["Html", "Node", "element", "joined"]

_VOID: Final = ("meta", "link", "br", "rect", "line", "polyline", "polygon", "path")
# No document may hold them, and some turn the text around them about.
_UNPRINTABLE: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]"
)
_LONGEST: Final = 600


@attrs.frozen
class Html:
    """Hold a piece of a page that is HTML already; a ``str`` is a text, and gets escaped."""

    text: str


Node = Html | str | int | None
"""What an element may hold; ``None`` is nothing."""


def element(name: str, /, *children: Node, **attributes: str | float | None) -> Html:
    """Make an element. ``class_`` stands for ``class``, ``aria_label`` for ``aria-label``.

    Attributes that are ``None`` are left out. Texts are cut to 600 characters.
    """
    opening = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(_printable(str(value)))}"'
        for key, value in attributes.items()
        if value is not None
    )
    if name in _VOID:
        return Html(f"<{name}{opening}>" if name in _VOID[:3] else f"<{name}{opening}/>")
    return Html(f"<{name}{opening}>{joined(children).text}</{name}>")


def joined(parts: Iterable[Node]) -> Html:
    """Put parts one after the other."""
    return Html("".join(_to_html(part) for part in parts if part is not None))


def _to_html(node: Html | str | int) -> str:
    return node.text if isinstance(node, Html) else _escape(str(node))


def _escape(text: str) -> str:
    return escape(_printable(text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"))


def _printable(text: str) -> str:
    return _UNPRINTABLE.sub("\ufffd", text)
