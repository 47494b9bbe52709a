"""Audits of a live account: what is found, what is not, and that nothing but reading is done."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import attrs
import pytest
from mocked_http import mocked_http

from wixreseller import AsyncClient, BillingInfo, CycleUnit, Product, errors
from wixreseller.bulk.auditing import Audit, audit
from wixreseller.bulk.catalogue import Catalogue, CatalogueEntry
from wixreseller.bulk.findings import (
    FINDING_COLUMNS,
    AuditSummary,
    Finding,
    FindingKind,
    audit_exit_code,
    to_csv_line,
    to_json_line,
)
from wixreseller.bulk.orders import Order
from wixreseller.emulator import Emulator, Settings
from wixreseller.emulator.default_seed import (
    BUSINESS_EMAIL,
    DOMAIN,
    EXTRA_STORAGE,
    PARENT_ACCOUNT,
    PREMIUM_BASIC,
    PROVIDER_MAILBOX,
    SITES,
    SUB_ACCOUNTS,
    UNLUCKY_ADDON,
)
from wixreseller.testing import AsyncEmulatorControl

ACCOUNT, ELSEWHERE, _ = SUB_ACCOUNTS
SITE = SITES[ACCOUNT][0]
MONTHLY = BillingInfo.recurring(1, CycleUnit.MONTH)
EMAIL = Product(catalog_product_id=BUSINESS_EMAIL, country_code="BR", billing_info=MONTHLY)
USED = attrs.evolve(EMAIL, site_id=SITE)
FAILING = attrs.evolve(USED, catalog_product_id=UNLUCKY_ADDON)


@pytest.fixture
async def emulator() -> AsyncIterator[Emulator]:
    async with Emulator(rate_limit="off", settings=Settings(delivery_seconds=0.0)) as running:
        yield running


@pytest.fixture
def control(emulator: Emulator) -> AsyncEmulatorControl:
    return AsyncEmulatorControl(emulator.url)


@pytest.fixture
async def parent(emulator: Emulator) -> AsyncIterator[AsyncClient]:
    """Give a client of the parent account, which sees the whole family."""
    async with AsyncClient(
        api_key="EMU.demo", account_id=PARENT_ACCOUNT, base_url=emulator.url, rate_limit=None
    ) as made:
        yield made


@pytest.fixture
def seller(parent: AsyncClient) -> AsyncClient:
    """Give a view for the account that most packages are sold to."""
    return parent.for_account(ACCOUNT)


def brief(findings: Iterable[Finding]) -> list[tuple[str, str | None]]:
    return [(finding.kind.value, finding.external_id) for finding in findings]


def order(external_id: str, account: str = ACCOUNT) -> Order:
    return Order(external_id=external_id, account_id=account, products=(EMAIL,))


# --- what one instance can be -------------------------------------------------------------------


async def test_an_account_in_order_has_no_findings(
    parent: AsyncClient, seller: AsyncClient
) -> None:
    await seller.packages.create([USED, USED], external_id="a")
    await seller.packages.create([USED], external_id="b")
    read = audit(parent)
    assert [] == await read.collect()
    assert AuditSummary(packages=2, instances=3, live=2, is_complete=True) == read.summary
    assert 0 == audit_exit_code(read.summary)


async def test_an_enabled_instance_on_no_site_is_floating_which_is_a_guess(
    parent: AsyncClient, seller: AsyncClient
) -> None:
    package = await seller.packages.create([EMAIL, USED], external_id="a")
    floating, _ = package.product_instances
    (finding,) = await audit(parent).collect()
    assert (
        Finding(
            kind=FindingKind.FLOATING,
            account_id=ACCOUNT,
            package_id=package.id,
            external_id="a",
            instance_id=floating.instance_id,
            catalog_product_id=BUSINESS_EMAIL,
            billing_info=MONTHLY,
            detail=finding.detail,
        )
        == finding
    )
    assert finding.is_guess
    assert finding.detail.startswith("RECURRING, every 1 MONTH; on no site, last changed 20")


async def test_a_free_extra_and_what_is_over_or_not_yet_there_does_not_float(
    parent: AsyncClient, seller: AsyncClient, control: AsyncEmulatorControl
) -> None:
    plan = attrs.evolve(USED, catalog_product_id=PREMIUM_BASIC)
    bought = await seller.packages.create([plan], external_id="plan")
    free = Product(
        catalog_product_id=DOMAIN,
        country_code="BR",
        billing_info=BillingInfo.recurring(1, CycleUnit.YEAR),
        reference_product_instance_id=bought.product_instances[0].instance_id,
    )
    await seller.packages.create([free], external_id="free")
    over = await seller.packages.create([EMAIL], external_id="over")
    await seller.packages.cancel(over.id)
    mailbox = attrs.evolve(EMAIL, catalog_product_id=PROVIDER_MAILBOX)
    await seller.packages.create([mailbox], external_id="someone must act")
    await control.change_settings(delivery_seconds=60.0)
    await seller.packages.create([EMAIL], external_id="pending")
    assert [] == await audit(parent).collect()


async def test_a_failed_instance_is_found_with_its_reason(
    parent: AsyncClient, seller: AsyncClient
) -> None:
    await seller.packages.create([FAILING], external_id="a")
    (finding,) = await audit(parent).collect()
    assert ("failed", UNLUCKY_ADDON) == (finding.kind, finding.catalog_product_id)
    assert "EXTERNAL_FAILURE: The product could not be delivered." == finding.detail
    assert not finding.is_guess


async def test_an_instance_is_pending_too_long_by_the_servers_clock_and_not_by_ours(
    parent: AsyncClient, seller: AsyncClient, control: AsyncEmulatorControl
) -> None:
    await control.change_settings(delivery_seconds=1e6)
    await seller.packages.create([USED], external_id="a")
    await control.advance(23.9 * 3600)
    assert [] == await audit(parent).collect()
    await control.advance(0.2 * 3600)
    (finding,) = await audit(parent).collect()
    assert ("pending", "a") == (finding.kind, finding.external_id)
    assert finding.detail.startswith("for 24 h ")


async def test_how_long_pending_may_last_and_the_time_itself_can_be_given(
    parent: AsyncClient, seller: AsyncClient, control: AsyncEmulatorControl
) -> None:
    await control.change_settings(delivery_seconds=1e6)
    created = (await seller.packages.create([USED], external_id="a")).created_date
    assert created is not None
    for later, found in ((timedelta(minutes=29), []), (timedelta(minutes=31), ["a"])):
        read = audit(parent, pending_longer_than=timedelta(minutes=30), now=created + later)
        assert found == [finding.external_id for finding in await read.collect()]


async def test_an_old_instance_that_an_adjust_made_pending_is_as_young_as_the_adjust(
    parent: AsyncClient, seller: AsyncClient, control: AsyncEmulatorControl
) -> None:
    package = await seller.packages.create([USED], external_id="a")
    await control.advance(100 * 86_400)
    await control.change_settings(delivery_seconds=1e6, adjust_sets_pending=True)
    yearly = BillingInfo.recurring(1, CycleUnit.YEAR)
    instance_id = package.product_instances[0].instance_id
    await seller.product_instances.adjust_specifications(instance_id, billing_info=yearly)
    assert [] == await audit(parent).collect()
    await control.advance(86_401)
    assert [("pending", "a")] == brief(await audit(parent).collect())


async def test_an_enabled_instance_beside_a_canceled_one_is_half_canceled_which_is_a_guess(
    parent: AsyncClient, seller: AsyncClient
) -> None:
    package = await seller.packages.create([USED, USED, USED], external_id="a")
    first, *others = package.product_instances
    await seller.product_instances.cancel(first.instance_id)
    findings = await audit(parent).collect()
    assert [("half_canceled", "a")] * 2 == brief(findings)
    assert [item.instance_id for item in others] == [item.instance_id for item in findings]
    assert all(finding.is_guess for finding in findings)
    assert "1 of 3 instances of its package are canceled" == findings[0].detail


async def test_an_instance_that_expired_was_not_canceled(
    parent: AsyncClient, seller: AsyncClient, control: AsyncEmulatorControl
) -> None:
    plan = attrs.evolve(USED, catalog_product_id=PREMIUM_BASIC)
    once = Product(
        catalog_product_id=EXTRA_STORAGE,
        country_code="BR",
        site_id=SITE,
        billing_info=BillingInfo.one_time(),
    )
    await seller.packages.create([plan, once], external_id="a")
    await control.advance(366 * 86_400)
    (package,) = await parent.packages.query().collect()
    assert ["ENABLED", "CANCELED"] == [item.status for item in package.product_instances]
    assert [] == await audit(parent).collect()


# --- what packages can be to each other ---------------------------------------------------------


async def test_live_packages_of_one_account_and_external_id_are_duplicates_of_the_oldest(
    parent: AsyncClient, seller: AsyncClient
) -> None:
    dead = await seller.packages.create([USED], external_id="twice")
    await seller.packages.cancel(dead.id)
    first, *others = [await seller.packages.create([USED], external_id="twice") for _ in range(3)]
    await seller.packages.create([USED], external_id="once")
    findings = await audit(parent).collect()
    assert [("duplicate", "twice")] * 2 == brief(findings)
    assert [package.id for package in others] == [finding.package_id for finding in findings]
    for finding in findings:
        assert finding.detail.startswith(f"package {first.id} has this external id too, since ")


async def test_the_same_external_id_in_two_accounts_and_packages_without_one_are_no_duplicates(
    parent: AsyncClient, seller: AsyncClient
) -> None:
    other = attrs.evolve(USED, site_id=SITES[ELSEWHERE][0])
    await seller.packages.create([USED], external_id="a")
    await parent.packages.create([other], external_id="a", account_id=ELSEWHERE)
    for _ in range(2):
        await seller.packages.create([USED])
    assert [] == await audit(parent).collect()


async def test_duplicates_are_looked_up_fifty_in_a_query_and_nothing_else_is_sent(
    parent: AsyncClient, control: AsyncEmulatorControl
) -> None:
    plan = attrs.evolve(EMAIL, catalog_product_id=PREMIUM_BASIC)
    for number in range(60):
        for _ in range(2):
            await parent.packages.create([plan], external_id=f"d{number}")
    await control.clear_requests()
    findings = await audit(parent).collect()
    duplicates = {item.external_id for item in findings if item.kind is FindingKind.DUPLICATE}
    assert {f"d{number}" for number in range(60)} == duplicates
    # Two pages of packages, then a hundred packages of fifty ids and twenty of ten.
    sent = await control.requests()
    assert ["queryPackages"] * 4 == [request.operation for request in sent]


async def test_a_package_is_a_duplicate_once_however_many_there_are_and_pages_between_them(
    parent: AsyncClient,
) -> None:
    plan = attrs.evolve(EMAIL, catalog_product_id=PREMIUM_BASIC)
    for _ in range(3):
        for number in range(51):
            await parent.packages.create([plan], external_id=f"d{number}")
    read = audit(parent)
    found = [item for item in await read.collect() if item.kind is FindingKind.DUPLICATE]
    assert 102 == len(found)
    assert 102 == len({finding.package_id for finding in found})


async def test_dead_packages_are_not_even_looked_up(
    parent: AsyncClient, seller: AsyncClient, control: AsyncEmulatorControl
) -> None:
    for _ in range(3):
        package = await seller.packages.create([USED], external_id="again")
        await seller.packages.cancel(package.id)
    await seller.packages.create([USED], external_id="again")
    await control.clear_requests()
    assert [] == await audit(parent).collect()
    assert 1 == len(await control.requests())


async def test_an_audit_only_queries_whatever_it_finds(
    parent: AsyncClient, seller: AsyncClient, control: AsyncEmulatorControl
) -> None:
    package = await seller.packages.create([EMAIL, USED, FAILING], external_id="a")
    await seller.product_instances.cancel(package.product_instances[1].instance_id)
    for _ in range(2):
        await seller.packages.create([USED], external_id="twice")
    await control.clear_requests()
    findings = await audit(parent, orders=[order("a"), order("nowhere")]).collect()
    assert {
        FindingKind.FLOATING,
        FindingKind.DUPLICATE,
        FindingKind.HALF_CANCELED,
        FindingKind.FAILED,
        FindingKind.ORPHAN,
        FindingKind.STRANGER,
    } == {finding.kind for finding in findings}
    sent = await control.requests()
    assert {("queryPackages", False)} == {(item.operation, item.is_committed) for item in sent}


# --- orders -------------------------------------------------------------------------------------


async def test_live_packages_without_an_order_are_orphans_and_orders_without_one_strangers(
    parent: AsyncClient, seller: AsyncClient
) -> None:
    await seller.packages.create([USED], external_id="both")
    orphan = await seller.packages.create([USED], external_id="orphan")
    nameless = await seller.packages.create([USED])
    for external_id in ("dead", "dead and not ordered"):
        dead = await seller.packages.create([USED], external_id=external_id)
        await seller.packages.cancel(dead.id)
    read = audit(parent, orders=[order("both"), order("dead"), order("stranger")])
    findings = await read.collect()
    assert [
        ("orphan", "orphan", orphan.id, "no order has this external id in this account"),
        ("orphan", None, nameless.id, "it has no external id, so no order can be its own"),
        ("stranger", "dead", None, "all its instances are canceled or failed"),
        ("stranger", "stranger", None, "no package has this external id"),
    ] == [(item.kind, item.external_id, item.package_id, item.detail) for item in findings]
    assert {FindingKind.ORPHAN: 2, FindingKind.STRANGER: 2} == read.summary.findings
    assert 1 == audit_exit_code(read.summary)


async def test_an_order_of_another_account_is_another_order(
    parent: AsyncClient, seller: AsyncClient
) -> None:
    await seller.packages.create([USED], external_id="a")
    findings = await audit(parent, orders=[order("a", ELSEWHERE)]).collect()
    assert [
        ("orphan", ACCOUNT),
        ("stranger", ELSEWHERE),
    ] == [(item.kind, item.account_id) for item in findings]


async def test_external_ids_in_upper_and_lower_case_are_two(
    parent: AsyncClient, seller: AsyncClient
) -> None:
    await seller.packages.create([USED], external_id="a")
    await seller.packages.create([USED], external_id="A")
    findings = await audit(parent, orders=[order("A"), order("B")]).collect()
    assert [("orphan", "a"), ("stranger", "B")] == brief(findings)


async def test_an_account_is_the_same_in_upper_and_lower_case(
    parent: AsyncClient, seller: AsyncClient
) -> None:
    await seller.packages.create([USED], external_id="a")
    assert [] == await audit(parent, orders=[order("a", ACCOUNT.upper())]).collect()


async def test_a_package_that_an_order_cancels_is_an_orphan_while_it_lives(
    parent: AsyncClient, seller: AsyncClient
) -> None:
    first = await seller.packages.create([USED], external_id="a")
    second = await seller.packages.create([USED], external_id="b")
    cancels = [
        Order(operation="cancel", external_id="a", account_id=ACCOUNT),
        Order(operation="cancel", package_id=second.id.upper(), account_id=ACCOUNT),
    ]
    told = "an order cancels it, and it lives"
    findings = await audit(parent, orders=cancels).collect()
    assert [(first.id, told), (second.id, told)] == [
        (item.package_id, item.detail) for item in findings
    ]
    for package in (first, second):
        await seller.packages.cancel(package.id)
    assert [] == await audit(parent, orders=cancels).collect()


async def test_a_cancel_outweighs_the_create_of_the_same_id(
    parent: AsyncClient, seller: AsyncClient
) -> None:
    cancel = Order(operation="cancel", external_id="a", account_id=ACCOUNT)
    package = await seller.packages.create([USED], external_id="a")
    orders = [order("a"), cancel]
    assert [("orphan", "a")] == brief(await audit(parent, orders=orders).collect())
    await seller.packages.cancel(package.id)
    assert [] == await audit(parent, orders=orders).collect()


async def test_a_file_without_an_order_makes_every_live_package_an_orphan(
    parent: AsyncClient, seller: AsyncClient
) -> None:
    await seller.packages.create([USED], external_id="a")
    assert [("orphan", "a")] == brief(await audit(parent, orders=[]).collect())


# --- accounts -----------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["view", "argument"])
async def test_a_view_and_an_account_id_keep_the_audit_and_its_orders_to_one_account(
    parent: AsyncClient, seller: AsyncClient, way: str
) -> None:
    other = attrs.evolve(EMAIL, catalog_product_id=PREMIUM_BASIC)
    for _ in range(2):
        await seller.packages.create([USED], external_id="twice")
        await parent.packages.create([other], external_id="twice", account_id=ELSEWHERE)
    orders = [order("twice"), order("nowhere"), order("not asked", ELSEWHERE)]
    read = (
        audit(seller, orders=orders)
        if way == "view"
        else audit(parent, orders=orders, account_id=ACCOUNT)
    )
    assert [("duplicate", "twice"), ("stranger", "nowhere")] == brief(await read.collect())
    assert 2 == read.summary.packages


# --- reading ------------------------------------------------------------------------------------


async def test_findings_come_page_by_page_before_the_rest_is_read(
    parent: AsyncClient, control: AsyncEmulatorControl
) -> None:
    plan = attrs.evolve(EMAIL, catalog_product_id=PREMIUM_BASIC)
    for number in range(201):
        await parent.packages.create([plan], external_id=f"p{number}")
    await control.clear_requests()
    read = audit(parent)
    assert "p0" == (await anext(read)).external_id
    assert 1 == len(await control.requests())
    assert (100, False) == (read.summary.packages, read.summary.is_complete)
    assert [f"p{number}" for number in range(1, 100)] == [
        finding.external_id for finding in await read.next_page() or ()
    ]
    rest = await read.collect()
    assert [f"p{number}" for number in range(100, 201)] == [item.external_id for item in rest]
    assert 3 == len(await control.requests())
    assert {FindingKind.FLOATING: 201} == read.summary.findings
    assert None is await read.next_page()


async def test_an_error_leaves_the_audit_incomplete_and_it_can_go_on_where_it_was(
    parent: AsyncClient, control: AsyncEmulatorControl
) -> None:
    plan = attrs.evolve(EMAIL, catalog_product_id=PREMIUM_BASIC)
    for number in range(101):
        await parent.packages.create([plan], external_id=f"p{number // 2}")
    await control.add_fault("status", status=403, nth=2, operation="queryPackages")
    await control.add_fault("status", status=403, nth=3, operation="queryPackages")
    read = audit(parent)
    found: list[Finding] = []
    for _ in range(2):
        with pytest.raises(errors.PermissionDeniedError):
            await gather(read, found)
        assert not read.summary.is_complete
    await gather(read, found)
    assert read.summary.is_complete
    assert {FindingKind.FLOATING: 101, FindingKind.DUPLICATE: 50} == read.summary.findings
    assert 151 == len(set(found))


async def gather(read: Audit, found: list[Finding]) -> None:
    async for finding in read:
        found.append(finding)  # noqa: PERF401  # what came before an error counts


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"pending_longer_than": timedelta(seconds=-1)}, "pending_longer_than"),
        ({"pending_longer_than": 3600}, "pending_longer_than"),
        ({"now": datetime(2026, 1, 1)}, "now"),  # noqa: DTZ001  # that is the mistake
        ({"account_id": "nobody"}, "account_id"),
    ],
)
async def test_a_wrong_argument_is_refused_before_anything_is_sent(
    parent: AsyncClient, control: AsyncEmulatorControl, arguments: dict[str, Any], field: str
) -> None:
    with pytest.raises(errors.ConfigurationError) as caught:
        audit(parent, **arguments)
    assert field == caught.value.field
    assert [] == await control.requests()


# --- what an emulator does not do ---------------------------------------------------------------

URL = "http://127.0.0.1:9/resellers/v1/packages/query"
NOW = datetime(2026, 3, 2, tzinfo=UTC)


async def judge(*instances: dict[str, Any], date: str | None = None) -> list[Finding]:
    """Audit an account whose only package has these instances."""
    shown = [{"instanceId": f"{n:08x}-0000-4000-8000-000000000000"} for n in range(len(instances))]
    whole = [{**ids, **instance} for ids, instance in zip(shown, instances, strict=True)]
    package = {"id": ACCOUNT, "accountId": ACCOUNT, "productInstances": whole}
    body = json.dumps({"packages": [package], "metadata": {}}).encode()
    client = AsyncClient(
        api_key="EMU.x", account_id=ACCOUNT, base_url="http://127.0.0.1:9", rate_limit=None
    )
    with mocked_http() as mocked:
        mocked.answer("POST", URL, body=body, headers={"Date": date} if date else None)
        async with client:
            return await audit(client, now=None if date else NOW).collect()


BILLING = {"type": "RECURRING", "cycleDuration": {"unit": "YEAR", "count": 1}}


async def test_only_what_has_billing_floats_and_billing_that_cannot_be_read_is_billing() -> None:
    enabled: dict[str, Any] = {"status": "ENABLED"}
    assert [] == await judge(enabled)
    assert ["billed; on no site"] == [
        finding.detail for finding in await judge({**enabled, "billingInfo": "by letter"})
    ]
    (finding,) = await judge({**enabled, "billingInfo": BILLING})
    assert "RECURRING, every 1 YEAR; on no site" == finding.detail


async def test_a_site_that_cannot_be_read_is_a_site() -> None:
    odd = {"status": "ENABLED", "billingInfo": BILLING, "siteId": {"id": SITE}}
    assert [] == await judge(odd)


async def test_a_failure_without_a_reason_says_so() -> None:
    details = [item.detail for item in await judge({"status": "FAILED"})]
    assert ["Wix gives no reason"] == details


async def test_a_pending_instance_without_any_date_is_left_alone() -> None:
    assert [] == await judge({"status": "PENDING"})


async def test_the_servers_date_decides_what_is_old() -> None:
    pending = {"status": "PENDING", "updatedDate": "2026-03-01T00:00:00.000Z"}
    assert [] == await judge(pending, date="Sun, 01 Mar 2026 23:59:00 GMT")
    (finding,) = await judge(pending, date="Fri, 06 Mar 2026 00:00:10 GMT")
    assert "for 5 days, since 2026-03-01 00:00 UTC" == finding.detail


async def test_an_unknown_status_is_live_and_no_finding() -> None:
    odd = {"status": "SUSPENDED", "billingInfo": BILLING}
    canceled = {"status": "CANCELED", "billingInfo": BILLING}
    assert [] == await judge(odd, canceled)


# --- writing findings down ----------------------------------------------------------------------

FINDING = Finding(
    kind=FindingKind.FLOATING,
    account_id=ACCOUNT,
    package_id="p",
    external_id='a,"b"\nc',
    instance_id="i",
    catalog_product_id=BUSINESS_EMAIL,
    billing_info=MONTHLY,
    detail="on no site",
)
STRANGER = Finding(kind=FindingKind.STRANGER, account_id=ACCOUNT, external_id="x", detail="none")
NAMES = Catalogue((CatalogueEntry(name="email", catalog_product_id=BUSINESS_EMAIL.upper()),))


def as_csv(*findings: Finding) -> Sequence[dict[str, str]]:
    data = to_csv_line(None) + b"".join(to_csv_line(finding, NAMES) for finding in findings)
    return list(csv.DictReader(io.StringIO(data.decode(), newline="")))


def test_a_finding_is_a_line_of_csv_whatever_its_external_id() -> None:
    floating, stranger = as_csv(FINDING, STRANGER)
    assert list(FINDING_COLUMNS) == list(floating)
    assert ("floating", "yes", 'a,"b"\nc', "email") == (
        floating["kind"],
        floating["guess"],
        floating["external_id"],
        floating["product"],
    )
    assert ("stranger", "", "", "") == (
        stranger["kind"],
        stranger["guess"],
        stranger["package_id"],
        stranger["product"],
    )


def test_a_finding_is_a_line_of_json_with_null_for_what_there_is_not() -> None:
    line = to_json_line(STRANGER)
    assert (1, b"\n") == (line.count(b"\n"), line[-1:])
    assert {
        "kind": "stranger",
        "guess": False,
        "account_id": ACCOUNT,
        "external_id": "x",
        "package_id": None,
        "instance_id": None,
        "catalog_product_id": None,
        "product": None,
        "detail": "none",
    } == json.loads(line)
    assert "email" == json.loads(to_json_line(FINDING, NAMES))["product"]


def test_every_kind_says_what_it_means_and_whether_it_is_a_guess() -> None:
    guesses = {kind for kind in FindingKind if kind.is_guess}
    assert {FindingKind.FLOATING, FindingKind.HALF_CANCELED} == guesses
    assert guesses == {kind for kind in FindingKind if "(a guess: " in kind.meaning}
