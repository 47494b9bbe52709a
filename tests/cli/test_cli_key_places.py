"""Commands, files and variables that give a key: what is told when they give none, and no key."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from wixreseller import errors
from wixreseller.cli import key_places
from wixreseller.cli.connection import Connection, InputError
from wixreseller.emulator.default_seed import SUB_ACCOUNTS

CANARY = "EMU.canary-3f1c9a"
ACCOUNT = SUB_ACCOUNTS[0]

Run = Callable[..., Any]
Write = Callable[..., Path]


def profile(name: str = "acme", **fields: str) -> str:
    lines = {"account_id": f'"{ACCOUNT}"', "base_url": '"URL"', **fields}
    body = "".join(f"{key} = {value}\n" for key, value in lines.items())
    return f"[profiles.{name}]\n{body}"


@pytest.mark.usefixtures("bare")
@pytest.mark.parametrize(
    ("script", "problem"),
    [
        (
            f"import sys; print({CANARY!r}); sys.exit('\\x1b[31mlocked: {CANARY}\\n\\x07gone')",
            "failed with exit code 1: locked: *** gone",
        ),
        ("raise SystemExit(3)", "failed with exit code 3\n"),
        ("print()", "printed nothing; it must print the API key"),
        (
            f"print({CANARY!r}); print('user: me')",
            "printed 2 lines; it must print the API key alone",
        ),
        (f"print('Bearer', {CANARY!r})", "must be the raw key"),
        (f"print({CANARY!r} + ' and more')", "holds a space, a line break"),
        ("import sys; sys.stdout.buffer.write(b'\\xff\\xfe')", "another character that no key has"),
    ],
)
def test_a_command_that_gives_no_key_is_told_with_its_complaint_and_never_what_it_printed(
    run: Run, config: Write, script: str, problem: str
) -> None:
    config(profile(api_key_command=str([sys.executable, "-c", script])))
    ran = run("--profile", "acme", "packages", "query")
    assert (2, "") == (ran.code, ran.out)
    assert "api_key_command of the profile acme" in ran.err
    assert problem in ran.err


@pytest.mark.usefixtures("bare")
def test_a_command_that_is_not_there_is_told(run: Run, config: Write) -> None:
    config(profile(api_key_command='["no-such-manager", "show"]'))
    ran = run("--profile", "acme", "packages", "query")
    assert (
        "error: api_key_command of the profile acme: no-such-manager cannot be run: No such file "
        "or directory\n"
        "  next: run the command yourself, and mend it until it prints the key alone\n"
    ) == ran.err


@pytest.mark.usefixtures("bare")
def test_a_command_that_does_not_end_is_stopped_after_a_while(
    run: Run, config: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = f"import time; print({CANARY!r}, flush=True); time.sleep(600)"
    config(profile(api_key_command=str([sys.executable, "-c", script])))
    monkeypatch.setattr(key_places, "COMMAND_SECONDS", 0.5)
    ran = run("--profile", "acme", "packages", "query")
    assert (2, "") == (ran.code, ran.out)
    assert " was not done in 0.5 s, and was stopped\n" in ran.err


@pytest.mark.usefixtures("bare")
def test_the_command_of_a_key_reads_nothing_of_standard_input(
    run_process: Run, config: Write
) -> None:
    script = f"import sys; print({CANARY!r} + sys.stdin.read())"
    config(profile("default", api_key_command=str([sys.executable, "-c", script])))
    order = (
        "external_id,catalog_product_id,country_code\na,c0000000-0000-4000-8000-000000000001,BR\n"
    )
    ran = run_process(
        "provision", "plan", "-", "--format", "csv", "-o", "p.json", stdin=order.encode()
    )
    assert 0 == ran.code, ran.err


@pytest.mark.usefixtures("bare")
def test_arguments_of_the_command_and_the_key_are_in_no_text_of_a_connection(
    config: Write,
) -> None:
    config(profile(api_key_command=f'["echo", "{CANARY}"]'))
    connection = Connection(profile="acme")
    connection.key.reveal()
    texts = [
        repr(connection),
        repr(connection.settings),
        repr(connection.key),
        str(vars(connection)),
    ]
    assert [] == [text for text in texts if "canary" in text]


@pytest.mark.usefixtures("bare")
def test_a_key_of_the_emulator_in_a_profile_for_wix_is_refused(run: Run, config: Write) -> None:
    command = str([sys.executable, "-c", f"print({CANARY!r})"])
    config(f'[profiles.a]\napi_key_command = {command}\naccount_id = "{ACCOUNT}"\n')
    ran = run("--profile", "a", "packages", "query")
    assert 2 == ran.code
    assert "is a key of the emulator" in ran.err


@pytest.mark.usefixtures("bare")
def test_errors_of_a_profile_keep_no_key_in_what_led_to_them(config: Write) -> None:
    script = f"import sys; print({CANARY!r}); sys.exit(1)"
    config(profile(api_key_command=str([sys.executable, "-c", script])))
    with pytest.raises(InputError) as caught:
        _ = Connection(profile="acme").key
    link: BaseException | None = caught.value
    while link is not None:
        assert "canary" not in f"{link!r} {vars(link)}"
        link = link.__context__
    config(profile(api_key_command=str([sys.executable, "-c", f"print('Bearer {CANARY}')"])))
    with pytest.raises(errors.ConfigurationError) as refused:
        _ = Connection(profile="acme").key
    assert "canary" not in f"{refused.value!r} {vars(refused.value)}"
