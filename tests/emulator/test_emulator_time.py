"""What time does: deliveries, expiries, idempotency keys, rate windows."""

from typing import TYPE_CHECKING, Any

import pytest

from wixreseller.emulator import Clock
from wixreseller.emulator import default_seed as world

if TYPE_CHECKING:
    from tests.emulator.conftest import Api, Start

STATUS = "productInstances.status"


async def test_time_stands_advances_and_runs_on_from_where_it_stood() -> None:
    source = [100.0]
    clock = Clock(lambda: source[0])
    clock.freeze()
    source[0] = 200.0
    stood = clock.epoch()
    clock.advance(5)
    advanced = clock.epoch()
    clock.resume()
    source[0] = 201.0

    assert [stood, advanced, clock.epoch()] == [100.0, 105.0, 106.0]
    with pytest.raises(ValueError, match="only goes forward"):
        clock.advance(-1)


@pytest.mark.parametrize(
    ("product", "cycle", "status"),
    [
        (world.PREMIUM_BASIC, "1 YEAR", "ENABLED"),
        (world.PROVIDER_MAILBOX, "1 MONTH", "AWAITING_ACTION"),
        (world.UNLUCKY_ADDON, "1 MONTH", "FAILED"),
    ],
)
async def test_a_delivery_ends_when_it_is_due(
    api: "Api", clock: Clock, product: str, cycle: str, status: str
) -> None:
    package = (await api.create(api.product(product, cycle), externalId="x")).package
    clock.advance(1.999)
    before = [await api.found({STATUS: {"$hasSome": [word]}}) for word in ("PENDING", status)]
    clock.advance(60)
    after = [await api.found({STATUS: {"$hasSome": [word]}}) for word in ("PENDING", status)]
    settled = await api.get(package["id"])

    assert (before, after) == ([["x"], []], [[], ["x"]])
    assert status == settled["productInstances"][0]["status"]
    assert settled["updatedDate"] == "2026-03-01T12:00:02.000Z"


@pytest.mark.parametrize("code", ["EXTERNAL_FAILURE", "DELIVERY_TIMEOUT"])
async def test_only_a_failed_instance_says_why(start: "Start", clock: Clock, code: str) -> None:
    api = await start(failure_code=code)
    package = (await api.create(api.product(world.UNLUCKY_ADDON, "1 MONTH"), api.product())).package
    clock.advance(2)
    failed, enabled = (await api.get(package["id"]))["productInstances"]

    assert code == failed["failure"]["code"]
    assert "failure" not in enabled


async def test_an_instance_that_does_not_renew_expires(api: "Api", clock: Clock) -> None:
    site = world.SITES[world.SUB_ACCOUNTS[0]][0]
    package = (
        await api.create(
            api.product(siteId=site), api.product(world.EXTRA_STORAGE, "ONE_TIME", siteId=site)
        )
    ).package
    dates = [i.get("expirationDate") for i in package["productInstances"]]
    clock.advance(365 * 86_400)
    later = await api.get(package["id"])

    assert dates == [None, "2027-03-01T12:00:00.000Z"]
    assert [i["status"] for i in later["productInstances"]] == ["ENABLED", "CANCELED"]


async def test_a_key_seen_before_answers_as_the_first_time(api: "Api", clock: Clock) -> None:
    first = await api.create(idempotencyKey="k", externalId="x")
    clock.advance(60)
    second = await api.create(idempotencyKey="k", externalId="x")

    assert first.body == second.body
    assert first.body["idempotencyKey"] == "k"
    assert await api.found({}) == ["x"]


async def test_a_key_with_another_request_is_refused(api: "Api") -> None:
    await api.create(idempotencyKey="k", externalId="x")
    reply = await api.create(idempotencyKey="k", externalId="y")

    assert reply.refusal == (409, "ALREADY_EXISTS")


async def test_a_key_with_another_request_can_replay(start: "Start") -> None:
    api = await start(idempotency_mismatch="replay")
    first = await api.create(idempotencyKey="k", externalId="x")

    assert first.body == (await api.create(idempotencyKey="k", externalId="y")).body


