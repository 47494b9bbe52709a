"""The examination: what it finds wrong, what it says mends it, and how it exits."""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import trustme

from wixreseller._clock import ServerClock
from wixreseller.cli.doctor_checks import Mark
from wixreseller.cli.doctor_network import check_clock
from wixreseller.cli.profiles import config_path
from wixreseller.emulator.default_seed import SUB_ACCOUNTS
from wixreseller.testing import EmulatorControl

ROOT = Path(__file__).parents[2]
CANARY = "EMU.canary-3f1c9a"
ACCOUNT = SUB_ACCOUNTS[0]
NOWHERE = "00000000-0000-4000-8000-000000000000"
ALL = [
    *("python", "packages", "settings", "address", "key", "account", "limit"),
    *("proxy", "name", "connection", "tls", "read", "clock", "terminal"),
]

Run = Callable[..., Any]


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def examine(run: Run, *options: str) -> tuple[int, dict[str, Any]]:
    """Give the exit code, and each check by its name."""
    ran = run(*options, "doctor", "--json")
    assert ALL == [record["check"] for record in ran.records]
    for record in ran.records:
        assert (record["result"] in ("warn", "fail")) == (record["fix"] is not None), record
    return ran.code, {record["check"]: record for record in ran.records}


def results(checks: dict[str, Any]) -> dict[str, str]:
    """Give the results that are not ``ok``."""
    return {name: item["result"] for name, item in checks.items() if item["result"] != "ok"}


def test_where_all_is_well_it_exits_0_and_reads_only(
    run: Run, environment: dict[str, str], emulator_url: str
) -> None:
    code, checks = examine(run)
    assert (0, {"tls": "skipped"}) == (code, results(checks))
    assert "from the variable WIX_API_KEY, not shown" == checks["key"]["detail"]
    assert f"{ACCOUNT} (WIX_ACCOUNT_ID)" == checks["account"]["detail"]
    assert f"{emulator_url} (WIXRESELLER_BASE_URL)" == checks["address"]["detail"]
    assert "aiohttp " in checks["packages"]["detail"]
    assert str(config_path()) in checks["settings"]["detail"]
    asked = EmulatorControl(emulator_url).requests()
    assert [("queryPackages", ACCOUNT)] == [(item.operation, item.account) for item in asked]


def test_for_people_each_check_is_one_line_when_piped_and_the_result_is_no_data(run: Run) -> None:
    ran = run("doctor")
    assert len(ALL) == len(ran.out.splitlines())
    assert ran.out.startswith("ok      python     ")
    assert "All is well.\n" == ran.err


