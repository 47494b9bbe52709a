"""Name the types of JSON, so that public signatures need no ``Any``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

__all__ = ["JSONObject", "JSONValue"]

JSONValue = None | bool | int | float | str | Sequence["JSONValue"] | Mapping[str, "JSONValue"]
"""Whatever a JSON document can hold."""

JSONObject = Mapping[str, JSONValue]
"""A JSON object, read only."""
