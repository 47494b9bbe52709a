"""Show packages: as Wix's JSON for programs, as tables that fit the terminal for people."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

import click
import orjson
from rich import box
from rich.console import Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from wixreseller import _wire
from wixreseller.bulk.catalogue import EMPTY, Catalogue
from wixreseller.cli.terminal import (
    GUID_WIDTH,
    error_console,
    facts,
    output_console,
    without_controls,
)
from wixreseller.models import BillingInfo, Package, ProductInstance, Status

__all__ = [
    "STATUS_STYLES",
    "product_name",
    "show_package",
    "show_packages",
    "statuses",
    "write_json",
]

STATUS_STYLES: Final = {
    Status.ENABLED: "green",
    Status.PENDING: "yellow",
    Status.AWAITING_ACTION: "magenta",
    Status.FAILED: "red",
    Status.CANCELED: "dim",
}

_WIDE: Final = 120
"""From this many columns on there is room for a product's id beside its name,"""
_WITH_ACCOUNT: Final = 140
"""and for the account beside the package."""
_TABLE: Final = 76
"""From this many columns on ids fit into a table; below, they stand under one another."""
_BETWEEN: Final = 11
"""Columns that the lines of a table of packages take for edges and gaps,"""
_EXTERNAL_ID: Final = 11
"""and the least that is left for external ids, which are folded."""


def write_json(package: Package) -> None:
    """Write a package as one line of Wix's own JSON."""
    line = orjson.dumps(_wire.encode(package), option=orjson.OPT_APPEND_NEWLINE)
    sys.stdout.buffer.write(line)
    sys.stdout.buffer.flush()


def show_package(package: Package, catalogue: Catalogue = EMPTY, *, as_json: bool) -> None:
    """Show one package with all its instances; ``catalogue`` gives products their names."""
    if as_json:
        write_json(package)
        return
    console = output_console()
    told = (
        ("package", Text(package.id, style="bold")),
        ("external id", Text(package.external_id or "-")),
        ("account", Text(package.account_id or "-")),
        ("created", Text(_moment(package.created_date))),
    )
    console.print(facts(told, console.width))
    if console.width >= _TABLE:
        is_wide = console.width >= _WIDE
        console.print(_instances_table(package.product_instances, catalogue, is_wide=is_wide))
        return
    for number, instance in enumerate(package.product_instances, start=1):
        console.print(Text.assemble((f"\n{number}  ", "dim"), _state(instance, between=", ")))
        ids = facts(_ids(instance, catalogue, with_id=False), console.width - 2)
        console.print(Padding(ids, (0, 0, 0, 2), expand=False))


def show_packages(packages: Sequence[Package], catalogue: Catalogue = EMPTY) -> None:
    """Show packages, with a catalogue also what was sold: as a table that fits the terminal.

    Without a terminal a package is a line, its columns divided by tabs: external id, package,
    account, creation, statuses, and products.
    """
    console = output_console()
    if not console.is_terminal:
        for package in packages:
            click.echo("\t".join(_columns(package, catalogue)))
    elif (between := _between_statuses(packages, console.width)) is None:
        for package in packages:
            console.print(_stacked(package, catalogue))
    elif packages:
        is_wide = console.width >= _WITH_ACCOUNT
        console.print(_packages_table(packages, catalogue, between, is_wide=is_wide))
    # A count is no data: it must not be in the way of `| wc -l`.
    noun = "package" if len(packages) == 1 else "packages"
    error_console().print(f"{len(packages)} {noun}", style="dim")


def _between_statuses(packages: Sequence[Package], width: int) -> str | None:
    """Say what divides statuses in a table; ``None`` if they do not fit into one at all."""
    told = [statuses(package).plain for package in packages] or [""]
    room = width - GUID_WIDTH - len("2026-03-01") - _BETWEEN - _EXTERNAL_ID
    if max(map(len, told)) <= room:
        return ", "
    longest = max(len(part) for text in told for part in text.split(", "))
    return "\n" if longest <= room else None


def _columns(package: Package, catalogue: Catalogue) -> Sequence[str]:
    created = package.created_date
    cells = (
        package.external_id or "",
        package.id,
        package.account_id or "",
        "" if created is None else f"{created:%Y-%m-%dT%H:%M:%SZ}",
        statuses(package).plain,
        ", ".join(product.plain for product in _products(package, catalogue, always=True)),
    )
    return [without_controls(cell) for cell in cells]


def _stacked(package: Package, catalogue: Catalogue) -> Group:
    about = [
        Text(package.id),
        Text.assemble(_moment(package.created_date)[:10], ", ", statuses(package)),
        *_products(package, catalogue),
    ]
    lines = [Padding(_folded(line), (0, 0, 0, 2), expand=False) for line in about]
    return Group(_folded(Text(package.external_id or "-", style="bold")), *lines)


