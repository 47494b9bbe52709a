"""Verifying afterwards: every way in which plan, journal and live state can come apart."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import AsyncIterator
from pathlib import Path

import attrs
import pytest
from bulk_orders import ACCOUNT, BASIC, cancel, new_client, order, orders
from bulk_plans import applied, plan_of, reading

from wixreseller import AsyncClient, BillingInfo, CycleUnit, Product, errors
from wixreseller.bulk import Order, SqliteJournal, verifying
from wixreseller.bulk.plan_file import PlanFile
from wixreseller.bulk.stopping import Stop
from wixreseller.bulk.verify_findings import (
    VERIFIED_COLUMNS,
    Mismatch,
    MismatchKind,
    VerifiedRow,
    VerifySummary,
    to_csv_line,
    to_json_line,
    verify_exit_code,
)
from wixreseller.bulk.verifying import order_file_state, verify
from wixreseller.emulator import Emulator, Settings
from wixreseller.emulator.default_seed import (
    BUSINESS_EMAIL,
    PREMIUM_UNLIMITED,
    PROVIDER_MAILBOX,
    SITES,
    SUB_ACCOUNTS,
    UNLUCKY_ADDON,
)
from wixreseller.testing import AsyncEmulatorControl, FastTime, FaultKind

HERE, THERE, _ = SITES[ACCOUNT]
MONTHLY = BillingInfo.recurring(1, CycleUnit.MONTH)
EMAIL = Product(
    catalog_product_id=BUSINESS_EMAIL, country_code="BR", billing_info=MONTHLY, site_id=HERE
)
NOWHERE = attrs.evolve(BASIC, catalog_product_id="c0000000-0000-4000-8000-00000000dead")


@pytest.fixture
async def emulator() -> AsyncIterator[Emulator]:
    async with Emulator(rate_limit="off", settings=Settings(delivery_seconds=0.0)) as running:
        yield running


@pytest.fixture
def control(emulator: Emulator) -> AsyncEmulatorControl:
    return AsyncEmulatorControl(emulator.url)


@pytest.fixture(autouse=True)
def fast(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> FastTime:
    """Remove the waits of the clients of this test."""
    time = FastTime(emulator.clock)
    time.install(monkeypatch)
    return time


@pytest.fixture
async def client(emulator: Emulator, fast: FastTime) -> AsyncIterator[AsyncClient]:
    async with new_client(emulator) as made:
        yield made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


async def done(client: AsyncClient, folder: Path, *asked: Order) -> PlanFile:
    """Plan orders and apply the plan."""
    plan = await plan_of(client, folder, asked)
    await applied(client, plan)
    return plan


async def verified(
    client: AsyncClient, plan: PlanFile, *, without_journal: bool = False
) -> list[VerifiedRow]:
    if without_journal:
        return [row async for row in verify(client, plan, None)]
    async with reading(plan) as journal:
        return [row async for row in verify(client, plan, journal)]


async def the_row(client: AsyncClient, plan: PlanFile) -> VerifiedRow:
    (row,) = await verified(client, plan)
    return row


def kinds(row: VerifiedRow) -> list[str]:
    return [item.kind.value for item in row.mismatches]


async def package_of(client: AsyncClient, external_id: str = "a") -> tuple[str, str]:
    """Give the ids of a package and of its first instance."""
    package = await client.packages.find(external_id)
    assert package is not None
    return package.id, package.product_instances[0].instance_id


# --- as it should be ----------------------------------------------------------------------------


async def test_what_was_applied_and_left_alone_is_ok_row_by_row_in_the_order_of_the_plan(
    client: AsyncClient, folder: Path
) -> None:
    plan = await done(client, folder, *orders(250))
    rows = await verified(client, plan)
    assert [f"sub-{number}" for number in range(250)] == [row.external_id for row in rows]
    assert {("ok", "done", ())} == {(row.verdict, row.state, row.mismatches) for row in rows}
    summary = sum_up(rows)
    assert VerifySummary(ok=250) == summary
    assert 250 == summary.rows
    assert 0 == verify_exit_code(summary)


def sum_up(rows: list[VerifiedRow]) -> VerifySummary:
    summary = VerifySummary()
    for row in rows:
        summary += row
    return summary


async def test_a_hundred_orders_share_a_query_and_nothing_but_queries_is_sent(
    client: AsyncClient, folder: Path, control: AsyncEmulatorControl
) -> None:
    plan = await done(client, folder, *orders(250), cancel(package_id=await made(client, "old")))
    await control.clear_requests()
    await verified(client, plan)
    requests = await control.requests()
    assert ["queryPackages"] * 4 == [request.operation for request in requests]
    assert {False} == {request.is_committed for request in requests}


async def test_rows_are_given_as_they_are_looked_up_and_the_plan_is_read_no_further(
    client: AsyncClient, folder: Path, control: AsyncEmulatorControl
) -> None:
    plan = await plan_of(client, folder, orders(900))
    await control.clear_requests()
    rows = verify(client, plan, None)
    assert "sub-0" == (await anext(rows)).external_id
    assert 4 == len(await control.requests())
    await rows.aclose()
    assert 4 == len(await control.requests())


async def made(client: AsyncClient, external_id: str, *products: Product) -> str:
    package = await client.packages.create(products or (BASIC,), external_id=external_id)
    return package.id


async def test_what_existed_before_the_plan_is_ok_with_and_without_a_journal(
    client: AsyncClient, folder: Path
) -> None:
    package_id = await made(client, "a")
    plan = await plan_of(client, folder, [order("a")])
    (row,) = await verified(client, plan, without_journal=True)
    assert ("ok", None, (package_id,)) == (row.verdict, row.state, row.package_ids)
    await applied(client, plan)
    assert "ok" == (await the_row(client, plan)).verdict


async def test_orders_of_several_accounts_are_verified_together(
    client: AsyncClient, folder: Path
) -> None:
    asked = [order("a", account_id=account) for account in SUB_ACCOUNTS]
    rows = await verified(client, await done(client, folder, *asked))
    assert [(account, "ok") for account in SUB_ACCOUNTS] == [
        (row.account_id, row.verdict) for row in rows
    ]


async def test_a_cancel_that_was_done_is_ok(client: AsyncClient, folder: Path) -> None:
    by_id = await made(client, "a")
    await made(client, "b")
    plan = await done(client, folder, cancel(package_id=by_id), cancel("b"))
    assert ["ok", "ok"] == [row.verdict for row in await verified(client, plan)]


async def test_an_instance_that_is_pending_is_information_and_no_failure(
    client: AsyncClient, folder: Path, control: AsyncEmulatorControl
) -> None:
    await control.change_settings(delivery_seconds=3600.0)
    row = await the_row(client, await done(client, folder, order("a")))
    assert ("ok", ["pending"]) == (row.verdict, kinds(row))
    assert 0 == verify_exit_code(VerifySummary() + row)


async def test_an_instance_that_awaits_an_action_is_information_and_no_failure(
    client: AsyncClient, folder: Path
) -> None:
    mailbox = attrs.evolve(EMAIL, catalog_product_id=PROVIDER_MAILBOX)
    row = await the_row(client, await done(client, folder, order("a", mailbox)))
    assert ("ok", ["awaiting_action"]) == (row.verdict, kinds(row))


async def test_a_duplicate_that_was_canceled_since_is_information_and_no_failure(
    client: AsyncClient, folder: Path
) -> None:
    plan = await done(client, folder, order("a"))
    twin = await made(client, "a")
    await client.packages.cancel(twin)
    row = await the_row(client, plan)
    assert ("ok", ["dead_twin"]) == (row.verdict, kinds(row))
    assert (twin,) == row.mismatches[0].package_ids


# --- what failed and is recorded so -------------------------------------------------------------


async def test_an_order_that_failed_is_failed_as_recorded_and_not_missing(
    client: AsyncClient, folder: Path
) -> None:
    row = await the_row(client, await done(client, folder, order("a", NOWHERE)))
    assert ("failed_as_recorded", "failed", []) == (row.verdict, row.state, kinds(row))
    assert (
        "PRODUCT_NOT_FOUND: product c0000000-0000-4000-8000-00000000dead was not found"
        == row.refusal
    )
    assert 1 == verify_exit_code(VerifySummary() + row)


async def test_an_order_whose_external_id_was_taken_is_failed_as_recorded_and_no_duplicate(
    client: AsyncClient, folder: Path
) -> None:
    for _ in range(2):
        await made(client, "a")
    plan = await plan_of(client, folder, [order("a")])
    (before,) = await verified(client, plan, without_journal=True)
    assert ("failed_as_recorded", []) == (before.verdict, kinds(before))
    await applied(client, plan)
    row = await the_row(client, plan)
    assert ("failed_as_recorded", "failed", []) == (row.verdict, row.state, kinds(row))
    assert row.refusal is not None
    assert row.refusal.count("EXTERNAL_ID_CONFLICT: 2 packages have this external id") == 1


async def test_a_cancel_of_what_is_not_there_is_failed_as_recorded(
    client: AsyncClient, folder: Path
) -> None:
    row = await the_row(client, await done(client, folder, cancel("nobody")))
    assert ("failed_as_recorded", []) == (row.verdict, kinds(row))


# --- live state against the order ---------------------------------------------------------------


async def test_a_package_that_is_gone_is_missing(
    client: AsyncClient, folder: Path, control: AsyncEmulatorControl
) -> None:
    before = await control.snapshot()
    plan = await done(client, folder, order("a"))
    package_id, _ = await package_of(client)
    await control.restore(before)
    row = await the_row(client, plan)
    assert ["missing"] == kinds(row)
    assert (package_id,) == row.mismatches[0].package_ids
    assert 1 == verify_exit_code(VerifySummary() + row)


async def test_without_a_journal_what_is_not_there_is_missing(
    client: AsyncClient, folder: Path
) -> None:
    plan = await plan_of(client, folder, [order("a")])
    (row,) = await verified(client, plan, without_journal=True)
    assert ["missing"] == kinds(row)


async def test_a_package_under_another_external_id_is_named_and_not_called_missing(
    client: AsyncClient, folder: Path
) -> None:
    plan = await done(client, folder, order("a"), order("b"))
    package_id, _ = await package_of(client)
    await client.packages.update_external_id(package_id, external_id="z")
    renamed, other = await verified(client, plan)
    assert (["wrong_external_id"], []) == (kinds(renamed), kinds(other))
    assert (package_id,) == renamed.package_ids
    assert f"package {package_id} has the external id 'z' now" == renamed.mismatches[0].detail


async def test_several_live_packages_of_one_external_id_are_a_duplicate_with_all_ids(
    client: AsyncClient, folder: Path
) -> None:
    plan = await done(client, folder, order("a"))
    first, _ = await package_of(client)
    twins = [first, await made(client, "a"), await made(client, "a")]
    row = await the_row(client, plan)
    assert ["duplicate"] == kinds(row)
    assert sorted(twins) == sorted(row.mismatches[0].package_ids)


async def test_another_product_than_was_ordered_is_told(client: AsyncClient, folder: Path) -> None:
    plan = await done(client, folder, order("a"))
    _, instance_id = await package_of(client)
    await client.product_instances.adjust_specifications(
        instance_id, catalog_product_id=PREMIUM_UNLIMITED
    )
    row = await the_row(client, plan)
    assert ["wrong_product", "wrong_product"] == kinds(row)
    assert f"products[0]: no instance of {BASIC.catalog_product_id}" == row.findings[0].detail
    assert row.findings[1].detail.endswith(f"of {PREMIUM_UNLIMITED} was not asked for")


async def test_other_billing_than_was_ordered_is_told(client: AsyncClient, folder: Path) -> None:
    plan = await done(client, folder, order("a"))
    _, instance_id = await package_of(client)
    await client.product_instances.adjust_specifications(instance_id, billing_info=MONTHLY)
    assert ["wrong_billing"] == kinds(await the_row(client, plan))


async def test_an_instance_on_another_site_and_one_on_none_are_told_apart(
    client: AsyncClient, folder: Path
) -> None:
    plan = await done(client, folder, order("moved", EMAIL), order("off", EMAIL))
    _, moved = await package_of(client, "moved")
    _, off = await package_of(client, "off")
    await client.product_instances.assign_to_site(moved, site_id=THERE)
    await client.product_instances.unassign_from_site(off)
    assert [["wrong_site"], ["floating"]] == [kinds(row) for row in await verified(client, plan)]


async def test_an_instance_ordered_for_no_site_may_be_on_any_or_none(
    client: AsyncClient, folder: Path
) -> None:
    plan = await done(client, folder, order("a"), order("b"))
    _, instance_id = await package_of(client)
    await client.product_instances.assign_to_site(instance_id, site_id=HERE)
    assert [[], []] == [kinds(row) for row in await verified(client, plan)]


async def test_an_instance_whose_delivery_failed_is_told_with_its_reason(
    client: AsyncClient, folder: Path
) -> None:
    unlucky = Product(
        catalog_product_id=UNLUCKY_ADDON, country_code="BR", billing_info=BillingInfo.one_time()
    )
    row = await the_row(client, await done(client, folder, order("a", BASIC, unlucky)))
    assert ["failed"] == kinds(row)
    assert " failed: EXTERNAL_FAILURE" in row.findings[0].detail


async def test_a_package_that_was_canceled_since_is_told(client: AsyncClient, folder: Path) -> None:
    plan = await done(client, folder, order("a", BASIC), order("b", EMAIL, EMAIL))
    whole, _ = await package_of(client)
    _, one_of_two = await package_of(client, "b")
    await client.packages.cancel(whole)
    await client.product_instances.cancel(one_of_two)
    assert [["canceled"], ["canceled"]] == [kinds(row) for row in await verified(client, plan)]


async def test_a_package_made_anew_is_another_than_the_journal_names_and_compared_all_the_same(
    client: AsyncClient, folder: Path
) -> None:
    plan = await done(client, folder, order("a"))
    first, _ = await package_of(client)
    await client.packages.cancel(first)
    second = await made(client, "a", attrs.evolve(BASIC, country_code="DE"))
    row = await the_row(client, plan)
    assert ["other_package", "different", "dead_twin"] == kinds(row)
    assert (first, second) == row.findings[0].package_ids
    assert "products[0].country_code is DE, asked for BR" == row.findings[1].detail


async def test_a_cancel_whose_package_lives_is_told_with_what_lives(
    client: AsyncClient, folder: Path, control: AsyncEmulatorControl
) -> None:
    package_id = await made(client, "a")
    before = await control.snapshot()
    plan = await done(client, folder, cancel("a"))
    await control.restore(before)
    row = await the_row(client, plan)
    assert ["not_canceled"] == kinds(row)
    assert (package_id,) == row.findings[0].package_ids


async def test_a_cancel_whose_package_cannot_be_seen_is_missing(
    client: AsyncClient, folder: Path, control: AsyncEmulatorControl
) -> None:
    before = await control.snapshot()
    package_id = await made(client, "a")
    plan = await done(client, folder, cancel("a"))
    await control.restore(before)
    row = await the_row(client, plan)
    assert [
        Mismatch(
            kind=MismatchKind.MISSING,
            detail=f"package {package_id} cannot be seen",
            package_ids=(package_id,),
        )
    ] == list(row.mismatches)


# --- the journal against live state -------------------------------------------------------------


async def test_an_order_that_failed_and_is_there_contradicts_the_journal(
    client: AsyncClient, folder: Path
) -> None:
    plan = await done(client, folder, order("a", NOWHERE))
    package_id = await made(client, "a")
    row = await the_row(client, plan)
    assert ("wrong", ["failed_but_done"]) == (row.verdict, kinds(row))
    assert (package_id,) == row.findings[0].package_ids


async def test_a_cancel_that_failed_and_is_canceled_contradicts_the_journal(
    client: AsyncClient, folder: Path, control: AsyncEmulatorControl
) -> None:
    package_id = await made(client, "a")
    await control.add_fault("status", operation="cancelPackage", status=400, code="NOT_TODAY")
    plan = await done(client, folder, cancel("a"))
    assert ("failed_as_recorded", []) == brief(await the_row(client, plan))
    await client.packages.cancel(package_id)
    assert ("wrong", ["failed_but_done"]) == brief(await the_row(client, plan))


def brief(row: VerifiedRow) -> tuple[str, list[str]]:
    return row.verdict, kinds(row)


@pytest.mark.parametrize(
    ("fault", "found"),
    [("drop_after_commit", "unknown_done"), ("drop_before_commit", "unknown_not_done")],
)
async def test_an_unknown_outcome_is_told_with_what_is_there_now(
    client: AsyncClient,
    folder: Path,
    control: AsyncEmulatorControl,
    fault: FaultKind,
    found: str,
) -> None:
    package_id = await made(client, "old")
    await control.change_settings(visibility_lag_seconds=60.0)
    await control.add_fault(fault, operation="createPackageV2")
    await control.add_fault(fault, operation="cancelPackage")
    await control.advance(100.0)
    plan = await done(client, folder, order("a"), cancel(package_id=package_id))
    await control.advance(100.0)
    rows = await verified(client, plan)
    assert [("unknown", [found]), ("unknown", [found])] == [(row.state, kinds(row)) for row in rows]


async def test_orders_that_were_not_sent_are_told_with_what_is_there_all_the_same(
    client: AsyncClient, folder: Path
) -> None:
    package_id = await made(client, "old")
    lives = await made(client, "lives")
    asked = [order("a"), order("b"), cancel(package_id=package_id), cancel(package_id=lives)]
    plan = await plan_of(client, folder, asked)
    stop = Stop()
    stop.request()
    await applied(client, plan, stop=stop)
    await made(client, "b")
    await client.packages.cancel(package_id)
    assert [["not_sent"], ["not_sent_but_done"], ["not_sent_but_done"], ["not_sent"]] == [
        kinds(row) for row in await verified(client, plan)
    ]


async def test_what_wix_does_not_show_yet_is_looked_for_again_when_it_had_time_to(
    client: AsyncClient, folder: Path, control: AsyncEmulatorControl, fast: FastTime
) -> None:
    plan = await plan_of(client, folder, orders(3))
    await control.change_settings(visibility_lag_seconds=6.0, consistency_token="absent")
    await applied(client, plan)
    before = fast.skipped
    assert VerifySummary(ok=3) == sum_up(await verified(client, plan))
    assert 0 < fast.skipped - before <= client_window(client)


def client_window(client: AsyncClient) -> float:
    return client._calls.config.retry.settle_window  # pyright: ignore[reportPrivateUsage]


async def test_what_was_sent_long_ago_is_not_waited_for(
    client: AsyncClient, folder: Path, control: AsyncEmulatorControl, fast: FastTime
) -> None:
    before = await control.snapshot()
    plan = await done(client, folder, order("a"))
    await control.restore(before)
    fast.skip(100.0)
    skipped = fast.skipped
    assert ["missing"] == kinds(await the_row(client, plan))
    assert skipped == fast.skipped


# --- what cannot be verified --------------------------------------------------------------------


async def test_a_journal_of_another_plan_is_refused(client: AsyncClient, folder: Path) -> None:
    one = await done(client, folder, order("a"))
    other = await plan_of(client, folder, [order("b")], name="other")
    async with reading(one) as journal:
        with pytest.raises(errors.JournalError, match="is of another plan than"):
            _ = [row async for row in verify(client, other, journal)]


async def test_a_plan_made_against_another_server_is_refused(
    client: AsyncClient, folder: Path
) -> None:
    plan = await plan_of(client, folder, [order("a")])
    async with Emulator() as elsewhere, new_client(elsewhere) as stranger:
        with pytest.raises(errors.ConfigurationError, match="was made against http://"):
            _ = [row async for row in verify(stranger, plan, None)]


async def test_an_error_of_a_look_is_raised_as_it_is(
    client: AsyncClient, folder: Path, control: AsyncEmulatorControl
) -> None:
    plan = await plan_of(client, folder, orders(250))
    await control.add_fault("status", operation="queryPackages", status=403, times=None)
    with pytest.raises(errors.PermissionDeniedError):
        await verified(client, plan, without_journal=True)


async def test_an_order_file_that_was_changed_or_is_gone_is_told(
    client: AsyncClient, folder: Path
) -> None:
    plan = await plan_of(client, folder, [order("a")])
    assert "unchanged" == order_file_state(plan)
    (folder / "orders.csv").write_text("b")
    assert "changed" == order_file_state(plan)
    (folder / "orders.csv").unlink()
    assert "gone" == order_file_state(plan)
    plan.head = attrs.evolve(plan.head, orders_path=None)
    assert "not_kept" == order_file_state(plan)


# --- how it is written down ---------------------------------------------------------------------

ROW = VerifiedRow(
    number=0,
    lines=(2, 3),
    operation="create",
    account_id=ACCOUNT,
    external_id='a"b',
    state="done",
    package_ids=("p1", "p2"),
    mismatches=(
        Mismatch(kind=MismatchKind.DUPLICATE, detail="two", package_ids=("p1", "p2")),
        Mismatch(kind=MismatchKind.PENDING, detail="one", package_ids=("p1",)),
    ),
)


def test_a_row_is_one_line_of_ndjson_with_everything() -> None:
    line = to_json_line(ROW)
    assert line.endswith(b"}\n")
    told = json.loads(line)
    assert VERIFIED_COLUMNS == tuple(told)
    assert {
        "line": 2,
        "operation": "create",
        "external_id": 'a"b',
        "account_id": ACCOUNT,
        "verdict": "wrong",
        "journal": "done",
        "findings": [{"kind": "duplicate", "detail": "two", "package_ids": ["p1", "p2"]}],
        "notes": [{"kind": "pending", "detail": "one", "package_ids": ["p1"]}],
        "package_ids": ["p1", "p2"],
        "detail": None,
    } == told


def test_a_row_is_one_line_of_csv_below_its_header() -> None:
    text = (to_csv_line(None) + to_csv_line(ROW)).decode()
    (told,) = csv.DictReader(io.StringIO(text))
    assert {
        "line": "2",
        "operation": "create",
        "external_id": 'a"b',
        "account_id": ACCOUNT,
        "verdict": "wrong",
        "journal": "done",
        "findings": "duplicate",
        "notes": "pending",
        "package_ids": "p1 p2",
        "detail": "two; one",
    } == told


def test_a_summary_counts_rows_by_verdict_and_by_kind_once_each() -> None:
    twice = attrs.evolve(ROW, mismatches=(ROW.mismatches[0], ROW.mismatches[0]))
    refused = attrs.evolve(ROW, mismatches=(), refusal="X: y")
    summary = sum_up([ROW, twice, refused, attrs.evolve(ROW, mismatches=())])
    assert (
        VerifySummary(
            ok=1,
            failed_as_recorded=1,
            wrong=2,
            kinds={MismatchKind.DUPLICATE: 2, MismatchKind.PENDING: 1},
        )
        == summary
    )


def test_every_kind_has_a_meaning_and_information_says_so() -> None:
    told = {kind for kind in MismatchKind if kind.meaning.endswith("; for information")}
    assert told == {kind for kind in MismatchKind if kind.is_information}


async def test_no_order_is_found_by_reading_the_whole_journal(folder: Path) -> None:
    query = f"EXPLAIN QUERY PLAN {verifying._RECORD}"  # pyright: ignore[reportPrivateUsage]

    async with SqliteJournal(folder / "any.journal") as journal:
        steps = await journal.read(lambda it: it.execute(query, (1, "a", "b")).fetchall())

    assert [] == [step for *_, step in steps if step.startswith("SCAN")]
