"""Say what JSON is to a type checker, and read and write it."""

from typing import TypeAlias

import orjson

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"
JsonObject: TypeAlias = dict[str, Json]


def loads(data: bytes | str) -> Json:
    """Parse JSON; raise ``ValueError`` for anything else."""
    value: Json = orjson.loads(data)
    return value


def dumps(value: Json) -> bytes:
    """Write compact JSON, keys in the order given."""
    return orjson.dumps(value)


def canonical(value: Json) -> bytes:
    """Write JSON with sorted keys, so that equal values give equal bytes."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
