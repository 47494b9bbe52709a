"""Every operation sends what the wire reference says: method, path, headers, body."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import orjson
import pytest
from raw_server import CANARY, GUID, PACKAGE, RawServer, answer

from wixreseller import AsyncClient, BillingInfo, CycleUnit, Product, RetryPolicy, errors

KEY = "key-1"
OTHER = "11111111-2222-3333-4444-555555555555"
Call = Callable[[AsyncClient], Awaitable[object]]

_YEARLY = {"type": "RECURRING", "cycleDuration": {"unit": "YEAR", "count": 1}}
CALLS: dict[str, tuple[Call, str, object]] = {
    "create": (
        lambda c: c.packages.create(
            [
                Product(
                    catalog_product_id=GUID,
                    country_code="BR",
                    site_id=OTHER,
                    billing_info=BillingInfo.recurring(1, CycleUnit.YEAR),
                    discount_code="TEN",
                    reference_product_instance_id=OTHER,
                )
            ],
            external_id="sub-42",
            idempotency_key=KEY,
        ),
        "POST /resellers/v2/packages",
        {
            "idempotencyKey": KEY,
            "externalId": "sub-42",
            "products": [
                {
                    "catalogProductId": GUID,
                    "countryCode": "BR",
                    "siteId": OTHER,
                    "billingInfo": _YEARLY,
                    "discountCode": "TEN",
                    "referenceProductInstanceId": OTHER,
                }
            ],
        },
    ),
    "get": (lambda c: c.packages.get(GUID), f"GET /resellers/v1/packages/{GUID}", None),
    "cancel": (
        lambda c: c.packages.cancel(GUID, idempotency_key=KEY),
        f"DELETE /resellers/v1/packages/{GUID}?idempotencyKey={KEY}",
        None,
    ),
    "update_external_id": (
        lambda c: c.packages.update_external_id(GUID, external_id="a/b ü"),
        f"PATCH /resellers/v1/packages/update/{GUID}/a%2Fb%20%C3%BC",
        None,
    ),
    "assign": (
        lambda c: c.product_instances.assign_to_site(GUID, site_id=OTHER, idempotency_key=KEY),
        f"PATCH /resellers/v1/packages/product-instances/{GUID}/{OTHER}",
        {"idempotencyKey": KEY},
    ),
    "unassign": (
        lambda c: c.product_instances.unassign_from_site(GUID, idempotency_key=KEY),
        f"PATCH /resellers/v1/packages/product-instances/{GUID}/unassign",
        {"idempotencyKey": KEY},
    ),
    "cancel_instance": (
        lambda c: c.product_instances.cancel(GUID, idempotency_key=KEY),
        f"DELETE /resellers/v1/packages/product-instances/{GUID}?idempotencyKey={KEY}",
        None,
    ),
    "adjust": (
        lambda c: c.product_instances.adjust_specifications(
            GUID,
            catalog_product_id=OTHER,
            billing_info=BillingInfo.one_time(),
            discount_code="TEN",
            idempotency_key=KEY,
        ),
        f"PATCH /resellers/v1/packages/product-instances/{GUID}",
        {
            "idempotencyKey": KEY,
            "catalogProductId": OTHER,
            "billingInfo": {"type": "ONE_TIME"},
            "discountCode": "TEN",
        },
    ),
}


@pytest.mark.parametrize(("call", "line", "body"), CALLS.values(), ids=CALLS.keys())
async def test_an_operation_sends_its_method_path_headers_and_body(
    raw: RawServer, raw_client: AsyncClient, call: Call, line: str, body: object
) -> None:
    raw.answers = [answer()]

    await call(raw_client)

    head, _, sent = raw.requests[0].partition(b"\r\n\r\n")
    first, *rest = head.decode().split("\r\n")
    headers = {name.lower(): value for name, _, value in (item.partition(": ") for item in rest)}
    assert f"{line} HTTP/1.1" == first
    assert (headers["authorization"], headers["wix-account-id"]) == (CANARY, GUID)
    assert body == (orjson.loads(sent) if sent else None)
    assert (None if body is None else "application/json") == headers.get("content-type")


async def test_a_query_sends_its_filter_first_and_then_only_the_cursor(
    raw: RawServer, raw_client: AsyncClient
) -> None:
    page = b'{"packages": [], "metadata": {"cursors": {"next": "c1"}}}'
    raw.answers = [answer(page), answer(b'{"packages": [], "metadata": {}}')]

    pager = raw_client.packages.query(
        {"externalId": "x"}, sort={"fieldName": "createdDate", "order": "ASC"}, page_size=5
    )

    assert await pager.collect() == []
    bodies = [orjson.loads(request.partition(b"\r\n\r\n")[2]) for request in raw.requests]
    assert bodies == [
        {
            "query": {
                "cursorPaging": {"limit": 5},
                "filter": {"externalId": "x"},
                "sort": [{"fieldName": "createdDate", "order": "ASC"}],
            }
        },
        {"query": {"cursorPaging": {"limit": 5, "cursor": "c1"}}},
    ]


async def test_the_last_consistency_token_is_echoed_views_included(
    raw: RawServer, raw_client: AsyncClient
) -> None:
    raw.answers = [answer(headers="X-Wix-Consistent: t1\r\n"), answer(), answer()]

    await raw_client.packages.get(GUID)
    await raw_client.packages.get(GUID)
    await raw_client.for_account(OTHER).packages.get(GUID)

    first, *later = [b"\r\nX-Wix-Consistent: t1\r\n" in request for request in raw.requests]
    assert (first, later) == (False, [True, True])


@pytest.mark.parametrize("name", ["package", "updatedPackage", "updated_package"])
async def test_the_package_is_read_under_each_name_that_documents_use(
    raw: RawServer, raw_client: AsyncClient, name: str
) -> None:
    raw.answers = [answer(PACKAGE.replace(b'"package"', f'"{name}"'.encode()))]

    updated = await raw_client.packages.update_external_id(GUID, external_id="x")

    assert updated.id == GUID


async def test_a_read_is_tried_again_on_what_may_go_away(raw: RawServer) -> None:
    raw.answers = [None, answer(b"", "503 Busy"), answer()]
    async with AsyncClient(
        api_key=CANARY,
        account_id=GUID,
        base_url=raw.url,
        rate_limit=None,
        retry=RetryPolicy(first_delay=0.001),
    ) as client:
        package = await client.packages.get(GUID)

    assert package.meta is not None
    assert (len(raw.requests), package.meta.attempts) == (3, 3)


async def test_a_read_is_given_up_after_its_attempts(raw: RawServer) -> None:
    async with AsyncClient(
        api_key=CANARY,
        account_id=GUID,
        base_url=raw.url,
        rate_limit=None,
        retry=RetryPolicy(max_attempts=2, first_delay=0.001),
    ) as client:
        with pytest.raises(errors.TransportError) as caught:
            await client.packages.get(GUID)

    assert (len(raw.requests), caught.value.attempts) == (2, 2)


@pytest.mark.parametrize("status", ["400", "401", "403", "404", "409", "428", "418"])
async def test_a_read_that_is_refused_is_not_tried_again(
    raw: RawServer, raw_client: AsyncClient, status: str
) -> None:
    raw.answers = [answer(b"{}", f"{status} No"), answer()]

    with pytest.raises(errors.APIError) as caught:
        await raw_client.packages.get(GUID)

    assert (1, int(status)) == (len(raw.requests), caught.value.status)


@pytest.mark.parametrize("body", [b"", b"<html>", b"[1]", b"{}", b'{"package": {}}'])
async def test_a_reads_success_that_cannot_be_read_is_a_decode_error(
    raw: RawServer, raw_client: AsyncClient, body: bytes
) -> None:
    raw.answers = [answer(body)]

    with pytest.raises(errors.DecodeError):
        await raw_client.packages.get(GUID)


async def test_an_error_that_echoes_the_key_does_not_show_it(
    raw: RawServer, raw_client: AsyncClient
) -> None:
    raw.answers = [answer(f"you sent {CANARY}".encode(), "400 Bad")]

    with pytest.raises(errors.BadRequestError) as caught:
        await raw_client.packages.get(GUID)

    assert "you sent ***" in str(caught.value)
    assert CANARY not in repr(caught.value.__dict__)
