"""Calls outside the nine keep the same contract, awaited and blocking, against the emulator."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from wixreseller import AsyncClient, Product, errors
from wixreseller.emulator.default_seed import PREMIUM_BASIC, SUB_ACCOUNTS
from wixreseller.models import JSONObject, JSONValue
from wixreseller.testing import EmulatorControl

HERE, ELSEWHERE, _ = SUB_ACCOUNTS
QUERY = "/resellers/v1/packages/query"
CREATE = "/resellers/v2/packages"
ORDER: JSONObject = {
    "externalId": "sub-1",
    "products": [
        {
            "catalogProductId": PREMIUM_BASIC,
            "countryCode": "BR",
            "billingInfo": {"type": "RECURRING", "cycleDuration": {"unit": "YEAR", "count": 1}},
        }
    ],
}


def at(document: JSONValue, *path: str | int) -> JSONValue:
    """Give what a JSON document has in a place."""
    for step in path:
        if isinstance(step, str):
            assert isinstance(document, Mapping)
            document = document[step]
        else:
            assert isinstance(document, Sequence)
            document = document[step]
    return document


async def test_a_read_gives_the_json_of_its_answer_as_it_is(
    client: AsyncClient, product: Product
) -> None:
    created = await client.packages.create([product], external_id="sub-1")

    queried = await client.request("POST", QUERY, json={"query": {}}, write=False)
    got = await client.request("GET", f"/resellers/v1/packages/{created.id}", write=False)

    assert created.id == at(queried, "packages", 0, "id")
    assert "sub-1" == at(got, "package", "externalId")


async def test_a_write_is_sent_with_its_body_for_the_account_of_the_call(
    client: AsyncClient,
) -> None:
    answer = await client.request("POST", CREATE, json=ORDER, account_id=ELSEWHERE)

    package_id = at(answer, "package", "id")
    assert ELSEWHERE == at(answer, "package", "accountId")
    assert [package_id] == [package.id async for package in client.packages.query()]


async def test_a_key_in_the_body_counts_as_one(client: AsyncClient) -> None:
    keyed = {**ORDER, "idempotencyKey": "my own key"}

    first = await client.request("POST", CREATE, json=keyed)
    second = await client.request("POST", CREATE, json=keyed)

    assert at(first, "package", "id") == at(second, "package", "id")


async def test_an_error_of_the_api_is_of_the_same_tree(client: AsyncClient) -> None:
    nowhere = "/resellers/v1/packages/00000000-0000-0000-0000-000000000000"

    with pytest.raises(errors.NotFoundError) as caught:
        await client.request("GET", nowhere, write=False)

    assert ("request", 404, 1) == (
        caught.value.operation,
        caught.value.status,
        caught.value.attempts,
    )
    assert caught.value.request_id


async def test_an_error_tells_the_key_wherever_the_caller_has_put_it(client: AsyncClient) -> None:
    package = "/resellers/v1/packages/00000000-0000-0000-0000-000000000000"
    calls: list[tuple[str, str, JSONValue]] = [
        ("DELETE", f"{package}?idempotencyKey=in%20query", None),
        ("DELETE", package, {"idempotencyKey": "in body"}),
        ("DELETE", package, None),
    ]
    told: list[str | None] = []
    for method, path, json in calls:
        with pytest.raises(errors.NotFoundError) as caught:
            await client.request(method, path, json=json)
        told.append(caught.value.idempotency_key)

    assert ["in query", "in body", None] == told


async def test_a_lost_answer_of_a_read_is_asked_for_again(
    client: AsyncClient, emulator_url: str
) -> None:
    control = EmulatorControl(emulator_url)
    control.add_fault("drop_before_commit", operation="queryPackages")

    answer = await client.request("POST", QUERY, json={"query": {}}, write=False)

    assert [] == at(answer, "packages")


async def test_a_lost_answer_of_a_write_is_unknown_and_nothing_is_looked_at(
    client: AsyncClient, emulator_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    control = EmulatorControl(emulator_url)
    control.add_fault("drop_after_commit", operation="createPackageV2")

    with pytest.raises(errors.OutcomeUnknownError) as caught:
        await client.request("POST", CREATE, json=ORDER)

    assert {"method": "POST", "path": CREATE, "json": ORDER} == caught.value.intent
    assert ["createPackageV2"] == [entry.operation for entry in control.requests()]
    assert "ERROR" in {record.levelname for record in caplog.records}
    with pytest.raises(errors.ConfigurationError, match="only you can look up"):
        await client.resolve(caught.value)


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("https://example.com/x", "must begin with one slash"),
        ("//example.com/x", "must begin with one slash"),
        ("resellers/v1", "must begin with one slash"),
        ("", "must begin with one slash"),
        ("@example.com/x", "must begin with one slash"),
        (".example.com/x", "must begin with one slash"),
        ("/\\example.com", "must begin with one slash"),
        ("/a b", "percent-encoded"),
        ("/ü", "percent-encoded"),
        ("/a%2", "percent-encoded"),
        ("/a\r\nHost: example.com", "percent-encoded"),
        ("/a\n", "percent-encoded"),
        ("/a#b", "fragment"),
        ("/../x", "segment of dots"),
        ("/a/%2e%2E/x", "segment of dots"),
        ("/a/.", "segment of dots"),
    ],
)
async def test_a_path_that_could_lead_elsewhere_is_refused_and_nothing_is_sent(
    client: AsyncClient, emulator_url: str, path: str, why: str
) -> None:
    with pytest.raises(errors.ConfigurationError, match=why) as caught:
        await client.request("GET", path)

    assert "path" == caught.value.field
    assert [] == EmulatorControl(emulator_url).requests()


async def test_what_json_cannot_hold_and_other_methods_are_refused(
    client: AsyncClient, emulator_url: str
) -> None:
    unwritable: dict[str, JSONValue] = {"a": {1, 2}}  # type: ignore[dict-item]  # pyright: ignore[reportAssignmentType]

    with pytest.raises(errors.ConfigurationError, match="cannot be written as JSON"):
        await client.request("POST", "/x", json=unwritable)
    for method in ("get", "CONNECT", "GET /x HTTP/1.1"):
        with pytest.raises(errors.ConfigurationError, match="method must be 'GET' or"):
            await client.request(method, "/x")
    with pytest.raises(errors.ConfigurationError, match="write must be a bool"):
        await client.request("GET", "/x", write=None)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]

    assert [] == EmulatorControl(emulator_url).requests()
