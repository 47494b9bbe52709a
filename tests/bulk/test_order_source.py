"""Order files of any size: read twice, and never a byte that was not checked."""

from __future__ import annotations

import hashlib
import io
import os
import pickle
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from order_files import BLOCK, HEADER, PREMIUM, row, source, write

from wixreseller.bulk import order_names
from wixreseller.bulk.order_bytes import OrderBytes
from wixreseller.bulk.order_source import (
    MOST_PROBLEMS,
    Checked,
    OrdersChangedError,
    sha256_of,
)
from wixreseller.bulk.orders import Order
from wixreseller.errors import ConfigurationError

MANY = 24_000  # rows, which are more than two blocks


def check(text: str) -> Checked:
    with source("-", text.encode()) as orders:
        return orders.check()


def names(orders: Iterable[Order]) -> list[str]:
    return [order.external_id for order in orders]


# --- what a check tells -------------------------------------------------------------------------


def test_a_check_counts_rows_and_orders_and_names_the_bytes(tmp_path: Path) -> None:
    text = (
        "operation,external_id,catalog_product_id,country_code\n"
        f",a,{PREMIUM},BR\n,a,{PREMIUM},DE\n\n,b,{PREMIUM},BR\ncancel,c,,\n"
    )
    path = tmp_path / "orders.csv"
    path.write_text(text)
    with source(path) as orders:
        expected = Checked(
            orders=3,
            rows=4,
            creates=2,
            cancels=1,
            problems=(),
            problem_count=0,
            sha256=hashlib.sha256(text.encode()).hexdigest(),
            size=len(text),
        )
        assert expected == orders.check()
        assert ["a", "b", "c"] == names(orders)


def test_a_file_that_cannot_be_read_to_its_end_is_hashed_to_its_end(tmp_path: Path) -> None:
    text = f'{HEADER}"a{row("b")}' + "x\n" * BLOCK
    path = tmp_path / "orders.csv"
    path.write_text(text)
    checked = source(path).check()
    assert (1, 0) == (checked.problem_count, checked.orders)
    assert (sha256_of(path), len(text)) == (checked.sha256, checked.size)


@pytest.mark.parametrize("size", [0, 1, BLOCK, 2 * BLOCK + 1])
def test_the_hash_of_a_file_is_that_of_its_bytes(tmp_path: Path, size: int) -> None:
    path = tmp_path / "orders.csv"
    path.write_bytes(b"x" * size)
    assert hashlib.sha256(b"x" * size).hexdigest() == sha256_of(path)


def test_the_first_thousand_problems_are_kept_in_file_order_and_all_are_counted() -> None:
    # The repeats come out a batch later than what is wrong with single rows.
    rows = "".join(f"{row('a')}{row('b')}{row(' c')}" for _ in range(1000))
    checked = check(HEADER + rows)
    assert 3000 - 2 == checked.problem_count
    kept = [problem.line for problem in checked.problems]
    assert [4, *range(5, 5 + MOST_PROBLEMS - 1)] == kept


def test_repeats_are_found_from_one_batch_to_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(order_names, "_BATCH", 2)
    rows = "".join(map(row, ("a", "b", "c", "d", "a", "e", "f", "d")))
    checked = check(HEADER + rows)
    assert [(6, "line 2"), (9, "line 5")] == [
        (problem.line, problem.message.partition(" on ")[2].partition(" already")[0])
        for problem in checked.problems
    ]


# --- the second reading -------------------------------------------------------------------------


def test_orders_can_be_taken_as_often_as_one_likes(tmp_path: Path) -> None:
    with source(write(tmp_path / "orders.csv", 3)) as orders:
        orders.check()
        assert names(orders) == names(orders)


