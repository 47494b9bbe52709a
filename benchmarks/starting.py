"""Ask how soon it is ready: imported, connected, answered, at the command line.

Each time in a new process, whose byte code is written already. CPU time, for the wall clock of a
busy machine says little; of the command line also the wall clock, which is what a person waits for.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Final

from benchmarks.framework.processes import fresh_in_turns, whole_in_turns
from benchmarks.framework.questions import Effort, Goal, Question, Row

_GUID: Final = "0a1b2c3d-0000-4000-8000-0123456789ab"
_CLIENT: Final = f'api_key="EMU.demo", account_id="{_GUID}", base_url=sys.argv[1]'


def _timed(statements: str) -> str:
    """Write a program that prints how many seconds of CPU its statements took."""
    return (
        "import sys, time\nbegan = time.process_time()\n"
        f"{statements}\nprint(time.process_time() - began)"
    )


_IMPORTS: Final[Mapping[str, tuple[str, str]]] = {
    "wixreseller": ("import wixreseller", _timed("import wixreseller")),
    "wixreseller, client made": (
        "import wixreseller; wixreseller.Client(…), which connects to nothing yet",
        _timed(f"import wixreseller\nclient = wixreseller.Client({_CLIENT})"),
    ),
    "requests": ("import requests", _timed("import requests")),
    "aiohttp": ("import aiohttp", _timed("import aiohttp")),
    "httpx": ("import httpx", _timed("import httpx")),
    "stripe": ("import stripe", _timed("import stripe")),
    "openai": ("import openai", _timed("import openai")),
}

_COLD_OURS: Final = f"""\
import asyncio
from wixreseller import AsyncClient
async def main():
    async with AsyncClient({_CLIENT}) as client:
        package = await client.packages.get("{_GUID}")
    assert package.id == "{_GUID}"
asyncio.run(main())
"""
_COLD_AIOHTTP: Final = f"""\
import asyncio, aiohttp, orjson
async def main():
    async with aiohttp.ClientSession() as session:
        url = sys.argv[1] + "/resellers/v1/packages/{_GUID}"
        headers = {{"Authorization": "EMU.demo", "wix-account-id": "{_GUID}"}}
        async with session.get(url, headers=headers) as answer:
            answer.raise_for_status()
            package = (await answer.json(loads=orjson.loads))["package"]
    assert package["id"] == "{_GUID}"
asyncio.run(main())
"""
_COLD_REQUESTS: Final = f"""\
import requests
url = sys.argv[1] + "/resellers/v1/packages/{_GUID}"
headers = {{"Authorization": "EMU.demo", "wix-account-id": "{_GUID}"}}
answer = requests.get(url, headers=headers, timeout=30)
answer.raise_for_status()
assert answer.json()["package"]["id"] == "{_GUID}"
"""
_COLD: Final[Mapping[str, tuple[str, str]]] = {
    "wixreseller": (
        "import, asyncio.run, AsyncClient, packages.get: a typed Package",
        _timed(_COLD_OURS),
    ),
    "aiohttp + orjson": (
        "import, asyncio.run, ClientSession, get, raise_for_status, json: a dict",
        _timed(_COLD_AIOHTTP),
    ),
    "requests": ("import, get, raise_for_status, json: a dict", _timed(_COLD_REQUESTS)),
}

_HELP: Final[Mapping[str, tuple[str, Sequence[str]]]] = {
    "wixreseller --help": (
        "python -m wixreseller --help, start of Python included",
        [sys.executable, "-m", "wixreseller", "--help"],
    ),
    "python -c pass": ("start of Python only", [sys.executable, "-c", "pass"]),
    "python -c 'import requests'": (
        "start of Python, and one import",
        [sys.executable, "-c", "import requests"],
    ),
}


def _measure_imports(effort: Effort) -> Sequence[Row]:
    return fresh_in_turns(_IMPORTS, effort.url, rounds=effort.of(5, 25), scale=1e3)


def _measure_cold(effort: Effort) -> Sequence[Row]:
    return fresh_in_turns(_COLD, effort.url, rounds=effort.of(9, 40), scale=1e3)


def _measure_help(effort: Effort) -> Sequence[Row]:
    return whole_in_turns(_HELP, rounds=effort.of(7, 25), scale=1e3, clock="wall")


QUESTIONS: Final = [
    Question(
        name="imports",
        title="Import, in a new process",
        unit="ms of CPU",
        measure=_measure_imports,
        goals=(
            Goal(
                what="import wixreseller: ÷ import requests",
                row="wixreseller",
                to="requests",
                at_most=0.05,
                guard=0.05,
            ),
            Goal(
                what="import and a client made: ÷ import requests",
                row="wixreseller, client made",
                to="requests",
                at_most=0.7,
                guard=0.65,
            ),
        ),
    ),
    Question(
        name="cold",
        title="First line to first decoded answer, in a new process",
        unit="ms of CPU",
        measure=_measure_cold,
        goals=(
            Goal(
                what="First line to first answer: ÷ aiohttp + orjson",
                row="wixreseller",
                to="aiohttp + orjson",
                at_most=1.15,
                guard=1.3,
            ),
        ),
    ),
    Question(
        name="help",
        title="The command line's --help, wall clock",
        unit="ms",
        measure=_measure_help,
        goals=(
            Goal(
                what="wixreseller --help",
                row="wixreseller --help",
                at_most=300.0,
                guard=1500.0,  # a busy machine takes any time; the ratio below is what is guarded
                unit="ms",
            ),
            Goal(
                what="wixreseller --help: ÷ python -c 'import requests'",
                row="wixreseller --help",
                to="python -c 'import requests'",
                at_most=2.0,
                guard=1.2,
                is_headline=False,
            ),
        ),
    ),
]
