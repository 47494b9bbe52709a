"""Views with other options keep their contract, awaited and blocking, against the emulator."""

from __future__ import annotations

import threading

import pytest

from wixreseller import (
    NO_TIMEOUT,
    AsyncClient,
    Client,
    Hooks,
    Product,
    RateLimit,
    RetryPolicy,
    errors,
)
from wixreseller.emulator.default_seed import PARENT_ACCOUNT, SUB_ACCOUNTS
from wixreseller.hooks import AttemptStarting
from wixreseller.testing import EmulatorControl

HERE, ELSEWHERE, _ = SUB_ACCOUNTS
LIMIT = RateLimit(1, per=60.0, max_wait=0.0)


@pytest.fixture
def control(emulator_url: str) -> EmulatorControl:
    return EmulatorControl(emulator_url)


async def test_a_view_with_an_account_is_that_of_for_account(
    client: AsyncClient, product: Product
) -> None:
    there = client.with_options(account_id=ELSEWHERE)

    made = await there.packages.create([product], external_id="sub-1")
    await client.packages.create([product], external_id="sub-2")

    assert ELSEWHERE == made.account_id
    assert [made] == await there.packages.query().collect()
    assert [made] == await client.for_account(ELSEWHERE).packages.query().collect()
    assert 2 == len(await client.packages.query().collect())


@pytest.mark.parametrize("face", [AsyncClient, Client])
def test_the_account_of_a_client_is_told_and_stays(face: type[AsyncClient | Client]) -> None:
    client = face(api_key="EMU.demo", account_id=HERE, base_url="http://127.0.0.1:9")

    with pytest.raises(AttributeError):
        setattr(client, "account_id", ELSEWHERE)  # noqa: B010  # type checkers refuse it as well

    assert (HERE, ELSEWHERE) == (client.account_id, client.for_account(ELSEWHERE).account_id)


async def test_a_view_of_a_view_keeps_what_it_is_not_given(
    client: AsyncClient, product: Product
) -> None:
    await client.packages.create([product], external_id="sub-1", account_id=PARENT_ACCOUNT)

    view = client.for_account(ELSEWHERE).with_options(rate_limit=LIMIT).with_options(timeout=20.0)

    assert [] == await view.packages.query().collect()
    with pytest.raises(errors.PacingError):
        await view.packages.find("sub-1")


async def test_a_view_without_options_is_as_its_client(
    client: AsyncClient, product: Product
) -> None:
    await client.packages.create([product], external_id="sub-1", account_id=ELSEWHERE)

    assert 1 == len(await client.with_options().packages.query().collect())


async def test_time_limits_of_a_view_are_its_own(
    client: AsyncClient, control: EmulatorControl
) -> None:
    control.add_fault("delay", seconds=0.5, operation="queryPackages", times=3)
    once = RetryPolicy(max_attempts=1)

    with pytest.raises(errors.RequestTimeoutError):
        await client.with_options(timeout=0.05, retry=once).packages.find("sub-1")
    with pytest.raises(errors.RequestTimeoutError, match="deadline"):
        await client.with_options(deadline=0.05).packages.find("sub-1")
    impatient = client.with_options(timeout=0.05, deadline=0.05)

    assert (
        await impatient.with_options(timeout=30.0, deadline=NO_TIMEOUT).packages.find("x") is None
    )


async def test_retries_of_a_view_are_its_own(client: AsyncClient, control: EmulatorControl) -> None:
    control.add_fault("status", status=503, operation="queryPackages")
    view = client.with_options(retry=RetryPolicy(max_attempts=1))

    with pytest.raises(errors.ServerError) as caught:
        await view.packages.find("sub-1")

    assert 1 == caught.value.attempts


async def test_what_follows_a_lost_answer_is_a_views_own(
    client: AsyncClient, control: EmulatorControl, product: Product
) -> None:
    control.add_fault("drop_after_commit", operation="createPackageV2", times=2)

    with pytest.raises(errors.OutcomeUnknownError):
        await client.with_options(if_unknown="raise").packages.create([product], external_id="a")

    assert "b" == (await client.packages.create([product], external_id="b")).external_id


async def test_a_view_has_the_rate_limit_that_it_is_given_and_leaves_that_of_its_client(
    client: AsyncClient,
) -> None:
    view = client.with_options(rate_limit=LIMIT)

    await view.packages.find("sub-1")
    with pytest.raises(errors.PacingError):
        await view.packages.find("sub-1")
    with pytest.raises(errors.PacingError):
        await client.with_options(rate_limit=LIMIT).packages.find("sub-1")  # the same count

    assert await client.packages.find("sub-1") is None
    assert await view.with_options(rate_limit=None).packages.find("sub-1") is None


async def test_hooks_of_a_view_hear_of_its_calls_only(client: AsyncClient) -> None:
    heard: list[str] = []
    lock = threading.Lock()

    def note(event: AttemptStarting) -> None:
        with lock:
            heard.append(event.account_id)

    view = client.with_options(hooks=Hooks(before_attempt=note), account_id=ELSEWHERE)
    await view.packages.find("sub-1")
    await client.packages.find("sub-1")
    await view.with_options(hooks=Hooks()).packages.find("sub-1")
    await view.with_options(timeout=20.0).packages.find("sub-1")

    assert [ELSEWHERE, ELSEWHERE] == heard


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("account_id", "somewhere"),
        ("account_id", None),
        ("timeout", None),
        ("timeout", -1.0),
        ("deadline", 0),
        ("retry", 3),
        ("rate_limit", 200),
        ("if_unknown", "guess"),
        ("hooks", print),
    ],
)
async def test_an_option_that_cannot_work_is_refused_by_name(
    client: AsyncClient, name: str, value: object
) -> None:
    options: dict[str, object] = {name: value}

    with pytest.raises(errors.ConfigurationError) as caught:
        await _made(client, options)

    assert name == caught.value.field


async def _made(client: AsyncClient, options: dict[str, object]) -> None:
    view = client.with_options(**options)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await view.packages.find("sub-1")
