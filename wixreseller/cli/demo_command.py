"""Offer the demonstration: ``wixreseller demo``."""

from __future__ import annotations

import click

__all__ = ["demo"]


@click.command(short_help="Watch an order file become packages, in seconds.")
@click.option(
    "--orders",
    type=click.IntRange(1, 100_000),
    default=500,
    show_default=True,
    metavar="N",
    help="How many packages to order.",
)
def demo(orders: int) -> int:
    """Watch an order file become packages, in a few seconds and without a key.

    Starts an emulator of Wix inside this process, writes an order file, provisions it through the
    real client over a real socket, shows what exists then, and runs the same file again to show
    that nothing is created twice. Nothing is sent to Wix, and nothing is left behind.
    """
    import asyncio

    from wixreseller.cli.demo import run_demo

    return asyncio.run(run_demo(orders))
