"""What a failure report says about the requests of a test."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import attrs

from wixreseller.testing import RecordedRequest
from wixreseller.testing._journal_text import journal_text

GOOD = RecordedRequest(
    number=1,
    time=datetime(2026, 3, 1, 12, 0, 0, 7000, tzinfo=UTC),
    method="POST",
    path="/resellers/v2/packages",
    operation="createPackageV2",
    account="anna",
    external_id="x",
    status=200,
    milliseconds=1.5,
    idempotency_key="k",
    is_replayed=False,
    is_committed=True,
    is_deprecated=False,
    is_cut=False,
    request_id="r",
    fault=None,
    request_headers={},
    request_body={"externalId": "x"},
    response_headers={},
    response_body={"package": {"id": "p", "productInstances": [{"status": "PENDING"}]}},
)
CREATE = "#{} 12:00:00.007 createPackageV2: POST /resellers/v2/packages for anna -> {}"


def lines(*requests: RecordedRequest) -> list[str]:
    return journal_text(requests).splitlines()


def test_a_good_answer_is_summed_up() -> None:
    assert [CREATE.format(1, "200 package p (PENDING)"), '    > {"externalId": "x"}'] == lines(GOOD)


def test_what_happened_to_a_request_is_said() -> None:
    lost = attrs.evolve(GOOD, status=None, response_body=None, fault="drop_after_commit")
    replayed = attrs.evolve(GOOD, number=2, is_replayed=True, is_committed=False)

    assert [
        CREATE.format(1, "no answer, spoilt by drop_after_commit, it was done all the same"),
        '    > {"externalId": "x"}',
        CREATE.format(2, "200 package p (PENDING), replayed"),
        "    > the same as #1",
    ] == lines(lost, replayed)


def test_refusals_are_given_with_their_code_and_message() -> None:
    details = {"applicationError": {"code": "NOT_FOUND"}}
    coded = attrs.evolve(
        GOOD,
        status=404,
        is_committed=False,
        request_body=None,
        response_body={"message": "two\nlines", "details": details},
    )
    bare = attrs.evolve(coded, response_body="<html>Bad Gateway</html>", status=502)

    assert [
        CREATE.format(1, "404 NOT_FOUND two lines"),
        CREATE.format(1, "502 <html>Bad Gateway</html>"),
    ] == lines(coded, bare)


def test_a_route_that_nobody_knows_and_an_account_that_nobody_named() -> None:
    odd = attrs.evolve(
        GOOD,
        method="GET",
        path="/nowhere",
        operation=None,
        account=None,
        status=501,
        is_committed=False,
        request_body=None,
        response_body=None,
    )

    assert ["#1 12:00:00.007 unknown route: GET /nowhere for no account -> 501"] == lines(odd)


def test_a_query_says_how_many_packages_it_found() -> None:
    found = attrs.evolve(
        GOOD,
        path="/resellers/v1/packages/query",
        operation="queryPackages",
        is_committed=False,
        request_body=None,
        response_body={"metadata": {}, "packages": [{}, {}]},
    )

    assert lines(found)[0].endswith("-> 200 2 packages")


def test_only_what_differs_from_the_request_before_is_shown() -> None:
    body: dict[str, Any] = {
        "externalId": "x",
        "products": [{"catalogProductId": "c", "countryCode": "BR"}],
    }
    first = attrs.evolve(GOOD, request_body=body)
    second = attrs.evolve(GOOD, number=2, request_body=body | {"externalId": "y"})

    assert [
        "    > as #1, but",
        '      -   "externalId": "x",',
        '      +   "externalId": "y",',
    ] == lines(first, second)[-3:]


def test_long_journals_and_bodies_are_cut() -> None:
    body = {"products": [{"catalogProductId": str(number)} for number in range(1000)]}
    long = attrs.evolve(GOOD, request_body=body)
    many = [attrs.evolve(GOOD, number=number) for number in range(1, 101)]

    assert 32 == len(lines(long))
    assert "    > (2974 more lines)" == lines(long)[-1]
    assert "(60 earlier requests are not shown)" == lines(*many)[0]
    assert 1 + 40 * 2 == len(lines(*many))


def test_nothing_asked_is_said_so() -> None:
    assert ["no request reached the emulator"] == lines()
