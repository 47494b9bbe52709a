"""Measure what a pager costs beside the network: pages come from memory.

``nox -s bench -- -k pager``; the packages are made before, so only the loop is measured.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from wixreseller import AsyncPager, Package, Page, Pager, PagingMetadata
from wixreseller.pagination import FetchPage
from wixreseller.sync._portal import Portal

PAGES = 1_000
PACKAGES = tuple(Package(id=str(number)) for number in range(100))


async def fetch(cursor: str | None, limit: int) -> Page:  # noqa: ARG001  # pages are of a size
    """Give a page from memory."""
    at = int(cursor or 0) + 1
    following = str(at) if at < PAGES else None
    return Page(packages=PACKAGES, metadata=PagingMetadata(next_cursor=following))


async def nothing() -> None:
    """Close nothing."""


def awaited(read: FetchPage) -> int:
    """Count the packages with the async face."""

    async def count() -> int:
        return sum([1 async for _ in AsyncPager(read)])

    return asyncio.run(count())


def blocking(read: FetchPage) -> int:
    """Count the packages with the blocking face."""
    return sum(1 for _ in Pager(Portal(nothing), AsyncPager(read)))


@pytest.mark.benchmark(group="a pager over 100,000 packages in 1,000 pages")
@pytest.mark.parametrize("count", [awaited, blocking])
def test_pager(benchmark: BenchmarkFixture, count: Callable[[FetchPage], int]) -> None:
    """Read all packages of all pages."""
    assert benchmark(count, fetch) == PAGES * len(PACKAGES)
