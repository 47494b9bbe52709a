"""Write order files of any length, and read them as the command line does."""

from __future__ import annotations

import io
from pathlib import Path

from wixreseller.bulk.order_source import OrderSource

__all__ = ["BLOCK", "HEADER", "PREMIUM", "row", "source", "write"]

ACCOUNT = "a0000000-0000-4000-8000-000000000001"
PREMIUM = "c0000000-0000-4000-8000-000000000001"
HEADER = "external_id,account_id,catalog_product_id,country_code\n"
BLOCK = 1 << 20
"""Bytes that are read of a file at a time."""


def row(name: str) -> str:
    """Give a row of a CSV file."""
    return f"{name},{ACCOUNT},{PREMIUM},BR\n"


def _json_row(name: str) -> str:
    return (
        f'{{"external_id":"{name}","account_id":"{ACCOUNT}","catalog_product_id":"{PREMIUM}",'
        f'"country_code":"BR"}}\n'
    )


def write(path: Path, rows: int) -> Path:
    """Write an order file; each of its rows has the same length."""
    is_csv = path.suffix == ".csv"
    with path.open("w") as file:
        file.write(HEADER if is_csv else "")
        for number in range(rows):
            name = f"sub-{number:08}"
            file.write(row(name) if is_csv else _json_row(name))
    return path


def source(path: Path | str, stdin: bytes = b"") -> OrderSource:
    """Have a file read, or standard input that holds these bytes."""
    return OrderSource(str(path), stdin=io.BytesIO(stdin), account_id=ACCOUNT)
