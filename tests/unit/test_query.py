"""Filters and sorts are values that say what Wix understands, and refuse what it does not."""

from __future__ import annotations

import copy
import json
import operator
import pickle
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wixreseller import Filter, Q, Sort, Status, errors
from wixreseller.models import JSONObject
from wixreseller.query import as_filter, as_sort

MOMENT = datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=UTC)
WIRE = "2026-01-02T03:04:05.678Z"


@pytest.mark.parametrize(
    ("built", "expected"),
    [
        (Q.external_id == "x", {"externalId": "x"}),
        (Q.external_id != "x", {"externalId": {"$ne": "x"}}),
        (Q.id.in_(["a", "b"]), {"id": {"$in": ["a", "b"]}}),
        (Q.account_id.in_(iter(["a"])), {"accountId": {"$in": ["a"]}}),
        (Q.external_id.exists(), {"externalId": {"$exists": True}}),
        (Q.external_id.exists(False), {"externalId": {"$exists": False}}),
        (Q.created_date == MOMENT, {"createdDate": WIRE}),
        (Q.created_date != MOMENT, {"createdDate": {"$ne": WIRE}}),
        (Q.created_date > MOMENT, {"createdDate": {"$gt": WIRE}}),
        (Q.created_date >= MOMENT, {"createdDate": {"$gte": WIRE}}),
        (Q.updated_date < MOMENT, {"updatedDate": {"$lt": WIRE}}),
        (MOMENT >= Q.updated_date, {"updatedDate": {"$lte": WIRE}}),
        (
            Q.product_instances.status.has_some(Status.PENDING, "NEW"),
            {"productInstances.status": {"$hasSome": ["PENDING", "NEW"]}},
        ),
        (
            Q.product_instances.billing_info.cycle_duration.count.has_all(1),
            {"productInstances.billingInfo.cycleDuration.count": {"$hasAll": [1]}},
        ),
        (
            Q.product_instances.created_date.has_some(MOMENT),
            {"productInstances.createdDate": {"$hasSome": [WIRE]}},
        ),
        (
            Q.product_instances.failure.has_some({"code": "UNKNOWN"}),
            {"productInstances.failure": {"$hasSome": [{"code": "UNKNOWN"}]}},
        ),
    ],
    ids=str,
)
def test_a_comparison_is_written_in_wixs_words(built: Filter, expected: JSONObject) -> None:
    assert expected == built.as_json()


def test_filters_combine_with_and_or_and_not() -> None:
    a, b, c = (Q.external_id == name for name in "abc")
    one, two, three = ({"externalId": name} for name in "abc")

    assert {"$and": [one, two]} == (a & b).as_json()
    assert {"$or": [one, two]} == (a | b).as_json()
    assert {"$not": one} == (~a).as_json()
    assert {"$or": [{"$and": [one, {"$not": two}]}, three]} == (a & ~b | c).as_json()
    assert a == ~~a


def test_a_chain_of_one_word_is_one_list() -> None:
    a, b, c, d = (Q.external_id == name for name in "abcd")

    assert {"$and": [{"externalId": name} for name in "abcd"]} == ((a & b) & (c & d)).as_json()


def test_a_filter_shows_its_json() -> None:
    assert '{"externalId": {"$in": ["a", "ü"]}}' == str(Q.external_id.in_(["a", "ü"]))
    assert "Filter({'externalId': 'x'})" == repr(Q.external_id == "x")
    assert '{"fieldName": "createdDate", "order": "DESC"}' == str(Q.created_date.desc())
    assert "Q.product_instances.status" == repr(Q.product_instances.status)


def test_a_filter_is_neither_true_nor_false() -> None:
    condition = Q.external_id == "x"

    for misuse in (
        lambda: bool(condition),
        lambda: operator.not_(condition),
        lambda: condition and None,  # type: ignore[redundant-expr, unreachable]
        lambda: MOMENT < Q.created_date < MOMENT,
    ):
        with pytest.raises(errors.ConfigurationError, match=r"combine filters with & \| ~"):
            misuse()


def test_forgotten_parentheses_are_noticed() -> None:
    with pytest.raises(errors.ConfigurationError, match="parentheses"):
        Q.id == "a" & Q.account_id == "b"  # type: ignore[operator]  # noqa: B015  # a common slip


