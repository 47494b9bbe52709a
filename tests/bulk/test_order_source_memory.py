"""Order files are read in constant memory, however many rows, problems or repeats they have."""

from __future__ import annotations

import io
import tracemalloc
from pathlib import Path

import pytest
from order_files import BLOCK, HEADER, row, source, write

from wixreseller.bulk import order_names
from wixreseller.bulk.order_source import OrderSource


@pytest.mark.parametrize("suffix", ["csv", "ndjson"])
def test_memory_does_not_grow_with_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    monkeypatch.setattr(order_names, "_BATCH", 500)
    few = peak(write(tmp_path / f"few.{suffix}", 2_000), 2_000)
    many = peak(write(tmp_path / f"many.{suffix}", 20_000), 20_000)
    # What is left is the block of bytes that a reading holds, of which the small file fills less.
    assert many - few < 2 * BLOCK


def test_memory_does_not_grow_with_the_problems_of_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(order_names, "_BATCH", 500)
    few, many = (f"{HEADER}{row(' a') * count}".encode() for count in (4_000, 20_000))
    assert peak_of_problems(many, 20_000) - peak_of_problems(few, 4_000) < 2 * BLOCK


def test_memory_does_not_grow_with_the_rows_of_one_package(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    few, many = (f"{HEADER}{row('a') * count}".encode() for count in (4_000, 20_000))
    assert peak_of_problems(many, 1) - peak_of_problems(few, 1) < 2 * BLOCK


def peak(path: Path, expected: int) -> int:
    """Give the most memory that checking and reading a file took, in bytes."""
    tracemalloc.start()
    try:
        with source(path) as orders:
            assert expected == orders.check().orders
            assert expected == sum(1 for _ in orders)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def peak_of_problems(data: bytes, expected: int) -> int:
    stdin = io.BytesIO(data)
    tracemalloc.start()
    try:
        with OrderSource("-", stdin=stdin) as orders:
            assert expected == orders.check().problem_count
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
