"""What a create's answer says of when its package was made, and what is made of that."""

from __future__ import annotations

import orjson
import pytest
from raw_server import GUID, RawServer, answer

from wixreseller import AsyncClient, Product
from wixreseller._clock import CLOCK_MARGIN, ServerClock

NAME = "sub-1"
PRODUCT = Product(catalog_product_id=GUID, country_code="BR")
DATE = "Date: Sun, 01 Mar 2026 12:00:00 GMT\r\n"


def made_at(time: str) -> bytes:
    """Answer with a package that was made at a time of that day."""
    instance = {"instanceId": GUID, "catalogProductId": GUID, "countryCode": "BR"}
    package = {
        "id": GUID,
        "externalId": NAME,
        "createdDate": f"2026-03-01T{time}Z",
        "productInstances": [instance],
    }
    return answer(orjson.dumps({"package": package}), headers=DATE)


@pytest.mark.parametrize(
    ("time", "requests", "outcome"),
    [
        ("12:00:00.700", 2, "created"),
        # One machine of theirs may be behind the other that answers: this proves nothing.
        ("11:59:57", 2, "created"),
        ("11:59:50", 3, "existing"),
    ],
)
async def test_a_package_is_of_before_only_if_no_clocks_can_explain_its_age(
    raw: RawServer, time: str, requests: int, outcome: str
) -> None:
    raw.answers = [
        answer(b'{"packages": [], "metadata": {"hasNext": false}}', headers=DATE),
        made_at(time),
        made_at(time),
    ]
    async with AsyncClient(api_key="EMU.demo", account_id=GUID, base_url=raw.url) as client:
        ensured = await client.packages.ensure([PRODUCT], external_id=NAME)

    assert (outcome, requests) == (ensured.outcome, len(raw.requests))


@pytest.mark.parametrize("received", [940.0, 1060.0], ids=["set back", "slow, or set forward"])
def test_an_answer_during_which_the_calendar_moved_far_says_too_little_of_the_time(
    received: float,
) -> None:
    told = ServerClock.from_date("Sun, 01 Mar 2026 12:00:00 GMT", 1000.0, received)
    assert told is not None
    assert told.uncertainty > CLOCK_MARGIN
