"""Profiles: which key, account and address count, and what is wrong with a file of them."""

from __future__ import annotations

import itertools
import os
import re
import shlex
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from wixreseller.cli.connection import Connection, InputError
from wixreseller.cli.profiles import KEYS, config_path, load_profiles
from wixreseller.cli.settings import Options, Settings, resolve_settings
from wixreseller.emulator.default_seed import SUB_ACCOUNTS
from wixreseller.testing import EmulatorControl

CANARY = "EMU.canary-3f1c9a"
ACCOUNT, ELSEWHERE, THIRD = SUB_ACCOUNTS
PRINTER = [sys.executable, "-c", f"print({CANARY!r})"]

Run = Callable[..., Any]
Write = Callable[..., Path]


def profile(name: str = "acme", account: str = ACCOUNT, **more: str) -> str:
    lines = {"account_id": f'"{account}"', "base_url": '"URL"', **more}
    body = "".join(f"{key} = {value}\n" for key, value in lines.items())
    return f"[profiles.{name}]\n{body}"


def listed(words: list[str]) -> str:
    return f"[{', '.join(repr(word) for word in words)}]"


def accounts_asked(control: EmulatorControl) -> set[str | None]:
    return {item.account for item in control.requests()}


@pytest.mark.usefixtures("bare")
@pytest.mark.parametrize("form", ["list", "text", "file", "beside", "variable"])
def test_a_profile_gets_its_key_from_a_command_a_file_or_a_variable(
    run: Run,
    config: Write,
    form: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    emulator_url: str,
) -> None:
    kept = tmp_path / "kept key"
    kept.write_text(f"{CANARY}\n")
    kept.chmod(0o600)
    monkeypatch.setenv("ACME_KEY", CANARY)
    fields = {
        "list": {"api_key_command": listed(PRINTER)},
        "text": {"api_key_command": f'"cat {shlex.quote(str(kept))}"'},
        "file": {"api_key_file": f'"{kept}"'},
        "beside": {"api_key_file": '"key"'},
        "variable": {"api_key_env": '"ACME_KEY"'},
    }
    path = config(profile(**fields[form]))
    (path.parent / "key").write_text(CANARY)
    (path.parent / "key").chmod(0o600)
    assert 0 == run("--profile", "acme", "packages", "query").code
    assert {ACCOUNT} == accounts_asked(EmulatorControl(emulator_url))


@pytest.mark.usefixtures("bare")
def test_the_profile_default_counts_where_nothing_names_another(
    run: Run, config: Write, monkeypatch: pytest.MonkeyPatch, emulator_url: str
) -> None:
    command = listed(PRINTER)
    config(
        profile("default", ACCOUNT, api_key_command=command)
        + profile("other", ELSEWHERE, api_key_command=command)
    )
    control = EmulatorControl(emulator_url)
    assert 0 == run("packages", "query").code
    assert {ACCOUNT} == accounts_asked(control)
    control.clear_requests()
    monkeypatch.setenv("WIXRESELLER_PROFILE", "other")
    assert 0 == run("packages", "query").code
    assert {ELSEWHERE} == accounts_asked(control)


@pytest.mark.usefixtures("bare")
def test_one_command_runs_the_command_of_a_key_once(
    run: Run, config: Write, tmp_path: Path
) -> None:
    count = tmp_path / "count"
    script = f"open({str(count)!r}, 'a').write('x'); print({CANARY!r})"
    command = [sys.executable, "-c", script]
    config(profile("default", api_key_command=str(command), rate_limit='"off"'))
    Path("orders.csv").write_text(
        "external_id,catalog_product_id,country_code\na,c0000000-0000-4000-8000-000000000001,BR\n"
    )
    run("provision", "run", "orders.csv")
    assert "x" == count.read_text()


@pytest.mark.usefixtures("bare")
def test_profiles_bring_a_rate_limit_and_a_catalogue_beside_their_file(
    run: Run, config: Write
) -> None:
    path = config(
        profile(api_key_command=listed(PRINTER), rate_limit='"7/2"', catalogue='"names.toml"')
    )
    (path.parent / "names.toml").write_text(
        'basic = {product = "c0000000-0000-4000-8000-000000000001"}\n'
    )
    connection = Connection(profile="acme")
    assert "7/2" == str(connection.default_limit)
    assert "c0000000-0000-4000-8000-000000000001" == connection.product("basic")[0]
    ran = run("--profile", "acme", "packages", "query", "--product", "basic")
    assert 0 == ran.code, ran.err
    Path("orders.csv").write_text("external_id,catalog_product_id,country_code\na,basic,BR\n")
    planned = run("--profile", "acme", "provision", "plan", "orders.csv")
    assert 0 == planned.code, planned.err
    assert "7 requests in 2 s" in planned.out
    # It is the limit of the profile, and so is left out of the command that goes on.
    assert "wixreseller --profile acme provision apply orders.plan.json\n" in planned.err


