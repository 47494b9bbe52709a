"""Read queries page by page, blocking: the bridge to the loop is crossed once for each page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NoReturn

from wixreseller.models import Package, Page
from wixreseller.pagination import AsyncPageIterator, AsyncPager, refuse_pickling
from wixreseller.sync._portal import Portal

__all__ = ["ItemIterator", "PageIterator", "Pager"]


class Pager:
    """Iterate the packages of a query; pages are read when they are needed.

    ``for package in pager`` gives packages, :meth:`pages` whole pages. Nothing is sent before the
    first is asked for. After an error, and in another process, :attr:`cursor` says where to
    resume: pass it to ``query(cursor=…)``, or ``scan(cursor=…)``. To go back a page, do the same
    with ``page.metadata.prev_cursor``, which the first page has none of. However many packages
    there are, one page of them is held, and eight bytes for each page that was read.
    """

    def __init__(self, portal: Portal, impl: AsyncPager) -> None:
        self._portal = portal
        self._impl = impl

    @property
    def cursor(self) -> str | None:
        """Where to resume: the start of the page that is not finished.

        Resuming there may repeat packages, and never skips one. ``None`` means the beginning.
        It follows the iteration that was begun last.
        """
        return self._impl.cursor

    def __iter__(self) -> ItemIterator:
        return ItemIterator(self.pages())

    def pages(self) -> PageIterator:
        """Iterate whole pages, empty ones included."""
        return PageIterator(self._portal, self._impl.pages())

    def first(self) -> Package | None:
        """Give the first package, or ``None`` if there is none; no more than that is asked for."""
        return self._portal.call(self._impl.first)

    def collect(self) -> list[Package]:
        """Read all pages and give their packages as a list."""
        return self._portal.call(self._impl.collect)

    def __reduce__(self) -> NoReturn:
        self._impl.__reduce__()


class PageIterator:
    """Read one page after the other. Nothing is open between two: breaking off leaves nothing."""

    def __init__(self, portal: Portal, impl: AsyncPageIterator) -> None:
        self._portal = portal
        self._impl = impl

    @property
    def cursor(self) -> str | None:
        """Where the page begins that is being read, or was given last and may be unfinished."""
        return self._impl.cursor

    def __iter__(self) -> PageIterator:
        return self

    def __next__(self) -> Page:
        """Read the next page.

        Raises:
            PagingError: a cursor came back a second time; going on would loop for ever. All pages
                up to there were given.
        """
        try:
            return self._portal.call(self._impl.__anext__)
        except StopAsyncIteration:
            raise StopIteration from None

    def __reduce__(self) -> NoReturn:
        self._impl.__reduce__()


class ItemIterator:
    """Give the packages of the pages, one by one."""

    def __init__(self, pages: PageIterator) -> None:
        self._pages = pages
        self._items: Iterator[Package] = iter(())

    def __iter__(self) -> ItemIterator:
        return self

    def __next__(self) -> Package:
        while True:
            for package in self._items:
                return package
            self._items = iter(next(self._pages).packages)

    def __reduce__(self) -> NoReturn:
        refuse_pickling("an iterator of packages", "the .cursor of its pager")
