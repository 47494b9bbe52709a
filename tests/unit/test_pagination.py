"""A pager reads what it needs, repeats rather than skips, and never loops for ever."""

from __future__ import annotations

import gc
from datetime import UTC, datetime, timedelta

import attrs
import pytest

from wixreseller import AsyncPager, Package, Page, PagingMetadata, errors


@attrs.define
class Pages:
    """Serve pages of two packages from a list; cursors are positions."""

    names: list[str]
    fetched: list[tuple[str | None, int]] = attrs.field(factory=list[tuple[str | None, int]])
    breaks_at: str | None = None
    loops: bool = False

    async def fetch(self, cursor: str | None, limit: int) -> Page:
        """Give the page at a cursor."""
        self.fetched.append((cursor, limit))
        if cursor is not None and cursor == self.breaks_at:
            raise errors.TransportError("lost", operation="query_packages")
        start = int(cursor or 0)
        end = start + limit
        more = end < len(self.names)
        following = "0" if self.loops else str(end) if more else None
        return Page(
            packages=tuple(Package(id=name) for name in self.names[start:end]),
            metadata=PagingMetadata(next_cursor=following),
        )


def pager(pages: Pages, *, max_items: int | None = None, cursor: str | None = None) -> AsyncPager:
    return AsyncPager(pages.fetch, page_size=2, max_items=max_items, cursor=cursor)


async def test_items_come_in_order_through_all_pages() -> None:
    pages = Pages(list("abcde"))

    assert list("abcde") == [package.id for package in await pager(pages).collect()]
    assert pages.fetched == [(None, 2), ("2", 2), ("4", 2)]


async def test_nothing_is_read_before_it_is_needed() -> None:
    pages = Pages(list("abcde"))
    items = aiter(pager(pages))
    assert pages.fetched == []

    await anext(items)

    assert pages.fetched == [(None, 2)]


async def test_max_items_stops_in_the_middle_of_a_page() -> None:
    pages = Pages(list("abcde"))

    assert list("abc") == [package.id for package in await pager(pages, max_items=3).collect()]
    assert pages.fetched == [(None, 2), ("2", 1)]


async def test_a_server_that_gives_more_than_asked_for_is_cut_short() -> None:
    async def generous(cursor: str | None, limit: int) -> Page:
        return Page(packages=(Package(id="a"), Package(id="b"), Package(id="c")))

    found = await AsyncPager(generous, max_items=2).collect()

    assert [package.id for package in found] == ["a", "b"]


async def test_an_empty_page_with_a_cursor_goes_on() -> None:
    answers = [
        Page(metadata=PagingMetadata(next_cursor="c")),
        Page(packages=(Package(id="a"),)),
    ]

    async def fetch(cursor: str | None, limit: int) -> Page:
        return answers.pop(0)

    assert [package.id for package in await AsyncPager(fetch).collect()] == ["a"]


async def test_a_cursor_that_comes_back_is_an_error() -> None:
    with pytest.raises(errors.PagingError) as caught:
        await pager(Pages(list("abc"), loops=True)).collect()

    assert caught.value.cursor == "0"


async def test_resuming_after_an_error_repeats_and_never_skips() -> None:
    pages = Pages(list("abcdef"), breaks_at="4")
    broken = pager(pages)
    got: list[str] = []

    async def read_all() -> None:
        async for package in broken:
            got.append(package.id)  # noqa: PERF401  # what came before the error counts

    with pytest.raises(errors.TransportError):
        await read_all()
    pages.breaks_at = None
    rest = [package.id for package in await pager(pages, cursor=broken.cursor).collect()]

    assert (list("abcd"), "4", list("ef")) == (got, broken.cursor, rest)


async def test_breaking_off_within_a_page_resumes_at_its_start() -> None:
    pages = Pages(list("abcdef"))
    broken = pager(pages)
    items = aiter(broken)
    for _ in range(3):
        await anext(items)

    rest = [package.id for package in await pager(pages, cursor=broken.cursor).collect()]

    assert list("cdef") == rest


async def test_first_reads_one_page() -> None:
    pages = Pages(list("abcdef"))

    first = await pager(pages).first()

    assert first == Package(id="a")
    assert len(pages.fetched) == 1


async def test_pages_give_whole_pages() -> None:
    sizes = [len(page) async for page in pager(Pages(list("abcde"))).pages()]

    assert sizes == [2, 2, 1]


