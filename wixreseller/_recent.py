"""Remember the creates of this process, so that one is never taken for another.

What a look at Wix finds is told apart by account, external id, content and time alone. Two creates
of the same external id close together look the same; only who sent them knows that there were two.
"""

from __future__ import annotations

import os
import threading
import weakref
from collections import OrderedDict
from collections.abc import Iterator
from typing import Final, Literal

import attrs

__all__ = ["RecentCreates"]

_REMEMBERED_SECONDS: Final = 900.0
_MOST: Final = 20_000
_SECONDS_BETWEEN_SWEEPS: Final = 10.0

State = Literal["in flight", "done", "failed", "unknown"]


@attrs.define
class _Create:
    key: str
    began: float
    earlier: _Create | None
    """The one of the same external id before it, with another key."""
    state: State = "in flight"
    ended: float = 0.0
    package_id: str | None = None
    was_unknown: bool = False
    """Whether an attempt before this one may have made a package."""


def _name(account_id: str, external_id: str) -> str:
    """Name the creates of one external id: a GUID is the same in capital letters.

    One string, and one object for each create: what is kept by the thousand is looked through by
    the garbage collector again and again.
    """
    return f"{account_id.lower()}/{external_id}"


class RecentCreates:
    """Hold the creates of the last quarter of an hour, at most 20,000 external ids.

    Times are POSIX seconds of this machine. Shared by a client and its views, in all threads.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._latest: OrderedDict[str, _Create] = OrderedDict()
        """By name, in the order in which they were begun."""
        self._sweep_at = 0.0
        _everyone.add(self)

    def renew(self) -> None:
        """Replace the lock in the child of a fork: a thread that is gone may have held it."""
        self._lock = threading.Lock()

    def begin(self, account_id: str, external_id: str, key: str, now: float) -> None:
        """Note that a create is about to be sent; the same key again is the same create."""
        with self._lock:
            name = _name(account_id, external_id)
            latest = self._latest.pop(name, None)
            known = next((create for create in _chain(latest) if create.key == key), None)
            if latest is None or known is None:
                latest = _Create(key, now, latest)
            else:
                known.was_unknown = known.was_unknown or known.state == "unknown"
                known.state = "in flight"
            self._latest[name] = latest
            if now >= self._sweep_at or len(self._latest) > _MOST:
                self._sweep_at = now + _SECONDS_BETWEEN_SWEEPS
                self._forget(now)

    def end(
        self,
        account_id: str,
        external_id: str,
        key: str,
        now: float,
        state: State,
        package_id: str | None = None,
    ) -> None:
        """Note what came of it. Sent again and refused, what was unknown stays unknown."""
        with self._lock:
            for create in self._of(account_id, external_id):
                if create.key != key:
                    continue
                if state == "failed" and create.was_unknown:
                    create.state = "unknown"
                    continue
                create.state, create.ended, create.package_id = state, now, package_id
                create.was_unknown = state == "unknown"

    def first_sent(self, account_id: str, external_id: str, key: str) -> float | None:
        """Give when the create with this key was begun for the first time."""
        with self._lock:
            for create in self._of(account_id, external_id):
                if create.key == key:
                    return create.began
        return None

    def has_rival(self, account_id: str, external_id: str, key: str, since: float) -> bool:
        """Say whether another create may have made, since then, what a look now finds.

        One that failed for certain made nothing; one that was done made its package before it
        ended; one that is in flight or unknown may have made its own at any time.
        """
        with self._lock:
            return any(
                create.key != key
                and (
                    create.state in ("in flight", "unknown")
                    or (create.state == "done" and create.ended >= since)
                )
                for create in self._of(account_id, external_id)
            )

    def due_since(self, account_id: str, external_id: str) -> float | None:
        """Give when a create of this external id last ended that made a package, or may have.

        Neither a query nor a get may show it yet.
        """
        with self._lock:
            ends = [
                create.ended
                for create in self._of(account_id, external_id)
                if create.state in ("unknown", "done")
            ]
        return max(ends, default=None)

    def package_of(self, account_id: str, external_id: str) -> str | None:
        """Give the package that this process made last under an external id."""
        with self._lock:
            return next(
                (
                    create.package_id
                    for create in self._of(account_id, external_id)
                    if create.package_id is not None
                ),
                None,
            )

    def _of(self, account_id: str, external_id: str) -> Iterator[_Create]:
        """Give the creates of an external id, the latest first."""
        return _chain(self._latest.get(_name(account_id, external_id)))

    def _forget(self, now: float) -> None:
        while True:
            name, latest = next(iter(self._latest.items()))
            if len(self._latest) <= _MOST and any(
                create.state == "in flight" or now - create.ended <= _REMEMBERED_SECONDS
                for create in _chain(latest)
            ):
                return
            del self._latest[name]


def _chain(create: _Create | None) -> Iterator[_Create]:
    while create is not None:
        yield create
        create = create.earlier


_everyone: Final[weakref.WeakSet[RecentCreates]] = weakref.WeakSet()


def _renew_after_fork() -> None:
    for creates in list(_everyone):
        creates.renew()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_after_fork)
