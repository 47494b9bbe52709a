"""Type checkers refuse what a field does not take: each ignored line must be an error to both.

Checked by mypy and pyright, which report an ignore that is not needed; never run.
"""
# pyright: reportUnnecessaryTypeIgnoreComment=true

from __future__ import annotations

from datetime import datetime

from wixreseller import AsyncClient, Client, Filter, Q, Status


def show(*_: object) -> None:
    """Use a value, so that it is only its type that is wrong."""


def ids_are_not_ordered_nor_sorted(moment: datetime) -> None:
    show(Q.id > "x")  # type: ignore[operator]
    show(Q.account_id <= "x")  # type: ignore[operator]
    show(Q.external_id >= "x")  # type: ignore[operator]
    show(Q.external_id.has_some("x"))  # type: ignore[attr-defined]
    show(Q.external_id.starts_with("x"))  # type: ignore[attr-defined]
    show(Q.external_id.desc())  # type: ignore[attr-defined]
    show(Q.external_id.in_([1]))  # type: ignore[list-item]
    show(Q.external_id.exists("no"))  # type: ignore[arg-type]


def dates_are_compared_with_dates(moment: datetime) -> None:
    show(Q.created_date > "2026-01-01")  # type: ignore[operator]
    show(Q.created_date.in_([moment]))  # type: ignore[attr-defined]
    show(Q.updated_date.exists())  # type: ignore[attr-defined]
    show(Q.updated_date.has_some(moment))  # type: ignore[attr-defined]


def members_have_some_or_all(moment: datetime) -> None:
    show(Q.product_instances.status.in_([Status.PENDING]))  # type: ignore[attr-defined]
    show(Q.product_instances.status.exists())  # type: ignore[attr-defined]
    show(Q.product_instances.status.has_some([Status.PENDING]))  # type: ignore[arg-type]
    show(Q.product_instances.created_date > moment)  # type: ignore[operator]
    show(Q.product_instances.created_date.asc())  # type: ignore[attr-defined]
    show(Q.product_instances.billing_info.cycle_duration.count.has_some("1"))  # type: ignore[arg-type]
    show(Q.product_instances.has_some("x"))  # type: ignore[arg-type]


def fields_that_are_not_in_the_table() -> None:
    show(Q.externalId)  # type: ignore[attr-defined]
    show(Q.parent_account_id)  # type: ignore[attr-defined]
    show(Q.product_instances.discount_code)  # type: ignore[attr-defined]
    show(Q.product_instances.expiration_date)  # type: ignore[attr-defined]


def filters_combine_with_filters_only(condition: Filter) -> None:
    show(condition & {"id": "x"})  # type: ignore[operator]
    show(condition | True)  # type: ignore[operator]


def queries_take_filters_and_sorts(client: Client, awaited: AsyncClient) -> None:
    client.packages.query(Q.created_date.desc())  # type: ignore[arg-type]
    client.packages.query(Q.product_instances.status == Status.PENDING)  # type: ignore[arg-type, comparison-overlap]
    client.packages.query(sort=Q.created_date)  # type: ignore[arg-type]
    client.packages.scan("externalId")  # type: ignore[arg-type]
    awaited.packages.query(Q.external_id)  # type: ignore[arg-type]
    awaited.packages.changes(1)  # type: ignore[arg-type]
