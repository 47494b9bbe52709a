"""Draw packages and pages as HTML tables, which notebooks show in place of the ``repr``.

Every text is escaped: external ids are whatever users and their customers typed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from html import escape
from typing import TYPE_CHECKING, Final

from wixreseller.models import text

if TYPE_CHECKING:
    from wixreseller.models.values import Package, Page, ProductInstance

__all__ = ["package_table", "page_table"]

_MOST_ROWS: Final = 100
_LONGEST_CELL: Final = 120
_NONE: Final = "-"


def package_table(package: Package) -> str:
    """Draw a package: its facts above, a row for each instance below."""
    facts = [
        f"package {package.id}",
        None if package.external_id is None else f"external id {package.external_id}",
        None if package.account_id is None else f"account {package.account_id}",
        None if package.created_date is None else f"created {_moment(package.created_date)}",
    ]
    return _table(
        " · ".join(_cut(fact) for fact in facts if fact is not None),
        ("instance", "product", "site", "status", "billing", "country", "created"),
        [
            (
                instance.instance_id,
                instance.catalog_product_id,
                _site(instance),
                _status(instance),
                text.billing(instance.billing_info),
                instance.country_code,
                _moment(instance.created_date),
            )
            for instance in package.product_instances[:_MOST_ROWS]
        ],
        more=len(package.product_instances) - _MOST_ROWS,
    )


def page_table(page: Page) -> str:
    """Draw a page: a row for each package."""
    follows = "" if page.metadata.next_cursor is None else ", more follow"
    return _table(
        text.count(len(page), "package") + follows,
        ("external id", "package", "account", "created", "instances"),
        [
            (
                package.external_id,
                package.id,
                package.account_id,
                _moment(package.created_date),
                text.counts(package.product_instances),
            )
            for package in page.packages[:_MOST_ROWS]
        ],
        more=len(page) - _MOST_ROWS,
    )


def _table(
    caption: str, head: Sequence[str], rows: Iterable[Sequence[str | None]], *, more: int
) -> str:
    header = "".join(f"<th>{escape(name)}</th>" for name in head)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(_cut(cell))}</td>" for cell in row) + "</tr>" for row in rows
    )
    if more > 0:
        body += f'<tr><td colspan="{len(head)}">… and {more} more</td></tr>'
    return (
        f"<table><caption>{escape(caption)}</caption>"
        f"<thead><tr>{header}</tr></thead><tbody>{body}</tbody></table>"
    )


def _cut(cell: str | None) -> str:
    if cell is None:
        return _NONE
    return cell if len(cell) <= _LONGEST_CELL else f"{cell[: _LONGEST_CELL - 1]}…"


def _moment(moment: datetime | None) -> str:
    return _NONE if moment is None else f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def _site(instance: ProductInstance) -> str | None:
    return "floating" if instance.is_floating else instance.site_id


def _status(instance: ProductInstance) -> str | None:
    if instance.status is None or instance.failure is None or instance.failure.code is None:
        return instance.status
    return f"{instance.status} ({instance.failure.code})"
