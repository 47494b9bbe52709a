"""Run a recipe of the documentation as its page says: a copy of it, against an emulator.

The commands are those of the page, so a page that is wrong fails. Servers get a free port, and
whatever the page sends to *their* address goes there.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Generator, Sequence
from contextlib import ExitStack, contextmanager
from email.message import Message
from importlib.metadata import entry_points
from pathlib import Path
from string import Template
from typing import Any, Final

import attrs
from scripts import WATCHDOG_SECONDS, guarded
from separate_emulator import CANARY_KEY, everything
from services import Service
from snippets import ROOT, Block, blocks_of, matches

from wixreseller.emulator import command
from wixreseller.emulator.default_seed import SUB_ACCOUNTS
from wixreseller.testing import EmulatorControl

__all__ = ["ACCOUNT", "RECIPES", "Answer", "Recipe", "Server"]

RECIPES: Final = ROOT / "docs" / "recipes"
ACCOUNT: Final = SUB_ACCOUNTS[0]

# What a program that serves says when it can be reached, and where; a worker has no address.
_LISTENING: Final = re.compile(
    r"(?:Uvicorn running on|Listening at:|Running on) (http://[\w.]+:\d+)|\w+@\S+ (ready)\."
)
_PORT: Final = re.compile(r"(?<=port )\d+|(?<=localhost:)\d+|(?<=127\.0\.0\.1:)\d+")
# What the client rightly logs of an answer that was lost.
_LOST: Final = r"It may have happened, and was not sent again"
_SERVES: Final = re.compile(r"uvicorn |gunicorn |celery .*worker|python shop\.py")


@attrs.frozen
class Answer:
    """Hold what a server answered."""

    status: int
    headers: Message
    text: str

    @property
    def json(self) -> Any:
        """The body, read as JSON."""
        return json.loads(self.text)


@attrs.frozen
class Server:
    """Hold a program of a recipe that serves; ``url`` is empty for a worker."""

    service: Service
    url: str

    def ask(self, method: str, path: str, body: object = None) -> Answer:
        """Send a request, and give the answer, whatever its status."""
        request = urllib.request.Request(  # noqa: S310  # our own address
            self.url + path,
            None if body is None else json.dumps(body).encode(),
            {"Content-Type": "application/json"},
            method=method,
        )
        try:
            with urllib.request.urlopen(request, timeout=WATCHDOG_SECONDS) as answer:  # noqa: S310
                return Answer(answer.status, answer.headers, answer.read().decode())
        except urllib.error.HTTPError as error:
            return Answer(error.code, error.headers, error.read().decode())


@attrs.frozen
class Recipe:
    """Hold a copy of a recipe, in a folder of its own, and the emulator that it sells to."""

    name: str
    folder: Path
    emulator: EmulatorControl
    exported: dict[str, str] = attrs.field(factory=dict[str, str])

    @property
    def environment(self) -> dict[str, str]:
        """What its programs find in their environment, what a page exported included."""
        return self.exported | {
            "WIXRESELLER_BASE_URL": self.emulator.url,
            "WIX_API_KEY": CANARY_KEY,
            "WIX_ACCOUNT_ID": ACCOUNT,
            "HOME": str(self.folder),
            "XDG_STATE_HOME": str(self.folder / "state"),
            "PYTHONPATH": os.pathsep.join([str(self.folder), str(ROOT)]),
            "PORT": "0",
            "PYTHONUNBUFFERED": "1",
            "C_FORCE_ROOT": "1",  # Celery asks for it where tests run as root
            "NO_COLOR": "1",
        }

    @property
    def blocks(self) -> Sequence[Block]:
        """The blocks of its page."""
        return blocks_of((RECIPES / self.name / "index.md").read_text())

    @property
    def commands(self) -> list[str]:
        """The commands of its page."""
        return [line for block in self.blocks if block.language == "sh" for line in lines_of(block)]

    def sold(self) -> list[str]:
        """Give the external ids of all packages that there are at Wix, sorted; faults end."""
        self.emulator.clear_faults()
        return sorted(package.get("externalId", "") for package in everything(self.emulator))

    def asked(self, operation: str) -> int:
        """Count the requests of one operation so far."""
        return sum(request.operation == operation for request in self.emulator.requests())

    def run(self, line: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        words = shlex.split(Template(line).safe_substitute(self.environment))
        settings = self.environment | environment
        with guarded(_program(words), cwd=self.folder, environment=settings) as process:
            out, err = process.communicate()
        assert CANARY_KEY not in out + err
        return subprocess.CompletedProcess(words, process.returncode, out, err)

    def wait_until(self, is_so: Callable[[], bool]) -> None:
        """Ask again and again, until it is so or the watchdog would bark."""
        end = time.monotonic() + WATCHDOG_SECONDS
        while not is_so():
            assert time.monotonic() < end

    @contextmanager
    def serve(self, program: str, expected: str = _LOST) -> Generator[Server, None, None]:
        """Start the program that the page starts with ``program``, on a port of its own.

        At the end it must stop with nothing to complain of but lines that match ``expected``, and
        must not have told the key.
        """
        (line,) = [line for line in self.commands if line.startswith(program)]
        words = _program(shlex.split(_PORT.sub("0", line)))
        # What nobody closed is a complaint, but for gunicorn, which leaves its own socket open.
        warns = (
            {} if line.startswith("gunicorn") else {"PYTHONWARNINGS": "default::ResourceWarning"}
        )
        settings = self.environment | warns
        with guarded(words, cwd=self.folder, environment=settings) as process:
            service = Service(process)
            followers = [
                threading.Thread(target=service.follow, args=[stream])
                for stream in (process.stdout, process.stderr)
            ]
            for follower in followers:
                follower.start()
            try:
                yield Server(service, service.wait_for(_LISTENING.pattern).group(1) or "")
            except BaseException as error:
                error.add_note("".join(service.log))
                raise
            # Asked by SIGTERM, uvicorn leaves without a look at what nobody closed.
            is_uvicorn = line.startswith("uvicorn")
            service.stop(expected, signal.SIGINT if is_uvicorn else signal.SIGTERM)
        for follower in followers:
            follower.join(WATCHDOG_SECONDS)
        assert CANARY_KEY not in "".join(service.log)

    def follow_page(self) -> None:
        """Do what the page says from top to bottom, and compare what is printed."""
        printed = ""
        addresses = {"127.0.0.1:8787": self.emulator.url.partition("//")[2]}
        with ExitStack() as servers:
            for block in self.blocks:
                where = f"{self.name}:{block.line}"
                if block.language == "text" and block.title == "prints":
                    assert matches(block.code, printed), f"{where} is not what was:\n{printed}"
                for line in lines_of(block) if block.language == "sh" else ():
                    if _SERVES.match(line):
                        server = servers.enter_context(self.serve(line))
                        port = _PORT.search(line)
                        place = f"localhost:{port[0] if port else 8000}"
                        addresses[place] = server.url.partition("//")[2]
                    else:
                        printed = self._do(line, addresses, where, block.exits)

    def _do(self, line: str, addresses: dict[str, str], where: str, exits: int) -> str:
        name, _, rest = line.partition(" ")
        if line.startswith("python -m pip install"):
            assert (self.folder / "requirements.txt").exists(), where
        elif line.startswith("wixreseller emulator"):
            options = command._parser().parse_args(shlex.split(rest)[1:])  # pyright: ignore[reportPrivateUsage]
            settings = dict(pair.split("=") for pair in options.set)
            self.emulator.change_settings(**{key: float(text) for key, text in settings.items()})
        elif name == "export":
            pairs = (pair.partition("=") for pair in shlex.split(rest))
            # What leads to the emulator stays: it is this one, under the test's own key.
            self.exported.update({name: value for name, _, value in pairs})
        else:
            line = Template(line).safe_substitute(self.environment)
            for said, real in addresses.items():
                line = line.replace(said, real)
            done = self.run(line)
            assert exits == done.returncode, f"{where}: {line}: {done.stdout}{done.stderr}"
            return done.stdout + done.stderr
        return ""


def lines_of(block: Block) -> list[str]:
    """List the commands of a block."""
    lines = block.code.replace("\\\n", " ").splitlines()
    return [" ".join(line.split()) for line in lines if line and not line.startswith("#")]


def _program(words: Sequence[str]) -> list[str]:
    """Say how a command starts with this Python, wherever its scripts are installed."""
    name, *arguments = words
    if name in ("curl", "sed"):
        return [name, *arguments]
    if name == "python":
        return [sys.executable, *arguments]
    if name == "jupyter":
        (verb, *arguments) = arguments
        return [str(Path(sys.executable).with_name(f"jupyter-{verb}")), *arguments]
    is_installed = bool(entry_points(group="pytest11", name="wixreseller"))
    if name == "pytest" and not is_installed:
        arguments = ["-p", "wixreseller.pytest_plugin", *arguments]
    return [sys.executable, "-m", name, *arguments]
