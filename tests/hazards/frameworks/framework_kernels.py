"""Both faces work in a notebook's kernel, where a loop always runs, and uvloop changes nothing."""

from __future__ import annotations

import importlib
import textwrap
from collections.abc import Iterator
from typing import Any

import pytest
from scripts import WATCHDOG_SECONDS, RunScript

manager: Any = importlib.import_module("jupyter_client.manager")  # not where types are checked
SETTINGS = 'api_key="EMU.demo", account_id="a0000000-0000-4000-8000-000000000001", base_url="{}"'


class Notebook:
    """Run cells in a kernel."""

    def __init__(self) -> None:
        self.manager: Any = manager.KernelManager(kernel_name="python3")
        self.manager.start_kernel()
        self._client: Any = self.manager.client()
        self._client.start_channels()
        self._client.wait_for_ready(timeout=WATCHDOG_SECONDS)

    def begin(self, cell: str) -> str:
        """Begin to run a cell; give what names it."""
        return str(self._client.execute(textwrap.dedent(cell)))

    def end(self, name: str) -> list[str]:
        """Wait until a cell has ended; give what it printed, and the names of its errors."""
        said: list[str] = []
        while True:
            message = self._client.get_iopub_msg(timeout=WATCHDOG_SECONDS)
            if message["parent_header"].get("msg_id") != name:
                continue
            content = message["content"]
            match message["msg_type"]:
                case "stream":
                    said += content["text"].splitlines()
                case "error":
                    said.append(content["ename"])
                case "status" if content["execution_state"] == "idle":
                    return said
                case _:
                    pass

    def wait_for(self, name: str, text: str) -> None:
        """Wait until a cell has printed this."""
        while True:
            message = self._client.get_iopub_msg(timeout=WATCHDOG_SECONDS)
            is_its = message["parent_header"].get("msg_id") == name
            if is_its and text in message["content"].get("text", ""):
                return

    def run(self, cell: str) -> list[str]:
        """Run a cell to its end."""
        return self.end(self.begin(cell))

    def stop(self) -> None:
        """End the kernel."""
        self._client.stop_channels()
        self.manager.shutdown_kernel()


@pytest.fixture
def notebook() -> Iterator[Notebook]:
    """Run a kernel."""
    started = Notebook()
    yield started
    started.stop()


def test_both_faces_in_a_notebook(notebook: Notebook, emulator_url: str) -> None:
    settings = SETTINGS.format(emulator_url)
    notebook.run("import warnings; warnings.simplefilter('always')")

    assert ["0", "0"] == notebook.run(
        f"""
        from wixreseller import AsyncClient, Client
        client = Client({settings})
        for _ in range(2):
            print(len(client.packages.query().collect()))
        """
    )
    assert ["0"] == notebook.run(
        f"""
        async with AsyncClient({settings}) as async_client:
            print(len(await async_client.packages.query().collect()))
        """
    )
    assert ["0"] == notebook.run(
        "client.close(); client = Client(" + settings + ")\n"
        "print(len(client.packages.query().collect()))"
    )


def test_the_stop_button_ends_a_call_and_the_next_cell_works(
    notebook: Notebook, emulator_url: str
) -> None:
    cell = notebook.begin(
        f"""
        import threading
        from wixreseller import Client, RateLimit
        client = Client({SETTINGS.format(emulator_url)}, rate_limit=RateLimit(1, per=3600.0))
        client.packages.query().collect()
        try:
            threading.Timer(0.2, print, ("waiting",), dict(flush=True)).start()
            client.packages.query().collect()
        except KeyboardInterrupt:
            print("interrupted")
        """
    )
    notebook.wait_for(cell, "waiting")
    notebook.manager.interrupt_kernel()

    assert ["interrupted"] == notebook.end(cell)
    assert ["0"] == notebook.run(
        f"""
        with Client({SETTINGS.format(emulator_url)}, rate_limit=None) as client:
            print(len(client.packages.query().collect()))
        """
    )


@pytest.mark.parametrize("leaves", ["", "del client"])
def test_uvloop_as_the_policy(run_script: RunScript, emulator_url: str, leaves: str) -> None:
    result = run_script(
        f"""
        import asyncio, logging, sys, warnings
        import uvloop
        logging.getLogger("asyncio").setLevel("ERROR")  # else it complains of slow machines
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
        from wixreseller import AsyncClient, Client
        client = Client({SETTINGS.format(emulator_url)})
        print(len(client.packages.query().collect()))
        async def main():
            async with AsyncClient({SETTINGS.format(emulator_url)}) as client:
                print([len(await client.packages.query().collect()) for _ in range(2)])
        for _ in range(3):
            asyncio.run(main())
        shared = AsyncClient({SETTINGS.format(emulator_url)})
        async def use():
            return len(await shared.packages.query().collect())
        print([asyncio.run(use()) for _ in range(3)], [uvloop.run(use()) for _ in range(3)])
        asyncio.run(shared.aclose())
        {leaves}
        """,
        options=("-Xdev", "-Werror"),
    )

    assert (0, "") == (result.returncode, result.stderr)
    assert "0\n[0, 0]\n[0, 0]\n[0, 0]\n[0, 0, 0] [0, 0, 0]\n" == result.stdout
