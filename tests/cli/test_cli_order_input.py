"""Order files on the command line: whatever is wrong with one is shown before anything is sent."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from wixreseller.bulk.order_source import OrderSource
from wixreseller.cli.connection import InputError
from wixreseller.cli.order_input import check_orders, read_order_file

ACCOUNT = "a0000000-0000-4000-8000-000000000001"
PREMIUM = "c0000000-0000-4000-8000-000000000001"
HEADER = "operation,external_id,catalog_product_id,country_code\n"


def read(path: Path, text: str) -> list[str]:
    path.write_text(HEADER + text)
    return [order.external_id for order in read_order_file(str(path), None, ACCOUNT)]


def test_a_good_file_gives_its_orders(tmp_path: Path) -> None:
    assert ["a"] == read(tmp_path / "orders.csv", f",a,{PREMIUM},BR\n")


def test_problems_are_shown_with_their_lines_and_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "orders.csv"
    with pytest.raises(InputError, match=r"orders\.csv has 2 problems; nothing was sent"):
        read(path, f",a,{PREMIUM},UK\n,,{PREMIUM},BR\n")
    shown = capsys.readouterr().err.splitlines()
    assert [True, True] == [
        line.startswith(f"{path}: line {number}, {column}: ")
        for line, (number, column) in zip(
            shown, [(2, "country_code"), (3, "external_id")], strict=True
        )
    ]


def test_of_very_many_problems_the_first_are_shown_and_the_others_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "orders.csv"
    with pytest.raises(InputError, match=r"orders\.csv has 2,500 problems; nothing was sent"):
        read(path, f",,{PREMIUM},BR\n" * 2500)
    shown = capsys.readouterr().err.splitlines()
    assert (1001, f"{path}: … and 1,500 more problems") == (len(shown), shown[-1])


def test_what_cannot_be_read_says_which_and_why(tmp_path: Path) -> None:
    for path, why in ((tmp_path, "Is a directory"), (tmp_path / "no", "No such file or directory")):
        with (
            OrderSource(str(path), stdin=io.BytesIO()) as source,
            pytest.raises(InputError) as caught,
        ):
            check_orders(source)
        assert f"cannot read the order file: {path}: {why}" == caught.value.message


def test_a_command_that_only_creates_refuses_cancels(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"orders\.csv asks for cancels; this command only creat"):
        read(tmp_path / "orders.csv", f",a,{PREMIUM},BR\ncancel,b,,\n")
