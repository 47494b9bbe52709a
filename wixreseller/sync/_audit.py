"""Iterate what an audit finds, blocking: the bridge to the loop is crossed once for each page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from wixreseller.bulk import auditing
from wixreseller.bulk.findings import AuditSummary, Finding
from wixreseller.sync._portal import Portal

__all__ = ["Audit"]


class Audit:
    """Iterate, once, what is found, as it is found.

    ``for finding in audit`` gives findings, :meth:`next_page` those of a whole page.
    :attr:`summary` counts at any time. What an error breaks off is not complete, and says so.
    """

    def __init__(self, portal: Portal, impl: auditing.Audit) -> None:
        self._portal = portal
        self._impl = impl
        self._items: Iterator[Finding] = iter(())

    @property
    def summary(self) -> AuditSummary:
        """What was read and found so far."""
        return self._impl.summary

    def __iter__(self) -> Audit:
        return self

    def __next__(self) -> Finding:
        while True:
            for finding in self._items:
                return finding
            page = self.next_page()
            if page is None:
                raise StopIteration
            self._items = iter(page)

    def next_page(self) -> Sequence[Finding] | None:
        """Give what the next page holds, perhaps nothing; ``None`` when everything was read."""
        if left := tuple(self._items):  # of a page that was begun one by one
            return left
        return self._portal.call(self._impl.next_page)

    def collect(self) -> list[Finding]:
        """Read everything and give the findings as a list."""
        return list(self)
