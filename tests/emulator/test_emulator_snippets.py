"""Requests of the journal as something to run: what is written is run here."""

import asyncio
import json
import subprocess
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from yarl import URL

from wixreseller.emulator import default_seed as world

if TYPE_CHECKING:
    from tests.emulator.conftest import Api

ACCOUNT = world.SUB_ACCOUNTS[0]
SITE = world.SITES[ACCOUNT][0]
ODD = 'it\'s "odd" $HOME `id` \\ %2F é\u2028 {x}'
# A shell that shows what it would hand to curl.
SHOW = 'curl() { for word in "$@"; do printf "%s\\0" "$word"; done; }; '


async def snippets(api: "Api", number: int | None = None) -> tuple[Any, str, str | None]:
    """Return an entry of the journal, the newest by default, with both snippets."""
    if number is None:
        number = (await api.control("GET", "inspector/requests?limit=1"))["last"]
    entry = await api.control("GET", f"inspector/requests/{number}")
    return entry, entry["curl"], entry["python"]


async def run_python(code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run code as a script would, in a thread that has no event loop."""
    monkeypatch.setenv("WIX_API_KEY", world.API_KEY)
    await asyncio.to_thread(exec, compile(code, "snippet", "exec"), {"__name__": "snippet"})


async def run_curl(api: "Api", command: str) -> tuple[int, Any]:
    """Let a shell read a command, and send what it says."""
    done = await asyncio.to_thread(
        subprocess.run,
        ["/bin/sh", "-c", SHOW + command],
        capture_output=True,
        timeout=20,
        check=True,
        env={"WIX_API_KEY": world.API_KEY},
    )
    words = done.stdout.decode().split("\0")[:-1]
    flag, method, url = words[:3]
    headers = dict(word.split(": ", 1) for at, word in enumerate(words) if words[at - 1] == "-H")
    data = [word for at, word in enumerate(words) if words[at - 1] == "--data-raw"]
    assert "-X" == flag
    async with aiohttp.ClientSession() as session:
        sent = session.request(
            method, URL(url, encoded=True), headers=headers, data=data[0] if data else None
        )
        async with sent as answer:
            return answer.status, json.loads(await answer.read())


async def prepare(api: "Api") -> dict[str, tuple[str, str, Any]]:
    """Return a request for each operation, about a package that is there."""
    package = (await api.create(externalId="first")).package
    await api.control("POST", "clock", {"advance": 2})
    instance = api.instance_path(package)
    products = [
        api.product(world.PREMIUM_BASIC, "1 YEAR", siteId=SITE, discountCode="TEN'"),
        api.product(world.EXTRA_STORAGE, "ONE_TIME", siteId=SITE),
        api.product(world.PREMIUM_BUSINESS, None),
    ]
    month = {"type": "RECURRING", "cycleDuration": {"unit": "MONTH", "count": 1}}
    keyed = {"idempotencyKey": "k'1"}
    packages = "/resellers/v1/packages"
    condition = {"externalId": {"$in": ["first", ODD]}}
    sort = [{"fieldName": "createdDate", "order": "ASC"}]
    query = {"filter": condition, "sort": sort, "cursorPaging": {"limit": 5}}
    path_id = "it's%20%24odd%2F%22"
    return {
        "createPackageV2": (
            "POST",
            "/resellers/v2/packages",
            {"externalId": ODD, "products": products, **keyed},
        ),
        "createPackage": ("POST", packages, {"external_id": "old", "products": products[2:]}),
        "queryPackages": ("POST", f"{packages}/query", {"query": query}),
        "getPackage": ("GET", f"{packages}/{package['id']}", None),
        "updatePackageExternalId": (
            "PATCH",
            f"{packages}/update/{package['id']}/{path_id}",
            keyed,
        ),
        "assignProductInstanceToSite": ("PATCH", f"{instance}/{SITE}", keyed),
        "unassignProductInstanceFromSite": ("PATCH", f"{instance}/unassign", None),
        "adjustProductInstanceSpecifications": (
            "PATCH",
            instance,
            {"catalogProductId": world.PREMIUM_UNLIMITED, "billingInfo": month},
        ),
        "cancelProductInstance": ("DELETE", f"{instance}?idempotencyKey=q", None),
        "cancelPackage": ("DELETE", f"{packages}/{package['id']}", keyed),
    }


OPERATIONS = [
    "createPackageV2",
    "createPackage",
    "queryPackages",
    "getPackage",
    "updatePackageExternalId",
    "assignProductInstanceToSite",
    "unassignProductInstanceFromSite",
    "adjustProductInstanceSpecifications",
    "cancelProductInstance",
    "cancelPackage",
]


@pytest.mark.parametrize("operation", OPERATIONS)
async def test_the_python_of_a_request_sends_it_again(
    api: "Api", operation: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    method, path, body = (await prepare(api))[operation]
    await api.control("POST", "snapshot", {"name": "s"})
    first = await api.send(method, path, body)
    entry, _, code = await snippets(api)
    await api.control("POST", "restore", {"name": "s"})
    assert code is not None
    await run_python(code, monkeypatch)
    again, _, _ = await snippets(api)
    names = {"createPackage": "createPackageV2"}

    assert (200, operation) == (first.status, entry["operation"])
    assert (200, names.get(operation, operation)) == (again["status"], again["operation"])
    assert (entry["account"], entry["externalId"]) == (again["account"], again["externalId"])
    if entry["idempotencyKey"] is not None:
        assert entry["idempotencyKey"] == again["idempotencyKey"]
    assert known(entry["requestBody"]) == known(again["requestBody"])


def known(body: Any) -> Any:
    """Leave out what the client adds by itself, and the name that only the old create has."""
    if body is None:
        return {}
    kept = {name: value for name, value in body.items() if name != "idempotencyKey"}
    if "external_id" in kept:
        kept["externalId"] = kept.pop("external_id")
    return {name: kept[name] for name in kept if name not in ("packageId", "externalId")} | (
        {"externalId": kept["externalId"]} if "products" in kept else {}
    )


@pytest.mark.parametrize("operation", OPERATIONS)
async def test_the_curl_of_a_request_sends_it_again(api: "Api", operation: str) -> None:
    method, path, body = (await prepare(api))[operation]
    await api.control("POST", "snapshot", {"name": "s"})
    first = await api.send(method, path, body)
    entry, command, _ = await snippets(api)
    await api.control("POST", "restore", {"name": "s"})
    status, answer = await run_curl(api, command)
    again, _, _ = await snippets(api)

    assert (first.status, first.body) == (status, answer)
    same = ("method", "path", "operation", "account", "requestBody", "idempotencyKey")
    assert [entry[name] for name in same] == [again[name] for name in same]


async def test_no_snippet_holds_a_key(api: "Api") -> None:
    body = {"externalId": f"x{api.key}", "products": [api.product()]}
    headers = {"X-Odd": api.key, "Cookie": f"k={api.key}"}
    await api.send("POST", "/resellers/v2/packages", body, headers=headers)
    _, curl, python = await snippets(api)

    assert api.key not in f"{curl}{python}"
    assert '-H "Authorization: $WIX_API_KEY"' in curl
    assert "Cookie" not in curl


NEVER_SENT: list[tuple[str, str, Any]] = [
    ("GET", "/nowhere", None),
    ("GET", "/resellers/v1/packages/no-guid", None),
    ("POST", "/resellers/v2/packages", {"products": []}),
    ("POST", "/resellers/v2/packages", {"products": [5]}),
    ("POST", "/resellers/v2/packages", {"products": [{"catalogProductId": "x"}]}),
    ("POST", "/resellers/v2/packages", {"surprise": 1, "products": [{}]}),
    ("POST", "/resellers/v1/packages/query", {"query": {"paging": {"limit": 1}}}),
    ("POST", "/resellers/v1/packages/query", {"query": 5}),
    ("POST", "/resellers/v1/packages/query", [1]),
]


@pytest.mark.parametrize(("method", "path", "body"), NEVER_SENT)
async def test_what_the_library_never_sends_has_no_python(
    api: "Api", method: str, path: str, body: Any
) -> None:
    await api.send(method, path, body)
    _, curl, python = await snippets(api)

    assert python is None
    assert f"curl -X {method} " in curl


@pytest.mark.parametrize(
    "billing",
    [
        5,
        {"type": "RECURRING"},
        {"type": "NEVER"},
        {"type": "RECURRING", "cycleDuration": {"unit": "AGE", "count": 1}},
        {"type": "RECURRING", "cycleDuration": {"unit": "DAY", "count": "1"}},
    ],
)
async def test_a_billing_that_the_library_does_not_know_has_no_python(
    api: "Api", billing: Any
) -> None:
    await api.create(api.product(cycle=None, billingInfo=billing))

    assert (await snippets(api))[2] is None
