"""`ensure` leaves one package, and says whether it made it; what it cannot know it does not say."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import attrs
import pytest
from safety_client import ACCOUNT, World, world
from safety_time import in_jumping_time

from wixreseller import AsyncClient, BillingInfo, Ensured, OutcomeUnknownError, Product
from wixreseller.emulator.default_seed import SUB_ACCOUNTS, UNLUCKY_ADDON
from wixreseller.errors import ExternalIdConflictError, FailedPreconditionError
from wixreseller.hooks import AttemptStarting, Hooks

NAME = "sub-1"


async def _creates(here: World) -> int:
    """Count the creates on the wire, done or not."""
    return sum(entry.operation == "createPackageV2" for entry in await here.writes())


@in_jumping_time
async def test_what_is_not_there_is_created(product: Product) -> None:
    async with world() as here, here.client() as client:
        ensured = await client.packages.ensure([product], external_id=NAME)

        assert ("created", [ensured.package]) == (ensured.outcome, await here.packages())


@in_jumping_time
async def test_what_is_there_is_given_and_nothing_is_sent(product: Product) -> None:
    async with world() as here, here.client() as client:
        made = await here.create(product, external_id=NAME)

        ensured = await client.packages.ensure([product], external_id=NAME)

        assert Ensured(package=made, outcome="existing") == ensured
        assert 0 == await _creates(here)


@in_jumping_time
async def test_what_was_created_a_moment_ago_is_known_though_no_query_shows_it(
    product: Product,
) -> None:
    async with (
        world(
            visibility_lag_seconds=60.0, consistency_token="ignored", idempotency_mode="ignore"
        ) as here,
        here.client() as client,
    ):
        first = await client.packages.ensure([product], external_id=NAME)
        second = await client.packages.ensure([product], external_id=NAME)

        assert ("created", "existing") == (first.outcome, second.outcome)
        assert [first.package, second.package] == await here.packages() * 2


@pytest.mark.parametrize("key_mode", ["conflict", "ignore"])
@in_jumping_time
async def test_what_was_created_a_moment_ago_is_waited_for_where_even_a_get_lags(
    product: Product, key_mode: str
) -> None:
    async with (
        world(
            visibility_lag_seconds=9.0,
            visibility_lags_get=True,
            consistency_token="ignored",
            idempotency_mode=key_mode,
        ) as here,
        here.client() as client,
    ):
        first = await client.packages.ensure([product], external_id=NAME)
        second = await client.packages.ensure([product], external_id=NAME)

        assert ("created", "existing") == (first.outcome, second.outcome)
        assert first.package.id == second.package.id
        assert 1 == await _creates(here)


@in_jumping_time
async def test_several_are_a_conflict(product: Product) -> None:
    async with world() as here, here.client() as client:
        both = [await here.create(product, external_id=NAME) for _ in range(2)]

        with pytest.raises(ExternalIdConflictError) as caught:
            await client.packages.ensure([product], external_id=NAME)

        assert {package.id for package in both} == {match.id for match in caught.value.matches}
        assert caught.value.differences[0].startswith("there are 2: ")
        assert 0 == await _creates(here)


@in_jumping_time
async def test_one_that_differs_is_a_conflict_which_says_how(product: Product) -> None:
    async with world() as here, here.client() as client:
        made = await here.create(attrs.evolve(product, country_code="DE"), external_id=NAME)

        with pytest.raises(ExternalIdConflictError) as caught:
            await client.packages.ensure([product], external_id=NAME)

        assert (made,) == caught.value.matches
        assert ("products[0].country_code is DE, asked for BR",) == caught.value.differences
        assert 0 == await _creates(here)


Kill = Callable[[World, AsyncClient, Product], Awaitable[Product]]


async def _canceled(here: World, client: AsyncClient, product: Product) -> Product:
    made = await here.create(product, external_id=NAME)
    await client.packages.cancel(made.id)
    return product


async def _failed(here: World, client: AsyncClient, product: Product) -> Product:
    unlucky = Product(
        catalog_product_id=UNLUCKY_ADDON, country_code="BR", billing_info=BillingInfo.one_time()
    )
    await here.create(unlucky, external_id=NAME)
    await here.sleep(60.0)
    return unlucky


@pytest.mark.parametrize("kill", [_canceled, _failed])
@in_jumping_time
async def test_one_that_is_canceled_or_failed_is_a_conflict(product: Product, kill: Kill) -> None:
    async with world() as here, here.client() as client:
        ordered = await kill(here, client, product)

        with pytest.raises(ExternalIdConflictError) as caught:
            await client.packages.ensure([ordered], external_id=NAME)

        assert ("all its instances are canceled or failed",) == caught.value.differences
        assert 0 == await _creates(here)


@in_jumping_time
async def test_that_of_another_account_does_not_count(product: Product) -> None:
    async with world() as here, here.client() as client:
        await here.create(product, external_id=NAME, account_id=SUB_ACCOUNTS[1])

        ensured = await client.packages.ensure([product], external_id=NAME)

        assert ("created", ACCOUNT) == (ensured.outcome, ensured.package.account_id)


# --- at once ------------------------------------------------------------------------------------


@in_jumping_time
async def test_concurrent_calls_share_one_create(product: Product) -> None:
    async with world(idempotency_mode="ignore") as here, here.client() as client:
        view, shouted = client.for_account(ACCOUNT), client.for_account(ACCOUNT.upper())

        ensured = await asyncio.gather(
            *(
                maker.packages.ensure([product], external_id=NAME)
                for maker in (client, view, client, shouted)
            )
        )

        assert ["created", *["existing"] * 3] == [each.outcome for each in ensured]
        assert 1 == await _creates(here)


@in_jumping_time
async def test_concurrent_calls_share_an_unknown_outcome(product: Product) -> None:
    async with world() as here, here.client() as client:
        await here.fault("drop_before_commit", operation="createPackageV2")

        errors = await asyncio.gather(
            *(client.packages.ensure([product], external_id=NAME) for _ in range(3)),
            return_exceptions=True,
        )

        assert [OutcomeUnknownError] * 3 == [type(error) for error in errors]
        assert 3 == len({id(error) for error in errors})
        assert 1 == await _creates(here)


@in_jumping_time
async def test_when_the_first_fails_for_certain_the_next_tries_for_itself(
    product: Product,
) -> None:
    async with world() as here, here.client() as client:
        await here.fault(
            "status", operation="createPackageV2", status=428, code="PRODUCT_LIMIT_EXCEEDED"
        )

        refused, ensured = await asyncio.gather(
            *(client.packages.ensure([product], external_id=NAME) for _ in range(2)),
            return_exceptions=True,
        )

        assert isinstance(refused, FailedPreconditionError)
        assert isinstance(ensured, Ensured)
        assert ("created", 2) == (ensured.outcome, await _creates(here))


@in_jumping_time
async def test_of_two_orders_under_one_external_id_one_is_made_and_the_other_a_conflict(
    product: Product,
) -> None:
    other = attrs.evolve(product, country_code="DE")
    async with world() as here, here.client() as client:
        ensured, conflict = await asyncio.gather(
            client.packages.ensure([product], external_id=NAME),
            client.packages.ensure([other], external_id=NAME),
            return_exceptions=True,
        )

        assert isinstance(ensured, Ensured)
        assert isinstance(conflict, ExternalIdConflictError)
        assert 1 == await _creates(here)


@pytest.mark.parametrize("turns", range(0, 60, 4))
@in_jumping_time
async def test_a_cancelled_leader_leaves_its_followers_one_package(
    product: Product, turns: int
) -> None:
    async with world(idempotency_mode="ignore") as here, here.client() as client:
        leader, *followers = [
            asyncio.create_task(client.packages.ensure([product], external_id=NAME))
            for _ in range(3)
        ]
        for _ in range(turns):
            await asyncio.sleep(0)
        leader.cancel()
        landed = await asyncio.gather(leader, *followers, return_exceptions=True)

        (made,) = await here.packages()
        assert [made.id] * 2 == [
            each.package.id for each in landed[1:] if isinstance(each, Ensured)
        ]
        assert 1 == await here.committed("createPackageV2")


# --- again --------------------------------------------------------------------------------------


@pytest.mark.parametrize("key_mode", ["replay", "conflict", "ignore"])
@pytest.mark.parametrize("lag", [0.0, 4.0, 9.0])
@pytest.mark.parametrize("kind", ["drop_after_commit", "drop_before_commit"])
@in_jumping_time
async def test_ensured_again_after_an_unknown_outcome_there_is_one_package(
    product: Product, key_mode: str, lag: float, kind: str
) -> None:
    async with (
        world(
            idempotency_mode=key_mode, visibility_lag_seconds=lag, consistency_token="ignored"
        ) as here,
        here.client(if_unknown="raise") as client,
    ):
        if kind == "drop_after_commit":
            await here.fault("drop_after_commit", operation="createPackageV2")
        else:
            await here.fault("drop_before_commit", operation="createPackageV2")
        with pytest.raises(OutcomeUnknownError) as caught:
            await client.packages.ensure([product], external_id=NAME)

        ensured = await client.packages.ensure([product], external_id=NAME)

        (made,) = await here.packages()
        assert made.id == ensured.package.id
        assert 1 == await here.committed("createPackageV2")
        if kind == "drop_before_commit":
            keys = {entry.idempotency_key for entry in await here.writes()} - {None}
            assert {caught.value.idempotency_key} == keys


@in_jumping_time
async def test_ensured_again_by_another_process_a_server_that_replays_has_one_package(
    product: Product,
) -> None:
    async with world(visibility_lag_seconds=60.0, consistency_token="ignored") as here:
        await here.fault("drop_after_commit", operation="createPackageV2")
        async with here.client() as first:
            with pytest.raises(OutcomeUnknownError):
                await first.packages.ensure([product], external_id=NAME)

        async with here.client() as second:
            await second.packages.ensure([product], external_id=NAME)

        assert 1 == len(await here.packages())


@in_jumping_time
async def test_ensured_again_by_another_process_a_server_that_refuses_known_keys_shows_it(
    product: Product,
) -> None:
    async with world(
        visibility_lag_seconds=25.0, consistency_token="ignored", idempotency_mode="conflict"
    ) as here:
        await here.fault("drop_after_commit", operation="createPackageV2")
        async with here.client() as first:
            with pytest.raises(OutcomeUnknownError):
                await first.packages.ensure([product], external_id=NAME)
        await here.sleep(8.0)

        async with here.client() as second:
            ensured = await second.packages.ensure([product], external_id=NAME)

        (made,) = await here.packages()
        assert ("existing", made.id) == (ensured.outcome, ensured.package.id)


# --- sold before --------------------------------------------------------------------------------


@pytest.mark.parametrize("seconds", [-3600.0, -6.0, 6.0, 3600.0])
@in_jumping_time
async def test_what_was_just_created_is_so_though_the_clock_was_set_while_it_waited(
    product: Product, seconds: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with world() as here:
        posix = here.loop.posix

        async def set_clock(event: AttemptStarting) -> None:
            if event.operation == "create_package":
                monkeypatch.setattr(here.loop, "posix", lambda: posix() + seconds)

        async with here.client(hooks=Hooks(before_attempt=set_clock)) as client:
            ensured = await client.packages.ensure([product], external_id=NAME)

        assert "created" == ensured.outcome


@pytest.mark.parametrize("seconds", [0.0, 600.0], ids=["at once", "later"])
@pytest.mark.parametrize("is_canceled", [False, True], ids=["alive", "canceled"])
@in_jumping_time
async def test_an_order_whose_package_was_renamed_is_not_said_to_be_created_again(
    product: Product, is_canceled: bool, seconds: float
) -> None:
    """A server that replays keys answers as it did when the package was made."""
    async with world() as here, here.client() as client:
        first = await client.packages.ensure([product], external_id=NAME)
        if is_canceled:
            await client.packages.cancel(first.package.id)
        await client.packages.update_external_id(first.package.id, external_id="old")
        await here.sleep(seconds)

        with pytest.raises(ExternalIdConflictError, match=r"sold before.*'old' by now") as caught:
            await client.packages.ensure([product], external_id=NAME)
        own = await client.packages.ensure([product], external_id=NAME, idempotency_key="again")

        assert [first.package.id] == [package.id for package in caught.value.matches]
        assert ("external_id is old, asked for sub-1",) == tuple(caught.value.differences)
        assert "created" == own.outcome
        assert {"old", NAME} == {package.external_id for package in await here.packages()}


@in_jumping_time
async def test_another_process_is_told_of_the_rename_as_well(product: Product) -> None:
    async with world() as here, here.client() as first, here.client() as second:
        made = await first.packages.ensure([product], external_id=NAME)
        await first.packages.update_external_id(made.package.id, external_id="old")
        await here.sleep(60.0)

        with pytest.raises(ExternalIdConflictError, match="sold before"):
            await second.packages.ensure([product], external_id=NAME)


@in_jumping_time
async def test_one_of_before_that_no_query_shows_is_existing_and_not_created(
    product: Product,
) -> None:
    async with (
        world(visibility_lag_seconds=60.0, consistency_token="ignored") as here,
        here.client() as first,
        here.client() as second,
        here.client() as third,
    ):
        made = await first.packages.ensure([product], external_id=NAME)
        await here.sleep(15.0)
        again = await second.packages.ensure([product], external_id=NAME)
        await here.sleep(600.0)
        await here.change(visibility_lag_seconds=0.0)

        assert ("existing", made.package.id) == (again.outcome, again.package.id)
        assert "existing" == (await third.packages.ensure([product], external_id=NAME)).outcome
        assert 1 == await here.committed("createPackageV2")


@in_jumping_time
async def test_of_an_order_of_before_that_cannot_be_read_nothing_is_guessed(
    product: Product,
) -> None:
    async with world() as here, here.client() as first, here.client() as second:
        made = await first.packages.ensure([product], external_id=NAME)
        await first.packages.update_external_id(made.package.id, external_id="old")
        await here.sleep(60.0)
        await here.fault("status", status=503, operation="getPackage", times=9)

        with pytest.raises(OutcomeUnknownError, match="sold before") as caught:
            await second.packages.ensure([product], external_id=NAME)

        assert made.package.meta is not None
        assert made.package.meta.idempotency_key == caught.value.idempotency_key


@in_jumping_time
async def test_the_package_of_another_order_with_the_same_key_is_not_said_to_be_this_ones(
    product: Product,
) -> None:
    async with world(idempotency_mismatch="replay") as here, here.client() as client:
        other = await client.packages.ensure([product], external_id="a", idempotency_key="k")

        with pytest.raises(ExternalIdConflictError, match="key 'k' used for another") as caught:
            await client.packages.ensure([product], external_id=NAME, idempotency_key="k")

        assert [other.package.id] == [package.id for package in caught.value.matches]
        assert ["a"] == [package.external_id for package in await here.packages()]
