"""Offer the calls on packages: ``wixreseller packages …``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

import click

from wixreseller.cli import options
from wixreseller.cli.completion import complete_file, complete_product
from wixreseller.cli.failures import CommandError, InputError

if TYPE_CHECKING:
    from wixreseller.cli.connection import Connection
    from wixreseller.client import AsyncClient
    from wixreseller.models import JSONObject, JSONValue, Product

__all__ = ["packages"]

_STATUSES = ("PENDING", "ENABLED", "CANCELED", "FAILED", "AWAITING_ACTION")
_FILTER = """write it like --filter '{"externalId": {"$eq": "sub-42"}}'"""
_SORTS = {"created": "createdDate", "updated": "updatedDate"}


@click.group(no_args_is_help=False)
def packages() -> None:
    """Create, read and cancel packages."""


@packages.command()
@click.option("--external-id", metavar="ID", help="Your own name for the package.")
@click.option(
    "--product",
    metavar="PRODUCT",
    shell_complete=complete_product,
    help="GUID at Wix, or a name of --catalogue.",
)
@click.option("--country", metavar="CODE", help="Country, two letters like BR.")
@click.option("--site", metavar="GUID", help="Site that gets it. [default: none, it floats]")
@options.billing_options
@click.option("--discount-code", metavar="CODE", help="Cannot be added later.")
@click.option("--reference-instance", metavar="GUID", help="Instance that makes this one free.")
@click.option(
    "--order",
    metavar="FILE",
    shell_complete=complete_file,
    help="Order file with one package, instead of the other options: for several products.",
)
@options.key_option
@options.json_option
@click.pass_obj
def create(
    connection: Connection,
    external_id: str | None,
    product: str | None,
    country: str | None,
    site: str | None,
    billing_type: str | None,
    cycle_unit: str | None,
    cycle_count: int | None,
    discount_code: str | None,
    reference_instance: str | None,
    order: str | None,
    idempotency_key: str | None,
    as_json: bool,
) -> None:
    """Sell products to an account, as one package.

    A product's name brings the billing that the catalogue gives it, unless options say another.
    It does not look whether the external id is taken: 'provision run' does.
    """
    from wixreseller.cli.show import show_package
    from wixreseller.models import Product

    account_id = connection.account_id
    products: Sequence[Product]
    if order is not None:
        others = (external_id, product, country, site, billing_type, cycle_unit, cycle_count)
        if any(value is not None for value in (*others, discount_code, reference_instance)):
            raise InputError("--order takes the place of the other options of a product")
        account_id, external_id, products = _read_order(connection, order)
    elif product is None or country is None:
        raise InputError("--product and --country are needed, or --order FILE")
    else:
        product_id, usual_billing = connection.product(product)
        products = [
            Product(
                catalog_product_id=product_id,
                country_code=country,
                site_id=site,
                billing_info=options.billing_info(billing_type, cycle_unit, cycle_count)
                or usual_billing,
                discount_code=discount_code,
                reference_product_instance_id=reference_instance,
            )
        ]
    package = connection.run(
        lambda client: client.packages.create(
            products,
            external_id=external_id,
            account_id=account_id,
            idempotency_key=idempotency_key,
        )
    )
    show_package(package, connection.catalogue, as_json=as_json)


def _read_order(connection: Connection, path: str) -> tuple[str, str, Sequence[Product]]:
    from wixreseller.cli.order_input import read_order_file

    orders = read_order_file(path, None, connection.default_account, connection.catalogue)
    if len(orders) != 1:
        raise InputError(f"{path} holds {len(orders)} packages: 'provision run' takes many")
    return orders[0].account_id, orders[0].external_id, orders[0].products


@packages.command()
@click.argument("package_id")
@options.json_option
@click.pass_obj
def get(connection: Connection, package_id: str, as_json: bool) -> None:
    """Show one package."""
    from wixreseller.cli.show import show_package

    package = connection.run(
        lambda client: client.packages.get(package_id, account_id=connection.account_id)
    )
    show_package(package, connection.catalogue, as_json=as_json)


@packages.command()
@click.argument("external_id")
@options.json_option
@click.pass_obj
def find(connection: Connection, external_id: str, as_json: bool) -> None:
    """Show the account's package with an external id; exit code 1 if there is none."""
    from wixreseller.cli.show import show_package

    package = connection.run(
        lambda client: client.packages.find(external_id, account_id=connection.account_id)
    )
    if package is None:
        raise CommandError(
            f"the account has no package with external id {external_id!r}",
            then="'wixreseller packages query' lists what there is; another account is named with "
            "--account GUID",
        )
    show_package(package, connection.catalogue, as_json=as_json)


