"""Blocking code carries out orders by the thousand: read here, run on the loop, in batches."""

from __future__ import annotations

import io
import threading
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import ParamSpec, TypeVar

import pytest
from scripts import RunScript

from wixreseller import Client, Hooks, Product, errors
from wixreseller.bulk import Ok, Order, OrderSource, Outcome, PlanFile, SqliteJournal
from wixreseller.bulk.findings import FindingKind
from wixreseller.bulk.planning import PlanSummary
from wixreseller.bulk.summary import StopReason
from wixreseller.bulk.verify_findings import MismatchKind
from wixreseller.emulator.default_seed import PREMIUM_BASIC, SUB_ACCOUNTS
from wixreseller.hooks import AttemptEnded
from wixreseller.sync import bulk as blocking_bulk
from wixreseller.sync._portal import Portal
from wixreseller.testing import EmulatorControl

P = ParamSpec("P")
T = TypeVar("T")
ACCOUNT = SUB_ACCOUNTS[0]


@pytest.fixture
def client(emulator_url: str) -> Iterator[Client]:
    """Give a blocking client without a rate limit, whose orders are delivered at once."""
    EmulatorControl(emulator_url).change_settings(delivery_seconds=0.0)
    with Client(
        api_key="EMU.demo", account_id=ACCOUNT, base_url=emulator_url, rate_limit=None
    ) as made:
        yield made


def orders(product: Product, count: int) -> Iterator[Order]:
    for number in range(count):
        yield Order(external_id=f"sub-{number}", account_id=ACCOUNT, products=(product,))


def test_orders_are_read_on_the_callers_thread_and_each_is_carried_out_once(
    client: Client, product: Product, tmp_path: Path
) -> None:
    threads: set[int] = set()

    def watched() -> Iterator[Order]:
        for order in orders(product, 120):
            threads.add(threading.get_ident())
            yield order

    first = list(blocking_bulk.run(client, watched(), journal=tmp_path / "journal"))
    again = list(blocking_bulk.run(client, orders(product, 120), journal=tmp_path / "journal"))

    assert {threading.get_ident()} == threads
    assert {f"sub-{number}" for number in range(120)} == {one.external_id for one in first}
    assert {one.external_id: one for one in first} == {one.external_id: one for one in again}
    assert all(isinstance(one, Ok) for one in first)
    assert 120 == len(client.packages.query().collect())


