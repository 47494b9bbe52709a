"""What commands look like in real terminals of several widths, and where there is none."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from wixreseller.emulator.default_seed import (
    BUSINESS_EMAIL,
    PREMIUM_BASIC,
    SITES,
    SUB_ACCOUNTS,
    UNLUCKY_ADDON,
)
from wixreseller.testing import EmulatorControl

ACCOUNT = SUB_ACCOUNTS[0]
LONG = "customer-4711-subscription-2026-03-with-a-rather-long-name-of-an-order"
NAME = "premium-basic-as-it-is-sold-to-the-customers-of-long-ago"
WIDTHS = [40, 80, 200]
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
COLOURS = re.compile(r"\x1b\[[0-9;]*m")
GUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")

Run = Callable[..., Any]


@pytest.fixture
def sold(run: Run, emulator_url: str) -> list[Any]:
    """Sell packages with long names, several products and something that failed."""
    EmulatorControl(emulator_url).change_settings(delivery_seconds=0)
    Path("names.toml").write_text(f'{NAME} = {{product = "{PREMIUM_BASIC}"}}\n')
    site, other, third = SITES[ACCOUNT][:3]
    Path("orders.csv").write_text(
        "external_id,catalog_product_id,country_code,site_id,billing_type,cycle_unit,cycle_count\n"
        f"{LONG},{PREMIUM_BASIC},BR,{site},RECURRING,YEAR,1\n"
        f"sub-42,{PREMIUM_BASIC},DE,,RECURRING,YEAR,1\n"
        f"sub-42,{BUSINESS_EMAIL},DE,{other},RECURRING,MONTH,1\n"
        f"sub-42,{UNLUCKY_ADDON},US,{third},RECURRING,MONTH,1\n"
        f"[bold]sub[/bold]-43,{PREMIUM_BASIC},US,,RECURRING,YEAR,1\n"
    )
    assert 0 == run("provision", "run", "orders.csv", "--rate-limit", "off").code
    found: list[Any] = run("packages", "query", "--json").records
    return found


def shown(text: str) -> list[str]:
    """Give each line that the terminal shows, if only for a moment, without styles."""
    return ESCAPES.sub("", text).replace("\r\n", "\n").replace("\r", "\n").split("\n")


def ids_of(package: Any) -> set[str]:
    """Give every id that a view of one package shows."""
    instances = package["productInstances"]
    return {
        package["id"],
        package["accountId"],
        *(instance["instanceId"] for instance in instances),
        *(instance["catalogProductId"] for instance in instances),
        *(instance["siteId"] for instance in instances if "siteId" in instance),
    }


@pytest.mark.parametrize("width", WIDTHS)
def test_packages_fit_the_terminal_with_every_id_whole(
    run_terminal: Run, sold: list[Any], width: int
) -> None:
    ran = run_terminal("packages", "query", width=width)
    lines = shown(ran.out)
    assert max(map(len, lines)) <= width
    assert "…" not in ran.out
    assert {package["id"] for package in sold} <= set(GUID.findall(ran.out))
    text = "\n".join(lines)
    for statuses in ("1 ENABLED", "2 ENABLED", "1 FAILED"):
        assert statuses in text
    if width == 200:
        assert LONG in text
        assert "[bold]sub[/bold]-43" in text


@pytest.mark.parametrize("width", WIDTHS)
def test_a_package_fits_the_terminal_with_every_id_and_state(
    run_terminal: Run, sold: list[Any], width: int
) -> None:
    (package,) = [item for item in sold if item["externalId"] == "sub-42"]
    ran = run_terminal("packages", "get", package["id"], width=width)
    lines = shown(ran.out)
    assert max(map(len, lines)) <= width
    assert ids_of(package) == set(GUID.findall(ran.out))
    text = "\n".join(lines)
    for state in ("FAILED", "every 1 YEAR", "every 1 MONTH", "DE", "US", "none: floating"):
        assert state in text


@pytest.mark.parametrize("width", [20, 39, 47, 76, 79, 100, 139])
def test_no_width_hides_a_package_its_id_or_its_statuses(
    run_terminal: Run, sold: list[Any], width: int
) -> None:
    ran = run_terminal("--catalogue", "names.toml", "packages", "query", width=width)
    lines = shown(ran.out)
    assert max(map(len, lines)) <= width
    assert "…" not in ran.out
    text = "".join("".join(lines).split())
    if width < 76:
        # One under another, so that what is folded can be put together.
        for package in sold:
            assert package["id"] + package["createdDate"][:10] in text
            assert package["externalId"] in text
        assert NAME in text
    else:
        assert {package["id"] for package in sold} <= set(GUID.findall(ran.out))
        assert 4 == text.count("ENABLED") + text.count("FAILED")


@pytest.mark.parametrize("width", WIDTHS)
def test_findings_of_an_audit_fit_the_terminal_with_every_id_whole(
    run_terminal: Run, sold: list[Any], width: int
) -> None:
    ran = run_terminal("audit", width=width)
    assert 1 == ran.code
    assert max(map(len, shown(ran.out))) <= width
    assert "…" not in ran.out
    (package,) = [item for item in sold if item["externalId"] == "sub-42"]
    floating = {package["productInstances"][0]["instanceId"], package["id"], ACCOUNT}
    assert floating <= set(GUID.findall(ran.out))


@pytest.mark.parametrize("width", [40, 200])
@pytest.mark.parametrize(
    "arguments",
    [
        ("doctor",),
        ("provision", "status", "orders.plan.json"),
        ("provision", "verify", "orders.plan.json"),
        ("provision", "plan", "orders.csv", "-o", "p.json"),
        ("provision", "plan", "bad.csv"),
        ("--help",),
        ("provision", "run", "--help"),
    ],
    ids=" ".join,
)
def test_other_views_fit_the_terminal_and_cut_nothing(
    run_terminal: Run, sold: list[Any], arguments: tuple[str, ...], width: int
) -> None:
    Path("bad.csv").write_text(
        f"external_id,catalog_product_id,country_code,billing_type\na,{ACCOUNT},UK,SOMETIMES\n"
    )
    ran = run_terminal(*arguments, width=width)
    # What is there to be copied, and one-line errors, are broken by the terminal, not by us.
    kept = [
        line
        for line in shown(ran.out)
        if "wixreseller provision" not in line
        and not line.startswith(("error:", "  next:", "wixreseller "))
    ]
    limit = max(width, 100) if "--help" in arguments else width
    assert max(map(len, kept)) <= limit
    assert "…" not in ran.out


VIEWS = [
    ("packages", "query"),
    ("packages", "find", "sub-42"),
    ("provision", "status", "orders.plan.json"),
    ("doctor",),
    ("packages", "get", "abc"),
    ("--help",),
]


@pytest.mark.parametrize("arguments", VIEWS, ids=" ".join)
@pytest.mark.parametrize(
    "variables", [{"NO_COLOR": "1"}, {"TERM": "dumb"}], ids=["NO_COLOR", "dumb"]
)
def test_no_escape_sequence_reaches_a_terminal_that_is_to_be_plain(
    run_terminal: Run, sold: list[Any], arguments: tuple[str, ...], variables: dict[str, str]
) -> None:
    assert "\x1b" not in run_terminal(*arguments, **variables).out


@pytest.mark.parametrize("arguments", [*VIEWS, ("audit",)], ids=" ".join)
def test_no_escape_sequence_goes_into_a_pipe(
    run_process: Run, sold: list[Any], arguments: tuple[str, ...]
) -> None:
    ran = run_process(*arguments)
    assert "\x1b" not in ran.out + ran.err


def test_progress_in_a_terminal_is_lines_where_it_is_dumb_and_without_colours_a_plain_bar(
    run_terminal: Run, sold: list[Any]
) -> None:
    command = ("provision", "run", "orders.csv", "--rate-limit", "off")
    dumb = run_terminal(*command, TERM="dumb")
    assert "\x1b" not in dumb.out
    assert "provisioning 3 orders" in dumb.out
    plain = run_terminal(*command, NO_COLOR="1")
    assert "3 of 3" in plain.out
    assert COLOURS.search(plain.out) is None


def test_force_color_keeps_styles_in_a_pipe_and_no_picture_that_moves(
    run_process: Run, sold: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert COLOURS.search(run_process("packages", "query", width=80).out)
    ran = run_process("provision", "run", "orders.csv", "--rate-limit", "off")
    assert "provisioning 3 orders\n" in ESCAPES.sub("", ran.err)
    assert not set(ESCAPES.findall(ran.err)) - set(COLOURS.findall(ran.err))


def test_in_a_pipe_a_package_is_a_line_of_columns_divided_by_tabs(
    run: Run, sold: list[Any]
) -> None:
    ran = run("packages", "query", "--ascending")
    rows = {line.split("\t")[0]: line.split("\t")[1:] for line in ran.out.splitlines()}
    assert {LONG, "sub-42", "[bold]sub[/bold]-43"} == set(rows)
    package_id, account, created, statuses, products = rows["sub-42"]
    (package,) = [item for item in sold if item["externalId"] == "sub-42"]
    assert (package["id"], ACCOUNT) == (package_id, account)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", created)
    assert "2 ENABLED, 1 FAILED" == statuses
    assert f"{PREMIUM_BASIC}, {BUSINESS_EMAIL}, {UNLUCKY_ADDON}" == products
    assert "3 packages\n" == ran.err


def test_tabs_and_escape_sequences_in_an_external_id_are_spelt_out_in_a_pipe(run: Run) -> None:
    weird = "a\tb\x1b[31mc"
    create = ("packages", "create", "--product", PREMIUM_BASIC, "--country", "BR")
    cycle = ("--billing-type", "RECURRING", "--cycle-unit", "YEAR", "--cycle-count", "1")
    assert 0 == run(*create, *cycle, "--external-id", weird, "--json").code
    assert "a\\tb\\x1b[31mc" == run("packages", "query").out.split("\t")[0]


def test_an_encoding_that_lacks_characters_has_them_spelt_out(
    run_process: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    create = ("packages", "create", "--product", PREMIUM_BASIC, "--country", "BR")
    cycle = ("--billing-type", "RECURRING", "--cycle-unit", "YEAR", "--cycle-count", "1")
    ran = run_process(*create, *cycle, "--external-id", "süß")
    assert (0, "") == (ran.code, ran.err)
    assert "s\\xfc\\xdf" in ran.out
    ran = run_process("doctor")
    assert "warn    terminal   writes ascii, which lacks most characters" in ran.out


@pytest.mark.parametrize("columns", ["0", "", "00"])
def test_a_width_of_nothing_hides_nothing(
    run: Run, run_terminal: Run, monkeypatch: pytest.MonkeyPatch, columns: str
) -> None:
    Path("orders.csv").write_text(
        "external_id,catalog_product_id,country_code,billing_type,cycle_unit,cycle_count\n"
        f"{LONG},{PREMIUM_BASIC},BR,RECURRING,YEAR,1\n"
    )
    monkeypatch.setenv("COLUMNS", columns)
    piped = run("provision", "run", "orders.csv", "--rate-limit", "off")
    assert (0, True) == (piped.code, ": 1 created\n" in piped.err)
    shown = run_terminal("packages", "query", "--external-id", LONG, COLUMNS=columns)
    assert (0, True) == (shown.code, "customer-4711" in COLOURS.sub("", shown.out))
