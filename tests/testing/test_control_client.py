"""The typed client of the control plane, blocking and async, against a running emulator."""

from __future__ import annotations

import contextlib
import inspect
import socket
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from wixreseller import Client, Product, errors
from wixreseller.emulator import Emulator
from wixreseller.emulator import default_seed as world
from wixreseller.testing import (
    AsyncEmulatorControl,
    EmulatorControl,
    EmulatorControlError,
    EmulatorThread,
)

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
PRODUCT = Product(catalog_product_id=world.PREMIUM_BUSINESS, country_code="BR")


@pytest.fixture
def emulator() -> Iterator[EmulatorThread]:
    with EmulatorThread(Emulator(rate_limit="off")) as running:
        yield running


@pytest.fixture
def control(emulator: EmulatorThread) -> EmulatorControl:
    return EmulatorControl(emulator.url)


@pytest.fixture
def client(emulator: EmulatorThread) -> Iterator[Client]:
    account = world.SUB_ACCOUNTS[0]
    with Client(api_key=world.API_KEY, account_id=account, base_url=emulator.url) as made:
        yield made


def external_ids(client: Client) -> list[str | None]:
    return [package.external_id for package in client.packages.query()]


def test_reset_forgets_packages_faults_settings_and_the_journal(
    control: EmulatorControl, client: Client
) -> None:
    client.packages.create([PRODUCT], external_id="a")
    control.change_settings(delivery_seconds=5)
    control.add_fault("empty_500")
    control.reset()

    assert [] == control.requests()
    assert [] == control.faults()
    assert 2 == control.settings()["delivery_seconds"].value
    assert [] == external_ids(client)


def test_a_seed_replaces_the_world(control: EmulatorControl, client: Client) -> None:
    document: Any = world.default_seed() | {"apiKeys": []}
    control.seed(document)

    with pytest.raises(errors.AuthenticationError):
        client.packages.get(world.PARENT_ACCOUNT)


def test_a_state_that_was_kept_can_be_brought_back_by_value_or_name(
    control: EmulatorControl, client: Client
) -> None:
    client.packages.create([PRODUCT], external_id="kept")
    kept = control.snapshot()
    named = control.snapshot("with two")
    client.packages.create([PRODUCT], external_id="lost")
    control.restore(kept)

    assert ["kept"] == external_ids(client)
    assert [kept, named] == control.snapshots()
    control.restore("with two")
    assert ["kept"] == external_ids(client)


def test_the_clock_stands_goes_forward_and_runs(control: EmulatorControl) -> None:
    frozen = control.freeze(NOON)
    later = control.advance(90)
    running = control.resume()

    assert (NOON, True) == (frozen.now, frozen.is_frozen)
    assert NOON + timedelta(seconds=90) == later.now
    assert not running.is_frozen
    assert control.clock().now >= later.now
    assert control.freeze().is_frozen


def test_a_time_without_a_zone_is_refused_here(control: EmulatorControl) -> None:
    with pytest.raises(ValueError, match="has no time zone"):
        control.freeze(NOON.replace(tzinfo=None))


def test_settings_come_with_what_is_allowed_and_on_what_they_are_based(
    control: EmulatorControl,
) -> None:
    before = control.settings()["paging_key"]
    after = control.change_settings(paging_key="pagingMetadata", rate_limit="5/1")

    assert ("metadata", "metadata") == (before.value, before.default)
    assert ("metadata | pagingMetadata", "documented") == (before.allowed, before.source)
    assert "pagingMetadata" == after["paging_key"].value
    assert "5/1" == after["rate_limit"].value


def test_a_fault_counts_what_it_met_and_what_it_spoilt(
    control: EmulatorControl, client: Client
) -> None:
    fault = control.add_fault("status", operation="getPackage", nth=2, status=404, code="GONE")
    package = client.packages.create([PRODUCT])
    client.packages.get(package.id)
    with pytest.raises(errors.NotFoundError) as caught:
        client.packages.get(package.id)
    after = control.fault(fault)

    assert "GONE" == caught.value.code
    assert (0, 0, False) == (fault.matches, fault.hits, fault.is_spent)
    assert (2, 1, True) == (after.matches, after.hits, after.is_spent)
    assert ("status", "getPackage", 2, 1) == (after.kind, after.operation, after.nth, after.times)
    assert 404 == after.rule["status"]


def test_faults_are_taken_away_one_by_one_or_all_at_once(control: EmulatorControl) -> None:
    first, *rest = [control.add_fault("reset", times=None) for _ in range(3)]
    control.remove_fault(first)

    assert rest == control.faults()
    assert 2 == control.clear_faults()
    with pytest.raises(EmulatorControlError, match="there is no fault"):
        control.fault(first)
    with pytest.raises(EmulatorControlError, match="there is no fault"):
        control.remove_fault(first)