def test_results_cross_in_batches(
    client: Client, product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[object] = []
    call = Portal.call

    def counting(
        self: Portal, function: Callable[P, Awaitable[T]], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        calls.append(function)
        return call(self, function, *args, **kwargs)

    known = {order.external_id for order in orders(product, 300)}
    with blocking_bulk.run(client, orders(product, 300)) as results:
        monkeypatch.setattr(Portal, "call", counting)
        seen = {one.external_id for one in results}

    assert known == seen
    assert len(calls) < 300


def test_breaking_off_finishes_what_is_in_flight_and_sends_nothing_more(
    client: Client, product: Product, tmp_path: Path
) -> None:
    with blocking_bulk.run(client, orders(product, 2000), journal=tmp_path / "journal") as results:
        for _ in results:
            break
    made = {package.external_id for package in client.packages.query()}

    outcomes = {
        one.external_id: one
        for one in blocking_bulk.run(client, orders(product, 50), journal=tmp_path / "journal")
    }

    assert 0 < len(made) < 2000
    assert all(isinstance(one, Ok) for one in outcomes.values())
    names = [package.external_id for package in client.packages.query()]
    assert len(names) == len(set(names))


def test_a_stop_asked_for_on_the_way_gives_what_was_in_flight_and_sends_nothing_more(
    client: Client, product: Product, tmp_path: Path
) -> None:
    stop = blocking_bulk.Stop()
    told: list[Outcome] = []

    for outcome in blocking_bulk.run(
        client, orders(product, 2000), journal=tmp_path / "journal", stop=stop
    ):
        told.append(outcome)
        stop.request(StopReason.INTERRUPTED)

    made = {package.external_id for package in client.packages.query()}
    assert {one.external_id for one in told} == made
    assert 0 < len(made) < 2000
    assert (True, StopReason.INTERRUPTED, None) == (stop.is_set, stop.reason, stop.error)


def test_a_hook_may_stop_a_run_though_it_runs_on_the_loop(
    emulator_url: str, product: Product
) -> None:
    stop = blocking_bulk.Stop()

    async def watch(event: AttemptEnded) -> None:
        if event.operation == "create_package":
            stop.request()

    with Client(
        api_key="EMU.demo",
        account_id=ACCOUNT,
        base_url=emulator_url,
        rate_limit=None,
        hooks=Hooks(after_attempt=watch),
    ) as client:
        told = list(blocking_bulk.run(client, orders(product, 2000), stop=stop))

        assert len(told) == len(client.packages.query().collect()) < 2000
        assert stop.is_set


def test_a_run_that_was_asked_to_stop_before_it_began_sends_nothing(
    client: Client, product: Product
) -> None:
    stop = blocking_bulk.Stop()
    stop.request()

    assert [] == list(blocking_bulk.run(client, orders(product, 10), stop=stop))
    assert [] == client.packages.query().collect()


# --- plans --------------------------------------------------------------------------------------


def order_file(folder: Path, count: int) -> Path:
    path = folder / "orders.csv"
    rows = [f"sub-{number},{PREMIUM_BASIC},BR,RECURRING,YEAR,1\n" for number in range(count)]
    head = "external_id,catalog_product_id,country_code,billing_type,cycle_unit,cycle_count\n"
    path.write_text(head + "".join(rows))
    return path


def planned(
    client: Client, folder: Path, count: int, tell: Callable[[int], None] = lambda _: None
) -> PlanSummary:
    path = order_file(folder, count)
    with OrderSource(str(path), stdin=io.BytesIO(), account_id=ACCOUNT) as source:
        return blocking_bulk.plan_orders(
            client,
            source,
            source.check(),
            folder / "orders.plan.json",
            orders=str(path),
            made_at=datetime.now(UTC),
            tell=tell,
        )


def test_a_plan_is_applied_and_each_of_its_orders_verified(client: Client, tmp_path: Path) -> None:
    plan = PlanFile(planned(client, tmp_path, 250).path)

    outcomes = list(blocking_bulk.apply(client, plan))

    with closing(SqliteJournal(plan.journal_path, is_reader=True)) as journal:
        rows = list(blocking_bulk.verify(client, plan, journal))
    assert Counter({"created": 250}) == Counter(one.outcome for one in outcomes)
    assert [f"sub-{number}" for number in range(250)] == [row.external_id for row in rows]
    assert {()} == {row.mismatches for row in rows}


def test_planning_tells_how_far_it_is_on_the_thread_that_waits(
    client: Client, tmp_path: Path
) -> None:
    told: list[tuple[int, int]] = []

    summary = planned(
        client, tmp_path, 900, lambda done: told.append((done, threading.get_ident()))
    )

    assert [(number, threading.get_ident()) for number in range(1, 901)] == told
    assert 900 == summary.counts.create


def test_planning_is_broken_off_where_whoever_is_told_raises(
    client: Client, tmp_path: Path
) -> None:
    def refuse(done: int) -> None:
        raise KeyError(done)

    with pytest.raises(KeyError, match="1"):
        planned(client, tmp_path, 900, refuse)

    assert ["orders.csv"] == [path.name for path in tmp_path.iterdir()]


def test_what_goes_wrong_in_planning_is_raised(
    client: Client, emulator_url: str, tmp_path: Path
) -> None:
    EmulatorControl(emulator_url).add_fault("status", status=400, operation="queryPackages")

    with pytest.raises(errors.BadRequestError):
        planned(client, tmp_path, 3)


def test_orders_are_planned_as_they_are_read_on_the_callers_thread(
    client: Client, product: Product
) -> None:
    client.packages.create([product], external_id="sub-1")
    threads: set[int] = set()

    def watched() -> Iterator[Order]:
        for order in orders(product, 1000):
            threads.add(threading.get_ident())
            yield order

    rows = list(blocking_bulk.make_plan(client, watched()))

    assert {threading.get_ident()} == threads
    assert [(f"sub-{number}", "none" if number == 1 else "create") for number in range(1000)] == [
        (row.entry.external_id, row.action) for row in rows
    ]


def test_an_apply_that_was_broken_off_is_resumed_where_it_ended(
    client: Client, tmp_path: Path
) -> None:
    plan = PlanFile(planned(client, tmp_path, 400).path)
    with blocking_bulk.apply(client, plan) as outcomes:
        first = next(outcomes)
    before = len(client.packages.query().collect())

    with pytest.raises(errors.JournalError, match="resume it"):
        list(blocking_bulk.apply(client, plan))
    again = {one.external_id: one for one in blocking_bulk.resume(client, plan)}

    made = [package.external_id for package in client.packages.query()]
    assert 0 < before < 400
    assert first == again[first.external_id]
    assert (
        sorted(f"sub-{number}" for number in range(400)) == sorted(again) == sorted(map(str, made))
    )


def test_verifying_finds_what_was_canceled_since(client: Client, tmp_path: Path) -> None:
    plan = PlanFile(planned(client, tmp_path, 3).path)
    list(blocking_bulk.apply(client, plan))
    package = client.packages.find("sub-1")
    assert package is not None
    client.packages.cancel(package.id)

    rows = {
        row.external_id: {item.kind for item in row.mismatches}
        for row in blocking_bulk.verify(client, plan, None)
    }

    assert {"sub-0": set(), "sub-1": {MismatchKind.CANCELED}, "sub-2": set()} == rows


# --- audit --------------------------------------------------------------------------------------


def test_an_audit_gives_what_it_finds_item_by_item_by_page_or_at_once(
    client: Client, product: Product
) -> None:
    client.packages.create([product], external_id="sub-0")
    for _ in range(2):
        client.packages.create([product], external_id="sub-1")
    audit = blocking_bulk.audit(client, orders=orders(product, 1))
    first = next(audit)
    rest = audit.next_page()
    left = audit.collect()

    assert rest is not None
    found = Counter((one.kind, one.external_id) for one in [first, *rest, *left])
    assert {
        (FindingKind.FLOATING, "sub-0"): 1,
        (FindingKind.FLOATING, "sub-1"): 2,
        (FindingKind.ORPHAN, "sub-1"): 2,
        (FindingKind.DUPLICATE, "sub-1"): 1,
    } == found
    assert audit.next_page() is None
    assert (3, 6, True) == (
        audit.summary.packages,
        sum(audit.summary.findings.values()),
        audit.summary.is_complete,
    )


# --- a script -----------------------------------------------------------------------------------


def test_a_plain_script_plans_applies_breaks_off_resumes_verifies_and_audits(
    run_script: RunScript, emulator_url: str, tmp_path: Path
) -> None:
    EmulatorControl(emulator_url).change_settings(delivery_seconds=0.0)
    order_file(tmp_path, 300)

    result = run_script(
        """
        import io, signal, sys
        from contextlib import closing
        from datetime import UTC, datetime
        from pathlib import Path
        from wixreseller import Client, bulk
        from wixreseller.sync.bulk import Stop, apply, audit, plan_orders, resume, run, verify

        url, account, folder = sys.argv[1], sys.argv[2], Path(sys.argv[3])
        client = Client(api_key="EMU.demo", account_id=account, base_url=url, rate_limit=None)
        orders = str(folder / "orders.csv")
        with bulk.OrderSource(orders, stdin=io.BytesIO(), account_id=account) as source:
            plan_orders(
                client, source, source.check(), folder / "a.plan.json", orders=orders,
                made_at=datetime.now(UTC),
            )
            listed = list(source)
        plan = bulk.PlanFile(folder / "a.plan.json")

        stop = Stop()
        signal.signal(signal.SIGTERM, lambda *_: stop.request())
        told = 0
        for outcome in apply(client, plan, stop=stop):
            told += 1
            signal.raise_signal(signal.SIGTERM)
        print("stopped", 0 < told < 300)
        print("resumed", len(list(resume(client, plan))))
        with closing(bulk.SqliteJournal(plan.journal_path, is_reader=True)) as journal:
            print("amiss", [row for row in verify(client, plan, journal) if row.mismatches])
        for outcome in run(client, listed):
            print(outcome.outcome)
            break
        print("found", audit(client).collect() and "something")
        """,
        emulator_url,
        ACCOUNT,
        str(tmp_path),
    )

    assert (0, "") == (result.returncode, result.stderr)
    assert result.stdout.splitlines() == [
        "stopped True",
        "resumed 300",
        "amiss []",
        "existing",
        "found something",
    ]
