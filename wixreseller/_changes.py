"""Tell what has changed since a token: the webhook that Wix does not have.

One pass reads the packages whose ``updatedDate`` is past the token, in ascending order. What makes
it safe to rely on is the moment that a token stands for, ``through``: whatever was updated before
it, less the overlap, has been given. That holds because a query may show an update late, by the
overlap at the most, so a pass can only have missed what was updated less than an overlap before
the pass began. Hence the token never goes past the beginning of its own pass, by the server's
clock, however late the dates are that the pass met.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections import deque
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, Literal, NoReturn

import attrs

from wixreseller import _wire
from wixreseller._calls import Calls
from wixreseller.errors import ConfigurationError
from wixreseller.models import Package, ProductInstance, checks
from wixreseller.pagination import AsyncPageIterator, FetchPage, refuse_pickling

__all__ = ["AsyncChanges", "Change", "Since"]

_VERSION: Final = "c1."
_BEGINNING: Final = -(2**63)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)
_DIGEST: Final = 8
_CHECK: Final = 4
# Of so many packages, the last, a token knows that they were given; it stays below 400 characters.
_KNOWN: Final = 32


@attrs.frozen(kw_only=True)
class Change:
    """Say that a package was created or updated since the token.

    ``kind`` is ``"created"`` if the package is younger than the last pass that was finished, less
    the overlap; a package may be told as created twice, and none is told as updated only.
    ``instances`` are those that were created or updated since the token, perhaps none: the external
    id changed, say. What they were before is not known: a token holds no copies. Compare with what
    you have stored.
    """

    package: Package
    kind: Literal["created", "updated"]
    instances: tuple[ProductInstance, ...]


@attrs.frozen
class Since:
    """Hold where a pass begins: what its token said, and whose packages it reads."""

    scope: str
    """The account that the pass is kept to; empty for the whole family."""
    overlap: timedelta
    through: datetime | None = None
    new_from: datetime | None = None
    """Packages from this moment on were not told as created yet; ``None``: none of them all was."""
    known: frozenset[bytes] = frozenset()
    token: str | None = None
    """What was given, to be given back as long as no page was finished."""

    @classmethod
    def of(cls, since: object, scope: str, overlap: object) -> Since:
        """Read where to begin: from a token, a date, or ``None`` for the beginning.

        Raises:
            ConfigurationError: it is none of these, or a token of another account.
        """
        seconds = 0.0 if overlap == 0 else checks.seconds(overlap, "overlap")
        try:
            scope, length = scope.lower(), timedelta(seconds=seconds)
        except OverflowError:
            raise ConfigurationError(
                f"overlap is out of range: {seconds:g} s", field="overlap"
            ) from None
        if since is None:
            return cls(scope, length)
        if isinstance(since, datetime):
            if not checks.has_time_zone(since):
                raise _wrong("must say its time zone: use datetime.now(UTC)")
            # A date says from where on itself: nothing before it is asked for.
            try:
                return cls(scope, length, since + length, since)
            except OverflowError:
                raise _wrong(f"is out of range: {since}") from None
        if not isinstance(since, str):
            raise _wrong(f"must be a token, an aware datetime or None, not {checks.shorten(since)}")
        through, new_from, known = _read_token(since, scope)
        return cls(scope, length, through, new_from, known, since)

    @property
    def horizon(self) -> datetime | None:
        """The first moment whose updates are read; ``None`` for all."""
        return None if self.through is None else self.through - self.overlap


def _wrong(what: str) -> ConfigurationError:
    return ConfigurationError(f"since {what}", field="since")


# --- tokens -------------------------------------------------------------------------------------


def _write_token(
    through: datetime, new_from: datetime | None, known: Sequence[bytes], scope: str
) -> str:
    moments = [
        _BEGINNING if moment is None else (moment - _EPOCH) // _MILLISECOND
        for moment in (through, new_from)
    ]
    times = b"".join(moment.to_bytes(8, signed=True) for moment in moments)
    body = _hash(scope.encode(), _CHECK) + times + b"".join(known)
    whole = _hash(body, _CHECK) + body
    return _VERSION + base64.urlsafe_b64encode(whole).decode().rstrip("=")


def _read_token(token: str, scope: str) -> tuple[datetime, datetime | None, frozenset[bytes]]:
    """Read a token: how far, new from when, and digests of what was given of late."""
    if not token.startswith(_VERSION):
        raise _wrong(f"is no token that this version can read: {checks.shorten(token)}")
    text = token.removeprefix(_VERSION)
    try:
        whole = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        whole = b""
    check, body = whole[:_CHECK], whole[_CHECK:]
    rest = body[_CHECK + 16 :]
    if len(body) < _CHECK + 16 or check != _hash(body, _CHECK) or len(rest) % _DIGEST:
        raise _wrong(f"is a damaged token: {checks.shorten(token)}")
    if body[:_CHECK] != _hash(scope.encode(), _CHECK):
        raise _wrong("is a token of another account: it does not tell what was read of this one")
    known = frozenset(rest[at : at + _DIGEST] for at in range(0, len(rest), _DIGEST))
    through, new_from = (
        int.from_bytes(body[at : at + 8], signed=True) for at in (_CHECK, _CHECK + 8)
    )
    return (
        _EPOCH + through * _MILLISECOND,
        None if new_from == _BEGINNING else _EPOCH + new_from * _MILLISECOND,
        known,
    )


def _hash(content: bytes, size: int) -> bytes:
    return hashlib.blake2b(content, digest_size=size).digest()


def _digest(package: Package) -> bytes:
    """Tell a package from every other, and from itself at another time."""
    return _hash(_wire.dumps(_wire.encode(package), sort_keys=True), _DIGEST)


# --- a pass -------------------------------------------------------------------------------------


class AsyncChanges:
    """Iterate, once, what has changed since a token; it ends when it has caught up.

    ``async for change in changes`` gives changes, :meth:`next_page` those of a whole page. Store
    :attr:`token` when you have dealt with them, and begin the next pass with it.
    """

    def __init__(self, calls: Calls, fetch: FetchPage, since: Since) -> None:
        self._calls = calls
        self._pages = AsyncPageIterator(
            fetch, page_size=checks.MAX_PAGE_SIZE, max_items=None, cursor=None
        )
        self._since = since
        self._horizon = since.horizon
        self._through = since.through
        self._token = since.token
        self._began: datetime | None = None
        self._unfinished: Sequence[Package] | None = None
        self._latest: datetime | None = None
        self._given: deque[Package] = deque(maxlen=_KNOWN)
        self._items: Iterator[Change] = iter(())

    @property
    def token(self) -> str | None:
        """Where to go on: the start of the page that is not finished, at the end that of the next.

        Beginning there may repeat changes, and never skips one. ``None`` means the beginning. It
        is a string of less than 400 characters, for this account only, and good in any process.
        """
        return self._token

    def __aiter__(self) -> AsyncChanges:
        return self

    async def __anext__(self) -> Change:
        while True:
            for change in self._items:
                return change
            page = await self.next_page()
            if page is None:
                raise StopAsyncIteration
            self._items = iter(page)

    async def next_page(self) -> Sequence[Change] | None:
        """Give the changes of the next page, perhaps none; ``None`` when it has caught up.

        To ask for the next page is to be done with the one before: :attr:`token` moves on.
        """
        if left := tuple(self._items):  # of a page that was begun one by one
            return left
        if self._unfinished is not None:
            self._finish(self._unfinished)
            self._unfinished = None
        before = self._calls.executor.clock.monotonic()
        try:
            page = await anext(self._pages)
        except StopAsyncIteration:
            self._catch_up()
            return None
        if self._began is None:
            self._began = self._beginning(before, page.packages)
        self._unfinished = page.packages
        known = self._since.known
        return tuple(
            self._change(package)
            for package in page.packages
            if not known or _digest(package) not in known
        )

    async def collect(self) -> list[Change]:
        """Read all changes and give them as a list."""
        return [change async for change in self]

    def __reduce__(self) -> NoReturn:
        refuse_pickling("a pass over changes", "its .token")

    def _beginning(self, before: float, packages: Sequence[Package]) -> datetime | None:
        """Give a moment, by the server's clock, at which this pass had not begun yet."""
        server, clock = self._calls.executor.server_clock, self._calls.executor.clock
        if server is not None:
            # Counted back from now: our clock may have been set since, the offset is fresh.
            ago = clock.monotonic() - before + server.uncertainty
            return _EPOCH + timedelta(seconds=clock.posix() + server.offset - ago)
        # Whatever it showed had happened by then. No clock is needed, but time stands still
        # while nothing happens.
        return _latest(packages, None)

    def _change(self, package: Package) -> Change:
        is_new = _is_since(package.created_date, self._since.new_from)
        return Change(
            package=package,
            kind="created" if is_new else "updated",
            instances=tuple(
                instance
                for instance in package.product_instances
                if _is_since(instance.updated_date or instance.created_date, self._horizon)
            ),
        )

    def _finish(self, packages: Sequence[Package]) -> None:
        self._given.extend(packages)
        self._latest = _latest(packages, self._latest)
        if self._latest is not None and self._began is not None:
            # What is left of this pass is new from where it was at the start: a package of long
            # ago that is updated meanwhile comes at the end, and has not been told yet.
            self._move_to(min(self._latest, self._began), self._since.new_from)

    def _catch_up(self) -> None:
        if self._began is not None:
            self._move_to(self._began, self._began - self._since.overlap)

    def _move_to(self, moment: datetime, new_from: datetime | None) -> None:
        self._through = moment if self._through is None else max(moment, self._through)
        horizon = self._through - self._since.overlap
        known = [
            _digest(package)
            for package in self._given
            if package.updated_date is not None and package.updated_date >= horizon
        ]
        self._token = _write_token(self._through, new_from, known, self._since.scope)


def _is_since(moment: datetime | None, start: datetime | None) -> bool:
    return start is None or moment is None or moment >= start


def _latest(packages: Sequence[Package], otherwise: datetime | None) -> datetime | None:
    dates = [package.updated_date for package in packages if package.updated_date is not None]
    return max(dates, default=otherwise)
