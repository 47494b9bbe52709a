"""Remember the creates of this process, so that one is never taken for another.

What a look at Wix finds is told apart by account, external id, content and time alone. Two creates
of the same external id close together look the same; only who sent them knows that there were two.
"""

from __future__ import annotations

import os
import threading
import weakref
from collections import deque
from typing import Final, Literal

import attrs

__all__ = ["Create", "RecentCreates"]

_REMEMBERED_SECONDS: Final = 900.0
_MOST: Final = 10_000
"""Thrice what Wix's limit of 200 a minute lets out while one is remembered."""
_MOST_AFTER_SWEEP: Final = 9_500
"""To forget many at once takes a third of the time for each."""
_SECONDS_BETWEEN_SWEEPS: Final = 10.0

State = Literal["in flight", "done", "failed", "unknown"]


@attrs.define(eq=False)
class Create:
    """Hold what is known of one create; once it is begun, only the lock's holder may look."""

    name: str
    key: str
    began: float
    state: State = "in flight"
    ended: float = 0.0
    due: float | None = None
    """When it last ended such that it made a package, or may have."""
    package_id: str | None = None
    """What it made; it stays made if the create is sent again."""
    was_unknown: bool = False
    """Whether an attempt before this one may have made a package."""

    @property
    def is_open(self) -> bool:
        """Whether it may make a package yet, or may have made one."""
        return self.state in ("in flight", "unknown")

    def begun_again(self) -> Create:
        was_unknown = self.was_unknown or self.state == "unknown"
        return attrs.evolve(self, state="in flight", was_unknown=was_unknown)

    def end(self, now: float, state: State, package_id: str | None) -> None:
        if state == "failed" and self.was_unknown:
            self.state = "unknown"
            return
        self.state, self.ended = state, now
        self.was_unknown = state == "unknown"
        if state != "failed":
            self.due = now
            self.package_id = package_id or self.package_id


class _Creates:
    """Hold the creates of one external id; no question takes longer, the more there are."""

    def __init__(self, first: Create) -> None:
        self.by_key: dict[str, Create] = {}
        self._open: set[str] = set()
        self._done: dict[str, Create] = {}
        """By key, in the order in which they were done."""
        self.due: float | None = None
        self.note(first)

    @property
    def package_id(self) -> str | None:
        """The package that was made last."""
        return next((create.package_id for create in reversed(self._done.values())), None)

    def note(self, create: Create) -> None:
        """Take a create in, or take note of its new state."""
        key = create.key
        self.by_key[key] = create
        if create.is_open:
            self._open.add(key)
        else:
            self._open.discard(key)
        if create.due is not None:
            self.due = max(create.due, self.due or create.due)
        if create.package_id is not None:
            if create.state == "done":
                self._done.pop(key, None)
            self._done[key] = create

    def has_rival(self, key: str, since: float) -> bool:
        """Say whether one with another key is open, or was done since."""
        if len(self._open) > (key in self._open):
            return True
        last = (done for done in reversed(self._done.values()) if done.key != key)
        return next((done.due is not None and done.due >= since for done in last), False)

    def forget(self, key: str) -> None:
        """Forget one."""
        del self.by_key[key]
        self._open.discard(key)
        self._done.pop(key, None)


def _name(account_id: str, external_id: str) -> str:
    """Name the creates of one external id: a GUID is the same in capital letters.

    One string, and one object for each create: what is kept by the thousand is looked through by
    the garbage collector again and again.
    """
    return f"{account_id.lower()}/{external_id}"