def test_every_option_of_a_fault_arrives(control: EmulatorControl) -> None:
    violation = {"field": "externalId", "description": "is odd"}
    options: Any = {
        "operation": "createPackageV2",
        "account": world.SUB_ACCOUNTS[0],
        "external_id": "a",
        "nth": 3,
        "times": None,
        "when": "after_commit",
        "status": 400,
        "field_violations": [violation],
        "headers": {"Retry-After": "1"},
    }
    rule = control.add_fault("status", **options).rule
    renamed = {"external_id": "externalId", "field_violations": "fieldViolations"}

    expected = {renamed.get(name, name): value for name, value in options.items()}
    assert expected | {"fault": "status"} == rule


def test_the_journal_tells_what_was_asked(control: EmulatorControl, client: Client) -> None:
    control.add_fault("drop_after_commit", operation="cancelPackage")
    package = client.packages.create([PRODUCT], external_id="a", idempotency_key="k")
    with contextlib.suppress(errors.OutcomeUnknownError):
        client.packages.cancel(package.id)
    client.packages.get(package.id)
    create, cancel, *_, look = control.requests()

    assert ("createPackageV2", 200, "a", "k") == (
        *(create.operation, create.status),
        *(create.external_id, create.idempotency_key),
    )
    assert (True, False, None) == (create.is_committed, create.is_replayed, create.fault)
    assert isinstance(create.request_body, dict)
    assert "k" == create.request_body["idempotencyKey"]
    assert "[redacted]" == create.request_headers["Authorization"]
    assert (None, True, "drop_after_commit") == (cancel.status, cancel.is_committed, cancel.fault)
    assert "getPackage" == look.operation
    assert [look] == control.requests(since=look.number - 1)
    assert [create] == control.requests(limit=1)
    assert [cancel] == control.requests(operation="cancelPackage")
    assert [] == control.requests(account=world.SUB_ACCOUNTS[1])
    assert look.number == control.clear_requests()


def test_events_come_in_their_order(control: EmulatorControl, client: Client) -> None:
    package = client.packages.create([PRODUCT])
    client.packages.cancel(package.id)
    created, canceled, *_ = control.events()

    assert ("created", package.id) == (created.slug, created.entity_id)
    assert created.sequence < canceled.sequence
    assert "createdEvent" in created.body
    assert [created] == control.events(slug="created")
    assert [canceled] == control.events(since=created.sequence, limit=1)


def test_fidelity_tells_on_what_a_behaviour_rests(control: EmulatorControl) -> None:
    behaviours = control.fidelity()
    switched = {behaviour.setting for behaviour in behaviours}

    assert {"documented", "observed", "guessed"} >= {behaviour.basis for behaviour in behaviours}
    assert {"delivery_seconds", None} <= switched


def test_what_the_emulator_refuses_is_an_error_with_its_words(control: EmulatorControl) -> None:
    with pytest.raises(EmulatorControlError, match=r"there is no setting 'surprise'") as caught:
        control.change_settings(surprise=1)

    assert 400 == caught.value.status
    assert isinstance(caught.value.body, dict)


def test_no_emulator_at_the_address_is_said_so() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
        with pytest.raises(EmulatorControlError, match=f"no emulator answers at {url}") as caught:
            EmulatorControl(url).reset()

    assert caught.value.status is None


async def test_the_async_client_does_the_same_beside_an_emulator_on_its_own_loop() -> None:
    async with Emulator() as emulator:
        control = AsyncEmulatorControl(emulator.url)
        await control.freeze(NOON)
        fault = await control.add_fault("empty_500", times=2)

        assert NOON == (await control.clock()).now
        assert [fault] == await control.faults()
        assert [] == await control.requests()


def test_both_clients_have_the_same_methods() -> None:
    def methods(of: type) -> dict[str, inspect.Signature]:
        functions = inspect.getmembers(of, inspect.isfunction)
        return {name: inspect.signature(f) for name, f in functions if not name.startswith("_")}

    assert methods(EmulatorControl) == methods(AsyncEmulatorControl)


def test_values_fit_on_a_line(control: EmulatorControl, client: Client) -> None:
    client.packages.find("a")

    assert f"EmulatorControl({control.url!r})" == repr(control)
    for value in (control.clock(), control.add_fault("reset"), *control.requests()):
        assert "\n" not in repr(value)


def test_names_are_loaded_when_they_are_used() -> None:
    import wixreseller.testing as package

    assert set(package.__all__) <= {name for name in package.__all__ if hasattr(package, name)}
    assert "wixreseller.testing" in sys.modules
    with pytest.raises(AttributeError, match="no attribute 'Surprise'"):
        _ = package.Surprise
