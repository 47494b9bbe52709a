"""Offer the calls on product instances: ``wixreseller instances …``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from wixreseller.cli import options
from wixreseller.cli.completion import complete_product

if TYPE_CHECKING:
    from wixreseller.cli.connection import Connection

__all__ = ["instances"]


@click.group(no_args_is_help=False)
def instances() -> None:
    """Move, change and cancel single product instances. Each shows the whole package."""


@instances.command()
@click.argument("instance_id")
@click.argument("site_id")
@options.key_option
@options.json_option
@click.pass_obj
def assign(
    connection: Connection,
    instance_id: str,
    site_id: str,
    idempotency_key: str | None,
    as_json: bool,
) -> None:
    """Put an instance on a site, or move it there."""
    from wixreseller.cli.show import show_package

    package = connection.run(
        lambda client: client.product_instances.assign_to_site(
            instance_id,
            site_id=site_id,
            account_id=connection.account_id,
            idempotency_key=idempotency_key,
        )
    )
    show_package(package, connection.catalogue, as_json=as_json)


@instances.command()
@click.argument("instance_id")
@options.key_option
@options.json_option
@click.pass_obj
def unassign(
    connection: Connection, instance_id: str, idempotency_key: str | None, as_json: bool
) -> None:
    """Take an instance off its site: it floats, and is paid for all the same."""
    from wixreseller.cli.show import show_package

    package = connection.run(
        lambda client: client.product_instances.unassign_from_site(
            instance_id, account_id=connection.account_id, idempotency_key=idempotency_key
        )
    )
    show_package(package, connection.catalogue, as_json=as_json)


@instances.command()
@click.argument("instance_id")
@options.yes_option
@options.key_option
@options.json_option
@click.pass_obj
def cancel(
    connection: Connection,
    instance_id: str,
    yes: bool,
    idempotency_key: str | None,
    as_json: bool,
) -> None:
    """Cancel one instance, for good."""
    from wixreseller.cli.show import show_package

    options.confirm_cancel(f"instance {instance_id}", is_confirmed=yes)
    package = connection.run(
        lambda client: client.product_instances.cancel(
            instance_id, account_id=connection.account_id, idempotency_key=idempotency_key
        )
    )
    show_package(package, connection.catalogue, as_json=as_json)


@instances.command()
@click.argument("instance_id")
@click.option(
    "--product",
    metavar="PRODUCT",
    shell_complete=complete_product,
    help="Another product of the same type: its GUID, or a name of --catalogue.",
)
@options.billing_options
@click.option("--discount-code", metavar="CODE", help="Counts only with another product.")
@options.key_option
@options.json_option
@click.pass_obj
def adjust(
    connection: Connection,
    instance_id: str,
    product: str | None,
    billing_type: str | None,
    cycle_unit: str | None,
    cycle_count: int | None,
    discount_code: str | None,
    idempotency_key: str | None,
    as_json: bool,
) -> None:
    """Change an instance's product (an up- or downgrade), its billing, or both.

    A product's name brings the billing that the catalogue gives it, unless options say another.
    """
    from wixreseller.cli.show import show_package

    billing = options.billing_info(billing_type, cycle_unit, cycle_count)
    if product is not None:
        product, usual_billing = connection.product(product)
        billing = billing or usual_billing
    package = connection.run(
        lambda client: client.product_instances.adjust_specifications(
            instance_id,
            catalog_product_id=product,
            billing_info=billing,
            discount_code=discount_code,
            account_id=connection.account_id,
            idempotency_key=idempotency_key,
        )
    )
    show_package(package, connection.catalogue, as_json=as_json)