async def test_mode_conflict_refuses_every_repeat(start: "Start") -> None:
    api = await start(idempotency_mode="conflict")
    await api.create(idempotencyKey="k")

    assert (await api.create(idempotencyKey="k")).refusal == (409, "ALREADY_EXISTS")


async def test_mode_ignore_does_it_again(start: "Start") -> None:
    api = await start(idempotency_mode="ignore")
    ids = {(await api.create(idempotencyKey="k")).package["id"] for _ in range(2)}

    assert len(ids) == 2


async def test_a_key_is_forgotten_after_its_lifetime(api: "Api", clock: Clock) -> None:
    first = (await api.create(idempotencyKey="k")).package["id"]
    clock.advance(86_399)
    replayed = (await api.create(idempotencyKey="k")).package["id"]
    clock.advance(1)

    assert first == replayed
    assert first != (await api.create(idempotencyKey="k")).package["id"]


async def test_a_key_belongs_to_one_account(api: "Api") -> None:
    await api.create(idempotencyKey="k")
    other = await api.create(idempotencyKey="k", account=world.SUB_ACCOUNTS[1])

    assert world.SUB_ACCOUNTS[1] == other.package["accountId"]


@pytest.mark.parametrize(("setting", "second"), [(False, 200), (True, 428)])
async def test_whether_refusals_are_remembered_is_a_setting(
    start: "Start", setting: bool, second: int
) -> None:
    api = await start(idempotency_errors=setting)
    emails = (await api.create(*[api.product(world.BUSINESS_EMAIL)] * 5)).package
    one = api.product(world.BUSINESS_EMAIL)
    refused = await api.create(one, idempotencyKey="k")
    await api.send("DELETE", f"/resellers/v1/packages/{emails['id']}")

    assert [428, second] == [refused.status, (await api.create(one, idempotencyKey="k")).status]


async def test_the_key_of_a_cancel_may_come_in_the_query_string(api: "Api") -> None:
    package = (await api.create()).package
    path = f"/resellers/v1/packages/{package['id']}?idempotencyKey=k"
    first, second = await api.send("DELETE", path), await api.send("DELETE", path)

    assert first.body["idempotencyKey"] == "k"
    assert first.body == second.body


async def statuses(api: "Api", count: int) -> list[int]:
    return [(await api.query()).status for _ in range(count)]


@pytest.mark.parametrize(
    ("kind", "after_half", "after_whole"),
    [
        ("fixed", [429, 429], [200, 200]),
        ("sliding", [429, 429], [200, 200]),
        ("bucket", [200, 429], [200, 429]),
    ],
)
async def test_requests_past_the_limit_are_refused(
    start: "Start", clock: Clock, kind: str, after_half: list[int], after_whole: list[int]
) -> None:
    api = await start({"rate_limit": "2/10"}, rate_limit_kind=kind)
    seen: Any = [await statuses(api, 3)]
    clock.advance(5)
    seen.append(await statuses(api, 2))
    clock.advance(5)
    seen.append(await statuses(api, 2))

    assert [[200, 200, 429], after_half, after_whole] == seen


@pytest.mark.parametrize(
    ("form", "expected"),
    [("off", None), ("seconds", "10"), ("date", "Sun, 01 Mar 2026 12:00:11 GMT")],
)
async def test_whether_a_429_says_when_to_come_again_is_a_setting(
    start: "Start", form: str, expected: str | None
) -> None:
    api = await start({"rate_limit": "1/10"}, retry_after=form)
    await api.query()
    reply = await api.query()

    assert reply.refusal == (429, "RESOURCE_EXHAUSTED")
    assert expected == reply.headers.get("Retry-After")


@pytest.mark.parametrize(("scope", "second"), [("key", 429), ("account", 200), ("address", 429)])
async def test_whose_requests_are_counted_is_a_setting(
    start: "Start", scope: str, second: int
) -> None:
    api = await start({"rate_limit": "1/10"}, rate_limit_scope=scope)
    await api.query()
    api.account = world.SUB_ACCOUNTS[1]

    assert second == (await api.query()).status


async def test_a_refused_request_changes_nothing(start: "Start", clock: Clock) -> None:
    api = await start({"rate_limit": "1/10"})
    await api.query()
    await api.create(externalId="x")
    clock.advance(10)

    assert await api.found({}) == []
