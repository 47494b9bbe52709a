"""The control plane, and running an emulator from Python."""

import asyncio
import json
import threading
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest

from wixreseller.emulator import Emulator, Settings
from wixreseller.emulator import default_seed as world
from wixreseller.emulator.schema import DatabaseError
from wixreseller.emulator.seed import SeedError, parse_seed
from wixreseller.emulator.settings import SettingsError, describe_settings

if TYPE_CHECKING:
    from pathlib import Path

    from tests.emulator.conftest import Api, Start

GUID = "b0000000-0000-4000-8000-000000000000"


async def test_health_says_ok_and_the_time(api: "Api") -> None:
    reply = await api.send("GET", "/_emulator/health")

    assert (reply.body["status"], reply.body["now"]) == ("ok", "2026-03-01T12:00:00+00:00")


async def test_reset_goes_back_to_the_seed_with_the_same_ids(api: "Api") -> None:
    first = (await api.create(idempotencyKey="k")).package["id"]
    await api.send("POST", "/_emulator/reset")

    assert await api.found({}) == []
    assert first == (await api.create(idempotencyKey="k")).package["id"]


async def test_reset_gives_back_the_rate(start: "Start") -> None:
    api = await start({"rate_limit": "1/60"})
    await api.query()
    await api.send("POST", "/_emulator/reset")

    assert (await api.query()).status == 200


async def test_a_seed_replaces_the_world(api: "Api") -> None:
    seed = {
        "accounts": [{"id": GUID.upper()}],
        "apiKeys": [{"key": "EMU.other", "accountId": GUID}],
    }
    await api.create()
    reply = await api.send("POST", "/_emulator/seed", seed)
    old_key = await api.query()
    api.key, api.account = "EMU.other", GUID

    assert (reply.status, reply.body["accounts"]) == (200, 1)
    assert old_key.status == 401
    assert await api.found({}) == []
    await api.send("POST", "/_emulator/reset")
    assert (await api.query()).status == 200


async def test_a_bad_seed_changes_nothing(api: "Api") -> None:
    for data in (b"{", b'{"accounts": 5}'):
        reply = await api.send("POST", "/_emulator/seed", data=data)

        assert reply.refusal == (400, "INVALID_SEED")
    assert (await api.query()).status == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost:1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Host": "evil.example"},
        {"Host": "evil.example", "Origin": "http://evil.example"},
    ],
)
async def test_pages_of_other_sites_cannot_use_the_control_plane(
    api: "Api", headers: dict[str, str]
) -> None:
    await api.create(externalId="kept")
    reply = await api.send("POST", "/_emulator/reset", headers=headers)

    assert reply.refusal == (403, "PERMISSION_DENIED")
    assert await api.found({}) == ["kept"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "clock"),
        ("PATCH", "settings"),
        ("POST", "faults"),
        ("DELETE", "faults/fault-1"),
        ("GET", "requests"),
        ("POST", "snapshot"),
        ("POST", "restore"),
    ],
)
async def test_no_part_of_the_control_plane_answers_other_sites(
    api: "Api", method: str, path: str
) -> None:
    headers = {"Origin": "http://evil.example"}
    reply = await api.send(method, f"/_emulator/{path}", headers=headers)

    assert reply.refusal == (403, "PERMISSION_DENIED")


async def test_a_restart_forgets_what_was_changed_over_http(api: "Api") -> None:
    await api.control("PATCH", "settings", {"update_key": "package", "rate_limit": "1/60"})
    await api.emulator.stop()
    await api.emulator.start()
    settings = (await api.control("GET", "settings"))["settings"]

    assert api.emulator.settings == Settings()
    assert settings[0]["value"] == "off"


async def test_its_own_pages_can(api: "Api") -> None:
    headers = {"Origin": api.emulator.url, "Sec-Fetch-Site": "same-origin"}

    assert (await api.send("POST", "/_emulator/reset", headers=headers)).status == 200


async def test_settings_can_be_exchanged_while_it_runs(api: "Api") -> None:
    api.emulator.settings = Settings(paging_key="pagingMetadata")

    assert "pagingMetadata" in (await api.query()).body


async def test_an_emulator_that_does_not_run_has_no_address() -> None:
    emulator = Emulator()
    async with emulator:
        address = emulator.url
        with pytest.raises(RuntimeError, match="running already"):
            await emulator.start()
    await emulator.stop()

    assert address.startswith("http://127.0.0.1:")
    with pytest.raises(RuntimeError, match="not running"):
        _ = emulator.url


async def test_an_emulator_can_start_again_on_its_file(tmp_path: "Path") -> None:
    emulator = Emulator(db=tmp_path / "state.db")
    for _ in range(2):
        async with emulator:
            assert emulator.url


