"""A blocking pager crosses to the loop once for each page, and leaves nothing behind."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import ParamSpec, TypeVar

import pytest

from wixreseller import Package, Page, Pager, PagingMetadata, errors
from wixreseller.pagination import AsyncPager
from wixreseller.sync._portal import Portal

P = ParamSpec("P")
T = TypeVar("T")

PAGES = {None: ("a", "b", "1"), "1": ("2",), "2": ("c", None)}


async def nothing() -> None:
    """Do nothing."""


class CountingPortal(Portal):
    """Count the calls that cross."""

    def __init__(self) -> None:
        super().__init__(nothing)
        self.calls = 0

    def call(self, function: Callable[P, Awaitable[T]], /, *args: P.args, **kwargs: P.kwargs) -> T:
        self.calls += 1
        return super().call(function, *args, **kwargs)


@pytest.fixture
def portal() -> CountingPortal:
    """Give a portal that counts."""
    return CountingPortal()


async def fetch(cursor: str | None, limit: int) -> Page:
    *ids, following = PAGES[cursor]
    return Page(
        packages=tuple(Package(id=str(name)) for name in ids),
        metadata=PagingMetadata(next_cursor=following),
    )


@pytest.fixture
def pager(portal: CountingPortal) -> Pager:
    """Give a pager of three pages: two packages, none, and one."""
    return Pager(portal, AsyncPager(fetch))


def test_iterating_gives_all_packages_and_crosses_once_for_each_page(
    pager: Pager, portal: CountingPortal
) -> None:
    assert ["a", "b", "c"] == [package.id for package in pager]
    # The last crossing finds the end.
    assert len(PAGES) + 1 == portal.calls


def test_pages_gives_whole_pages_empty_ones_included(pager: Pager) -> None:
    assert [2, 0, 1] == [len(page.packages) for page in pager.pages()]


def test_a_pager_can_be_iterated_again(pager: Pager) -> None:
    assert [package.id for package in pager] == [package.id for package in pager]


def test_first_and_collect_cross_once(pager: Pager, portal: CountingPortal) -> None:
    first = pager.first()

    assert first is not None
    assert "a" == first.id
    assert ["a", "b", "c"] == [package.id for package in pager.collect()]
    assert 2 == portal.calls


def test_the_cursor_is_the_start_of_the_page_that_is_not_finished(pager: Pager) -> None:
    seen: list[tuple[str | None, str | None]] = [(None, pager.cursor)]
    for package in pager:
        seen.append((package.id, pager.cursor))  # noqa: PERF401  # the cursor moves meanwhile

    assert [(None, None), ("a", None), ("b", None), ("c", "2")] == seen


def test_breaking_off_leaves_no_task_on_the_loop(pager: Pager, portal: CountingPortal) -> None:
    async def unfinished() -> set[asyncio.Task[object]]:
        others = asyncio.all_tasks() - {asyncio.current_task()}
        return (await asyncio.wait(others, timeout=10))[1] if others else set()

    for _ in pager:
        break

    assert set() == portal.call(unfinished)


def test_an_error_of_a_page_arrives_and_the_cursor_says_where_to_resume(
    portal: CountingPortal,
) -> None:
    async def fail_later(cursor: str | None, limit: int) -> Page:
        if cursor == "1":
            raise errors.ConnectFailedError("gone")
        return await fetch(cursor, limit)

    pager = Pager(portal, AsyncPager(fail_later))
    seen: list[str] = []
    with pytest.raises(errors.ConnectFailedError):
        seen.extend(package.id for package in pager)

    assert "1" == pager.cursor
    assert ["c"] == [p.id for p in Pager(portal, AsyncPager(fetch, cursor=pager.cursor))]
