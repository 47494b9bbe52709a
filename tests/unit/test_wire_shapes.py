"""Shapes that are seen often are learned; text of servers and shapes without end do no harm."""

from __future__ import annotations

import sys
import textwrap
import threading
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from types import FrameType
from typing import Any

import pytest
from wire_outcomes import TOLERANT, learning_soon, outcome

from wixreseller import Failure, Package, ProductInstance, _wire, _wire_quick, _wire_shapes
from wixreseller.models import JSONValue

GUID = "0a1b2c3d-0000-4000-8000-0123456789ab"


@pytest.fixture(autouse=True, scope="module")
def shapes_are_learned_soon() -> Generator[None, None, None]:
    with learning_soon():
        yield


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """List the sources of the readers that are written."""
    sources: list[str] = []

    def run(source: str, title: str, space: dict[str, Any]) -> dict[str, Any]:
        sources.append(source)
        return _wire_quick.run(source, title, space)

    monkeypatch.setattr(_wire_shapes, "run", run)
    return sources


def test_a_shape_is_learned_when_it_was_seen_often(
    written: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_wire_shapes, "_OFTEN", 5)
    converter = _wire.make_converter()
    known: list[int] = []
    for _ in range(8):
        converter.structure({"code": "UNKNOWN", "message": "no"}, Failure)
        known.append(len(written))

    assert [0, 0, 0, 0, 1, 1, 1, 1] == known


def test_the_reader_that_the_documentation_shows_is_the_one_that_is_written(
    written: list[str],
) -> None:
    converter = _wire.make_converter()
    for _ in range(2):
        converter.structure({"code": "UNKNOWN", "message": "no", "new": 1}, Failure)

    assert textwrap.indent(written[0], "    ") in (_wire_shapes.__doc__ or "")


def test_text_of_a_server_is_never_part_of_a_source(written: list[str]) -> None:
    key = "new = 1\nimport os  # "
    raw = {"code": "UNKNOWN", "message": "no", key: 1}
    converter = _wire.make_converter()
    values = [converter.structure(raw, Failure) for _ in range(3)]

    assert [{key: 1}] * 3 == [value.extra for value in values]
    assert [False] == [key in source or "import" in source for source in written]


def test_a_server_that_makes_up_shapes_without_end_has_few_of_them_learned(
    written: list[str],
) -> None:
    converter = _wire.make_converter()
    raws = [{"code": "UNKNOWN", f"new{number}": number} for number in range(300)]
    for raw in raws:
        for _ in range(3):
            assert outcome(TOLERANT, raw, Failure) == outcome(converter, raw, Failure)

    assert len(written) == 64


def test_a_shape_that_was_seen_hundreds_of_others_ago_is_forgotten(written: list[str]) -> None:
    converter = _wire.make_converter()
    raws = [{"code": "UNKNOWN", f"new{number}": number} for number in range(300)]
    for raw in [*raws, raws[0]]:
        converter.structure(raw, Failure)
    assert not written

    converter.structure(raws[-1], Failure)
    assert len(written) == 1


@pytest.mark.parametrize(
    "raw",
    [
        {"code": "UNKNOWN", "x" * 3000: 1},
        {"code": "UNKNOWN", **{f"new{number}": 1 for number in range(50)}},
        {"code": "UNKNOWN"},
        {},
    ],
    ids=["a long key", "many keys", "one key", "no key"],
)
def test_a_shape_that_is_not_worth_it_is_not_learned(raw: JSONValue, written: list[str]) -> None:
    converter = _wire.make_converter()
    for _ in range(4):
        assert outcome(TOLERANT, raw, Failure) == outcome(converter, raw, Failure)

    assert not written


def test_an_object_without_its_id_is_refused_however_often_it_comes(written: list[str]) -> None:
    raw = {"siteId": GUID, "status": "ENABLED"}
    converter = _wire.make_converter()
    outcomes = [outcome(converter, raw, ProductInstance) for _ in range(4)]

    assert [("instanceId", "is missing")] * 4 == outcomes
    assert not written


def test_old_names_are_read_as_new_ones_when_their_shape_is_known() -> None:
    billing: JSONValue = {"type": "RECURRING", "cycleDuration": {"unit": "YEAR", "count": 1}}
    raws: list[JSONValue] = [
        {"instanceId": GUID, "contractDetails": {}},
        {"instanceId": GUID, "contractDetails": {"billingInfo": billing}},
        {"instanceId": GUID, "contractDetails": {"billingInfo": billing, "new": 1}},
        {"instanceId": GUID, "contractDetails": {"billingInfo": billing}, "billingInfo": {}},
        {"instanceId": GUID, "paymentInfo": billing},
        {"instanceId": GUID, "billingInfo": billing},
    ]
    converter = _wire.make_converter()
    expected = [outcome(TOLERANT, raw, ProductInstance) for raw in raws]

    for _ in range(4):
        assert expected == [outcome(converter, raw, ProductInstance) for raw in raws]


@pytest.mark.parametrize(
    "old",
    [
        {"paymentInfo": {}},
        {"contractDetails": {"billingInfo": {}}},
        {"contractDetails": {"billingInfo": {}, "new": 1}},
        {"contractDetails": {"new": 1}, "billingInfo": {}},
    ],
)
def test_objects_with_old_names_have_their_shapes_learned_as_well(
    old: dict[str, Any], written: list[str]
) -> None:
    converter = _wire.make_converter()
    for _ in range(3):
        converter.structure({"instanceId": GUID, **old}, ProductInstance)

    assert ["made.billing_info = None if billing_info_ is None"] == [
        line.strip().partition(" else")[0]
        for line in "".join(written).splitlines()
        if "made.billing_info" in line
    ]


def test_a_shape_that_was_right_the_last_time_is_not_looked_up_again() -> None:
    converter = _wire.make_converter()
    called: list[str] = []

    def note(frame: FrameType, event: str, _: object) -> None:
        if event == "call":
            called.append(frame.f_code.co_name)

    for _ in range(3):
        called.clear()
        sys.setprofile(note)
        try:
            converter.structure({"code": "UNKNOWN", "message": "no"}, Failure)
        finally:
            sys.setprofile(None)

    assert "look_up" not in called
    assert called.count("read") == 2  # the hook, and the reader of the shape


def test_threads_that_learn_at_once_read_alike() -> None:
    raws: list[JSONValue] = [
        {"id": GUID, "productInstances": [{"instanceId": GUID, f"new{number % 5}": number}]}
        for number in range(200)
    ]
    expected = [outcome(TOLERANT, raw, Package) for raw in raws]
    converter = _wire.make_converter()
    start = threading.Barrier(4)

    def read() -> list[tuple[object, ...]]:
        start.wait(60)
        return [outcome(converter, raw, Package) for raw in raws]

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(4) as threads:
            outcomes = [future.result(60) for future in [threads.submit(read) for _ in range(4)]]
    finally:
        sys.setswitchinterval(interval)

    assert [expected] * 4 == outcomes
