"""However late queries show updates, and wherever a reader stops, no change is skipped."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import cast

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wixreseller import Package, Page, PagingMetadata, errors
from wixreseller._calls import Calls
from wixreseller._changes import AsyncChanges, Since
from wixreseller._clock import ServerClock

START = datetime(2026, 1, 1, tzinfo=UTC)
OVERLAP = 10
NAMES = "abcde"


@attrs.define
class World:
    """Keep packages whose updates a query shows late, on a server whose clock is not ours."""

    skew: float
    tells_time: bool
    now: int = 0
    versions: dict[str, list[tuple[int, int, Package]]] = attrs.field(
        factory=dict[str, list[tuple[int, int, Package]]]
    )
    """Of each package: updated at, visible from, how it was then."""

    def update(self, name: str, lag: int) -> None:
        """Create a package, or update it; a query shows that so many seconds later."""
        past = self.versions.setdefault(name, [])
        package = Package(
            id=name,
            external_id=str(len(past)),
            created_date=past[0][2].created_date if past else self.moment,
            updated_date=self.moment,
        )
        visible = max([self.now + lag, *(version[1] for version in past)])
        past.append((self.now, visible, package))

    @property
    def moment(self) -> datetime:
        """The server's time."""
        return START + timedelta(seconds=self.now)

    def calls(self) -> Calls:
        """Give as much of a client as a pass needs: our clock, and what we know of theirs."""
        clock = SimpleNamespace(
            posix=lambda: self.moment.timestamp() + self.skew, monotonic=lambda: float(self.now)
        )
        server = ServerClock(offset=0.3 - self.skew, uncertainty=0.5) if self.tells_time else None
        return cast(
            "Calls", SimpleNamespace(executor=SimpleNamespace(clock=clock, server_clock=server))
        )

    def page(self, horizon: datetime | None, cursor: str | None) -> Page:
        """Answer a query by ascending date of update, in pages of one."""
        shown = sorted(
            (package.updated_date or START, package.id, package)
            for past in self.versions.values()
            for package in [version[2] for version in past if version[1] <= self.now][-1:]
        )
        rows = [row for row in shown if horizon is None or row[0] >= horizon]
        if cursor is not None:
            date, _, name = cursor.rpartition("/")
            rows = [row for row in rows if row[:2] > (datetime.fromisoformat(date), name)]
        page = rows[:1]
        more = f"{page[-1][0].isoformat()}/{page[-1][1]}" if len(rows) > 1 else None
        return Page(
            packages=tuple(row[2] for row in page), metadata=PagingMetadata(next_cursor=more)
        )


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("update"), st.sampled_from(NAMES), st.integers(0, OVERLAP - 2)),
        st.tuples(st.just("wait"), st.just(""), st.integers(1, 15)),
        st.tuples(st.just("begin"), st.just(""), st.just(0)),
        st.tuples(st.just("read"), st.just(""), st.integers(1, 3)),
    ),
    max_size=60,
)


@settings(max_examples=400, deadline=None)
@given(STEPS, st.floats(-1000, 1000), st.booleans())
async def test_every_package_is_told_as_it_is_in_the_end(
    steps: list[tuple[str, str, int]], skew: float, tells_time: bool
) -> None:
    world = World(skew, tells_time)
    token: str | None = None
    given: set[Package] = set()
    created: set[str] = set()

    async def read(changes: AsyncChanges, pages: int) -> None:
        for _ in range(pages):
            page = await changes.next_page()
            if page is None:
                return
            given.update(change.package for change in page)
            created.update(change.package.id for change in page if change.kind == "created")

    changes = reading(world, token)
    for word, name, number in steps:
        if word == "update":
            world.update(name, number)
        elif word == "wait":
            world.now += number
        elif word == "read":
            await read(changes, number)
            token = changes.token
        else:
            changes = reading(world, token)  # the reader died, and has nothing but its token
    world.now += 1000
    changes = reading(world, token)
    await read(changes, 1000)

    assert {past[-1][2] for past in world.versions.values()} <= given
    assert set(world.versions) == created


async def test_an_old_package_updated_before_a_pass_is_broken_off_is_told_as_created() -> None:
    world = World(0, tells_time=True)
    for name in "bd":
        world.update(name, 0)
    world.now = OVERLAP + 1
    for name in "ac":
        world.update(name, 0)
    world.now += 1
    world.update("b", 0)  # from the front of the pass to its end
    changes = reading(world, None)
    assert ["d", "a", "c"] == [await only_id(changes) for _ in range(3)]

    rest = await reading(world, changes.token).collect()

    assert "created" == {change.package.id: change.kind for change in rest}["b"]


async def test_a_long_pass_goes_back_for_what_it_went_by_before_a_query_showed_it() -> None:
    world = World(0, tells_time=True)
    token: str | None = None

    def update(at: int, names: str, lag: int = 0) -> None:
        world.now = at
        for name in names:
            world.update(name, lag)

    update(0, "ab")
    changes = reading(world, token)
    await changes.next_page()
    update(1, "x", lag=8)
    update(2, "cz")
    assert ["b", "c"] == [await only_id(changes) for _ in range(2)]  # now it is past x
    update(14, "yz")
    assert ["y", "z"] == [await only_id(changes) for _ in range(2)]

    rest = await reading(world, changes.token).collect()

    assert "x" in {change.package.id for change in rest}


async def test_a_pass_begins_before_its_first_answer_not_with_it() -> None:
    world = World(0, tells_time=True)
    world.update("a", 0)
    since = Since.of(None, "", float(OVERLAP))

    async def fetch_slowly(cursor: str | None, limit: int) -> Page:
        page = world.page(since.horizon, cursor)
        world.now += 5
        world.update("x", 0)
        world.now += 15
        return page

    changes = AsyncChanges(world.calls(), fetch_slowly, since)
    assert ["a"] == [change.package.id for change in await changes.collect()]

    rest = await reading(world, changes.token).collect()

    assert "x" in {change.package.id for change in rest}


async def only_id(changes: AsyncChanges) -> str:
    page = await changes.next_page()
    assert page is not None
    (change,) = page
    return change.package.id


def reading(world: World, token: str | None) -> AsyncChanges:
    """Begin a pass in a world."""
    since = Since.of(token, "", float(OVERLAP))

    async def fetch(cursor: str | None, limit: int) -> Page:
        return world.page(since.horizon, cursor)

    return AsyncChanges(world.calls(), fetch, since)


async def test_without_the_servers_time_the_token_follows_what_was_shown() -> None:
    world = World(0, tells_time=False)
    world.update("a", 0)
    changes = reading(world, None)
    await changes.collect()

    assert START == Since.of(changes.token, "", 0).through


def test_a_token_is_kept_to_its_scope_in_any_spelling() -> None:
    date = datetime(2026, 1, 1, tzinfo=UTC)
    assert date == Since.of(date, "ABC", 60).horizon
    with pytest.raises(errors.ConfigurationError):
        Since.of("c1.AAAA", "abc", 60)
