"""Ask what it costs to make values of a page of 100 packages with three instances each.

CPU time for each page, from the same bytes. Measured for a page as documented, and for one with a
key in every object that nobody knows: what happens when Wix adds a field.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator, Sequence
from typing import Any, Final, cast

from benchmarks.canned_server import page_of
from benchmarks.framework.processes import in_turns
from benchmarks.framework.questions import Effort, Goal, Open, Question, Row, Way

Decode = Callable[[bytes], object]

_PAGES_IN_A_ROUND: Final = 20


def _orjson() -> Decode:
    import orjson

    return orjson.loads


def _wixreseller() -> Decode:
    from wixreseller import Page, _wire

    return lambda body: _wire.decode(_wire.loads(body), Page)


def _pydantic() -> Decode:
    from benchmarks.decoding_pydantic import PydanticPage

    return PydanticPage.model_validate_json


def _msgspec() -> Decode:
    import msgspec

    from benchmarks.decoding_msgspec import StructPage

    return msgspec.json.Decoder(StructPage).decode


def _cattrs() -> Decode:
    """Use cattrs as it comes, into the same classes."""
    from datetime import datetime

    import attrs
    import cattrs
    import orjson
    from cattrs.gen import make_dict_structure_fn, override

    import wixreseller
    from wixreseller import BillingType, CycleUnit, FailureCode, Status

    converter = cattrs.Converter()
    make_hook = cast("Any", make_dict_structure_fn)  # its overrides are keywords of any name
    converter.register_structure_hook(datetime, lambda text, _: datetime.fromisoformat(text))
    for enum in (Status, FailureCode, BillingType, CycleUnit):
        converter.register_structure_hook(enum, lambda text, kind: kind(text))
    for name in (
        *("CycleDuration", "BillingInfo", "Failure", "ProductInstance", "Package"),
        *("PagingMetadata", "Page"),
    ):
        cls = getattr(wixreseller, name)
        names = [field.name for field in attrs.fields(cls) if field.name not in ("extra", "meta")]
        overrides = {field: override(rename=_camel(field)) for field in names}
        left_out = {field: override(omit=True) for field in ("extra", "meta")}
        converter.register_structure_hook(cls, make_hook(cls, converter, **overrides, **left_out))
    return lambda body: converter.structure(orjson.loads(body), wixreseller.Page)


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(word.capitalize() for word in rest)


def _rounds(make: Callable[[], Decode], *, extra: bool) -> Open:
    @contextlib.contextmanager
    def open_way(_: str) -> Generator[Callable[[], int], None, None]:
        decode, body = make(), page_of(100, 3, extra=extra)

        def make_round() -> int:
            for _ in range(_PAGES_IN_A_ROUND):
                decode(body)
            return _PAGES_IN_A_ROUND

        yield make_round

    return open_way


_WORK: Final = (
    (
        "wixreseller",
        _wixreseller,
        (
            "orjson.loads, then frozen typed values: dates, open enums, unknown keys kept in "
            ".extra, optional fields of a wrong type tolerated; the keys in their order are those "
            "of pages before, as within a query"
        ),
    ),
    ("orjson.loads", _orjson, "dicts and lists; nothing is checked or typed"),
    (
        "pydantic",
        _pydantic,
        "model_validate_json: frozen models, camelCase aliases, dates, enums or text, extras kept",
    ),
    (
        "msgspec",
        _msgspec,
        (
            "json.Decoder of frozen Structs: dates; enums are text, unknown keys are dropped, "
            "and a wrong type refuses the whole page"
        ),
    ),
    ("cattrs as it comes", _cattrs, "orjson.loads, then our classes; unknown keys are dropped"),
)
_KINDS: Final = {"decoding": False, "decoding-unknown-keys": True}

WAYS: Final = [
    Way(name=f"{name}{' + keys' if extra else ''}", work=work, open=_rounds(make, extra=extra))
    for extra in _KINDS.values()
    for name, make, work in _WORK
]


def _question(name: str, *, extra: bool) -> Question:
    mark = " + keys" if extra else ""
    ways = [way for way in WAYS if way.name.endswith(" + keys") == extra]

    def measure(effort: Effort) -> Sequence[Row]:
        return in_turns(
            "benchmarks.decoding", ways, effort.url, rounds=effort.of(15, 60), scale=1e6
        )

    what = "Decode a page" + (" with unknown keys" if extra else "")
    return Question(
        name=name,
        title=what + ", 100 packages × 3 instances",
        unit="µs of CPU",
        measure=measure,
        goals=(
            Goal(
                what=f"{what}: ÷ orjson.loads",
                row=f"wixreseller{mark}",
                to=f"orjson.loads{mark}",
                at_most=3.0,
                guard=3.8 if extra else 3.0,
            ),
            Goal(
                what=f"{what}: ÷ pydantic",
                row=f"wixreseller{mark}",
                to=f"pydantic{mark}",
                at_most=0.75,
                guard=0.7 if extra else 0.6,
            ),
        ),
    )


QUESTIONS: Final = [_question(name, extra=extra) for name, extra in _KINDS.items()]