async def test_first_asks_for_no_more_than_one_package() -> None:
    pages = Pages(list("abcdef"))

    await pager(pages).first()

    assert [(None, 1)] == pages.fetched


async def test_first_goes_past_empty_pages_and_is_none_where_there_is_nothing() -> None:
    answers = [
        Page(metadata=PagingMetadata(next_cursor="c")),
        Page(packages=(Package(id="a"),)),
        Page(),
    ]

    async def fetch(cursor: str | None, limit: int) -> Page:
        return answers.pop(0)

    assert [Package(id="a"), None] == [await AsyncPager(fetch).first() for _ in range(2)]


async def test_the_page_whose_cursor_came_before_is_given_all_the_same() -> None:
    pages = Pages(list("abc"), loops=True)
    got: list[str] = []

    async def read_all() -> None:
        async for package in pager(pages):
            got.append(package.id)  # noqa: PERF401  # what came before the error counts

    with pytest.raises(errors.PagingError):
        await read_all()

    # The second page, at "0", leads to "0" again.
    assert (["a", "b", "a", "b"], 2) == (got, len(pages.fetched))


async def test_a_cursor_that_leads_to_itself_is_an_error_where_resuming_began() -> None:
    pages = Pages(list("abc"), loops=True)

    with pytest.raises(errors.PagingError):
        await pager(pages, cursor="0").collect()

    assert [("0", 2)] == pages.fetched


def made(second: int, name: str) -> Package:
    return Package(id=name, created_date=datetime(2026, 1, 1, 0, 0, second, tzinfo=UTC))


def scan_of(*pages: list[Package], max_items: int | None = None) -> AsyncPager:
    async def fetch(cursor: str | None, limit: int) -> Page:
        at = int(cursor or 0)
        following = str(at + 1) if at + 1 < len(pages) else None
        return Page(packages=tuple(pages[at]), metadata=PagingMetadata(next_cursor=following))

    return AsyncPager(fetch, max_items=max_items, drops_repeats=True)


async def test_packages_that_come_again_are_dropped_from_a_scan() -> None:
    scan = scan_of(
        [made(1, "a"), made(2, "b"), made(2, "c")],
        [made(2, "c"), made(2, "b")],
        [made(2, "d"), made(3, "e"), made(3, "e")],
    )

    assert ["a", "b", "c", "d", "e"] == [package.id for package in await scan.collect()]
    assert [3, 0, 2] == [len(page) async for page in scan.pages()]


async def test_what_a_scan_drops_does_not_count_as_an_item() -> None:
    scan = scan_of([made(1, "a")], [made(1, "a")], [made(1, "b"), made(1, "c")], max_items=2)

    assert ["a", "b"] == [package.id for package in await scan.collect()]


async def test_a_scan_keeps_the_ids_of_the_last_moment_only() -> None:
    scan = scan_of(*([made(second, f"{second}-{n}") for n in range(3)] for second in range(50)))
    pages = scan.pages()
    async for _ in pages:
        assert pages._repeats is not None  # pyright: ignore[reportPrivateUsage]
        assert len(pages._repeats._ids) <= 3  # pyright: ignore[reportPrivateUsage]


async def test_a_million_packages_stream_in_constant_memory() -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)

    async def fetch(cursor: str | None, limit: int) -> Page:
        at = int(cursor or 0)
        moment = start + timedelta(milliseconds=at)
        packages = tuple(
            Package(id=str(number), created_date=moment) for number in range(at, at + limit)
        )
        following = str(at + limit) if at + limit < 1_000_000 else None
        return Page(packages=packages, metadata=PagingMetadata(next_cursor=following))

    gc.collect()
    before = sum(isinstance(thing, Package) for thing in gc.get_objects())
    count = 0
    live: list[int] = []
    items = aiter(AsyncPager(fetch, drops_repeats=True))
    async for _ in items:
        count += 1
        if count % 200_000 == 50:
            gc.collect()
            live.append(sum(isinstance(thing, Package) for thing in gc.get_objects()))

    # One page is held, and a digest for each page that was read.
    assert (1_000_000, 5) == (count, len(live))
    assert max(live) <= 2 * 100 + before
    seen = items._pages._seen  # pyright: ignore[reportPrivateUsage]
    assert (9_999, 8) == (len(seen), seen.itemsize)