@pytest.mark.parametrize(
    ("misuse", "field", "allowed"),
    [
        (lambda: Q.external_id < "x", "externalId", "$exists (exists())"),  # type: ignore[operator]
        (lambda: Q.id.has_some("x"), "id", "$in (in_())"),  # type: ignore[attr-defined]
        (lambda: Q.created_date.in_([MOMENT]), "createdDate", "$lte (<=)"),  # type: ignore[attr-defined]
        (lambda: Q.created_date.exists(), "createdDate", "$lte (<=)"),  # type: ignore[attr-defined]
        (
            lambda: Q.product_instances.status == "x",  # type: ignore[comparison-overlap]
            "productInstances.status",
            "$hasAll (has_all())",
        ),
        (
            lambda: Q.product_instances.created_date > MOMENT,  # type: ignore[operator]
            "productInstances.createdDate",
            "$hasSome (has_some())",
        ),
        (lambda: Q.id.desc(), "sort", "createdDate and updatedDate"),  # type: ignore[attr-defined]
    ],
)
def test_an_operator_that_a_field_does_not_take_is_refused_and_the_allowed_ones_named(
    misuse: Callable[[], object], field: str, allowed: str
) -> None:
    with pytest.raises(errors.ConfigurationError) as caught:
        misuse()

    assert field == caught.value.field
    assert allowed in str(caught.value)


REFUSED: list[tuple[object, str, str]] = [
    ({"external_id": "x"}, "external_id", "did you mean externalId?"),
    ({"productInstances.state": "x"}, "productInstances.state", "did you mean"),
    ({"colour": "red"}, "colour", "cannot be filtered on"),
    ({"externalId": {"$gt": "x"}}, "externalId", "does not take $gt (>); it takes $eq (==)"),
    ({"externalId": {"$startsWith": "x"}}, "externalId", "does not take $startsWith"),
    ({"externalId": {"eq": "x"}}, "externalId", "does not take eq; it takes"),
    ({"productInstances.status": "x"}, "productInstances.status", "it takes $hasSome"),
    ({"externalId": None}, "externalId", "exists(False)"),
    ({"externalId": 3}, "externalId", "compared with strings"),
    ({"externalId": {}}, "externalId", "empty condition"),
    ({"externalId": {"$in": "ab"}}, "externalId", "with a list"),
    ({"externalId": {"$in": []}}, "externalId", "this list is empty"),
    ({"externalId": {"$exists": 1}}, "externalId", "true or false"),
    ({"externalId": "\ud800"}, "externalId", "no valid Unicode"),
    ({"createdDate": "yesterday"}, "createdDate", "compared with dates"),
    ({"createdDate": "2026-01-01T00:00:00"}, "createdDate", "time zone"),
    ({"createdDate": datetime(2026, 1, 1)}, "createdDate", "time zone"),  # noqa: DTZ001
    (
        {"productInstances.billingInfo.cycleDuration.count": {"$hasSome": [True]}},
        "productInstances.billingInfo.cycleDuration.count",
        "whole numbers",
    ),
    ({"productInstances": {"$hasSome": ["x"]}}, "productInstances", "compared with objects"),
    ({"$and": []}, "$and", "list of conditions"),
    ({"$or": {"id": "x"}}, "$or", "list of conditions"),
    ({"$nor": [{"id": "x"}]}, "$nor", "did you mean $or?"),
    ({"$eq": "x"}, "$eq", "stands inside a field"),
    ({"$not": {"colour": "red"}}, "colour", "cannot be filtered on"),
    ({"$and": [{}]}, "filter", "empty condition"),
    ({3: 4}, "filter", "no field's name"),
    (["id"], "filter", "built with Q"),
    ("id", "filter", "built with Q"),
]


@pytest.mark.parametrize(("given", "field", "said"), REFUSED)
def test_a_dict_is_checked_like_a_filter_of_q(given: object, field: str, said: str) -> None:
    with pytest.raises(errors.ConfigurationError) as caught:
        as_filter(given)  # type: ignore[arg-type]  # that is the point

    assert field == caught.value.field
    assert said in str(caught.value)


def test_a_filter_nested_too_deeply_is_refused() -> None:
    endless: dict[str, object] = {}
    endless["$not"] = endless

    with pytest.raises(errors.ConfigurationError, match="levels deep"):
        as_filter(endless)  # type: ignore[arg-type]  # that is the point


@pytest.mark.parametrize(
    "given",
    [
        {"externalId": "x"},
        {"externalId": {"$eq": "x", "$ne": "y"}, "id": {"$in": ["a"]}},
        {"$and": [{"id": "a"}, {"$or": [{"id": "b"}, {"$not": {"accountId": "c"}}]}]},
        {"createdDate": {"$gte": WIRE, "$lt": WIRE}},
        {"productInstances.status": {"$hasSome": ["PENDING"], "$hasAll": ["NEW"]}},
    ],
)
def test_a_dict_in_wixs_language_passes_unchanged(given: JSONObject) -> None:
    assert given == as_filter(given)


def test_no_filter_and_an_empty_one_are_none() -> None:
    assert as_filter(None) is None
    assert as_filter({}) is None