@pytest.mark.parametrize("path", ["-", "orders.csv"])
def test_two_readers_at_once_do_not_disturb_each_other(
    path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    data = write(tmp_path / "orders.csv", MANY).read_bytes()
    assert len(data) > 2 * BLOCK
    with source(path, data) as orders:
        orders.check()
        assert all(one == other for one, other in zip(orders, orders, strict=True))


def test_there_are_no_orders_before_a_check_nor_of_a_file_with_problems() -> None:
    with source("-", (HEADER + row(" a")).encode()) as orders:
        with pytest.raises(ConfigurationError, match="only after check"):
            next(iter(orders))
        assert 1 == orders.check().problem_count
        with pytest.raises(ConfigurationError, match="only after check"):
            next(iter(orders))


CHANGES: dict[str, Callable[[bytes], bytes]] = {
    "appended": lambda data: data + row("new").encode(),
    "shortened": lambda data: data[: data.rindex(b"sub-")],
    "cut where a block ends": lambda data: data[:BLOCK],
    "emptied": lambda data: b"",
    "changed in place": lambda data: data.replace(b"sub-%08d" % (MANY - 1), b"sub-99999999"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_file_that_changed_since_the_check_gives_no_order(tmp_path: Path, change: str) -> None:
    path = write(tmp_path / "orders.csv", MANY)
    with source(path) as orders:
        orders.check()
        path.write_bytes(CHANGES[change](path.read_bytes()))
        os.utime(path, ns=(1, 1))
        with pytest.raises(OrdersChangedError, match=r"orders\.csv is not the file any more that"):
            next(iter(orders))


@pytest.mark.parametrize("change", CHANGES)
def test_a_file_that_changes_while_orders_are_taken_gives_none_of_the_change(
    tmp_path: Path, change: str
) -> None:
    path = write(tmp_path / "orders.csv", MANY)
    with source(path) as orders:
        orders.check()
        taken = iter(orders)
        seen = names(next(taken) for _ in range(10))
        path.write_bytes(CHANGES[change](path.read_bytes()))
        with pytest.raises(OrdersChangedError):
            seen.extend(order.external_id for order in taken)
    assert [f"sub-{number:08}" for number in range(len(seen))] == seen


def test_a_change_that_the_system_does_not_show_is_noticed_all_the_same(tmp_path: Path) -> None:
    path = write(tmp_path / "orders.csv", MANY)
    status = path.stat()
    with source(path) as orders:
        orders.check()
        path.write_bytes(CHANGES["changed in place"](path.read_bytes()))
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
        seen: list[str] = []
        with pytest.raises(OrdersChangedError):
            seen.extend(order.external_id for order in orders)
    assert "sub-99999999" not in seen
    assert len(seen) > 10_000


def test_a_file_that_was_only_touched_or_replaced_by_its_copy_is_the_same(tmp_path: Path) -> None:
    path = write(tmp_path / "orders.csv", 3)
    with source(path) as orders:
        orders.check()
        copy = tmp_path / "copy"
        copy.write_bytes(path.read_bytes())
        copy.replace(path)
        os.utime(path, ns=(1, 1))
        assert 3 == len(names(orders))


def test_a_file_that_is_still_being_written_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "orders.csv", 3)
    read = OrderBytes(str(path), io.BytesIO())
    with read.first() as (file, finish):
        file.read(1)
        with path.open("a") as end:
            end.write(row("new"))
        with pytest.raises(OrdersChangedError, match="changed while it was read: wait until it"):
            finish()


def test_a_change_is_an_error_that_pickles() -> None:
    error = OrdersChangedError("changed")
    assert (ConfigurationError, "changed") == (
        OrdersChangedError.__base__,
        str(pickle.loads(pickle.dumps(error))),  # noqa: S301  # our own bytes
    )


def test_a_file_that_is_gone_says_so(tmp_path: Path) -> None:
    path = write(tmp_path / "orders.csv", 3)
    with source(path) as orders:
        orders.check()
        path.unlink()
        with pytest.raises(FileNotFoundError):
            next(iter(orders))


def test_orders_that_are_not_taken_to_the_end_leave_no_file_open(tmp_path: Path) -> None:
    with source(write(tmp_path / "orders.csv", 3)) as orders:
        orders.check()
        taken = iter(orders)
        next(taken)
        assert 1 == len(open_files(tmp_path))
        del taken
        assert [] == open_files(tmp_path)


def open_files(directory: Path) -> list[Path]:
    """Give the descriptors of this process that belong to files of a directory."""
    descriptors = [path for path in Path("/proc/self/fd").iterdir() if path.is_symlink()]
    return [path for path in descriptors if str(path.readlink()).startswith(f"{directory}/")]


# --- what can be read only once -----------------------------------------------------------------


def test_standard_input_is_read_twice_too() -> None:
    data = (HEADER + row("a") + row("b")).encode()
    with source("-", data) as orders:
        checked = orders.check()
        assert ("standard input", 2) == (orders.name, checked.orders)
        assert (hashlib.sha256(data).hexdigest(), len(data)) == (checked.sha256, checked.size)
        assert ["a", "b"] == names(orders)


def test_a_pipe_as_of_a_process_substitution_is_read_twice_too() -> None:
    reader, writer = os.pipe()
    os.write(writer, (HEADER + row("a") + row("b")).encode())
    os.close(writer)
    with source(f"/dev/fd/{reader}") as orders:
        assert 2 == orders.check().orders
        assert ["a", "b"] == names(orders)
    os.close(reader)


def test_a_named_pipe_is_read_twice_too(tmp_path: Path) -> None:
    path = write(tmp_path / "orders.csv", 3)
    pipe = tmp_path / "pipe.csv"
    os.mkfifo(pipe)
    copying = ["/bin/sh", "-c", f"cat '{path}' > '{pipe}'"]
    with subprocess.Popen(copying), source(pipe) as orders:
        assert (3, sha256_of(path)) == (orders.check().orders, orders.check().sha256)
        assert 3 == len(names(orders))


def test_what_is_kept_of_standard_input_is_nobody_elses_and_gone_at_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with source("-", (HEADER + row("a")).encode()) as orders:
        orders.check()
        (kept,) = open_files(tmp_path)
        assert 0o600 == stat.S_IMODE(kept.stat().st_mode)
        assert [] == list(tmp_path.iterdir())
    assert [] == open_files(tmp_path)
    orders.close()


def test_a_directory_an_absent_file_and_an_empty_one_say_what_they_are(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError):
        source(tmp_path).check()
    with pytest.raises(FileNotFoundError):
        source(tmp_path / "none.csv").check()
    with source(os.devnull) as orders:
        (problem,) = orders.check().problems
    assert "line 1: the file is empty" == str(problem)


FULL = """
import resource, sys
from wixreseller.bulk import order_names
from wixreseller.bulk.order_source import OrderSource
order_names._CACHE_KIB = 256
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
try:
    with OrderSource(sys.argv[1], stdin=sys.stdin.buffer) as source:
        source.check()
except OSError as error:
    print(error.strerror)
"""


@pytest.mark.parametrize(
    ("is_file", "rows", "expected"),
    [
        pytest.param(False, 5_000, "it cannot be kept in a temporary file in ", id="input"),
        # A database of this many names outgrows its cache.
        pytest.param(
            True,
            MANY,
            "the names of the orders cannot be kept in a temporary file (",
            id="names",
        ),
    ],
)
def test_a_full_disk_is_told_as_what_it_is(
    tmp_path: Path, is_file: bool, rows: int, expected: str
) -> None:
    path = write(tmp_path / "orders.csv", rows)
    with path.open("rb") as stdin:
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", FULL, str(path) if is_file else "-"],
            stdin=stdin,
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        )
    assert done.stdout.startswith(expected)
    assert "" == done.stderr