def _folded(text: Text) -> Text:
    text.overflow = "fold"
    return text


def _packages_table(
    packages: Sequence[Package], catalogue: Catalogue, between: str, *, is_wide: bool
) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    table.add_column("external id", overflow="fold")
    # The one column that is always wide enough for names.
    heading = "package, products" if catalogue.entries else "package"
    table.add_column(heading, no_wrap=True, width=GUID_WIDTH)
    if is_wide:
        table.add_column("account", no_wrap=True, min_width=GUID_WIDTH)
    table.add_column("created", no_wrap=True)
    table.add_column("instances", no_wrap=True)
    for package in packages:
        created = _moment(package.created_date)
        table.add_row(
            Text(package.external_id or "-"),
            Text("\n").join([Text(package.id), *_pieces(_products(package, catalogue))]),
            *([package.account_id or "-"] if is_wide else []),
            created if is_wide else created[:10],
            statuses(package, between=between),
        )
    return table


def _pieces(names: Sequence[Text]) -> Iterator[Text]:
    """Break names that are longer than a GUID: rich would cut them in a column of that width."""
    for name in names:
        for at in range(0, len(name), GUID_WIDTH):
            yield name[at : at + GUID_WIDTH]


def statuses(package: Package, *, between: str = ", ") -> Text:
    """Say how many instances of a package have which status."""
    counts = Counter(instance.status for instance in package.product_instances)
    parts = [
        Text(f"{count} {status or 'without status'}", style=STATUS_STYLES.get(status, ""))
        if status is not None
        else Text(f"{count} without status")
        for status, count in counts.items()
    ]
    return Text(between).join(parts)


def product_name(instance: ProductInstance, catalogue: Catalogue, *, with_id: bool = False) -> Text:
    """Name the product of an instance: as the catalogue calls it, else by its GUID."""
    product_id = instance.catalog_product_id or "-"
    name = catalogue.name_of(instance.catalog_product_id, instance.billing_info)
    if name is None:
        return Text(product_id)
    shown = Text(name, style="bold")
    return shown.append(f"  {product_id}", style="not bold dim") if with_id else shown


def _products(package: Package, catalogue: Catalogue, *, always: bool = False) -> Sequence[Text]:
    if not catalogue.entries and not always:
        return ()
    names = Counter(
        catalogue.name_of(instance.catalog_product_id, instance.billing_info)
        or instance.catalog_product_id
        or "-"
        for instance in package.product_instances
    )
    return [
        Text(name if count == 1 else f"{count} {name}", style="dim")
        for name, count in names.items()
    ]


def _instances_table(
    instances: Sequence[ProductInstance], catalogue: Catalogue, *, is_wide: bool
) -> Table:
    # Three GUIDs side by side fit no usual terminal, so they stand below one another.
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold", show_lines=False)
    table.add_column("#", justify="right", style="dim")
    table.add_column("instance, product, site", min_width=45, overflow="fold")
    table.add_column("status, billing, country", overflow="fold")
    for number, instance in enumerate(instances, start=1):
        ids = Table.grid(padding=(0, 1))
        ids.add_column(style="dim")
        ids.add_column(overflow="fold")
        for label, value in _ids(instance, catalogue, with_id=is_wide):
            ids.add_row(label, value)
        table.add_row(str(number), ids, _state(instance, between="\n"), end_section=True)
    return table


def _ids(
    instance: ProductInstance, catalogue: Catalogue, *, with_id: bool
) -> Sequence[tuple[str, Text]]:
    return (
        ("instance", Text(instance.instance_id)),
        ("product", product_name(instance, catalogue, with_id=with_id)),
        (
            "site",
            Text(instance.site_id) if instance.site_id else Text("none: floating", style="yellow"),
        ),
    )


def _state(instance: ProductInstance, *, between: str) -> Text:
    status = instance.status
    state = Text(
        "-" if status is None else str(status),
        style="" if status is None else STATUS_STYLES.get(status, ""),
    )
    if instance.failure is not None:
        state.append(f" {instance.failure.code or ''}".rstrip())
    state.append(f"{between}{_billing(instance.billing_info)}", style="default")
    state.append(f"{between}{instance.country_code or '-'}", style="default")
    return state


def _billing(billing: BillingInfo | None) -> str:
    if billing is None or billing.type is None:
        return "-"
    cycle = billing.cycle_duration
    if cycle is None:
        return str(billing.type)
    return f"{billing.type}, every {cycle.count} {cycle.unit}"


def _moment(moment: datetime | None) -> str:
    return "-" if moment is None else f"{moment:%Y-%m-%d %H:%M:%S} UTC"
