"""Check what needs no network: versions, settings, key, account, address, limit, terminal."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import re
import shlex
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, TextIO
from urllib.parse import urlsplit

from wixreseller._version import __version__
from wixreseller.cli.connection import Connection
from wixreseller.cli.doctor_checks import Check, failed, fine, skipped, warned
from wixreseller.cli.failures import InputError
from wixreseller.cli.key_places import KeyFromFile, is_open_to_others
from wixreseller.cli.limits import limits_folder
from wixreseller.cli.profiles import config_path
from wixreseller.config import WIX_BASE_URL, ClientConfig
from wixreseller.errors import ConfigurationError
from wixreseller.models import checks

__all__ = ["LOWER_BOUNDS", "check_setup", "check_terminal", "check_versions"]

LOWER_BOUNDS: Final[Mapping[str, str]] = {
    "aiohttp": "3.12.0",
    "anyio": "4.5",
    "attrs": "23.2",
    "cattrs": "24.1",
    "orjson": "3.10.7",
    "click": "8.1.8",
    "platformdirs": "4.3",
    "rich": "13.7",
}
"""The oldest version of each package that works, as the project's own metadata says."""

_NARROW: Final = 40
_EMULATOR_KEY: Final = "EMU."


def check_setup(connection: Connection) -> Iterator[Check]:
    """Check everything that needs no network, in the order in which it is to be mended."""
    yield check_python()
    yield check_versions({name: _version_of(name) for name in LOWER_BOUNDS})
    settings = check_settings(connection)
    yield settings
    if settings.fix is not None:
        yield from (skipped(name, "settings") for name in ("address", "key", "account", "limit"))
        return
    yield check_address(connection)
    yield check_key(connection)
    yield check_account(connection)
    yield check_limit(connection, limits_folder())


def check_python() -> Check:
    """Tell the Python; one that is too old cannot have installed this."""
    name = f"{platform.python_implementation()} {platform.python_version()}"
    return fine("python", f"{name} on {platform.system()} {platform.release()}")


def check_versions(versions: Mapping[str, str | None]) -> Check:
    """Compare the versions of packages, ``None`` for one that is not there, with the lowest."""
    bad = [
        f"{name} {version or 'is missing'} (at least {LOWER_BOUNDS[name]} is needed)"
        for name, version in versions.items()
        if version is None or _numbers(version) < _numbers(LOWER_BOUNDS[name])
    ]
    if bad:
        fix = "python -m pip install --upgrade 'wixreseller[cli]'"
        return failed("packages", ", ".join(bad), fix)
    told = ", ".join(f"{name} {version}" for name, version in versions.items())
    return fine("packages", f"wixreseller {__version__}, {told}")