async def test_a_busy_port_is_an_error_that_leaves_nothing_open() -> None:
    async with Emulator() as first:
        port = int(first.url.rpartition(":")[2])
        second = Emulator(port=port)
        with pytest.raises(OSError, match="in use"):
            await second.start()
    async with second:
        assert first is not second


def test_an_emulator_runs_in_a_thread_of_its_own() -> None:
    ready, done = threading.Event(), threading.Event()
    addresses: list[str] = []

    async def serve() -> None:
        async with Emulator() as emulator:
            addresses.append(emulator.url)
            ready.set()
            await asyncio.to_thread(done.wait, 20)

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    try:
        assert ready.wait(20)
        url = f"{addresses[0]}/_emulator/health"
        with urllib.request.urlopen(url, timeout=20) as answer:  # noqa: S310 # loopback
            assert json.load(answer)["status"] == "ok"
    finally:
        done.set()
        thread.join(20)


async def test_a_directory_is_no_database(tmp_path: "Path") -> None:
    with pytest.raises(DatabaseError, match="cannot open"):
        await Emulator(db=tmp_path).start()


@pytest.mark.parametrize(
    ("document", "complaint"),
    [
        ([], r"seed: expected an object"),
        ({"sights": []}, r"seed\.sights: unknown"),
        ({"accounts": {}}, r"seed\.accounts: expected an array"),
        ({"accounts": [5]}, r"seed\.accounts\[0\]: expected an object"),
        ({"accounts": [{"id": "x"}]}, r"seed\.accounts\[0\]\.id: expected a GUID"),
        ({"accounts": [{"id": GUID}, {"id": GUID}]}, r"seed\.accounts\[1\]\.id: .* twice"),
        (
            {"accounts": [{"id": GUID, "parentAccountId": GUID.replace("b", "c")}]},
            r"seed\.accounts\[0\]\.parentAccountId: .* not one of the seed's accounts",
        ),
        (
            {"accounts": [{"id": GUID, "parentAccountId": GUID}]},
            r"seed\.accounts\[0\]\.parentAccountId: .* has a parent itself",
        ),
        ({"apiKeys": [{"key": "", "accountId": GUID}]}, r"seed\.apiKeys\[0\]\.key: expected"),
        (
            {"sites": [{"id": GUID, "accountId": GUID}]},
            r"seed\.sites\[0\]\.accountId: expected one of the seed's accounts",
        ),
        ({"products": [{"id": GUID}]}, r"seed\.products\[0\]\.name: expected"),
        (
            {"products": [{"id": GUID, "name": "N", "type": "T", "cycles": [{"unit": "AGE"}]}]},
            r"seed\.products\[0\]\.cycles\[0\]\.unit: expected DAY or",
        ),
        (
            {"products": [{"id": GUID, "name": "N", "type": "T", "limit": True}]},
            r"seed\.products\[0\]\.limit: expected a whole number",
        ),
        (
            {"products": [{"id": GUID, "name": "N", "type": "T", "oneTime": 1}]},
            r"seed\.products\[0\]\.oneTime: expected true or false",
        ),
        (
            {"products": [{"id": GUID, "name": "N", "type": "T", "outcome": "LOST"}]},
            r"seed\.products\[0\]\.outcome: expected ENABLED or",
        ),
    ],
)
def test_a_wrong_seed_names_the_path(document: Any, complaint: str) -> None:
    with pytest.raises(SeedError, match=complaint):
        parse_seed(document)


def test_the_default_world_has_four_accounts_and_eight_products_of_four_types() -> None:
    seed = parse_seed(world.default_seed())
    types = {product.type for product in seed.products.values()}

    assert (len(seed.accounts), len(seed.sites), len(seed.products), len(types)) == (4, 12, 8, 4)


@pytest.mark.parametrize(
    "values", [{"surprise": 1}, {"paging_key": "x"}, {"delivery_seconds": "1"}]
)
def test_wrong_settings_are_refused(values: Any) -> None:
    with pytest.raises(SettingsError):
        Settings().with_values(values)


def test_settings_are_read_from_text() -> None:
    texts = {"delivery_seconds": "0.5", "fields_honoured": "on", "paging_key": "pagingMetadata"}

    assert Settings(
        delivery_seconds=0.5, fields_honoured=True, paging_key="pagingMetadata"
    ) == Settings().with_texts(texts)


def test_every_setting_has_a_meaning_and_a_source() -> None:
    for info in describe_settings():
        assert info.doc
        assert info.source in ("documented", "observed", "guessed")
