"""The README's code runs as printed, against the emulator."""

from __future__ import annotations

import asyncio
import csv
import re
import shlex
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import cast

import pytest
from snippets import ROOT, blocks_of, console, run_pytest

from wixreseller import AsyncClient, Client, Product, bulk

README = (ROOT / "README.md").read_text()
ACCOUNT = "a0000000-0000-4000-8000-000000000001"
PREMIUM = "c0000000-0000-4000-8000-000000000001"


def blocks(language: str) -> list[str]:
    return [block.code for block in blocks_of(README) if block.language == language]


def block_with(language: str, text: str) -> str:
    (found,) = (block for block in blocks(language) if text in block)
    return found


@pytest.fixture(autouse=True)
def _settings_of_the_emulator(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory, emulator_url: str
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
    monkeypatch.setenv("WIXRESELLER_BASE_URL", emulator_url)
    monkeypatch.setenv("WIX_API_KEY", "EMU.demo")
    monkeypatch.setenv("WIX_ACCOUNT_ID", ACCOUNT)


def run(code: str) -> dict[str, object]:
    """Run a snippet as printed; the settings come from the environment."""
    names: dict[str, object] = {}
    exec(compile(code, "README.md", "exec"), names)  # noqa: S102  # our own README
    return names


def test_every_python_snippet_is_tried_here() -> None:
    assert 7 == len(blocks("python"))


def test_the_first_snippet_sells_a_package(capsys: pytest.CaptureFixture[str]) -> None:
    run(block_with("python", "asyncio.run"))

    assert re.fullmatch(r"[0-9a-f-]{36} PENDING\n", capsys.readouterr().out)


def test_the_first_snippet_is_eight_lines_of_code() -> None:
    code = [line for line in block_with("python", "asyncio.run").splitlines() if line.strip()]

    assert 8 == len(code)


def test_the_blocking_snippet_lists_packages(
    capsys: pytest.CaptureFixture[str], product: Product
) -> None:
    with Client() as client:
        client.packages.create([product], external_id="sub-42")

    run(block_with("python", "with Client() as client:\n"))

    assert "sub-42 [<Status.PENDING: 'PENDING'>]\n" == capsys.readouterr().out


def test_the_error_snippet_sells_once(product: Product) -> None:
    sell_once = run(block_with("python", "OutcomeUnknownError"))["sell_once"]

    with Client() as client:
        assert callable(sell_once)
        sold = str(sell_once(client, product))
        assert "sub-42" == client.packages.get(sold).external_id


def test_the_report_snippet_tells_what_is_pending_and_new(
    capsys: pytest.CaptureFixture[str], product: Product
) -> None:
    daily_report = run(block_with("python", "daily_report"))["daily_report"]

    with Client() as client:
        client.packages.create([product], external_id="sub-42")
        assert callable(daily_report)
        token = daily_report(client, None)
        assert "pending: sub-42\ncreated sub-42 1\n" == capsys.readouterr().out
        daily_report(client, token)

    assert "pending: sub-42\n" == capsys.readouterr().out


def test_the_snippet_for_pytest_passes(tmp_path: Path) -> None:
    (tmp_path / "test_shop.py").write_text(block_with("python", "wix_emulator"))

    done = run_pytest([], tmp_path)

    assert 0 == done.code, done.printed
    assert "1 passed" in done.printed


def test_the_account_snippet_counts_one_account(product: Product) -> None:
    count = run(block_with("python", "for_account"))["count"]

    with Client() as client:
        client.packages.create([product])
        assert callable(count)
        assert (1, 0) == (
            count(client, ACCOUNT),
            count(client, "a0000000-0000-4000-8000-000000000002"),
        )


def test_the_command_that_creates_a_package_works(tmp_path: Path) -> None:
    (line,) = (line for line in block_with("sh", "curl").splitlines() if "packages create" in line)

    done = console(shlex.split(line)[1:], tmp_path)

    assert (0, "") == (done.code, done.complained)
    with Client() as client:
        found = client.packages.find("sub-42")
    assert found is not None
    assert PREMIUM == found.product_instances[0].catalog_product_id


def test_the_order_file_is_provisioned_by_the_command_beside_it(tmp_path: Path) -> None:
    orders = tmp_path / "orders.csv"
    orders.write_text(block_with("csv", "external_id"))
    (line,) = block_with("sh", "provision run").splitlines()

    done = console(shlex.split(line)[1:], tmp_path)

    assert 0 == done.code, done.complained
    with Client() as client:
        found = {package.external_id: package for package in client.packages.query()}
    assert {"sub-46": 2, "sub-47": 1} == {
        name: len(package.product_instances) for name, package in found.items() if name
    }
    with (tmp_path / "orders.results.csv").open() as file:
        assert ["created", "created"] == [row["outcome"] for row in csv.DictReader(file)]


def test_its_commands_work_from_top_to_bottom_with_one_emulator(tmp_path: Path) -> None:
    (create,) = (
        line for line in block_with("sh", "curl").splitlines() if "packages create" in line
    )
    (tmp_path / "orders.csv").write_text(block_with("csv", "external_id"))
    (run,) = block_with("sh", "provision run").splitlines()

    for line in (create, run):
        done = console(shlex.split(line)[1:], tmp_path)
        assert 0 == done.code, done.complained


def test_the_commands_from_plan_to_report_work_one_after_the_other(tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_text(block_with("csv", "external_id"))
    lines = block_with("sh", "provision plan").splitlines()

    done = [console(shlex.split(line, comments=True)[1:], tmp_path) for line in lines]

    assert [0] * 6 == [ended.code for ended in done], done
    assert (tmp_path / "orders.report.html").is_file()


def test_the_snippet_of_a_run_sells_each_order_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, product: Product
) -> None:
    snippet = run(block_with("python", "bulk.run"))
    sell = cast(
        "Callable[[AsyncClient, AsyncIterator[bulk.Order]], Awaitable[object]]", snippet["sell"]
    )

    async def orders() -> AsyncIterator[bulk.Order]:
        for name in ("sub-41", "sub-42"):
            yield bulk.Order(external_id=name, account_id=ACCOUNT, products=(product,))

    async def sell_all() -> object:
        async with AsyncClient() as client:
            return await sell(client, orders())

    monkeypatch.chdir(tmp_path)
    assert [] == asyncio.run(sell_all())
    assert [] == asyncio.run(sell_all())
    with Client() as client:
        found = [package.external_id for package in client.packages.query()]
    assert ["sub-41", "sub-42"] == sorted(name or "" for name in found)


def test_two_single_lines_do_all_the_set_up() -> None:
    lines = [line for block in blocks("sh") for line in block.splitlines()]
    set_up = [line for line in lines if "python3 -m venv" in line]

    assert ["wixreseller demo", "nox"] == [re.sub(r"^.*/bin/", "", line) for line in set_up]