def _version_of(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _numbers(version: str) -> tuple[int, ...]:
    """Give the numbers at the beginning, as many as are compared."""
    found = [int(part) for part in re.findall(r"\d+", re.split(r"[^\d.]", version)[0])]
    return (*found, 0, 0, 0)[:3]


def check_settings(connection: Connection) -> Check:
    """Say whether a profile or the environment counts."""
    try:
        settings = connection.settings
    except InputError as error:
        fix = "do what it says: 'wixreseller --help' shows what a profile looks like"
        return failed("settings", error.message, fix)
    if settings.profile is None:
        state = "has no profile 'default'" if config_path().exists() else "does not exist"
        detail = f"from options and environment; no profile is named ({config_path()} {state})"
        return fine("settings", detail)
    detail = f"from the profile {settings.profile.name} in {settings.profile.source}"
    if settings.unused:
        verb = "is" if len(settings.unused) == 1 else "are"
        detail += f"; {' and '.join(settings.unused)} {verb} set, and not used beside it"
    return fine("settings", detail)


def check_address(connection: Connection) -> Check:
    """Check where requests would go."""
    given = connection.settings.base_url
    try:
        # A stand-in: the key has its own check.
        ClientConfig.resolve(environment={}, api_key="none", base_url=given.value)
    except ConfigurationError as error:
        return failed("address", f"{error} ({given.by})", "name another with --base-url URL")
    return fine("address", f"{given.value} ({given.by})")


def check_key(connection: Connection) -> Check:
    """Say whether a key can be had, and where it came from."""
    place = connection.settings.key
    if place is None:
        fix = (
            "set WIX_API_KEY, or keep the key in a file that only you can read and give "
            "--api-key-file FILE, or name the command that prints it in a profile"
        )
        return failed("key", "there is none", fix)
    try:
        key = connection.key.reveal()
    except InputError as error:
        return failed("key", error.message, error.then or f"mend what {place.by} names")
    except ConfigurationError as error:
        return failed("key", str(error), f"mend what {place.by} names, or --base-url")
    by = "" if place.by in place.where else f" ({place.by})"
    detail = f"from {place.where}{by}, not shown"
    if isinstance(place, KeyFromFile) and is_open_to_others(place.path):
        fix = f"chmod 600 {shlex.quote(str(place.path))}"
        return warned("key", f"{detail}; everybody on this machine may read it", fix)
    # Over plain http requests go nowhere but to this machine.
    if urlsplit(connection.settings.base_url.value).scheme == "http" and not key.startswith(
        _EMULATOR_KEY
    ):
        return warned(
            "key",
            f"{detail}; it is no key of an emulator, and goes to one",
            f"use a key that starts with {_EMULATOR_KEY}, like EMU.demo, or leave the address out",
        )
    return fine("key", detail)


def check_account(connection: Connection) -> Check:
    """Say which account calls are for."""
    given = connection.settings.account
    if given is None:
        fix = "give --account GUID, set WIX_ACCOUNT_ID, or add account_id to the profile"
        return failed("account", "none is named", fix)
    try:
        account = checks.guid(given.value, "it")
    except ConfigurationError as error:
        return failed("account", f"{error} ({given.by})", "copy it whole, as Wix shows it")
    return fine("account", f"{account} ({given.by})")


def check_limit(connection: Connection, folder: Path) -> Check:
    """Check the rate limit, and the folder in which processes count together."""
    limit = connection.default_limit
    if not limit.requests:
        if connection.settings.base_url.value.rstrip("/") == WIX_BASE_URL:
            fix = "take rate_limit out of the profile: Wix allows 200 requests a minute"
            return warned("limit", "off, and the address is Wix's", fix)
        return fine("limit", "off")
    there = folder
    while not there.exists():
        there = there.parent
    quoted = shlex.quote(str(folder))
    if not os.access(there, os.W_OK | os.X_OK):
        return warned(
            "limit",
            f"{limit}, counted by each command alone: {there} cannot be written",
            f"mkdir -p {quoted} && chmod 700 {quoted}, as somebody who may",
        )
    if os.name == "posix" and folder.exists() and folder.stat().st_mode & stat.S_IWOTH:
        return warned(
            "limit",
            f"{limit}, counted in {folder}, where everybody on this machine may write",
            f"chmod 700 {quoted}",
        )
    return fine("limit", f"{limit}, counted together with your other commands in {folder}")


def check_terminal(stream: TextIO, environment: Mapping[str, str], width: int) -> Check:
    """Check whether names and tables can be shown as they are."""
    encoding = (stream.encoding or "unknown").lower()
    if not encoding.startswith("utf"):
        fix = "set PYTHONUTF8=1, or a UTF-8 locale: LANG=C.UTF-8"
        return warned("terminal", f"writes {encoding}, which lacks most characters", fix)
    kind = f"{width} columns wide" if stream.isatty() else "none: the output goes elsewhere"
    detail = f"{kind}, {encoding}"
    if environment.get("NO_COLOR"):
        detail += ", without colours (NO_COLOR)"
    elif environment.get("TERM") in ("dumb", "unknown"):
        detail += f", without colours (TERM={environment['TERM']})"
    if stream.isatty() and width < _NARROW:
        fix = f"make it {_NARROW} columns wide, and ids fit on a line"
        return warned("terminal", detail, fix)
    return fine("terminal", detail)
