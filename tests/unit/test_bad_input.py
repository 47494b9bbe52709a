"""Bad arguments are named, with what is allowed, before anything is sent."""

from __future__ import annotations

import gc
import ssl
import weakref
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from wixreseller import AsyncClient, BillingInfo, Product, RateLimit, RetryPolicy, errors
from wixreseller.models import checks

GUID = "0a1b2c3d-0000-4000-8000-0123456789ab"
CANARY = "IST.canary-3f1c9a"
PRODUCT = Product(catalog_product_id=GUID, country_code="BR")
NOBODY = "http://127.0.0.1:9"


def wrong(value: object) -> Any:
    """Hand over what a type checker would refuse."""
    return cast("Any", value)


@pytest.fixture
def client() -> AsyncClient:
    return AsyncClient(api_key=CANARY, account_id=GUID, base_url=NOBODY)


class NotATime(datetime):
    """Be a moment to ``isinstance`` and none to all else, as pandas' ``NaT``."""

    def utcoffset(self) -> timedelta:
        raise ValueError("NaTType does not support utcoffset")


NOT_A_TIME = NotATime(2026, 1, 1)
LAST = datetime.max.replace(tzinfo=UTC)


CALLS: list[tuple[Callable[[AsyncClient], Awaitable[object]], str, str]] = [
    (lambda c: c.packages.create([]), "products", "1 to 1000"),
    (lambda c: c.packages.create([PRODUCT] * 1001), "products", "1 to 1000"),
    (lambda c: c.packages.create(wrong(PRODUCT)), "products", "list"),
    (lambda c: c.packages.create(wrong("abc")), "products", "list"),
    (lambda c: c.packages.create([PRODUCT, wrong({})]), "products[1]", "Product"),
    (lambda c: c.packages.create([PRODUCT], external_id="x" * 101), "external_id", "100"),
    (lambda c: c.packages.create([PRODUCT], external_id=""), "external_id", "not empty"),
    (lambda c: c.packages.create([PRODUCT], account_id="home"), "account_id", "GUID"),
    (lambda c: c.packages.create([PRODUCT], idempotency_key=""), "idempotency_key", "not empty"),
    (lambda c: c.packages.create([PRODUCT], timeout=wrong(None)), "timeout", "NO_TIMEOUT"),
    (lambda c: c.packages.create([PRODUCT], timeout=0), "timeout", "above 0"),
    (lambda c: c.packages.create([PRODUCT], deadline=-1), "deadline", "above 0"),
    (lambda c: c.packages.create([PRODUCT], deadline=10**400), "deadline", "above 0"),
    (
        lambda c: c.packages.query(wrong({"createdDate": NOT_A_TIME})).first(),
        "createdDate",
        "time zone",
    ),
    (lambda c: anext(aiter(c.packages.changes(wrong(NOT_A_TIME)))), "since", "time zone"),
    (lambda c: anext(aiter(c.packages.changes(LAST))), "since", "out of range"),
    (lambda c: anext(aiter(c.packages.changes(overlap=1e300))), "overlap", "out of range"),
    (lambda c: c.packages.get("42"), "package_id", "GUID"),
    (lambda c: c.packages.cancel(GUID[:-1]), "package_id", "GUID"),
    (lambda c: c.packages.find(""), "external_id", "not empty"),
    (
        lambda c: c.packages.update_external_id(GUID, external_id="x" * 101),
        "external_id",
        "100",
    ),
    (lambda c: c.packages.query(page_size=101).first(), "page_size", "1 to 100"),
    (lambda c: c.packages.query(page_size=wrong(True)).first(), "page_size", "1 to 100"),
    (lambda c: c.packages.query(max_items=0).first(), "max_items", "from 1"),
    (lambda c: c.packages.query({"id": "x"}, cursor="c").first(), "filter", "cursor"),
    (
        lambda c: c.packages.query(sort={"fieldName": "createdDate"}, cursor="c").first(),
        "sort",
        "cursor",
    ),
    (
        lambda c: c.product_instances.assign_to_site(GUID, site_id="home"),
        "site_id",
        "GUID",
    ),
    (lambda c: c.product_instances.unassign_from_site("x"), "instance_id", "GUID"),
    (lambda c: c.product_instances.cancel("x"), "instance_id", "GUID"),
    (
        lambda c: c.product_instances.adjust_specifications(GUID),
        "catalog_product_id",
        "billing_info",
    ),
    (
        lambda c: c.product_instances.adjust_specifications(GUID, billing_info=wrong({})),
        "billing_info",
        "BillingInfo",
    ),
    (
        lambda c: c.product_instances.adjust_specifications(
            GUID, billing_info=BillingInfo.one_time(), discount_code="x" * 26
        ),
        "discount_code",
        "25",
    ),
]


@pytest.mark.parametrize(("call", "field", "allowed"), CALLS)
async def test_a_call_names_the_argument_and_what_is_allowed(
    client: AsyncClient,
    call: Callable[[AsyncClient], Awaitable[object]],
    field: str,
    allowed: str,
) -> None:
    with pytest.raises(errors.ConfigurationError) as caught:
        await call(client)

    assert field == caught.value.field
    assert field.partition("[")[0] in str(caught.value)
    assert allowed in str(caught.value)


def blind_context() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


