"""Offer everything on the command line. No logic lives here: it reads options and shows results.

Modules import rich, aiohttp and the client inside the commands that use them, so that ``--help``
comes at once.
"""

from wixreseller.cli.app import main

__all__ = ["main"]
