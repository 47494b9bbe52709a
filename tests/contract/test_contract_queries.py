"""Queries and their pages keep their contract, awaited and blocking, against the emulator."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wixreseller import (
    AsyncClient,
    BillingInfo,
    Client,
    CycleUnit,
    Filter,
    Package,
    Product,
    ProductInstance,
    Q,
    Status,
    errors,
)
from wixreseller.emulator.default_seed import (
    DOMAIN,
    PARENT_ACCOUNT,
    PREMIUM_BASIC,
    SITES,
    SUB_ACCOUNTS,
    UNLUCKY_ADDON,
)
from wixreseller.testing import EmulatorControl

HERE, ELSEWHERE, _ = SUB_ACCOUNTS
YEARLY = BillingInfo.recurring(1, CycleUnit.YEAR)


async def fill(client: AsyncClient, product: Product, names: Sequence[str]) -> list[Package]:
    return [await client.packages.create([product], external_id=name) for name in names]


def names_of(packages: Sequence[Package]) -> list[str | None]:
    return [package.external_id for package in packages]


async def test_a_query_takes_a_filter_and_a_sort_of_q(
    client: AsyncClient, product: Product
) -> None:
    await fill(client, product, "abc")

    found = await client.packages.query(
        Q.external_id.in_(["a", "c"]), sort=Q.created_date.asc()
    ).collect()

    assert ["a", "c"] == names_of(found)


async def test_a_query_takes_a_filter_and_a_sort_in_wixs_words(
    client: AsyncClient, product: Product
) -> None:
    await fill(client, product, "abc")

    found = await client.packages.query(
        {"externalId": {"$in": ["a", "c"]}}, sort={"fieldName": "createdDate", "order": "ASC"}
    ).collect()

    assert ["a", "c"] == names_of(found)


async def test_a_query_that_cannot_work_is_refused_before_anything_is_sent(
    client: AsyncClient,
) -> None:
    def misuses() -> list[Callable[[], object]]:
        packages = client.packages
        return [
            lambda: packages.query({"colour": "red"}),
            lambda: packages.query(Q.id == "x", cursor="c"),
            lambda: packages.query(sort=Q.created_date.asc(), cursor="c"),
            lambda: packages.query(page_size=101),
            lambda: packages.query(max_items=0),
            lambda: packages.scan(Q.id == "x", cursor="c"),
            lambda: packages.scan({"externalId": {"$gt": "x"}}),
            lambda: packages.scan(timeout=-1),
        ]

    for misuse in misuses():
        with pytest.raises(errors.ConfigurationError):
            misuse()


async def test_a_view_keeps_filters_of_q_to_its_account(
    client: AsyncClient, product: Product
) -> None:
    await client.packages.create([product], external_id="x")
    await client.packages.create([product], external_id="x", account_id=ELSEWHERE)
    view = client.for_account(ELSEWHERE)
    wanted = (Q.external_id == "x") | (Q.external_id == "y")

    assert 2 == len(await client.packages.query(wanted).collect())
    for pager in (view.packages.query(wanted), view.packages.scan(wanted), view.packages.scan()):
        assert [ELSEWHERE] == [package.account_id for package in await pager.collect()]


async def test_a_query_resumes_in_another_client_from_its_cursor(
    client: AsyncClient, product: Product, emulator_url: str
) -> None:
    await fill(client, product, "abcde")
    pager = client.packages.query(
        Q.external_id != "c", sort=Q.created_date.asc(), page_size=2, max_items=3
    )
    assert ["a", "b", "d"] == names_of(await pager.collect())

    async with AsyncClient(
        api_key="EMU.demo", account_id=HERE, base_url=emulator_url, rate_limit=None
    ) as other:
        rest = await other.packages.query(cursor=pager.cursor).collect()

    assert ["d", "e"] == names_of(rest)


async def test_the_cursor_before_a_page_leads_back_and_forward_again(
    client: AsyncClient, product: Product
) -> None:
    await fill(client, product, "abcdef")
    query = client.packages.query(sort=Q.created_date.asc(), page_size=2)
    pages = [page async for page in query.pages()]
    assert [["a", "b"], ["c", "d"], ["e", "f"]] == [names_of(page.packages) for page in pages]
    assert pages[0].metadata.prev_cursor is None

    back = client.packages.query(cursor=pages[1].metadata.prev_cursor, page_size=2)

    assert [["a", "b"], ["c", "d"], ["e", "f"]] == [
        names_of(page.packages) async for page in back.pages()
    ]


async def test_what_is_created_meanwhile_comes_at_the_end_of_a_scan(
    client: AsyncClient, product: Product
) -> None:
    await fill(client, product, "abcd")
    seen: list[str | None] = []

    async for page in client.packages.scan(page_size=2).pages():
        seen += names_of(page.packages)
        if len(seen) == 2:
            await fill(client, product, "ef")

    assert list("abcdef") == seen


async def test_a_scan_resumes_from_its_cursor(client: AsyncClient, product: Product) -> None:
    await fill(client, product, "abcd")
    scan = client.packages.scan(Q.external_id != "b", page_size=1, max_items=2)
    assert ["a", "c"] == names_of(await scan.collect())

    assert ["c", "d"] == names_of(await client.packages.scan(cursor=scan.cursor).collect())


async def test_an_error_half_way_leaves_the_cursor_of_the_unfinished_page(
    client: AsyncClient, product: Product, emulator_url: str
) -> None:
    await fill(client, product, "abcd")
    pager = client.packages.query(sort=Q.created_date.asc(), page_size=2)
    seen: list[str | None] = []

    async def read_all() -> None:
        async for package in pager:
            if package.external_id == "b":
                EmulatorControl(emulator_url).add_fault(
                    "status", status=403, operation="queryPackages", times=1
                )
            seen.append(package.external_id)

    with pytest.raises(errors.PermissionDeniedError):
        await read_all()
    rest = await client.packages.query(cursor=pager.cursor, page_size=2).collect()

    assert (["a", "b"], ["c", "d"]) == (seen, names_of(rest))


# --- random filters -----------------------------------------------------------------------------

Oracle = Callable[[Package], bool]
Case = tuple[Filter, Oracle]


def compared(
    field: Any, read: Callable[[Package], Any], values: Sequence[Any], words: Sequence[str]
) -> st.SearchStrategy[Case]:
    """Compare a field of the package with values by one of some operators."""

    def case(word: str, value: Any) -> Case:
        compare = getattr(operator, word)
        return compare(field, value), lambda package: bool(compare(read(package), value))

    return st.builds(case, st.sampled_from(words), st.sampled_from(values))


def among(
    field: Any, read: Callable[[Package], Any], values: Sequence[str]
) -> st.SearchStrategy[Case]:
    """Compare an id, look for it among several, or ask whether it is there."""

    def there(value: bool) -> Case:
        return field.exists(value), lambda package: (read(package) is not None) is value

    def listed(wanted: list[str]) -> Case:
        return field.in_(wanted), lambda package: read(package) in wanted

    lists = st.lists(st.sampled_from(values), min_size=1, max_size=3)
    return st.one_of(
        st.booleans().map(there), lists.map(listed), compared(field, read, values, ["eq", "ne"])
    )


def members(
    field: Any, read: Callable[[ProductInstance], Any], values: Sequence[Any]
) -> st.SearchStrategy[Case]:
    """Look for values among the instances of a package."""

    def case(word: str, wanted: list[Any]) -> Case:
        decide = any if word == "has_some" else all

        def holds(package: Package) -> bool:
            there = [read(instance) for instance in package.product_instances]
            return decide(value in there for value in wanted)

        return getattr(field, word)(*wanted), holds

    lists = st.lists(st.sampled_from(values), min_size=1, max_size=3)
    return st.builds(case, st.sampled_from(["has_some", "has_all"]), lists)


def cases(packages: Sequence[Package]) -> st.SearchStrategy[Case]:
    """Give filters over what is there and what is not, and what they mean in plain Python."""
    nobody = "00000000-0000-0000-0000-000000000000"
    dates = [package.created_date for package in packages]
    orders = ["eq", "ne", "gt", "lt", "ge", "le"]
    instances = Q.product_instances
    simple = st.one_of(
        among(Q.id, lambda p: p.id, [*(p.id for p in packages), nobody]),
        among(Q.account_id, lambda p: p.account_id, [*SUB_ACCOUNTS, nobody]),
        among(Q.external_id, lambda p: p.external_id, ["a", "b", "ü/%", "nobody"]),
        compared(Q.created_date, lambda p: p.created_date, dates, orders),
        compared(Q.updated_date, lambda p: p.updated_date, dates, orders),
        members(instances.status, lambda i: i.status, [*Status, "UNHEARD_OF"]),
        members(instances.site_id, lambda i: i.site_id, [SITES[HERE][0], nobody]),
        members(instances.country_code, lambda i: i.country_code, ["BR", "DE", "US"]),
        members(
            instances.catalog_product_id,
            lambda i: i.catalog_product_id,
            [PREMIUM_BASIC, DOMAIN, UNLUCKY_ADDON],
        ),
        members(
            instances.billing_info.cycle_duration.unit,
            unit_of,
            list(CycleUnit),
        ),
    )
    return st.recursive(
        simple,
        lambda inner: st.one_of(
            st.builds(both, inner, inner), st.builds(either, inner, inner), inner.map(neither)
        ),
        max_leaves=5,
    )


def unit_of(instance: ProductInstance) -> CycleUnit | None:
    billing = instance.billing_info
    return billing.cycle_duration.unit if billing and billing.cycle_duration else None


def both(one: Case, other: Case) -> Case:
    return one[0] & other[0], lambda package: one[1](package) and other[1](package)


def either(one: Case, other: Case) -> Case:
    return one[0] | other[0], lambda package: one[1](package) or other[1](package)


def neither(case: Case) -> Case:
    return ~case[0], lambda package: not case[1](package)


def test_random_filters_find_what_they_say(emulator_url: str) -> None:
    control = EmulatorControl(emulator_url)
    control.freeze(datetime(2026, 1, 1, tzinfo=UTC))
    with Client(
        api_key="EMU.demo", account_id=PARENT_ACCOUNT, base_url=emulator_url, rate_limit=None
    ) as client:
        for number in range(12):
            first = Product(
                catalog_product_id=[PREMIUM_BASIC, DOMAIN][number % 2],
                country_code=["BR", "DE", "US"][number % 3],
                site_id=SITES[HERE][0] if number == 0 else None,
                billing_info=YEARLY,
            )
            second = Product(
                catalog_product_id=UNLUCKY_ADDON,
                country_code="DE",
                billing_info=BillingInfo.recurring(1, CycleUnit.MONTH),
            )
            package = client.packages.create(
                [first, second] if number % 4 == 3 else [first],
                external_id=["a", "b", "ü/%", None][number % 4],
                account_id=SUB_ACCOUNTS[number % 3],
            )
            control.advance(timedelta(seconds=5).total_seconds())
            if number % 5 == 0:
                client.packages.cancel(package.id, account_id=package.account_id)
        packages = client.packages.query().collect()

        @settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
        @given(cases(packages))
        def agree(case: Case) -> None:
            built, holds = case
            expected = [package for package in packages if holds(package)]

            assert expected == client.packages.query(built).collect()

        agree()
