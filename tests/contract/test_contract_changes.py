"""Changes are given at least once, in order, awaited and blocking, against the emulator."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from wixreseller import AsyncClient, Change, Product, Status, errors
from wixreseller.emulator.default_seed import SITES, SUB_ACCOUNTS
from wixreseller.testing import EmulatorControl

HERE, ELSEWHERE, _ = SUB_ACCOUNTS
START = datetime(2026, 1, 1, tzinfo=UTC)
OVERLAP = 60.0


@pytest.fixture
def control(emulator_url: str) -> EmulatorControl:
    """Give the control of the emulator, whose clock stands still."""
    control = EmulatorControl(emulator_url)
    control.freeze(START)
    return control


def told(changes: list[Change]) -> list[tuple[str | None, str, int]]:
    return [(change.package.external_id, change.kind, len(change.instances)) for change in changes]


async def one_pass(client: AsyncClient, since: str | None) -> tuple[list[Change], str | None]:
    changes = client.packages.changes(since)
    found = await changes.collect()
    return found, changes.token


async def test_without_a_token_all_packages_are_told_as_created(
    client: AsyncClient, product: Product, control: EmulatorControl
) -> None:
    for name in "abc":
        await client.packages.create([product, product], external_id=name)
        control.advance(1000)

    found, _ = await one_pass(client, None)

    assert [("a", "created", 2), ("b", "created", 2), ("c", "created", 2)] == told(found)


async def test_a_pass_tells_what_came_since_the_one_before_oldest_update_first(
    client: AsyncClient, product: Product, control: EmulatorControl
) -> None:
    control.change_settings(delivery_seconds=5)
    a = await client.packages.create([product], external_id="a")
    await client.packages.create([product], external_id="b")
    control.advance(1000)
    _, token = await one_pass(client, None)

    control.advance(1000)
    await client.packages.create([product], external_id="c")
    control.advance(1000)
    await client.packages.cancel(a.id)
    found, _ = await one_pass(client, token)

    assert [("c", "created", 1), ("a", "updated", 1)] == told(found)
    assert Status.CANCELED is found[1].instances[0].status


async def test_nothing_is_told_again_while_nothing_happens(
    client: AsyncClient, product: Product, control: EmulatorControl
) -> None:
    control.change_settings(delivery_seconds=100_000)
    for name in "abc":
        await client.packages.create([product], external_id=name)
    found, token = await one_pass(client, None)
    passes = [len(found)]

    for _ in range(5):
        control.advance(10)
        found, token = await one_pass(client, token)
        passes.append(len(found))

    assert [3, 0, 0, 0, 0, 0] == passes


async def test_a_delivery_is_a_change_of_its_instance(
    client: AsyncClient, product: Product, control: EmulatorControl
) -> None:
    control.change_settings(delivery_seconds=600)
    await client.packages.create([product], external_id="a")
    control.advance(100)
    _, token = await one_pass(client, None)

    control.advance(600)
    (change,), _ = await one_pass(client, token)

    assert ("updated", [Status.ENABLED]) == (
        change.kind,
        [instance.status for instance in change.instances],
    )


async def test_only_the_instances_that_changed_are_named(
    client: AsyncClient, product: Product, control: EmulatorControl
) -> None:
    control.change_settings(delivery_seconds=5)
    package = await client.packages.create([product, product], external_id="a")
    control.advance(1000)
    _, token = await one_pass(client, None)

    moved = package.product_instances[1].instance_id
    await client.product_instances.assign_to_site(moved, site_id=SITES[HERE][0])
    (change,), token = await one_pass(client, token)
    assert [moved] == [instance.instance_id for instance in change.instances]

    control.advance(1000)
    _, token = await one_pass(client, token)
    await client.packages.update_external_id(package.id, external_id="z")
    found, _ = await one_pass(client, token)
    assert [("z", "updated", 0)] == told(found)


async def test_what_a_query_shows_late_is_told_within_the_overlap(
    client: AsyncClient, product: Product, control: EmulatorControl
) -> None:
    control.change_settings(delivery_seconds=100_000, visibility_lag_seconds=OVERLAP - 5)
    seen: list[str | None] = []
    token: str | None = None
    for number in range(12):
        if number % 2 == 0:
            await client.packages.create([product], external_id=str(number))
        control.advance(17)
        found, token = await one_pass(client, token)
        seen += [change.package.external_id for change in found]
    control.advance(100)
    found, _ = await one_pass(client, token)
    seen += [change.package.external_id for change in found]

    assert [str(number) for number in range(0, 12, 2)] == seen


async def test_more_than_a_token_knows_may_be_told_again_and_not_for_ever(
    client: AsyncClient, product: Product, control: EmulatorControl
) -> None:
    control.change_settings(delivery_seconds=100_000)
    for number in range(40):
        await client.packages.create([product], external_id=str(number))
        control.advance(0.1)
    first, token = await one_pass(client, None)
    control.advance(10)
    second, token = await one_pass(client, token)
    assert token is not None
    assert len(token) < 400
    control.advance(OVERLAP + 20)
    _, token = await one_pass(client, token)
    last, _ = await one_pass(client, token)

    assert (40, 8, 0) == (len(first), len(second), len(last))


async def test_an_error_half_way_leaves_a_token_that_skips_nothing(
    client: AsyncClient, product: Product, control: EmulatorControl
) -> None:
    control.change_settings(delivery_seconds=100_000)
    for number in range(150):
        await client.packages.create([product], external_id=str(number))
        control.advance(1)
    control.advance(1000)
    changes = client.packages.changes()
    control.add_fault("status", status=403, operation="queryPackages", nth=2, times=1)
    seen: list[str | None] = []

    async def read_all() -> None:
        async for change in changes:
            seen.append(change.package.external_id)

    with pytest.raises(errors.PermissionDeniedError):
        await read_all()
    assert 100 == len(seen)
    found, _ = await one_pass(client, changes.token)
    seen += [change.package.external_id for change in found]

    assert [str(number) for number in range(150)] == list(dict.fromkeys(seen))
    assert len(seen) < 200


async def test_the_token_moves_on_when_a_page_is_done(
    client: AsyncClient, product: Product, control: EmulatorControl
) -> None:
    for number in range(101):
        await client.packages.create([product], external_id=str(number))
    control.advance(1000)
    changes = client.packages.changes()
    tokens: list[str | None] = [changes.token]
    sizes: list[int] = []
    while (page := await changes.next_page()) is not None:
        sizes.append(len(page))
        tokens.append(changes.token)

    assert [100, 1] == sizes
    assert tokens[:2] == [None, None]
    assert tokens[2] is not None
    assert changes.token not in tokens


async def test_a_view_tells_of_its_own_account_only(
    client: AsyncClient, product: Product, control: EmulatorControl
) -> None:
    await client.packages.create([product], external_id="here")
    await client.packages.create([product], external_id="there", account_id=ELSEWHERE)
    view = client.for_account(ELSEWHERE)

    everything, family_token = await one_pass(client, None)
    own, token = await one_pass(view, None)

    assert ["here", "there"] == [change.package.external_id for change in everything]
    assert ["there"] == [change.package.external_id for change in own]
    for stranger, of_another in ((view, family_token), (client, token)):
        with pytest.raises(errors.ConfigurationError, match="another account"):
            stranger.packages.changes(of_another)
    found = await client.packages.changes(token, account_id=ELSEWHERE.upper()).collect()
    assert [] == found


async def test_changes_may_begin_at_a_date(
    client: AsyncClient, product: Product, control: EmulatorControl
) -> None:
    for name in "abc":
        await client.packages.create([product], external_id=name)
        control.advance(1000)
    control.change_settings(delivery_seconds=100_000)

    found = await client.packages.changes(START + timedelta(seconds=2000)).collect()

    assert [("c", "created", 1)] == told(found)


async def test_a_token_works_in_another_client(
    client: AsyncClient, product: Product, control: EmulatorControl, emulator_url: str
) -> None:
    await client.packages.create([product], external_id="a")
    _, token = await one_pass(client, None)
    await client.packages.create([product], external_id="b")

    async with AsyncClient(
        api_key="EMU.demo", account_id=HERE, base_url=emulator_url, rate_limit=None
    ) as other:
        found, _ = await one_pass(other, token)

    assert ["b"] == [change.package.external_id for change in found]


@pytest.mark.parametrize(
    "since", ["", "c2.AAAA", "c1.", "c1.!!!", "c1.AAAAAAAA", "cursor", 3, b"c1."]
)
async def test_what_is_no_token_is_refused(client: AsyncClient, since: object) -> None:
    with pytest.raises(errors.ConfigurationError) as caught:
        client.packages.changes(since)  # type: ignore[arg-type]  # that is the point

    assert "since" == caught.value.field


async def test_a_token_that_was_cut_short_is_refused(client: AsyncClient, product: Product) -> None:
    await client.packages.create([product])
    _, token = await one_pass(client, None)
    assert token is not None

    for length in range(len(token)):
        with pytest.raises(errors.ConfigurationError):
            client.packages.changes(token[:length])


async def test_a_naive_date_and_a_negative_overlap_are_refused(client: AsyncClient) -> None:
    with pytest.raises(errors.ConfigurationError, match="time zone"):
        client.packages.changes(datetime(2026, 1, 1))  # noqa: DTZ001
    with pytest.raises(errors.ConfigurationError, match="overlap"):
        client.packages.changes(overlap=-1)