def test_dates_are_sent_in_utc_with_milliseconds() -> None:
    there = MOMENT.astimezone(timezone(timedelta(hours=-3)))

    assert {"createdDate": WIRE} == (Q.created_date == there).as_json()
    assert {"createdDate": WIRE} == as_filter({"createdDate": there.isoformat()})


def test_naive_dates_are_refused_clearly() -> None:
    with pytest.raises(errors.ConfigurationError, match=r"time zone.*datetime\.now\(UTC\)"):
        bool(Q.created_date >= datetime(2026, 1, 1))  # noqa: DTZ001


def test_a_filter_of_a_dict_combines_with_those_of_q_and_does_not_follow_the_dict() -> None:
    given = {"id": {"$in": ["a"]}}
    built = Filter(given) & (Q.external_id == "x")
    given["id"]["$in"].append("b")

    assert {"$and": [{"id": {"$in": ["a"]}}, {"externalId": "x"}]} == built.as_json()


def test_filters_may_stand_inside_dicts() -> None:
    mixed = {"$or": [Q.id == "a", {"id": "b"}]}

    assert {"$or": [{"id": "a"}, {"id": "b"}]} == as_filter(mixed)  # type: ignore[arg-type]


def again_by_pickle(value: object) -> object:
    return pickle.loads(pickle.dumps(value))  # noqa: S301  # pickled a moment ago


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, again_by_pickle])
@pytest.mark.parametrize(
    "value",
    [Q.external_id == "x", ~(Q.id.in_(["a"]) | (Q.created_date > MOMENT)), Q.updated_date.asc()],
    ids=str,
)
def test_filters_and_sorts_copy_and_pickle(
    value: object, again: Callable[[object], object]
) -> None:
    assert (value, hash(value)) == (again(value), hash(again(value)))


def test_filters_compare_by_what_they_say() -> None:
    assert Filter({"id": "a", "externalId": "x"}) == Filter({"externalId": "x", "id": "a"})
    assert 1 == len(
        {Filter({"id": "a", "externalId": "x"}), Filter({"externalId": "x", "id": "a"})}
    )
    assert (Q.id == "a") != Filter({"id": "b"})


def test_filters_are_frozen() -> None:
    condition = Q.id == "a"
    with pytest.raises(AttributeError):
        condition._condition = {}  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue, reportPrivateUsage]
    copied = condition.as_json()
    assert isinstance(copied, dict)
    copied["id"] = "b"

    assert {"id": "a"} == condition.as_json()


def test_a_misspelt_field_is_an_attribute_error_that_suggests_the_right_one() -> None:
    with pytest.raises(AttributeError, match="did you mean external_id"):
        Q.externalId  # type: ignore[attr-defined]  # noqa: B018
    with pytest.raises(AttributeError, match="did you mean status"):
        Q.product_instances.stats  # type: ignore[attr-defined]  # noqa: B018


def test_q_lists_its_fields_and_operators() -> None:
    assert {"id", "external_id", "created_date", "product_instances"} <= set(dir(Q))
    assert ["exists", "in_"] == dir(Q.external_id)
    assert ["asc", "desc"] == dir(Q.created_date)
    assert ["has_all", "has_some"] == dir(Q.product_instances.status)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (None, []),
        (Q.created_date.desc(), [{"fieldName": "createdDate", "order": "DESC"}]),
        ({"fieldName": "updatedDate"}, [{"fieldName": "updatedDate", "order": "ASC"}]),
        (
            [Q.updated_date.asc(), {"fieldName": "createdDate", "order": "DESC"}],
            [
                {"fieldName": "updatedDate", "order": "ASC"},
                {"fieldName": "createdDate", "order": "DESC"},
            ],
        ),
    ],
)
def test_a_sort_is_a_value_of_q_a_dict_or_several(
    given: Sort | None, expected: list[JSONObject]
) -> None:
    assert expected == list(as_sort(given))


@pytest.mark.parametrize(
    "given",
    [
        "createdDate",
        {"field": "createdDate"},
        {"fieldName": "created_date"},
        {"fieldName": "createdDate", "order": "down"},
        {"fieldName": "id"},
        [Q.external_id],
        3,
    ],
)
def test_a_sort_that_wix_does_not_know_is_refused(given: object) -> None:
    with pytest.raises(errors.ConfigurationError):
        as_sort(given)  # type: ignore[arg-type]  # that is the point


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["$and", "$not", "$in", "$hasSome", "id", "createdDate", "productInstances"]
            )
            | st.text(max_size=3),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)


@given(JSON)
def test_whatever_is_given_becomes_json_or_a_configuration_error(value: object) -> None:
    try:
        accepted = as_filter(value)  # type: ignore[arg-type]  # that is the point
    except errors.ConfigurationError:
        return
    assert accepted is None or accepted == as_filter(json.loads(json.dumps(accepted)))