class RecentCreates:
    """Hold the creates of the last quarter of an hour, at most 10,000.

    Times are POSIX seconds of this machine. Shared by a client and its views, in all threads.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._named: dict[str, Create | _Creates] = {}
        """By name; most external ids have one create, which stands for itself."""
        self._order: deque[Create] = deque()
        """As they were begun. One that was begun again is there again."""
        self._sweep_at = 0.0
        _everyone.add(self)

    def renew(self) -> None:
        """Replace the lock in the child of a fork: a thread that is gone may have held it."""
        self._lock = threading.Lock()

    def begin(self, account_id: str, external_id: str, key: str, now: float) -> Create:
        """Note that a create is about to be sent; the same key again is the same create.

        :meth:`end` takes what this gives.
        """
        with self._lock:
            name = _name(account_id, external_id)
            create = Create(name, key, now)
            if self._named.setdefault(name, create) is not create:  # not the first
                known = self._find(name, key)
                create = create if known is None else known.begun_again()
                self._put(create)
            self._order.append(create)
            if now >= self._sweep_at or len(self._order) > _MOST:
                self._sweep_at = now + _SECONDS_BETWEEN_SWEEPS
                self._sweep(now)
            return create

    def end(self, begun: Create, now: float, state: State, package_id: str | None = None) -> None:
        """Note what came of it. Sent again and refused, what was unknown stays unknown."""
        with self._lock:
            named = self._named.get(begun.name)
            if isinstance(named, Create):
                if named.key == begun.key:  # itself, or what it became when it was begun again
                    named.end(now, state, package_id)
            elif named is not None and (create := named.by_key.get(begun.key)) is not None:
                # Not before the one that ended last, though the clock was set back.
                create.end(max(now, named.due or now), state, package_id)
                named.note(create)

    def first_sent(self, account_id: str, external_id: str, key: str) -> float | None:
        """Give when the create with this key was begun for the first time."""
        with self._lock:
            create = self._find(_name(account_id, external_id), key)
            return None if create is None else create.began

    def has_rival(self, account_id: str, external_id: str, key: str, since: float) -> bool:
        """Say whether another create may have made, since then, what a look now finds.

        One that failed for certain made nothing; one that was done made its package before it
        ended; one that is in flight or unknown may have made its own at any time.
        """
        with self._lock:
            creates = self._all(account_id, external_id)
            return creates is not None and creates.has_rival(key, since)

    def due_since(self, account_id: str, external_id: str) -> float | None:
        """Give when a create of this external id last ended that made a package, or may have.

        Neither a query nor a get may show it yet.
        """
        with self._lock:
            creates = self._all(account_id, external_id)
            return None if creates is None else creates.due

    def package_of(self, account_id: str, external_id: str) -> str | None:
        """Give the package that this process made last under an external id."""
        with self._lock:
            creates = self._all(account_id, external_id)
            return None if creates is None else creates.package_id

    def _find(self, name: str, key: str) -> Create | None:
        named = self._named.get(name)
        if isinstance(named, _Creates):
            return named.by_key.get(key)
        return named if named is not None and named.key == key else None

    def _all(self, account_id: str, external_id: str) -> _Creates | None:
        named = self._named.get(_name(account_id, external_id))
        return _Creates(named) if isinstance(named, Create) else named

    def _put(self, create: Create) -> None:
        """Hold a create, new or with a new state."""
        named = self._named.get(create.name)
        if isinstance(named, Create) and named.key != create.key:
            self._named[create.name] = named = _Creates(named)
        if isinstance(named, _Creates):
            named.note(create)
        else:
            self._named[create.name] = create

    def _sweep(self, now: float) -> None:
        """Forget what is too old or too much, the oldest first."""
        most = _MOST_AFTER_SWEEP if len(self._order) > _MOST else _MOST
        while len(self._order) > most or self._is_past(self._order[0], now):
            create = self._order.popleft()
            named = self._named.get(create.name)
            if named is create:  # nearly always; where not, it may have been begun again
                del self._named[create.name]
            elif isinstance(named, _Creates) and named.by_key.get(create.key) is create:
                named.forget(create.key)
                if not named.by_key:
                    del self._named[create.name]

    def _is_past(self, create: Create, now: float) -> bool:
        if self._find(create.name, create.key) is not create:
            return True
        return create.state != "in flight" and now - create.ended > _REMEMBERED_SECONDS


_everyone: Final[weakref.WeakSet[RecentCreates]] = weakref.WeakSet()


def _renew_after_fork() -> None:
    for creates in list(_everyone):
        creates.renew()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_after_fork)
