"""Iterate changes, blocking: the bridge to the loop is crossed once for each page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NoReturn

from wixreseller._changes import AsyncChanges, Change
from wixreseller.sync._portal import Portal

__all__ = ["Changes"]


class Changes:
    """Iterate, once, what has changed since a token; it ends when it has caught up.

    ``for change in changes`` gives changes, :meth:`next_page` those of a whole page. Store
    :attr:`token` when you have dealt with them, and begin the next pass with it.
    """

    def __init__(self, portal: Portal, impl: AsyncChanges) -> None:
        self._portal = portal
        self._impl = impl
        self._items: Iterator[Change] = iter(())

    @property
    def token(self) -> str | None:
        """Where to go on: the start of the page that is not finished, at the end that of the next.

        Beginning there may repeat changes, and never skips one. ``None`` means the beginning. It
        is a string of less than 400 characters, for this account only, and good in any process.
        """
        return self._impl.token

    def __iter__(self) -> Changes:
        return self

    def __next__(self) -> Change:
        while True:
            for change in self._items:
                return change
            page = self.next_page()
            if page is None:
                raise StopIteration
            self._items = iter(page)

    def next_page(self) -> Sequence[Change] | None:
        """Give the changes of the next page, perhaps none; ``None`` when it has caught up.

        To ask for the next page is to be done with the one before: :attr:`token` moves on.
        """
        if left := tuple(self._items):  # of a page that was begun one by one
            return left
        return self._portal.call(self._impl.next_page)

    def collect(self) -> list[Change]:
        """Read all changes and give them as a list."""
        return list(self)

    def __reduce__(self) -> NoReturn:
        self._impl.__reduce__()