SETTINGS: list[tuple[dict[str, object], str, str]] = [
    ({"api_key": None}, "api_key", "WIX_API_KEY"),
    ({"api_key": ""}, "api_key", "WIX_API_KEY"),
    ({"api_key": "  "}, "api_key", "not empty"),
    ({"api_key": "Bearer abc"}, "api_key", "without the word Bearer"),
    ({"api_key": "abc\ndef"}, "api_key", "line break"),
    ({"api_key": "EMU.demo", "base_url": None}, "api_key", "emulator"),
    ({"api_key": "EMU.demo", "base_url": "https://x.wixapis.com"}, "api_key", "emulator"),
    ({"account_id": "home"}, "account_id", "GUID"),
    ({"api_key": "EMU.demo", "base_url": "https://www.wixapis.com."}, "api_key", "emulator"),
    ({"base_url": "http://www.wixapis.com"}, "base_url", "https"),
    ({"base_url": "http://10.0.0.1"}, "base_url", "this machine"),
    ({"base_url": "ftp://localhost"}, "base_url", "https"),
    ({"base_url": "localhost:80"}, "base_url", "https"),
    ({"base_url": "https://user:pw@host"}, "base_url", "https"),
    ({"base_url": "https://host:x"}, "base_url", "https"),
    ({"base_url": "https://host?"}, "base_url", "https"),
    ({"base_url": "https://host#"}, "base_url", "https"),
    ({"base_url": "https://host/a b"}, "base_url", "https"),
    ({"base_url": "https://ho\nst"}, "base_url", "https"),
    ({"base_url": "https://host\\there"}, "base_url", "https"),
    ({"timeout": None}, "timeout", "NO_TIMEOUT"),
    ({"timeout": "30"}, "timeout", "seconds"),
    ({"timeout": float("nan")}, "timeout", "seconds"),
    ({"deadline": 0}, "deadline", "above 0"),
    ({"rate_limit": 200}, "rate_limit", "RateLimit"),
    ({"retry": 3}, "retry", "RetryPolicy"),
    ({"if_unknown": "guess"}, "if_unknown", "'look' or 'raise'"),
    ({"hooks": print}, "hooks", "Hooks"),
    ({"ssl": False}, "ssl", "SSLContext"),
    ({"ssl": blind_context(), "base_url": None}, "ssl", "verify"),
]


@pytest.mark.parametrize(("setting", "field", "allowed"), SETTINGS)
def test_a_client_names_the_setting_and_what_is_allowed(
    setting: dict[str, object], field: str, allowed: str
) -> None:
    arguments = {"api_key": CANARY, "account_id": GUID, "base_url": NOBODY, **setting}

    with pytest.raises(errors.ConfigurationError) as caught:
        AsyncClient(**wrong(arguments))

    assert field == caught.value.field
    assert allowed in str(caught.value)
    assert CANARY not in str(caught.value)


@pytest.mark.parametrize(
    ("make", "field"),
    [
        (lambda: RateLimit(0), "rate_limit.requests"),
        (lambda: RateLimit(200, per=0), "rate_limit.per"),
        (lambda: RateLimit(200, max_wait=wrong(None)), "rate_limit.max_wait"),
        (lambda: RateLimit(200, max_wait=-1), "rate_limit.max_wait"),
        (lambda: RetryPolicy(max_attempts=0), "retry.max_attempts"),
        (lambda: RetryPolicy(first_delay=-1), "retry.first_delay"),
    ],
)
def test_a_policy_names_the_setting(make: Callable[[], object], field: str) -> None:
    with pytest.raises(errors.ConfigurationError) as caught:
        make()

    assert field == caught.value.field


async def test_an_account_is_asked_for_when_none_is_known() -> None:
    async with AsyncClient(api_key=CANARY, base_url=NOBODY) as client:
        with pytest.raises(errors.ConfigurationError) as caught:
            await client.packages.get(GUID)

    assert caught.value.field == "account_id"
    assert "WIX_ACCOUNT_ID" in str(caught.value)


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WIX_API_KEY", "EMU.demo")
    monkeypatch.setenv("WIX_ACCOUNT_ID", GUID)
    monkeypatch.setenv("WIXRESELLER_BASE_URL", NOBODY)

    client = AsyncClient()

    assert f"AsyncClient(account_id='{GUID}', base_url='{NOBODY}')" == repr(client)


def test_a_base_url_may_end_with_the_line_break_of_the_file_it_stood_in(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("WIXRESELLER_BASE_URL", f" {NOBODY}/\r\n")
    assert f"base_url='{NOBODY}'" in repr(AsyncClient(api_key=CANARY, account_id=GUID))


def test_the_password_of_a_base_url_is_not_shown() -> None:
    with pytest.raises(errors.ConfigurationError, match="a user or a password") as caught:
        AsyncClient(api_key=CANARY, base_url=f"https://me:{CANARY}@proxy.test")
    assert CANARY not in str(caught.value)


async def test_a_closed_client_sends_nothing_and_closes_twice(client: AsyncClient) -> None:
    await client.aclose()
    await client.aclose()

    with pytest.raises(errors.ClientClosedError):
        await client.packages.get(GUID)


class Linked(str):
    """Be text that holds on to what it came from, as that of some parsers does."""

    __slots__ = ("__weakref__",)


class Unhashable(str):
    """Be text with an equality of its own."""

    __slots__ = ()
    __hash__ = None  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]

    def __eq__(self, other: object) -> bool:
        return str.__eq__(self, other)


def test_a_guid_may_be_text_that_cannot_be_hashed() -> None:
    text = Unhashable(GUID)

    taken = checks.guid(text, "package_id")
    assert (GUID, str) == (taken, type(taken))


def test_nothing_holds_on_to_a_guid_of_a_class_of_its_own() -> None:
    text = Linked(GUID)
    given = weakref.ref(text)

    checks.guid(text, "package_id")

    del text
    gc.collect()
    assert None is given()
