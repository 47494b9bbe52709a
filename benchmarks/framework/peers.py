"""Load what is compared with, in the process that needs it only."""

from __future__ import annotations

import importlib
from typing import Any

__all__ = ["peer"]


def peer(name: str) -> Any:
    """Import a library by name. Untyped: the types of others are not ours to check."""
    return importlib.import_module(name)
