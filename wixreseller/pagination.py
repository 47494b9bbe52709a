"""Read queries page by page."""

from __future__ import annotations

import hashlib
from array import array
from bisect import bisect_left
from collections.abc import Awaitable, Callable, Iterable, Iterator
from datetime import datetime
from typing import NoReturn

import attrs

from wixreseller.errors import PagingError
from wixreseller.models import Package, Page, checks

__all__ = [
    "AsyncItemIterator",
    "AsyncPageIterator",
    "AsyncPager",
    "FetchPage",
    "refuse_pickling",
]

FetchPage = Callable[[str | None, int], Awaitable[Page]]
"""Read the page at a cursor (``None``: the first), of at most so many packages."""


def refuse_pickling(what: str, place: str) -> NoReturn:
    """Refuse to pickle or copy what holds a client, and say what can be taken along."""
    raise TypeError(
        f"{what} is not pickled or copied, for it holds its client; take {place} along instead, "
        f"and go on there with a client made in the other process. What pickles of a client are "
        f"its settings: wixreseller.config.ClientConfig, which leaves the key out"
    )


class AsyncPager:
    """Iterate the packages of a query; pages are read when they are needed.

    ``async for package in pager`` gives packages, :meth:`pages` whole pages. Nothing is sent
    before the first is asked for. After an error, and in another process, :attr:`cursor` says
    where to resume: pass it to ``query(cursor=…)``, or ``scan(cursor=…)``. To go back a page, do
    the same with ``page.metadata.prev_cursor``, which the first page has none of. However many
    packages there are, one page of them is held, and eight bytes for each page that was read.
    """

    def __init__(
        self,
        fetch: FetchPage,
        *,
        page_size: int = checks.MAX_PAGE_SIZE,
        max_items: int | None = None,
        cursor: str | None = None,
        drops_repeats: bool = False,
    ) -> None:
        self._fetch = fetch
        self._drops_repeats = drops_repeats
        self._page_size = checks.page_size(page_size)
        self._max_items = checks.max_items(max_items)
        self._start = cursor
        self._latest: AsyncPageIterator | None = None

    @property
    def cursor(self) -> str | None:
        """Where to resume: the start of the page that is not finished.

        Resuming there may repeat packages, and never skips one. ``None`` means the beginning.
        It follows the iteration that was begun last.
        """
        return self._start if self._latest is None else self._latest.cursor

    def __aiter__(self) -> AsyncItemIterator:
        return AsyncItemIterator(self.pages())

    def pages(self) -> AsyncPageIterator:
        """Iterate whole pages, empty ones included."""
        return self._begin(self._max_items)

    async def first(self) -> Package | None:
        """Give the first package, or ``None`` if there is none; no more than that is asked for."""
        async for page in self._begin(1):
            if page.packages:
                return page.packages[0]
        return None

    async def collect(self) -> list[Package]:
        """Read all pages and give their packages as a list."""
        return [package async for package in self]

    def __reduce__(self) -> NoReturn:
        refuse_pickling("a pager", "its .cursor")

    def _begin(self, max_items: int | None) -> AsyncPageIterator:
        self._latest = AsyncPageIterator(
            self._fetch,
            page_size=self._page_size,
            max_items=max_items,
            cursor=self._start,
            repeats=_Repeats() if self._drops_repeats else None,
        )
        return self._latest


class AsyncPageIterator:
    """Read one page after the other. Plain state, no generator: breaking off leaves nothing."""

    def __init__(
        self,
        fetch: FetchPage,
        *,
        page_size: int,
        max_items: int | None,
        cursor: str | None,
        repeats: _Repeats | None = None,
    ) -> None:
        self._fetch = fetch
        self._page_size = page_size
        self._left = max_items
        self._next = cursor
        self._repeats = repeats
        self._seen = array("Q")  # sorted; a set would take ten times the memory
        self._looped: PagingError | None = None
        self._is_over = False
        if cursor is not None:
            self._remember(cursor, None)
        self.cursor = cursor
        """Where the page begins that is being read, or was given last and may be unfinished."""

    def __aiter__(self) -> AsyncPageIterator:
        return self

    async def __anext__(self) -> Page:
        """Read the next page.

        Raises:
            PagingError: a cursor came back a second time; going on would loop for ever. All pages
                up to there were given.
        """
        if self._is_over:
            raise StopAsyncIteration
        if self._looped is not None:
            raise self._looped
        # To ask for the next page is to be done with the one before.
        self.cursor = self._next
        size = self._page_size if self._left is None else min(self._page_size, self._left)
        page = await self._fetch(self.cursor, size)
        if self._repeats is not None:
            page = attrs.evolve(page, packages=self._repeats.dropped_from(page.packages))
        if self._left is not None:
            page = attrs.evolve(page, packages=page.packages[: self._left])
            self._left -= len(page)
        self._next = page.metadata.next_cursor
        self._is_over = self._next is None or self._left == 0
        if self._next is not None:
            self._remember(self._next, page)
        return page

    def __reduce__(self) -> NoReturn:
        refuse_pickling("an iterator of pages", "its .cursor")

    def _remember(self, cursor: str, page: Page | None) -> None:
        # Digests, so that a million pages do not keep a million long cursors.
        digest = int.from_bytes(hashlib.blake2b(cursor.encode(), digest_size=8).digest(), "big")
        place = bisect_left(self._seen, digest)
        if place < len(self._seen) and self._seen[place] == digest:
            meta = page.meta if page is not None else None
            # Kept until the next page is asked for: this one is good.
            self._looped = PagingError(
                "query_packages: the server gave a cursor that it had given before; going on "
                "would loop for ever",
                cursor=cursor,
                operation="query_packages",
                request_id=meta.request_id if meta else None,
                attempts=meta.attempts if meta else 0,
            )
        else:
            self._seen.insert(place, digest)


class _Repeats:
    """Drop the packages that came before, from pages in ascending order of ``createdDate``.

    In that order only packages of the same moment can come again, so only the ids of the last
    moment are kept.
    """

    def __init__(self) -> None:
        self._moment: datetime | None = None
        self._ids: set[str] = set()

    def dropped_from(self, packages: Iterable[Package]) -> tuple[Package, ...]:
        """Give the packages that are new."""
        return tuple(package for package in packages if self._is_new(package))

    def _is_new(self, package: Package) -> bool:
        if package.created_date != self._moment:
            self._moment = package.created_date
            self._ids = set()
        is_new = package.id not in self._ids
        self._ids.add(package.id)
        return is_new


class AsyncItemIterator:
    """Give the packages of the pages, one by one."""

    def __init__(self, pages: AsyncPageIterator) -> None:
        self._pages = pages
        self._items: Iterator[Package] = iter(())

    def __aiter__(self) -> AsyncItemIterator:
        return self

    async def __anext__(self) -> Package:
        while True:
            for package in self._items:
                return package
            self._items = iter((await self._pages.__anext__()).packages)

    def __reduce__(self) -> NoReturn:
        refuse_pickling("an iterator of packages", "the .cursor of its pager")
