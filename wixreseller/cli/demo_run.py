"""Run the command line as a process of its own, and kill it in the middle."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from pathlib import Path
from typing import cast

import attrs
import orjson

__all__ = ["Killed", "run_and_kill"]


@attrs.frozen(kw_only=True)
class Killed:
    """Say what is left of a run."""

    plan: Path | None
    process_id: int
    was_killed: bool
    """Or it was done before."""
    error: str
    """What it said."""


async def run_and_kill(
    orders: Path, *, base_url: str, api_key: str, account_id: str, after: int
) -> Killed:
    """Run ``provision run`` on an order file, and kill it when ``after`` orders have an outcome."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "wixreseller", "provision", "run", orders.name),
        *("--rate-limit", "off", "--json"),
        cwd=orders.parent,
        env={
            **os.environ,
            "PYTHONPATH": _path_of_this_package(),
            "WIX_API_KEY": api_key,
            "WIX_ACCOUNT_ID": account_id,
            "WIXRESELLER_BASE_URL": base_url,
            "WIXRESELLER_CATALOGUE": "",
            "WIXRESELLER_PROFILE": "",
        },
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None  # noqa: S101  # piped
    assert process.stderr is not None  # noqa: S101  # piped
    plan: Path | None = None
    done = 0
    try:
        async for line in process.stdout:
            event = cast("dict[str, str]", orjson.loads(line))
            if event["event"] == "start":
                plan = orders.parent / event["plan"]
            done += event["event"] == "outcome"
            if done >= after:
                break
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        error = await process.stderr.read()
        code = await process.wait()
    return Killed(
        plan=plan,
        process_id=process.pid,
        was_killed=code != 0,
        error=error.decode(errors="replace").strip(),
    )


def _path_of_this_package() -> str:
    """Give the path on which the other process finds this very package."""
    here = str(Path(__file__).parents[2])
    before = os.environ.get("PYTHONPATH")
    return f"{here}{os.pathsep}{before}" if before else here