@packages.command()
@click.option("--external-id", "external_ids", multiple=True, metavar="ID", help="May be repeated.")
@click.option("--status", "statuses", multiple=True, type=click.Choice(_STATUSES))
@click.option(
    "--product",
    "products",
    multiple=True,
    metavar="PRODUCT",
    shell_complete=complete_product,
    help="GUID, or a name of --catalogue, whatever the billing. May be repeated.",
)
@click.option("--filter", "raw_filter", metavar="JSON", help="Wix's filter language.")
@click.option("--sort", type=click.Choice(tuple(_SORTS)), default="created", show_default=True)
@click.option("--ascending", is_flag=True, help="Oldest first. [default: newest first]")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Show N at the most.")
@options.json_option
@click.pass_obj
def query(
    connection: Connection,
    external_ids: Sequence[str],
    statuses: Sequence[str],
    products: Sequence[str],
    raw_filter: str | None,
    sort: str,
    ascending: bool,
    limit: int | None,
    as_json: bool,
) -> None:
    """List packages: of the whole family of accounts, or of the one that --account names.

    Several values of an option mean any of them; several options must all hold.

    Without a terminal, each is a line of columns divided by tabs: external id, package, account,
    creation, statuses, products.
    """
    from wixreseller.cli.show import show_packages, write_json

    conditions: list[JSONObject] = []
    if external_ids:
        conditions.append({"externalId": {"$in": list(external_ids)}})
    if statuses:
        conditions.append({"productInstances.status": {"$hasSome": list(statuses)}})
    if products:
        ids: list[JSONValue] = [connection.product(product)[0] for product in products]
        conditions.append({"productInstances.catalogProductId": {"$hasSome": ids}})
    if raw_filter is not None:
        conditions.append(_parse_filter(raw_filter))
    wanted: JSONObject | None = {"$and": conditions} if len(conditions) > 1 else None

    async def read(client: AsyncClient) -> None:
        pager = client.packages.query(
            wanted or (conditions[0] if conditions else None),
            sort={"fieldName": _SORTS[sort], "order": "ASC" if ascending else "DESC"},
            max_items=limit,
            account_id=connection.account_id,
        )
        if as_json:
            async for package in pager:
                write_json(package)
        else:
            show_packages(await pager.collect(), connection.catalogue)

    connection.run(read)


def _parse_filter(text: str) -> JSONObject:
    import json

    try:
        value: object = json.loads(text)
    except ValueError as error:
        raise InputError(f"--filter is not JSON: {error}", then=_FILTER) from None
    if not isinstance(value, dict):
        raise InputError("--filter must be a JSON object", then=_FILTER)
    return cast("JSONObject", value)


@packages.command()
@click.argument("package_id")
@options.yes_option
@options.key_option
@options.json_option
@click.pass_obj
def cancel(
    connection: Connection,
    package_id: str,
    yes: bool,
    idempotency_key: str | None,
    as_json: bool,
) -> None:
    """Cancel every instance of a package, for good."""
    from wixreseller.cli.show import show_package

    options.confirm_cancel(f"package {package_id}, all its instances", is_confirmed=yes)
    package = connection.run(
        lambda client: client.packages.cancel(
            package_id, account_id=connection.account_id, idempotency_key=idempotency_key
        )
    )
    show_package(package, connection.catalogue, as_json=as_json)


@packages.command()
@click.argument("package_id")
@click.argument("external_id")
@options.json_option
@click.pass_obj
def update_external_id(
    connection: Connection, package_id: str, external_id: str, as_json: bool
) -> None:
    """Give a package another external id."""
    from wixreseller.cli.show import show_package

    package = connection.run(
        lambda client: client.packages.update_external_id(
            package_id, external_id=external_id, account_id=connection.account_id
        )
    )
    show_package(package, connection.catalogue, as_json=as_json)
