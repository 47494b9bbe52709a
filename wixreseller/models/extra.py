"""Keep the keys that no field claims: a dict that refuses to be changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, NoReturn, cast

from wixreseller.errors import ConfigurationError
from wixreseller.models.json import JSONValue

__all__ = ["NO_EXTRA", "Extra", "freeze"]

_DEEPEST: Final = 200
"""How deep what is sent may nest. The writer of JSON stops at 254, with what is around it."""
_BITS: Final = 63
"""How large a whole number may be in JSON that every reader understands."""


class Extra(dict[str, JSONValue]):
    """Be a dict that cannot be changed, so that one empty instance serves all values.

    A dict all the same, not only a mapping: ``json.dumps`` and ``{**extra}`` take it, and unlike
    ``types.MappingProxyType`` it pickles and copies.
    """

    __slots__ = ()

    if not TYPE_CHECKING:
        # To type checkers it is a dict: no signature of ours would fit those that it replaces, and
        # values declare a Mapping, on which nothing can be set.
        def _refuse(self, *_: object, **__: object) -> NoReturn:
            raise TypeError("a value's extra cannot be changed; make another with attrs.evolve")

        __setitem__ = __delitem__ = __ior__ = _refuse
        update = setdefault = pop = popitem = clear = _refuse

    def __reduce__(self) -> tuple[type[Extra], tuple[dict[str, JSONValue]]]:
        # Pickle fills the subclasses of dict key by key, which is refused above.
        return Extra, (dict(self),)


NO_EXTRA: Final = Extra()


def freeze(extra: Mapping[str, JSONValue]) -> Extra:
    """Take what a caller passed as ``extra``: a copy, so that it stays as it is.

    Raises:
        ConfigurationError: it is no mapping, or holds what JSON cannot.
    """
    if type(extra) is Extra:
        return extra
    value = cast("object", extra)  # callers without a type checker may pass anything
    if not isinstance(value, Mapping):
        raise ConfigurationError(
            f"extra must be a mapping of names to JSON, not {type(value).__name__}", field="extra"
        )
    _check(extra, "extra", 0)
    return Extra(extra)


def _check(value: object, path: str, depth: int) -> None:
    if depth > _DEEPEST:
        raise ConfigurationError(f"extra nests deeper than {_DEEPEST}", field="extra")
    if isinstance(value, Mapping):
        for key, item in cast("Mapping[object, object]", value).items():
            if not isinstance(key, str):
                raise ConfigurationError(f"{path} has a key that is no string", field="extra")
            _check(key, path, depth)
            _check(item, f"{path}.{key}", depth + 1)
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(cast("list[object]", value)):
            _check(item, f"{path}[{index}]", depth + 1)
    elif not _is_json_scalar(value):
        raise ConfigurationError(
            f"{path} must be JSON (text, numbers, lists, mappings), not {type(value).__name__}",
            field="extra",
        )


def _is_json_scalar(value: object) -> bool:
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:  # half of a surrogate pair
            return False
        return True
    if isinstance(value, int):
        return value.bit_length() <= _BITS
    return value is None or isinstance(value, float)
