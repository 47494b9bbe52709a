"""The results file: whole rows, as soon as they are known, and never over another run's."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from wixreseller.bulk.results import (
    Failed,
    Ok,
    ResultsWriter,
    Unknown,
    failed_path_of,
    free_results_path,
    to_json,
)

HEADER = "external_id,account_id,outcome,package_id,instance_ids,code,message,request_id\n"
CREATED = Ok(
    external_id="0042",
    account_id="acc",
    outcome="created",
    package_id="p",
    instance_ids=("i", "j"),
    request_id="r",
)


def test_rows_stand_in_the_file_before_it_is_closed(tmp_path: Path) -> None:
    path = tmp_path / "results.csv"
    with ResultsWriter(path) as writer:
        assert HEADER == path.read_text()
        writer.write(CREATED)
        assert f"{HEADER}0042,acc,created,p,i j,,,r\n" == path.read_text()


def test_failed_and_unknown_rows_say_why(tmp_path: Path) -> None:
    path = tmp_path / "results.csv"
    with ResultsWriter(path) as writer:
        writer.write(Failed(external_id="a", account_id="x", code="HTTP_404", message='no, "it"'))
        writer.write(Unknown(external_id="b", account_id="x", code="OUTCOME_UNKNOWN", message="m"))
    assert (
        f'{HEADER}a,x,failed,,,HTTP_404,"no, ""it""",\nb,x,unknown,,,OUTCOME_UNKNOWN,m,\n'
        == path.read_text()
    )


def test_line_breaks_of_any_kind_stay_inside_their_row(tmp_path: Path) -> None:
    path = tmp_path / "results.csv"
    with ResultsWriter(path) as writer:
        writer.write(Failed(external_id="a\rb", account_id="x", code="C", message="m\nn"))
    with path.open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert ("a\rb", "m\nn") == (row["external_id"], row["message"])


def test_a_file_that_exists_is_kept_unless_told_otherwise(tmp_path: Path) -> None:
    path = tmp_path / "results.csv"
    path.write_text("the only record of another run")
    with pytest.raises(FileExistsError):
        ResultsWriter(path)
    assert "the only record of another run" == path.read_text()
    with ResultsWriter(path, overwrite=True):
        assert HEADER == path.read_text()


def test_the_default_path_stands_beside_the_orders_and_is_free(tmp_path: Path) -> None:
    orders = str(tmp_path / "orders.csv")
    first = free_results_path(orders)
    assert tmp_path / "orders.results.csv" == first
    first.touch()
    assert tmp_path / "orders.results-2.csv" == free_results_path(orders)
    assert "orders.results.csv" == free_results_path("-").name


def test_the_results_of_a_plan_are_named_after_its_orders(tmp_path: Path) -> None:
    expected = tmp_path / "orders.results.csv"
    for plan in ("orders.plan.json", "orders.plan-2.json", "orders.json"):
        assert expected == free_results_path(str(tmp_path / plan))


@pytest.mark.parametrize(
    ("results", "expected"),
    [
        ("orders.results.csv", "orders.failed.csv"),
        ("orders.results-2.csv", "orders.failed-2.csv"),
        ("mine.ndjson", "mine.failed.csv"),
    ],
)
def test_what_failed_stands_beside_the_results_and_over_no_other(
    tmp_path: Path, results: str, expected: str
) -> None:
    first = failed_path_of(tmp_path / results)
    assert tmp_path / expected == first
    first.touch()
    assert not failed_path_of(tmp_path / results).exists()
    assert first == failed_path_of(tmp_path / results, overwrite=True)


def test_results_named_so_are_ndjson(tmp_path: Path) -> None:
    path = tmp_path / "results.jsonl"
    with ResultsWriter(path) as writer:
        writer.write(CREATED)
    assert to_json(CREATED) == path.read_bytes()


def test_json_has_the_columns_as_keys_on_one_line() -> None:
    line = to_json(CREATED)
    assert line.endswith(b"}\n")
    assert {
        "external_id": "0042",
        "account_id": "acc",
        "outcome": "created",
        "package_id": "p",
        "instance_ids": ["i", "j"],
        "code": None,
        "message": None,
        "request_id": "r",
    } == json.loads(line)
