"""What looks make of orders, before they are sent and after: pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import attrs
import pytest
from bulk_orders import ACCOUNT, BASIC, cancel, order
from hypothesis import given, settings
from hypothesis import strategies as st

from wixreseller import Package, ProductInstance, Status
from wixreseller.bulk import Failed, Ok, Unknown, verdicts
from wixreseller.bulk.journal import Entry, Record, entry_of

SENT = 1_767_225_600.0
CREATE = entry_of(order("one"), 0)
CANCEL = entry_of(cancel("one"), 0)


def package(
    name: str = "P",
    *,
    country: str = "BR",
    statuses: Sequence[Status] = (Status.ENABLED,),
    at: float = SENT + 1.0,
) -> Package:
    """Make a package, of one instance for each status."""
    return Package(
        id=name,
        account_id=ACCOUNT,
        external_id="one",
        created_date=datetime.fromtimestamp(at, UTC),
        product_instances=tuple(
            ProductInstance(
                instance_id=f"{name}-{number}",
                catalog_product_id=BASIC.catalog_product_id,
                country_code=country,
                billing_info=BASIC.billing_info,
                status=status,
            )
            for number, status in enumerate(statuses)
        ),
    )


ALIVE = package()
OTHER = package(country="DE")
DEAD = package(statuses=[Status.CANCELED])
BROKEN = package(statuses=[Status.FAILED])
RECORD = Record(
    entry=CREATE, state="intent", sends=1, first_sent=SENT, last_sent=SENT, server_ahead=0.0
)
CANCELLING = attrs.evolve(RECORD, entry=CANCEL, target="P")


# --- answered as an order of before was ---------------------------------------------------------


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        pytest.param(ALIVE, "created", id="made since it was first sent"),
        pytest.param(package(at=SENT - 60.0), "existing", id="made before"),
        pytest.param(attrs.evolve(ALIVE, external_id="old"), "EXTERNAL_ID_CONFLICT", id="renamed"),
        pytest.param(
            package(at=SENT - 60.0, statuses=[Status.CANCELED]),
            "EXTERNAL_ID_CONFLICT",
            id="canceled since",
        ),
    ],
)
def test_a_package_of_before_is_judged_as_it_is_now(found: Package, expected: str) -> None:
    outcome = verdicts.of_before(RECORD, found, was_open=False)
    assert expected == (outcome.code or outcome.outcome)


@pytest.mark.parametrize("at", [SENT + 1.0, SENT - 60.0, None], ids=["since", "before", "undated"])
@pytest.mark.parametrize("ahead", [0.0, None], ids=["clock", "no clock"])
@pytest.mark.parametrize("name", ["one", "old"])
@pytest.mark.parametrize("status", [Status.ENABLED, Status.CANCELED])
def test_what_an_earlier_sending_may_have_sold_is_failed_only_if_its_package_is_older(
    at: float | None, ahead: float | None, name: str, status: Status
) -> None:
    found = attrs.evolve(package(at=at or SENT, statuses=[status]), external_id=name)
    if at is None:
        found = attrs.evolve(found, created_date=None)
    record = attrs.evolve(RECORD, sends=2, last_sent=SENT + 3600.0, server_ahead=ahead)
    as_ordered = name == "one" and status is Status.ENABLED
    if at is None or ahead is None:
        expected = "existing" if as_ordered else "unknown"
    elif at > SENT:
        expected = "created"
    else:
        expected = "existing" if as_ordered else "failed"
    assert expected == verdicts.of_before(record, found, was_open=True).outcome


# --- before -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("entry", "found", "expected"),
    [
        pytest.param(CREATE, [], verdicts.Send(), id="nothing there: create"),
        pytest.param(CREATE, [ALIVE], "existing", id="the same there: existing"),
        pytest.param(CREATE, [OTHER], "EXTERNAL_ID_CONFLICT", id="another there: conflict"),
        pytest.param(CREATE, [DEAD], "EXTERNAL_ID_CONFLICT", id="a canceled one there: conflict"),
        pytest.param(CREATE, [BROKEN], "EXTERNAL_ID_CONFLICT", id="a failed one there: conflict"),
        pytest.param(CREATE, [ALIVE, ALIVE], "EXTERNAL_ID_CONFLICT", id="two there: conflict"),
        pytest.param(CANCEL, [], "NOT_FOUND", id="nothing to cancel"),
        pytest.param(CANCEL, [ALIVE], verdicts.Send("P"), id="one to cancel"),
        pytest.param(CANCEL, [BROKEN], verdicts.Send("P"), id="one that failed to cancel"),
        pytest.param(CANCEL, [DEAD], "canceled", id="canceled already"),
        pytest.param(CANCEL, [DEAD, ALIVE], verdicts.Send("P"), id="one of two lives"),
        pytest.param(CANCEL, [OTHER, ALIVE], "EXTERNAL_ID_CONFLICT", id="two live"),
    ],
)
def test_what_is_found_decides_what_becomes_of_an_order(
    entry: Entry, found: Sequence[Package], expected: object
) -> None:
    verdict = verdicts.before_sending(entry, found)
    if isinstance(verdict, Failed):
        assert expected == verdict.code
    elif isinstance(verdict, Ok):
        assert expected == verdict.outcome
    else:
        assert expected == verdict


@pytest.mark.parametrize("entry", [CREATE, CANCEL], ids=lambda it: it.operation)
def test_what_there_was_nothing_to_do_for_when_it_was_planned_is_not_done_now(
    entry: Entry,
) -> None:
    found = [] if entry.operation == "create" else [ALIVE]
    verdict = verdicts.before_sending(attrs.evolve(entry, expects="done"), found)
    assert isinstance(verdict, Failed)
    assert "GONE" == verdict.code


def test_a_plan_expects_what_a_look_found() -> None:
    assert "send" == verdicts.planned_as(CREATE, []).expects
    assert ("send", "P") == _planned(CANCEL, [ALIVE])
    assert ("done", "P") == _planned(CREATE, [ALIVE])
    assert ("conflict", None) == _planned(CREATE, [OTHER])


def _planned(entry: Entry, found: Sequence[Package]) -> tuple[str | None, str | None]:
    planned = verdicts.planned_as(entry, found)
    return planned.expects, planned.package_id


# --- after --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("record", "found", "outcome", "again"),
    [
        pytest.param(RECORD, [ALIVE], "created", None, id="made since"),
        pytest.param(RECORD, [package(at=SENT - 60)], "existing", None, id="made before"),
        pytest.param(RECORD, [], "NOT_SEEN", verdicts.Send(), id="absent"),
        pytest.param(RECORD, [OTHER], "EXTERNAL_ID_CONFLICT", None, id="another"),
        pytest.param(RECORD, [ALIVE, ALIVE], "EXTERNAL_ID_CONFLICT", None, id="two"),
        pytest.param(CANCELLING, [DEAD], "canceled", None, id="canceled"),
        pytest.param(CANCELLING, [ALIVE], "NOT_SEEN", verdicts.Send("P"), id="it lives"),
        pytest.param(CANCELLING, [], "NOT_SEEN", None, id="it cannot be seen"),
    ],
)
def test_what_is_found_at_the_end_of_the_window_decides_what_became_of_an_order(
    record: Record, found: Sequence[Package], outcome: str, again: verdicts.Send | None
) -> None:
    verdict = verdicts.when_settled(record, found)
    assert outcome == (verdict.code if isinstance(verdict, Unknown) else verdict.outcome)
    if isinstance(verdict, Unknown):
        assert again == verdicts.to_send_again(record, found)


def test_a_package_that_was_made_by_another_create_of_the_process_exists_and_proves_nothing() -> (
    None
):
    assert "created" == verdicts.when_settled(RECORD, [ALIVE]).outcome
    assert "existing" == verdicts.when_settled(RECORD, [ALIVE], has_rival=True).outcome


def test_a_part_that_failed_does_not_keep_a_package_from_being_canceled() -> None:
    mixed = package(statuses=[Status.CANCELED, Status.FAILED])
    assert "canceled" == verdicts.when_settled(CANCELLING, [mixed]).outcome
    half = package(statuses=[Status.CANCELED, Status.ENABLED])
    assert "unknown" == verdicts.when_settled(CANCELLING, [half]).outcome


@settings(deadline=None)
@given(
    st.floats(-1e6, 1e6),
    st.one_of(st.none(), st.floats(-1e5, 1e5)),
    st.one_of(st.none(), st.floats(-1e5, 1e5)),
)
def test_only_a_package_made_since_the_first_sending_by_the_servers_clock_was_created(
    made: float, ahead: float | None, sent: float | None
) -> None:
    record = attrs.evolve(
        RECORD, first_sent=None if sent is None else SENT + sent, server_ahead=ahead
    )
    proof = verdicts.proven(record, [package(at=SENT + made)])
    if ahead is None or sent is None or made < sent + ahead - 5.1:
        assert proof is None
    elif made > sent + ahead - 4.9:
        assert proof is not None


PACKAGES = st.sampled_from([ALIVE, OTHER, DEAD, BROKEN, package(at=SENT - 3600.0)])


@settings(deadline=None)
@given(st.lists(PACKAGES, max_size=3), st.sampled_from([RECORD, CANCELLING]), st.booleans())
def test_an_order_that_may_have_been_sent_is_never_called_failed_and_sent_again_only_if_absent(
    found: list[Package], record: Record, has_rival: bool
) -> None:
    verdict = verdicts.when_settled(record, found, has_rival=has_rival)
    assert isinstance(verdict, (Ok, Unknown))
    again = verdicts.to_send_again(record, found)
    if isinstance(verdict, Unknown) and record.entry.operation == "create":
        assert (again is not None) == (not found)
    if again is not None:
        assert again.package_id == (None if record is RECORD else "P")
