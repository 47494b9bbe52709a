"""What a person is told while something is in the way of a run."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from wixreseller import errors
from wixreseller.cli.troubles import Troubles
from wixreseller.emulator.default_seed import PREMIUM_BASIC
from wixreseller.hooks import Retrying, UnknownOutcome
from wixreseller.testing import EmulatorControl

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def retrying(delay: float) -> Retrying:
    error = errors.ConnectFailedError("no connection")
    return Retrying(
        operation="create_package", account_id="a", attempts=1, delay=delay, error=error
    )


def unknown(**facts: Any) -> UnknownOutcome:
    error = errors.OutcomeUnknownError("lost", sent_at=NOW, **facts)
    return UnknownOutcome(error=error)


@pytest.mark.parametrize(
    ("event", "text"),
    [
        (retrying(0.3), "no connection; trying again"),
        (retrying(16.0), "no connection; trying again in 16 s"),
        (
            unknown(operation="create_package", external_id="sub-1", status=503),
            "HTTP 503 to create_package of sub-1; looking whether it was done",
        ),
        (
            unknown(operation="cancel_package"),
            "no answer to cancel_package; looking whether it was done",
        ),
    ],
)
def test_a_trouble_is_told_in_few_words(event: Any, text: str) -> None:
    troubles, told = Troubles(), list[str]()
    hook: Any = (
        troubles.hooks.on_retry if isinstance(event, Retrying) else troubles.hooks.on_unknown
    )

    hook(event)  # before there is a view: told to nobody
    troubles.show_in(told.append)
    hook(event)

    assert [text] == told


def test_an_order_that_wix_refuses_for_now_is_seen_to_be_in_the_way(
    run_terminal: Callable[..., Any], emulator_url: str
) -> None:
    Path("orders.csv").write_text(
        "external_id,catalog_product_id,country_code,billing_type,cycle_unit,cycle_count\n"
        f"sub-1,{PREMIUM_BASIC},BR,RECURRING,YEAR,1\n"
    )
    EmulatorControl(emulator_url).add_fault(
        "status", status=429, headers={"Retry-After": "2"}, operation="createPackageV2", times=1
    )
    ran = run_terminal("provision", "run", "orders.csv", "--rate-limit", "off", width=100)
    assert (0, True) == (ran.code, "in the way: create_package: HTTP 429" in ran.out), ran.out