def test_without_a_key_and_an_account_it_says_how_to_give_them_and_still_goes_to_the_server(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("WIX_API_KEY")
    monkeypatch.delenv("WIX_ACCOUNT_ID")
    code, checks = examine(run)
    assert 1 == code
    assert {
        "key": "fail",
        "account": "fail",
        "tls": "skipped",
        "read": "skipped",
        "clock": "skipped",
    } == results(checks)
    assert checks["key"]["fix"].startswith("set WIX_API_KEY, or keep the key in a file that only")
    assert "give --account GUID" in checks["account"]["fix"]
    assert "2 failures\n" == run("doctor").err


def test_a_wrong_key_exits_3_and_says_where_it_came_from(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WIX_API_KEY", f"{CANARY}-but-wrong")
    code, checks = examine(run)
    assert 3 == code
    assert "the key is refused: query_packages: HTTP 401" in checks["read"]["detail"]
    assert checks["read"]["fix"].startswith("check the key that WIX_API_KEY names")
    assert "ok" == checks["clock"]["result"]


def test_an_account_that_the_key_does_not_serve_exits_3_and_is_named_with_its_source(
    run: Run,
) -> None:
    code, checks = examine(run, "--account", NOWHERE)
    assert 3 == code
    assert f"the key may not read account {NOWHERE} (--account): " in checks["read"]["detail"]
    assert "the permission Manage Reseller Packages" in checks["read"]["fix"]


def test_a_port_where_nobody_listens_is_told_with_how_to_start_the_emulator(run: Run) -> None:
    code, checks = examine(run, "--base-url", "http://127.0.0.1:1")
    assert 1 == code
    assert "127.0.0.1, port 1: Connection refused" == checks["connection"]["detail"]
    assert "is the emulator running? wixreseller emulator --port 1" == checks["connection"]["fix"]
    assert ["skipped"] * 3 == [checks[name]["result"] for name in ("tls", "read", "clock")]


def test_a_host_that_has_no_address_is_told(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    # Refused by the resolver itself, without a question to anybody.
    host = f"{64 * 'a'}.invalid"
    code, checks = examine(run, "--base-url", f"https://{host}")
    assert 1 == code
    assert checks["name"]["detail"].startswith(f"{host}: ")
    assert "skipped" == checks["connection"]["result"]


@pytest.mark.parametrize(("seconds", "side"), [(60, "behind"), (-60, "ahead of")])
def test_a_clock_that_is_off_is_a_warning_with_the_difference(
    run: Run, emulator_url: str, seconds: int, side: str
) -> None:
    EmulatorControl(emulator_url).freeze(datetime.now(UTC) + timedelta(seconds=seconds))
    code, checks = examine(run)
    assert (0, "warn") == (code, checks["clock"]["result"])
    off = re.match(rf"(\d+) s {side} the server's\.", checks["clock"]["detail"])
    assert off is not None
    # The time that the test itself takes is in it.
    assert 45 <= int(off[1]) <= 75
    assert "timedatectl set-ntp true" in checks["clock"]["fix"]


@pytest.mark.parametrize(
    ("offset", "uncertainty", "mark"),
    [(4.9, 0.5, Mark.OK), (-4.9, 0.5, Mark.OK), (5.1, 0.5, Mark.WARN), (0.0, 5.1, Mark.WARN)],
)
def test_clocks_may_be_five_seconds_off(offset: float, uncertainty: float, mark: Mark) -> None:
    assert mark is check_clock(ServerClock(offset, uncertainty)).mark


def test_a_key_of_the_emulator_for_wix_is_told_and_goes_nowhere(run: Run) -> None:
    _, checks = examine(run, "--base-url", "https://www.wixapis.com")
    assert "fail" == checks["key"]["result"]
    assert "is a key of the emulator" in checks["key"]["detail"]
    assert "skipped" == checks["read"]["result"]


def test_a_key_of_wix_for_an_emulator_is_a_warning(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WIX_API_KEY", "IST.something-else")
    _, checks = examine(run)
    assert "warn" == checks["key"]["result"]
    assert checks["key"]["detail"].endswith("it is no key of an emulator, and goes to one")


def test_a_file_of_a_key_that_others_may_read_is_a_warning_with_what_mends_it(
    run: Run, tmp_path: Path
) -> None:
    path = tmp_path / "key"
    path.write_text(CANARY)
    path.chmod(0o644)
    _, checks = examine(run, "--api-key-file", str(path))
    assert ("warn", f"chmod 600 {path}") == (checks["key"]["result"], checks["key"]["fix"])
    path.chmod(0o600)
    _, checks = examine(run, "--api-key-file", str(path))
    assert f"from the file {path} (--api-key-file), not shown" == checks["key"]["detail"]


@pytest.mark.parametrize(
    ("options", "check"),
    [
        (("--base-url", "http://example.com"), "address"),
        (("--account", "abc"), "account"),
        (("--api-key-file", "none"), "key"),
    ],
)
def test_what_cannot_work_is_told_beside_its_source(
    run: Run, options: tuple[str, str], check: str
) -> None:
    # Without an address that can work, there is nowhere to go.
    ran = run(*options, "doctor", "--json")
    (record,) = [item for item in ran.records if item["check"] == check]
    assert (1, "fail") == (ran.code, record["result"])
    assert options[0] in record["detail"]


def test_profiles_that_are_wrong_are_told_and_a_good_one_is_named(
    run: Run, emulator_url: str
) -> None:
    path = config_path()
    path.parent.mkdir(parents=True)
    path.write_text("[profiles.acme]\nacount = 1\n")
    ran = run("--profile", "acme", "doctor", "--json")
    settings = next(item for item in ran.records if item["check"] == "settings")
    assert (1, "fail") == (ran.code, settings["result"])
    assert "line 2: profiles.acme.acount" in settings["detail"]
    path.write_text(
        f'[profiles.acme]\naccount_id = "{SUB_ACCOUNTS[1]}"\nbase_url = "{emulator_url}"\n'
        f'api_key_env = "WIX_API_KEY"\nrate_limit = "off"\n'
    )
    code, checks = examine(run, "--profile", "acme")
    assert 0 == code
    assert (
        f"from the profile acme in {path}; WIX_ACCOUNT_ID is set, and not used beside it"
        == checks["settings"]["detail"]
    )
    assert "off" == checks["limit"]["detail"]


def test_no_rate_limit_for_wix_itself_is_a_warning(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = config_path()
    path.parent.mkdir(parents=True)
    path.write_text('[profiles.acme]\nrate_limit = "off"\n')
    monkeypatch.delenv("WIXRESELLER_BASE_URL")
    monkeypatch.setenv("https_proxy", f"http://{64 * 'a'}.invalid")  # and so it goes nowhere
    _, checks = examine(run, "--profile", "acme")
    assert "off, and the address is Wix's" == checks["limit"]["detail"]


# --- proxies ------------------------------------------------------------------------------------


def test_a_proxy_for_requests_to_this_machine_is_used_and_is_a_warning_without_its_password(
    run: Run, monkeypatch: pytest.MonkeyPatch, emulator_url: str
) -> None:
    """The emulator is the proxy here: it answers for an address where nobody listens."""
    monkeypatch.setenv("http_proxy", emulator_url.replace("http://", "http://me:canary-word@"))
    code, checks = examine(run, "--base-url", "http://127.0.0.1:1")
    assert (0, "ok") == (code, checks["read"]["result"])
    assert (
        f"requests to this very machine go through {emulator_url} (http_proxy)"
        == checks["proxy"]["detail"]
    )
    assert "add the host to NO_PROXY: export NO_PROXY=127.0.0.1" == checks["proxy"]["fix"]


def test_no_proxy_is_heeded_and_told(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    code, checks = examine(run)
    assert 0 == code
    assert "none: http_proxy is set, but NO_PROXY names 127.0.0.1" == checks["proxy"]["detail"]


def test_a_proxy_elsewhere_is_not_used_for_this_machine_and_that_is_told(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://proxy.invalid:3128")
    code, checks = examine(run)
    assert (0, "ok", "ok") == (code, checks["proxy"]["result"], checks["read"]["result"])
    assert (
        "none: http_proxy is set, but this machine is reached over plain http, which does not "
        "leave it" == checks["proxy"]["detail"]
    )


def test_a_proxy_that_is_no_address_fails_without_its_password(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://me:canary-word@127.0.0.1:port")
    code, checks = examine(run)
    assert (1, "fail", "skipped") == (code, checks["proxy"]["result"], checks["read"]["result"])
    assert "canary-word" not in str(checks)


def test_all_proxy_does_not_count_and_that_is_told(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    code, checks = examine(run)
    assert (0, "warn", "ok") == (code, checks["proxy"]["result"], checks["read"]["result"])


def test_a_proxy_that_is_none_for_http_is_a_warning(
    run: Run, monkeypatch: pytest.MonkeyPatch, emulator_url: str
) -> None:
    shown = emulator_url.replace("http://", "socks5://")
    monkeypatch.setenv("http_proxy", shown)
    code, checks = examine(run)
    assert (0, "warn", "ok") == (code, checks["proxy"]["result"], checks["read"]["result"])
    assert f"{shown} (http_proxy) is spoken to in HTTP, whatever it is" == checks["proxy"]["detail"]


# --- TLS ----------------------------------------------------------------------------------------


@pytest.fixture
def authority() -> trustme.CA:
    """Have somebody who signs certificates, whom nobody knows."""
    return trustme.CA()


@pytest.fixture
def https_port(authority: trustme.CA) -> Iterator[int]:
    """Listen with a certificate of that authority's, and hang up after the handshake."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)  # pyright: ignore[reportUnknownMemberType]  # PyOpenSSL is not here
    is_over = threading.Event()

    def serve(listener: socket.socket) -> None:
        while not is_over.is_set():
            connection, _ = listener.accept()
            # Whoever does not like the certificate, or only looks whether somebody listens, goes.
            with connection, contextlib.suppress(OSError):
                context.wrap_socket(connection, server_side=True).close()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        thread = threading.Thread(target=serve, args=(listener,))
        thread.start()
        yield port
        is_over.set()
        socket.create_connection(("127.0.0.1", port)).close()
        thread.join()


def test_a_certificate_of_somebody_unknown_is_told(run: Run, https_port: int) -> None:
    code, checks = examine(run, "--base-url", f"https://localhost:{https_port}")
    assert (1, "ok", "fail") == (code, checks["connection"]["result"], checks["tls"]["result"])
    assert checks["tls"]["detail"].startswith("the certificate is not accepted: ")
    assert "SSL_CERT_FILE" in checks["tls"]["fix"]


def test_a_certificate_that_is_accepted_is_told_with_the_version(
    run: Run,
    https_port: int,
    authority: trustme.CA,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    code, checks = examine(run, "--base-url", f"https://localhost:{https_port}")
    assert "TLSv1.3, the certificate is verified" == checks["tls"]["detail"]
    # Nothing is said there.
    assert (1, "fail") == (code, checks["read"]["result"])
