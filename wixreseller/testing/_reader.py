"""Read the JSON of the control plane, strictly: both ends are of the same version."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final, TypeVar

from wixreseller.models.json import JSONObject, JSONValue

__all__ = ["Reader"]

T = TypeVar("T", str, int, bool)

_NAMES: Final = {str: "a string", int: "a whole number", bool: "true or false"}


class Reader:
    """Read the fields of one JSON object; raise ``ValueError`` naming the one that is wrong."""

    __slots__ = ("_what", "value")

    def __init__(self, value: JSONValue, what: str) -> None:
        if not isinstance(value, Mapping):
            raise ValueError(f"{what} is not a JSON object: {value!r}")
        self.value: JSONObject = value
        self._what = what

    def _wrong(self, name: str, expected: str) -> ValueError:
        return ValueError(f"{self._what}.{name} is not {expected}: {self.value.get(name)!r}")

    def get(self, name: str, kind: type[T]) -> T:
        """Give a field of exactly this type."""
        value = self.value.get(name)
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise self._wrong(name, _NAMES[kind])
        return value

    def maybe(self, name: str, kind: type[T]) -> T | None:
        """Give a field of this type, or ``None`` where it is absent or null."""
        return None if self.value.get(name) is None else self.get(name, kind)

    def number(self, name: str) -> float:
        """Give a number."""
        value = self.value.get(name)
        if not isinstance(value, int | float) or isinstance(value, bool):
            raise self._wrong(name, "a number")
        return float(value)

    def moment(self, name: str) -> datetime:
        """Give an aware time."""
        try:
            return datetime.fromisoformat(self.get(name, str))
        except ValueError as error:
            raise self._wrong(name, "a time") from error

    def json(self, name: str) -> JSONValue:
        """Give whatever is there."""
        return self.value.get(name)

    def texts(self, name: str) -> Mapping[str, str]:
        """Give an object of strings: headers; nothing for null."""
        inner = self.value.get(name) or {}
        if not isinstance(inner, Mapping):
            raise self._wrong(name, "an object")
        return {key: str(value) for key, value in inner.items()}

    def each(self, name: str) -> Sequence[JSONValue]:
        """Give the entries of an array."""
        value = self.value.get(name)
        if not isinstance(value, Sequence) or isinstance(value, str):
            raise self._wrong(name, "an array")
        return value
