"""The command line, run as users run it."""

import http.client
import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from wixreseller.emulator import default_seed as world
from wixreseller.emulator import schema
from wixreseller.emulator.store import Store

WATCHDOG_SECONDS = 20
COMMAND = [
    sys.executable,
    "-W",
    "error",
    "-c",
    "import sys; from wixreseller.emulator.command import main; sys.exit(main(sys.argv[1:]))",
]
Run = Callable[..., tuple["subprocess.Popen[str]", int]]


@pytest.fixture
def run() -> Iterator[Run]:
    """Return a function that starts the command, waits for its line, and returns the port."""
    processes: list[subprocess.Popen[str]] = []

    def run(*arguments: str) -> tuple["subprocess.Popen[str]", int]:
        process = subprocess.Popen(
            [*COMMAND, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        processes.append(process)
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("listening on http://"), process.communicate()
        return process, int(line.strip().rpartition(":")[2])

    yield run
    for process in processes:
        process.kill()
        process.communicate()


def refuse(*arguments: str) -> tuple[int, str]:
    """Run the command where it must not start, and return its exit code and complaint."""
    done = subprocess.run(
        [*COMMAND, *arguments],
        capture_output=True,
        text=True,
        timeout=WATCHDOG_SECONDS,
        check=False,
    )
    return done.returncode, done.stderr


def call(port: int, method: str, path: str, body: object = None) -> Any:
    """Send one request, and return the JSON of the answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=WATCHDOG_SECONDS)
    headers = {"Authorization": world.API_KEY, "wix-account-id": world.SUB_ACCOUNTS[0]}
    data = None if body is None else json.dumps(body)
    connection.request(method, path, data, headers)
    answer = json.loads(connection.getresponse().read())
    connection.close()
    return answer


def create(port: int) -> str:
    product = {"catalogProductId": world.PREMIUM_BUSINESS, "countryCode": "BR"}
    answer = call(port, "POST", "/resellers/v2/packages", {"products": [product]})
    return str(answer["package"]["id"])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_prints_one_line_serves_and_stops_cleanly(run: Run, number: signal.Signals) -> None:
    process, port = run()
    package_id = create(port)
    os.kill(process.pid, number)
    output, errors = process.communicate(timeout=WATCHDOG_SECONDS)

    assert package_id
    assert (output, errors, process.returncode) == ("", "", 0)


def test_it_stops_while_a_client_keeps_its_connection_open(run: Run) -> None:
    process, port = run()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=WATCHDOG_SECONDS)
    connection.request("GET", "/_emulator/health")
    connection.getresponse().read()
    process.terminate()
    process.communicate(timeout=WATCHDOG_SECONDS)
    connection.close()

    assert process.returncode == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_database_keeps_what_was_acknowledged(
    run: Run, tmp_path: Path, number: signal.Signals
) -> None:
    database = str(tmp_path / "state.db")
    process, port = run("--db", database)
    package_id = create(port)
    os.kill(process.pid, number)
    process.communicate(timeout=WATCHDOG_SECONDS)
    _, port = run("--db", database)

    assert package_id == call(port, "GET", f"/resellers/v1/packages/{package_id}")["package"]["id"]


def test_all_flags_together(run: Run, tmp_path: Path) -> None:
    seed = tmp_path / "seed.json"
    seed.write_text(json.dumps(world.default_seed()))
    _, port = run(
        *("--host", "localhost", "--port", "0", "--db", str(tmp_path / "state.db")),
        *("--seed", str(seed), "--loose", "--rate-limit", "100/1"),
        *("--set", "paging_key=pagingMetadata", "--set", "delivery_seconds=0"),
    )
    answer = call(port, "POST", "/resellers/v1/packages/query", {})

    assert list(answer) == ["pagingMetadata", "packages"]


def test_listening_beyond_loopback_is_said_loudly(run: Run) -> None:
    process, _ = run("--host", "0.0.0.0")  # noqa: S104 # what the warning is about
    process.terminate()
    _, errors = process.communicate(timeout=WATCHDOG_SECONDS)

    assert errors.startswith("WARNING: listening on 0.0.0.0, not on loopback")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--surprise"], "unrecognized arguments: --surprise"),
        (["--port", "x"], "'x' is not a port"),
        (["--port", "65536"], "'65536' is not a port"),
        (["--rate-limit", "fast"], "rate limit 'fast': write N/SECONDS"),
        (["--rate-limit", "0/60"], "rate limit '0/60': write N/SECONDS"),
        (["--set", "paging_key"], "--set paging_key: write NAME=VALUE"),
        (["--set", "surprise=1"], "there is no setting 'surprise'; the settings are: adjust_"),
        (["--set", "paging_key=x"], "allowed: metadata | pagingMetadata"),
        (["--set", "delivery_seconds=-1"], "allowed: a number, 0 or more"),
        (["--set", "delivery_seconds=nan"], "allowed: a number, 0 or more"),
        (["--set", "fields_honoured=maybe"], "allowed: on | off"),
        (["--seed", "/nowhere.json"], "cannot read the seed /nowhere.json"),
        (["--db", "/nowhere/state.db"], "cannot open the database /nowhere/state.db"),
        (["--host", "not a host"], "error"),
    ],
)
def test_a_wrong_start_exits_2_and_says_why(arguments: list[str], complaint: str) -> None:
    code, errors = refuse(*arguments)

    assert code == 2
    assert complaint in errors
    assert "Traceback" not in errors


def test_a_database_of_the_first_layout_is_brought_up_to_date(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    with sqlite3.connect(path) as connection:
        connection.executescript(f"{schema.FIRST} PRAGMA user_version=1;")
        connection.execute("INSERT INTO accounts VALUES ('a', NULL)")
    connection.close()
    store = Store(path)
    try:
        accounts, versions = (
            store.rows("SELECT id FROM accounts"),
            store.rows("PRAGMA user_version"),
        )
        fresh = Store(None)
        layout = "SELECT name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' ORDER BY name"
        same = store.rows(layout) == fresh.rows(layout)
        fresh.close()
    finally:
        store.close()

    assert (accounts, versions, same) == ([("a",)], [(schema.VERSION,)], True)


def test_a_newer_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version=99")
    connection.close()
    code, errors = refuse("--db", str(path))

    assert code == 2
    assert "has layout 99, and this version knows up to 3" in errors


@pytest.mark.parametrize("content", ["not a database" * 100, ""])
def test_a_file_that_is_no_database_is_refused_unless_empty(
    run: Run, tmp_path: Path, content: str
) -> None:
    path = tmp_path / "state.db"
    path.write_text(content)
    if content:
        assert "file is not a database" in refuse("--db", str(path))[1]
    else:
        run("--db", str(path))


def test_a_database_of_another_program_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE other (x)")
    connection.close()

    assert "holds tables of something else" in refuse("--db", str(path))[1]


def test_a_database_of_another_seed_is_refused(run: Run, tmp_path: Path) -> None:
    database, seed = str(tmp_path / "state.db"), tmp_path / "seed.json"
    process, _ = run("--db", database)
    process.terminate()
    process.communicate(timeout=WATCHDOG_SECONDS)
    seed.write_text('{"accounts": []}')

    assert "was made from another seed" in refuse("--db", database, "--seed", str(seed))[1]


def test_help_lists_every_setting() -> None:
    done = subprocess.run(
        [*COMMAND, "--help"], capture_output=True, text=True, timeout=WATCHDOG_SECONDS, check=True
    )

    assert "delivery_seconds = 2  [a number, 0 or more]" in done.stdout


def test_it_imports_nothing_of_the_client() -> None:
    code = (
        "import sys, wixreseller.emulator.command; "
        "print([n for n in sys.modules if n.startswith('wixreseller.') "
        "and not n.startswith('wixreseller.emulator') and n != 'wixreseller._version'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=WATCHDOG_SECONDS,
        check=True,
    )

    assert done.stdout == "[]\n"
