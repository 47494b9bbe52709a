"""Measure runs of many orders; prints JSON, one object for each measurement.

``python benchmarks/measure_bulk.py cost 1000 100000 1000000`` runs so many orders without a rate
limit against canned answers, each number in a process of its own: what an order costs, and whether
memory grows with them. The journal is a file in ``--folder``, flushed as always.

``python benchmarks/measure_bulk.py pace`` plans 2,000 orders and applies the plan with the command
line against the emulator with Wix's limit on a faster clock, ``--rate-limit 200/2`` on both sides:
how close to the limit they come. The best that 2,020 requests can do in windows of 200 is 20 s.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import hashlib
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path
from typing import Final

from wixreseller import AsyncClient, BillingInfo, CycleUnit, Product, RateLimit, bulk
from wixreseller.bulk.plan import seconds_at
from wixreseller.emulator import default_seed
from wixreseller.testing import EmulatorControl

ROOT: Final = Path(__file__).parents[1]
KEY: Final = default_seed.API_KEY
ACCOUNT: Final = default_seed.SUB_ACCOUNTS[0]
YEARLY: Final = BillingInfo.recurring(1, CycleUnit.YEAR)
PRODUCT: Final = Product(
    catalog_product_id=default_seed.PREMIUM_BASIC, country_code="BR", billing_info=YEARLY
)
WARM_UP: Final = 1000
"""Orders after which what a process needs in any case is there."""
PACED_ORDERS: Final = 2000
LIMIT: Final = RateLimit(200, per=2.0)


@contextlib.contextmanager
def server(*command: str) -> Generator[str, None, None]:
    """Run a server that tells its address, and give that."""
    process = subprocess.Popen(  # noqa: S603  # our own program
        [sys.executable, *command],
        cwd=ROOT,
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        yield process.stdout.readline().rpartition(" ")[2].strip()
    finally:
        process.kill()
        process.communicate()


def environment(**variables: str) -> dict[str, str]:
    """Give the variables of a child that finds this checkout."""
    return os.environ | {"PYTHONPATH": str(ROOT), **variables}


def most_memory() -> int:
    """Give the most memory that this process had so far, in bytes."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most * (1 if sys.platform == "darwin" else 1024)


# --- what an order costs ------------------------------------------------------------------------


def orders(count: int, first: int = 0) -> Iterator[bulk.Order]:
    """Make orders, one after the other. Their ids come in no order, which is harder to keep."""
    for number in range(first, first + count):
        external_id = hashlib.md5(b"%d" % number, usedforsecurity=False).hexdigest()
        yield bulk.Order(external_id=external_id, account_id=ACCOUNT, products=(PRODUCT,))


async def run_orders(url: str, count: int, folder: Path) -> dict[str, object]:
    """Run orders, and say what they cost."""
    journal = folder / "orders.journal"
    done, memory = 0, most_memory()
    wall, processor = time.perf_counter(), time.process_time()
    async with (
        AsyncClient(api_key=KEY, base_url=url, rate_limit=None) as client,
        contextlib.aclosing(bulk.run(client, orders(count), journal=journal)) as outcomes,
    ):
        async for outcome in outcomes:
            assert outcome.outcome == "created", outcome
            done += 1
            if done == WARM_UP:
                memory = most_memory()
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    assert done == count
    return {
        "measured": "cost",
        "orders": count,
        "seconds": round(wall, 3),
        "microseconds_an_order": round(1e6 * wall / count, 1),
        "processor_microseconds_an_order": round(1e6 * processor / count, 1),
        "orders_a_minute": round(60 * count / wall),
        "memory_mib": round(most_memory() / 2**20, 1),
        "memory_growth_after_1000_mib": round((most_memory() - memory) / 2**20, 1),
        "journal_bytes_an_order": round(journal.stat().st_size / count),
    }


def cost(counts: Sequence[int], folder: str | None) -> None:
    """Measure each number of orders in a process of its own."""
    for count in counts:
        with server("benchmarks/bulk_server.py") as url:
            command = [sys.executable, __file__, "child", url, str(count)]
            if folder is not None:
                command += ["--folder", folder]
            subprocess.run(command, check=True, env=environment())  # noqa: S603  # our own


def child(url: str, count: int, folder: str | None) -> None:
    """Measure in this process."""
    with tempfile.TemporaryDirectory(dir=folder) as path:
        print(json.dumps(asyncio.run(run_orders(url, count, Path(path)))), flush=True)


# --- how close to the limit ---------------------------------------------------------------------


def provision(folder: Path, url: str, *arguments: str) -> None:
    """Run a command of ``wixreseller provision``."""
    limit = f"{LIMIT.requests}/{LIMIT.per:g}"
    subprocess.run(  # noqa: S603  # our own program
        [sys.executable, "-m", "wixreseller", "provision", *arguments, "--rate-limit", limit],
        check=True,
        cwd=folder,
        env=environment(
            WIX_API_KEY=KEY, WIXRESELLER_BASE_URL=url, XDG_STATE_HOME=str(folder / "state")
        ),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def pace() -> None:
    """Measure the requests of an apply as they arrive at the emulator."""
    limit = f"{LIMIT.requests}/{LIMIT.per:g}"
    emulator = ("-m", "wixreseller", "emulator", "--rate-limit", limit)
    with tempfile.TemporaryDirectory() as path, server(*emulator) as url:
        folder = Path(path)
        head = "external_id,account_id,catalog_product_id,country_code,billing_type,cycle_unit"
        with (folder / "orders.csv").open("w") as file:
            file.write(f"{head},cycle_count\n")
            file.writelines(
                f"sub-{number},{ACCOUNT},{PRODUCT.catalog_product_id},BR,RECURRING,YEAR,1\n"
                for number in range(PACED_ORDERS)
            )
        provision(folder, url, "plan", "orders.csv", "-o", "plan.json")
        time.sleep(2 * LIMIT.per)  # what planning used of the limit is free again
        control = EmulatorControl(url)
        before = control.requests()[-1].number
        provision(folder, url, "apply", "plan.json")
        requests = control.requests(since=before)
    first, last = requests[0].time, requests[-1].time
    seconds = (last - first).total_seconds()
    least = seconds_at(LIMIT, len(requests))
    result = {
        "measured": "pace",
        "limit": limit,
        "orders": PACED_ORDERS,
        "requests": len(requests),
        "seconds": round(seconds, 3),
        "seconds_at_best": least,
        "of_the_allowed_rate": round(least / seconds, 4),
        "refused_with_429": sum(request.status == 429 for request in requests),
        "created": sum(
            request.operation == "createPackageV2" and request.is_committed for request in requests
        ),
    }
    print(json.dumps(result), flush=True)


def main() -> None:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    costing = commands.add_parser("cost")
    costing.add_argument("orders", type=int, nargs="+")
    costing.add_argument("--folder", help="where journals are written (default: temporary)")
    commands.add_parser("pace")
    measuring = commands.add_parser("child")
    measuring.add_argument("url")
    measuring.add_argument("orders", type=int)
    measuring.add_argument("--folder")
    arguments = parser.parse_args()
    if arguments.command == "cost":
        cost(arguments.orders, arguments.folder)
    elif arguments.command == "pace":
        pace()
    else:
        child(arguments.url, arguments.orders, arguments.folder)


if __name__ == "__main__":
    main()
