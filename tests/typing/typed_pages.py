"""Both faces give the same types. Checked by mypy and pyright; never run."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, assert_type

from wixreseller import (
    UNSET,
    AsyncChanges,
    AsyncClient,
    AsyncPager,
    Change,
    Changes,
    Client,
    Package,
    Page,
    Pager,
    ProductInstance,
    Q,
    RateLimit,
)
from wixreseller.models import JSONValue


async def awaited_pagers(client: AsyncClient, moment: datetime) -> None:
    pager = client.packages.query((Q.id == "x") & (Q.created_date > moment))
    assert_type(pager, AsyncPager)
    assert_type(client.packages.query(), AsyncPager)
    assert_type(client.packages.query({"externalId": {"$in": ["a", "b"]}}), AsyncPager)
    assert_type(client.packages.query(sort=Q.created_date.desc(), page_size=10), AsyncPager)
    assert_type(client.packages.query(sort=[Q.created_date.desc(), {"fieldName": "x"}]), AsyncPager)
    assert_type(client.packages.query(sort={"fieldName": "createdDate"}), AsyncPager)
    assert_type(client.packages.query(cursor=pager.cursor), AsyncPager)
    assert_type(client.packages.scan(Q.external_id.exists(), max_items=3), AsyncPager)
    assert_type(pager.cursor, str | None)
    assert_type(await pager.first(), Package | None)
    assert_type(await pager.collect(), list[Package])
    async for package in pager:
        assert_type(package, Package)
    async for page in pager.pages():
        assert_type(page, Page)
        assert_type(page.metadata.prev_cursor, str | None)


def blocking_pagers(client: Client, moment: datetime) -> None:
    pager = client.packages.query((Q.id == "x") & (Q.created_date > moment))
    assert_type(pager, Pager)
    assert_type(client.packages.query(), Pager)
    assert_type(client.packages.query({"externalId": {"$in": ["a", "b"]}}), Pager)
    assert_type(client.packages.query(sort=Q.created_date.desc(), page_size=10), Pager)
    assert_type(client.packages.query(sort=[Q.created_date.desc(), {"fieldName": "x"}]), Pager)
    assert_type(client.packages.query(sort={"fieldName": "createdDate"}), Pager)
    assert_type(client.packages.query(cursor=pager.cursor), Pager)
    assert_type(client.packages.scan(Q.external_id.exists(), max_items=3), Pager)
    assert_type(pager.cursor, str | None)
    assert_type(pager.first(), Package | None)
    assert_type(pager.collect(), list[Package])
    for package in pager:
        assert_type(package, Package)
    for page in pager.pages():
        assert_type(page, Page)
        assert_type(page.metadata.prev_cursor, str | None)


async def awaited_changes(client: AsyncClient, moment: datetime) -> None:
    changes = client.packages.changes()
    assert_type(changes, AsyncChanges)
    assert_type(client.packages.changes(changes.token, overlap=5), AsyncChanges)
    assert_type(client.packages.changes(moment), AsyncChanges)
    assert_type(changes.token, str | None)
    assert_type(await changes.collect(), list[Change])
    assert_type(await changes.next_page(), Sequence[Change] | None)
    async for change in changes:
        assert_type(change, Change)


def blocking_changes(client: Client, moment: datetime) -> None:
    changes = client.packages.changes()
    assert_type(changes, Changes)
    assert_type(client.packages.changes(changes.token, overlap=5), Changes)
    assert_type(client.packages.changes(moment), Changes)
    assert_type(changes.token, str | None)
    assert_type(changes.collect(), list[Change])
    assert_type(changes.next_page(), Sequence[Change] | None)
    for change in changes:
        assert_type(change, Change)
        assert_type(change.package, Package)
        assert_type(change.kind, Literal["created", "updated"])
        assert_type(change.instances, tuple[ProductInstance, ...])


async def awaited_calls(client: AsyncClient) -> None:
    assert_type(client.for_account("x"), AsyncClient)
    assert_type(client.with_options(timeout=1.0, rate_limit=None, if_unknown="raise"), AsyncClient)
    assert_type(
        client.with_options(rate_limit=RateLimit(max_wait=0.0), deadline=UNSET), AsyncClient
    )
    assert_type(await client.request("POST", "/x", json={"a": [1, None, "b"]}), JSONValue)


def blocking_calls(client: Client) -> None:
    assert_type(client.for_account("x"), Client)
    assert_type(client.with_options(timeout=1.0, rate_limit=None, if_unknown="raise"), Client)
    assert_type(client.request("GET", "/x?y=1", write=False), JSONValue)
