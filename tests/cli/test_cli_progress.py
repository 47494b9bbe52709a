"""What a person sees while orders run, and in the demonstration."""

from __future__ import annotations

import io
import os
import re
import subprocess
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from rich.console import Console

from wixreseller.bulk.results import Failed, Ok
from wixreseller.cli import demo
from wixreseller.cli.demo_orders import demo_seed
from wixreseller.cli.progress import describe_duration, view_for
from wixreseller.emulator.default_seed import PREMIUM_BASIC

WATCHDOG_SECONDS = 60.0
CREATED = Ok(external_id="a", account_id="b", outcome="created", package_id="c")

Run = Callable[..., Any]


class Ticking:
    """Tell a time that only the test moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_without_a_terminal_there_is_a_line_at_the_start_and_then_every_half_minute() -> None:
    clock, out = Ticking(), io.StringIO()
    with view_for(Console(file=out, width=80), 400, clock, 200 / 60) as view:
        for _ in range(100):
            clock.now += 0.7
            view.add(CREATED)
    assert [
        "provisioning 400 orders",
        "43 of 400 orders: 43 created; 1.4 orders/s, 4 min left",
        "86 of 400 orders: 86 created; 1.4 orders/s, 4 min left",
    ] == [line.rstrip() for line in out.getvalue().splitlines()]


def test_a_line_comes_also_while_nothing_ends_and_says_what_is_in_the_way() -> None:
    clock, out = Ticking(), io.StringIO()
    with view_for(Console(file=out, width=80), 400, clock, 200 / 60) as view:
        view.trouble("query_packages: no connection; trying again")
        for _ in range(61):
            clock.now += 1.0
            view.tick()
    line = (
        "0 of 400 orders: nothing yet; starting; "
        "in the way: query_packages: no connection; trying again"
    )
    assert ["provisioning 400 orders", line, line] == out.getvalue().splitlines()


def test_what_is_in_the_way_is_said_beside_the_last_error_until_an_order_gets_through() -> None:
    clock, out = Ticking(), io.StringIO()
    failure = Failed(external_id="a", account_id="b", code="CODE", message="no")
    with view_for(Console(file=out, width=80), 400, clock, None) as view:
        view.trouble("no connection")
        for outcome in (failure, CREATED):
            clock.now += 31.0
            view.add(outcome)
    _, during, after = out.getvalue().splitlines()
    assert during.endswith("; in the way: no connection; last error: a: CODE: no")
    assert after.endswith(" left; last error: a: CODE: no")


def test_what_was_done_before_makes_a_resumed_run_no_faster() -> None:
    clock, out = Ticking(), io.StringIO()
    with view_for(Console(file=out, width=80), 400, clock, None, known=200) as view:
        for _ in range(200):
            view.add(CREATED)
        for _ in range(40):
            clock.now += 1.0
            view.add(CREATED)
    assert [
        "provisioning 400 orders, 200 of them done before",
        "230 of 400 orders: 230 created; 1.0 orders/s, 3 min left",
    ] == out.getvalue().splitlines()


@pytest.mark.parametrize("width", [80, 140])
def test_the_last_error_fits_on_a_line_of_the_bar(width: int) -> None:
    clock, out = Ticking(), io.StringIO()
    console = Console(file=out, width=width, force_terminal=True, color_system=None)
    failure = Failed(external_id="a", account_id="b", code="CODE", message="m" * 200)
    with view_for(console, 2, clock, None) as view:
        view.add(failure)
        view.say("shown above")
    lines = re.split(r"\x1b\[[?0-9;]*[A-Za-z]|[\r\n]+", out.getvalue())
    (shown, *_) = [line for line in lines if line.startswith("last error: a: CODE: mmm")]
    assert (width - 4, "…") == (len(shown), shown[-1])


@pytest.mark.parametrize("width", [80, 140])
def test_on_a_terminal_there_is_a_bar_that_fits(width: int) -> None:
    clock, out = Ticking(), io.StringIO()
    console = Console(file=out, width=width, force_terminal=True, color_system=None)
    with view_for(console, 2, clock, None, indent=3) as view:
        clock.now = 1.0
        view.add(CREATED)
        view.add(CREATED)
    # Without the codes that move the cursor, the last picture is what stays.
    lines = re.sub(r"\x1b\[[?0-9;]*[A-Za-z]", "", out.getvalue()).split()
    assert ["2", "of", "2", "2", "created", "2.0", "orders/s"] == lines[-7:]
    pictures = re.split(r"\x1b\[[?0-9;]*[A-Za-z]|[\r\n]+", out.getvalue())
    assert width - 4 == max(len(line) for line in pictures)


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(0.4, "less than 1 s"), (59.6, "60 s"), (90, "2 min"), (3000, "50 min"), (6000, "1 h 40 min")],
)
def test_a_length_of_time_is_said_in_words_of_its_size(seconds: float, expected: str) -> None:
    assert expected == describe_duration(seconds)


@pytest.mark.parametrize(("answer", "code"), [(b"n\n", 1), (b"y\n", 0)])
def test_on_a_terminal_a_cancel_asks_first(
    run: Run, command: Callable[..., Sequence[str]], answer: bytes, code: int
) -> None:
    billing = ("--billing-type", "RECURRING", "--cycle-unit", "YEAR", "--cycle-count", "1")
    product = ("--product", PREMIUM_BASIC, "--country", "BR")
    package = run("packages", "create", *product, *billing, "--json").json
    controller, terminal = os.openpty()
    try:
        os.write(controller, answer)
        ended = subprocess.run(
            command("packages", "cancel", package["id"]),
            stdin=terminal,
            capture_output=True,
            timeout=WATCHDOG_SECONDS,
            check=False,
        )
    finally:
        os.close(controller)
        os.close(terminal)
    assert code == ended.returncode, ended.stderr
    assert b"Cancel it? [y/N]" in ended.stderr
    (instance,) = run("packages", "get", package["id"], "--json").json["productInstances"]
    assert (instance["status"] == "CANCELED") == (code == 0)


def test_the_demo_exits_1_where_something_is_not_as_it_claims(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def without_products(orders: int) -> object:
        return {**demo_seed(orders), "products": []}

    monkeypatch.setattr(demo, "demo_seed", without_products)
    ran = run("demo", "--orders", "20")
    assert 1 == ran.code
    assert "not as claimed: not every order was created: " in " ".join(ran.out.split())
    assert "All as claimed" not in ran.out


@pytest.mark.parametrize("orders", [1, 37])
def test_the_demo_holds_with_any_number_of_orders(run: Run, orders: int) -> None:
    ran = run("demo", "--orders", str(orders))
    assert 0 == ran.code, ran.out
    assert f"{orders} existing, 0 to create" in " ".join(ran.out.split())
