"""Text of a class of the caller's is sent, and told, as the text that it is."""

from __future__ import annotations

import enum
import pickle
from collections.abc import Iterator, Mapping, Sequence

import pytest
from raw_server import CANARY, GUID, RawServer, answer

from wixreseller import AsyncClient, Product, Q, errors
from wixreseller.models import JSONValue


class Ours(str, enum.Enum):  # noqa: UP042  # as it is found in programs, and unlike a StrEnum
    """Write itself as ``Ours.ACCOUNT`` where text is made of it."""

    KEY = CANARY
    ACCOUNT = GUID
    ORDER = "sub-42"
    COUNTRY = "BR"
    SENT = "key-1"


def client_of(raw: RawServer) -> AsyncClient:
    return AsyncClient(
        api_key=Ours.KEY,
        account_id=Ours.ACCOUNT,
        base_url=raw.url,
        rate_limit=None,
        if_unknown="raise",
    )


def texts(value: JSONValue) -> Iterator[JSONValue]:
    """Give what is neither a list nor a dict in a value."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield name
            yield from texts(inner)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for inner in value:
            yield from texts(inner)
    else:
        yield value


async def test_headers_and_path_hold_the_text_and_not_the_name_of_a_member(raw: RawServer) -> None:
    raw.answers = [answer()] * 2
    async with client_of(raw) as client:
        await client.packages.cancel(Ours.ACCOUNT, idempotency_key=Ours.SENT)
        await client.for_account(Ours.ACCOUNT).packages.get(Ours.ACCOUNT)

    for head in raw.requests:
        assert f"\r\nAuthorization: {CANARY}\r\n".encode() in head
        assert f"\r\nwix-account-id: {GUID}\r\n".encode() in head
        assert b"Ours" not in head
    assert f"DELETE /resellers/v1/packages/{GUID}?idempotencyKey=key-1 ".encode() in raw.requests[0]


async def test_an_unknown_outcome_holds_nothing_that_another_process_might_not_know(
    raw: RawServer,
) -> None:
    order = Product(catalog_product_id=Ours.ACCOUNT, country_code=Ours.COUNTRY)
    async with client_of(raw) as client:
        with pytest.raises(errors.OutcomeUnknownError) as caught:
            await client.packages.create([order], external_id=Ours.ORDER, idempotency_key=Ours.SENT)

    error = caught.value
    told = [error.account_id, error.external_id, error.idempotency_key, *texts(error.intent)]
    assert {str} == {type(text) for text in told}
    assert b"Ours" not in pickle.dumps(error)


def test_a_filter_compares_with_the_text_and_not_with_what_it_is_written_as() -> None:
    class Shouted(str):
        __slots__ = ()

        def __str__(self) -> str:
            return self.upper()

    assert {"externalId": {"$in": ["sub-42", "sub-43"]}} == Q.external_id.in_(
        [Ours.ORDER, Shouted("sub-43")]
    ).as_json()
