"""The memory that answers are read into is not asked of the kernel again for each of them."""

from __future__ import annotations

import platform

import pytest
from scripts import RunScript

from wixreseller.emulator.default_seed import SUB_ACCOUNTS

CALLS = 200
SCRIPT = f"""
import asyncio, resource, sys
from wixreseller import AsyncClient

def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

async def main():
    async with AsyncClient(
        api_key="EMU.demo", account_id="{SUB_ACCOUNTS[0]}", base_url=sys.argv[1], rate_limit=None
    ) as client:
        async def read():
            for _ in range({CALLS}):
                await client.packages.find("sub-1")
        await read()  # what is made once is made by then
        before = faults()
        await read()
        print(faults() - before)

asyncio.run(main())
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="others take memory in other ways")
def test_reads_take_fewer_page_faults_than_one_for_each(
    run_script: RunScript, emulator_url: str
) -> None:
    result = run_script(SCRIPT, emulator_url)

    assert (0, "") == (result.returncode, result.stderr)
    assert int(result.stdout) < CALLS