def test_the_key_and_the_account_never_come_from_a_profile_and_the_environment_at_once(
    config: Write,
) -> None:
    """Try every combination; a pair that nobody typed is of one place."""
    config(
        profile("default", ACCOUNT, api_key_env='"OWN"') + profile("b", THIRD, api_key_env='"B"')
    )
    seen: set[str] = set()
    sources = itertools.product(
        (None, "default", "b"), ("", "default", "b"), ("", CANARY), ("", ELSEWHERE)
    )
    for named, variable, key, account in sources:
        environment = {
            "WIXRESELLER_PROFILE": variable,
            "WIX_API_KEY": key,
            "WIX_ACCOUNT_ID": account,
        }
        settings = resolved(Options(profile=named, base_url="http://127.0.0.1:1"), environment)
        if isinstance(settings, str):
            assert named is None, "whoever types a profile is never refused"
            assert variable
            assert key or account
            seen.add("refused")
            continue
        places = {settings.key and settings.key.by, settings.account and settings.account.by}
        if settings.profile is None:
            assert ("", None) == (variable, named)
            assert places <= {"WIX_API_KEY", "WIX_ACCOUNT_ID", None}
            seen.add("environment" if key or account else "nothing")
        else:
            name = named or variable or "default"
            assert {f"api_key_env of the profile {name}", f"the profile {name}"} == places
            seen.add("profile")
    assert {"refused", "environment", "profile"} == seen


def resolved(options: Options, environment: Mapping[str, str]) -> Settings | str:
    try:
        return resolve_settings(options, environment)
    except InputError as error:
        return error.message


def test_options_that_are_typed_always_count(config: Write, tmp_path: Path) -> None:
    config(profile(account=ACCOUNT, api_key_env='"OWN"', catalogue='"a.toml"'))
    settings = resolve_settings(
        Options(
            profile="acme",
            base_url="http://127.0.0.1:9",
            account_id=ELSEWHERE,
            api_key_file="key",
            catalogue="b.toml",
        ),
        dict(os.environ),
    )
    assert settings.key is not None
    assert settings.account is not None
    assert settings.catalogue is not None
    assert ["--api-key-file", "--account", "--base-url", "--catalogue"] == [
        settings.key.by,
        settings.account.by,
        settings.base_url.by,
        settings.catalogue.by,
    ]


def test_a_profile_and_a_key_in_variables_are_refused_unless_one_is_typed(
    run: Run, config: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    config(profile(api_key_command=listed(PRINTER)))
    monkeypatch.setenv("WIXRESELLER_PROFILE", "acme")
    ran = run("packages", "query")
    # The account is the same, so only the key is in question.
    assert (2, "") == (ran.code, ran.out)
    assert (
        "error: WIXRESELLER_PROFILE names the profile acme, and WIX_API_KEY may be of another "
        "reseller: unset one or the other, or say --profile acme\n"
    ) == ran.err
    assert 0 == run("--profile", "acme", "packages", "query").code
    monkeypatch.delenv("WIX_API_KEY")
    assert 0 == run("packages", "query").code


def test_a_profile_for_wix_is_refused_where_a_variable_names_an_emulator(
    run: Run, config: Write, emulator_url: str
) -> None:
    config(f'[profiles.acme]\napi_key_env = "X"\naccount_id = "{ACCOUNT}"\n')
    ran = run("--profile", "acme", "packages", "query")
    assert 2 == ran.code
    assert (
        f"error: the profile acme is for https://www.wixapis.com, but WIXRESELLER_BASE_URL is "
        f"{emulator_url}: unset it, or say which with --base-url URL\n"
    ) == ran.err


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "no profile 'acme': {path} is empty; add [profiles.acme] to it"),
        ("[profiles.acne]\n", "no profile 'acme' in {path}; did you mean acne?"),
        ("[profiles.x]\n[profiles.y]\n", "no profile 'acme' in {path}; there are x, y"),
        ("[profiles.acme]\nkey = =\n", "is not TOML: Invalid value (at line 2, column 7)"),
        ("[profile.acme]\n", "line 1: profile: is not known; did you mean profiles?"),
        ("colour = 1\n", "line 1: colour: is not known; the file has only [profiles.NAME]"),
        ("profiles = 1\n", "line 1: profiles: must be tables, like [profiles.acme]"),
        ("[profiles]\nacme = 1\n", "line 2: profiles.acme: must be a table"),
        (
            "[profiles.acme]\n\nacount-id = 'x'\n",
            "line 3: profiles.acme.acount-id: is not known; did you mean account_id?",
        ),
        (
            "[profiles.acme]\nzzz = 1\n",
            "line 2: profiles.acme.zzz: is not known; a profile has api_key_command, api_key_file",
        ),
        (
            f"[profiles.acme]\napi_key = '{CANARY}'\n",
            "line 2: profiles.acme.api_key: a key has no place in this file: keep it in a password",
        ),
        (
            f"[profiles.acme]\naccount_id = '{CANARY}'\n",
            "line 2: profiles.acme.account_id: must be a GUID",
        ),
        ("[profiles.acme]\naccount_id = 7\n", "account_id: must be text in quotes, not a number"),
        ("[profiles.acme]\nbase_url = ' '\n", "base_url: must be text in quotes, not nothing"),
        (
            f"[profiles.acme]\nrate_limit = '{CANARY}'\n",
            "rate_limit: must be requests/seconds, like 200/60, or off",
        ),
        (
            f"[profiles.acme]\napi_key_env = '{CANARY}'\n",
            "api_key_env: must be the name of a variable, like ACME_KEY",
        ),
        (
            "[profiles.acme]\napi_key_env = 'A'\napi_key_file = 'b'\n",
            "line 2: profiles.acme.api_key_env: keep one of api_key_file, api_key_env",
        ),
        ("[profiles.acme]\napi_key_command = []\n", "api_key_command: must be a command, like"),
        ("[profiles.acme]\napi_key_command = ['a', 1]\n", "api_key_command: must be a command"),
        (
            "[profiles.acme]\napi_key_command = 'a \"b'\n",
            "api_key_command: cannot be split into words: No closing quotation",
        ),
        (
            "[profiles.acme]\nzz1 = 1\nzz2 = 2\n",
            "{path} has 2 problems:\n  line 2: profiles.acme.zz1",
        ),
    ],
)
def test_a_wrong_file_is_told_by_line_with_what_is_allowed_and_none_of_its_values(
    run: Run, config: Write, text: str, problem: str
) -> None:
    path = config(text)
    ran = run("--profile", "acme", "packages", "query")
    assert (2, "") == (ran.code, ran.out)
    assert problem.format(path=path) in ran.err


