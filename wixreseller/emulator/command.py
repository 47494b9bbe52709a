"""Run the emulator from the command line: ``wixreseller emulator``."""

import argparse
import asyncio
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from wixreseller.emulator.jsonvalue import JsonObject, loads
from wixreseller.emulator.ratelimit import RateLimitError
from wixreseller.emulator.schema import DatabaseError
from wixreseller.emulator.seed import SeedError
from wixreseller.emulator.server import DEFAULT_RATE_LIMIT, Emulator
from wixreseller.emulator.settings import Settings, SettingsError, describe_settings

_LOOPBACK = ("127.0.0.1", "localhost", "::1")


def main(argv: Sequence[str]) -> int:
    """Serve until SIGINT or SIGTERM; return the exit code: 0 when stopped, 2 for a wrong start."""
    parser = _parser()
    arguments = parser.parse_args(argv)
    try:
        emulator = Emulator(
            host=arguments.host,
            port=arguments.port,
            db=arguments.db,
            seed=None if arguments.seed is None else _read_seed(arguments.seed),
            loose=arguments.loose,
            rate_limit=arguments.rate_limit,
            settings=_settings(arguments.set),
        )
    except (RateLimitError, SeedError, SettingsError) as error:
        _fail(parser, str(error))
    if arguments.host not in _LOOPBACK:
        sys.stderr.write(
            f"WARNING: listening on {arguments.host}, not on loopback: every machine that can "
            "reach this one can use the emulator, its control plane included.\n"
        )
    try:
        asyncio.run(_serve(emulator, is_watched=arguments.watch))
    except (DatabaseError, OSError) as error:
        _fail(parser, str(error))
    return 0


async def _serve(emulator: Emulator, *, is_watched: bool) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()

    def stop_from_handler(_: int, __: object) -> None:
        loop.call_soon_threadsafe(stopped.set)

    for number in (signal.SIGINT, signal.SIGTERM):
        try:
            loop.add_signal_handler(number, stopped.set)
        except NotImplementedError:  # Windows: loops take no signals there
            signal.signal(number, stop_from_handler)
    async with emulator:
        sys.stdout.write(f"listening on {emulator.url}\n")
        sys.stdout.flush()
        if not is_watched:
            await stopped.wait()
            return
        from wixreseller.emulator.inspector.watch import watch

        await watch(emulator.journal, sys.stdout, stopped)


def _parser() -> argparse.ArgumentParser:
    lines = [
        f"  {info.name} = {_text(info.default)}  [{info.allowed}] {info.doc} ({info.source})"
        for info in describe_settings()
    ]
    parser = argparse.ArgumentParser(
        prog="wixreseller emulator",
        description="Emulate the Wix Resellers API on this machine. What it holds can be seen in a "
        "browser, at /_emulator/.",
        epilog="settings, with their defaults:\n" + "\n".join(lines),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    add("--port", type=_port, default=0, help="port to listen on (default: a free one)")
    add("--db", type=Path, metavar="FILE", help="SQLite file for the state (default: memory)")
    add("--seed", type=Path, metavar="FILE", help="JSON file to start from (default: a demo world)")
    add("--loose", action="store_true", help="take any key, account, site and product")
    add(
        "--rate-limit",
        default=DEFAULT_RATE_LIMIT,
        metavar="N/SECONDS",
        help="requests allowed, or off (default: %(default)s)",
    )
    add("--watch", action="store_true", help="print every request, one line each")
    add(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="change a setting; may be repeated",
    )
    return parser


def _text(value: bool | float | str) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return value if isinstance(value, str) else f"{value:g}"


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) > 65_535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port: 0 to 65535")
    return int(text)


def _settings(pairs: Sequence[str]) -> Settings:
    texts: dict[str, str] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals:
            raise SettingsError(f"--set {pair}: write NAME=VALUE")
        texts[name] = value
    return Settings().with_texts(texts)


def _read_seed(path: Path) -> JsonObject:
    try:
        document = loads(path.read_bytes())
    except OSError as error:
        raise SeedError(f"cannot read the seed {path}: {error}") from error
    except ValueError as error:
        raise SeedError(f"the seed {path} is not JSON: {error}") from error
    if not isinstance(document, dict):
        raise SeedError(f"the seed {path} is not a JSON object")
    return document


def _fail(parser: argparse.ArgumentParser, text: str) -> NoReturn:
    parser.exit(2, f"{parser.prog}: error: {text}\n")
