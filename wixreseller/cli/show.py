"""Show packages: as Wix's JSON for programs, as tables that fit the terminal for people."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Final

import orjson
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from wixreseller import _wire
from wixreseller.bulk.catalogue import EMPTY, Catalogue
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
"""From this many columns on there is room for the account beside the package."""


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
    console = Console(highlight=False)
    facts = Table.grid(padding=(0, 2))
    facts.add_column(style="dim")
    facts.add_column(overflow="fold")
    facts.add_row("package", Text(package.id, style="bold"))
    facts.add_row("external id", Text(package.external_id or "-"))
    facts.add_row("account", package.account_id or "-")
    facts.add_row("created", _moment(package.created_date))
    console.print(facts)
    is_wide = console.width >= _WIDE
    console.print(_instances_table(package.product_instances, catalogue, is_wide=is_wide))


def show_packages(packages: Sequence[Package], catalogue: Catalogue = EMPTY) -> None:
    """Show packages as a table, a line for each; with a catalogue, also what was sold."""
    console = Console(highlight=False)
    is_wide = console.width >= _WIDE
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    table.add_column("external id", overflow="fold")
    # The one column that is always wide enough for names.
    heading = "package, products" if catalogue.entries else "package"
    table.add_column(heading, no_wrap=True, width=36)
    if is_wide:
        table.add_column("account", no_wrap=True, min_width=36)
    table.add_column("created", no_wrap=True)
    table.add_column("instances", overflow="fold")
    for package in packages:
        created = _moment(package.created_date)
        table.add_row(
            Text(package.external_id or "-"),
            Text("\n").join([Text(package.id), *_products(package, catalogue)]),
            *([package.account_id or "-"] if is_wide else []),
            created if is_wide else created[:10],
            statuses(package),
        )
    if packages:
        console.print(table)
    # A count is no data: it must not be in the way of `| wc -l`.
    noun = "package" if len(packages) == 1 else "packages"
    Console(stderr=True, highlight=False).print(f"{len(packages)} {noun}", style="dim")


def statuses(package: Package) -> Text:
    """Say how many instances of a package have which status."""
    counts = Counter(instance.status for instance in package.product_instances)
    parts = [
        Text(f"{count} {status or 'without status'}", style=STATUS_STYLES.get(status, ""))
        if status is not None
        else Text(f"{count} without status")
        for status, count in counts.items()
    ]
    return Text(", ").join(parts)


def product_name(instance: ProductInstance, catalogue: Catalogue, *, with_id: bool = False) -> Text:
    """Name the product of an instance: as the catalogue calls it, else by its GUID."""
    product_id = instance.catalog_product_id or "-"
    name = catalogue.name_of(instance.catalog_product_id, instance.billing_info)
    if name is None:
        return Text(product_id)
    shown = Text(name, style="bold")
    return shown.append(f"  {product_id}", style="not bold dim") if with_id else shown


def _products(package: Package, catalogue: Catalogue) -> Sequence[Text]:
    if not catalogue.entries:
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
    table.add_column("instance, product, site", min_width=45, no_wrap=True)
    table.add_column("status, billing, country", overflow="fold")
    for number, instance in enumerate(instances, start=1):
        ids = Table.grid(padding=(0, 1))
        ids.add_column(style="dim")
        ids.add_column(no_wrap=True)
        ids.add_row("instance", instance.instance_id)
        ids.add_row("product", product_name(instance, catalogue, with_id=is_wide))
        ids.add_row("site", instance.site_id or Text("none: floating", style="yellow"))
        table.add_row(str(number), ids, _state(instance), end_section=True)
    return table


def _state(instance: ProductInstance) -> Text:
    status = instance.status
    state = Text(
        "-" if status is None else str(status),
        style="" if status is None else STATUS_STYLES.get(status, ""),
    )
    if instance.failure is not None:
        state.append(f" {instance.failure.code or ''}".rstrip())
    state.append(f"\n{_billing(instance.billing_info)}", style="default")
    state.append(f"\n{instance.country_code or '-'}", style="default")
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