@pytest.mark.usefixtures("bare")
def test_a_file_of_profiles_that_is_not_there_is_none(run: Run) -> None:
    assert (
        "error: no API key: set WIX_API_KEY" in run("--account", ACCOUNT, "packages", "query").err
    )
    ran = run("--profile", "acme", "packages", "query")
    assert (
        f"error: no profile 'acme': {config_path()} does not exist; add [profiles.acme]" in ran.err
    )


@pytest.mark.parametrize("data", [b"\xff\n", b'x = "a"\n\n# caf\xe9\n'])
def test_a_file_of_profiles_that_is_no_text_is_refused(
    run: Run, config: Write, data: bytes
) -> None:
    config("").write_bytes(data)
    line = data[: data.index(b"\xff" if b"\xff" in data else b"\xe9")].count(b"\n") + 1
    assert f": line {line} is not UTF-8 text\n" in run("--profile", "a", "packages", "query").err


def test_a_file_of_profiles_that_others_may_write_is_refused(run: Run, config: Write) -> None:
    path = config(profile(api_key_command=listed(PRINTER)), mode=0o646)
    ran = run("--profile", "acme", "packages", "query")
    assert 2 == ran.code
    assert ran.err.endswith(f"chmod go-w {path}\n")


@pytest.mark.usefixtures("bare")
def test_a_file_of_a_key_that_others_may_read_is_refused_with_what_mends_it(
    run: Run, config: Write
) -> None:
    path = config(profile(api_key_file='"key"')).parent / "key"
    path.write_text(CANARY)
    path.chmod(0o644)
    ran = run("--profile", "acme", "packages", "query")
    assert (2, "") == (ran.code, ran.out)
    assert f"everybody on this machine may read {path}: chmod 600 {path}\n" in ran.err
    path.chmod(0o600)
    assert 0 == run("--profile", "acme", "packages", "query").code


def test_a_profile_without_a_key_or_an_account_says_what_to_add(run: Run, config: Write) -> None:
    path = config(
        '[profiles.a]\nbase_url = "URL"\n[profiles.b]\nbase_url = "URL"\napi_key_env = "K"'
    )
    ran = run("--profile", "a", "--account", ACCOUNT, "packages", "query")
    assert ran.err.startswith("error: no API key: the profile a names none; add api_key_command,")
    ran = run("--profile", "b", "packages", "query")
    assert (
        f"no account: give --account GUID, or add account_id to the profile b in {path}" in ran.err
    )
    ran = run("--profile", "b", "--account", ACCOUNT, "packages", "query")
    assert (
        "error: api_key_env of the profile b: the variable K is not set\n"
        "  next: set it, or name another place of the key\n"
    ) == ran.err


def test_the_profiles_of_the_guide_are_read_without_a_problem(config: Write) -> None:
    guide = (Path(__file__).parents[2] / "docs" / "guides" / "command-line.md").read_text()
    (text,) = re.findall(r"```toml\n(.*?)```", guide, re.DOTALL)
    found = load_profiles(config(text))
    assert ["default", "play"] == list(found)
    assert ["what pass prints", "the variable EMULATOR_KEY"] == [
        profile.key.where for profile in found.values() if profile.key
    ]
    fields = re.findall(r"^\| `([a-z_]+)` \|", guide, re.MULTILINE)
    assert set(KEYS) <= set(fields)
