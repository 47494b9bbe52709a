"""What reading a document comes to, in a form that compares everything."""

from __future__ import annotations

import contextlib
from collections.abc import Generator
from typing import Any, Final, cast

import attrs
import cattrs
import pytest

from wixreseller import _wire, _wire_shapes

TOLERANT: Final = _wire.make_converter(is_quick=False)
"""It defines how a document is read; the others only take less time."""


def outcome(converter: cattrs.Converter, raw: object, kind: type[Any]) -> tuple[object, ...]:
    """Give the value with all its extras, or the error with its path."""
    try:
        value: object = converter.structure(raw, kind)
    except _wire.WireError as error:
        return error.path, error.problem
    return value, everything(value)


def everything(value: object) -> object:
    """Give what a value holds with types, as equality leaves out extras and takes 1 for True."""
    if isinstance(value, tuple):
        return [everything(item) for item in cast("tuple[object, ...]", value)]
    kind = cast("type[Any]", value.__class__)
    if attrs.has(kind):
        parts = {field.name: getattr(value, field.name) for field in attrs.fields(kind)}
        return kind, {name: everything(part) for name, part in parts.items()}
    return kind, repr(value)


@contextlib.contextmanager
def learning_soon() -> Generator[None, None, None]:
    """Have a shape learned when it is seen a second time, so that few documents do."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_wire_shapes, "_OFTEN", 2)
        yield
