"""Speak the names of a catalogue in texts that hold the ids of products."""

from __future__ import annotations

import re
from typing import Final

from wixreseller.bulk.catalogue import Catalogue

__all__ = ["with_names"]

_GUID: Final = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def with_names(text: str, catalogue: Catalogue) -> str:
    """Put the name of each product before its id; what has no name stays as it is."""
    if not catalogue.entries:
        return text

    def named(match: re.Match[str]) -> str:
        name = catalogue.name_of(match[0], None)
        return match[0] if name is None else f"{name} ({match[0]})"

    return _GUID.sub(named, text)
