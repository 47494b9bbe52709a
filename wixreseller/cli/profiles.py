"""Read profiles: named ways to reach the API, in a TOML file of the user's.

::

    [profiles.acme]
    api_key_command = ["pass", "show", "wix/acme"]   # or api_key_file, or api_key_env
    account_id = "a0000000-0000-4000-8000-000000000000"

    [profiles.play]
    api_key_env = "EMULATOR_KEY"
    base_url = "http://127.0.0.1:8787"
    rate_limit = "off"
    catalogue = "play.toml"                          # beside this file

A key itself has no place in the file. No message shows a value of it: it might be one after all.
"""

from __future__ import annotations

import difflib
import os
import re
import shlex
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, cast

import attrs

from wixreseller.cli.failures import InputError
from wixreseller.cli.key_places import KeyFromCommand, KeyFromFile, KeyFromVariable, KeyPlace
from wixreseller.cli.limits import LIMIT_FORM, Limit, read_limit
from wixreseller.errors import ConfigurationError
from wixreseller.models import checks

__all__ = ["DEFAULT_PROFILE", "KEYS", "Profile", "config_path", "find_profile", "load_profiles"]

DEFAULT_PROFILE: Final = "default"
"""The profile that counts where none is named, and the environment names no key or account."""

_KEY_SOURCES: Final = ("api_key_command", "api_key_file", "api_key_env")
KEYS: Final = (*_KEY_SOURCES, "account_id", "base_url", "rate_limit", "catalogue")
_LIKE_A_KEY: Final = ("api_key", "apikey", "key", "token", "secret", "api_token")
_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_TYPES: Final[Mapping[type, str]] = {
    bool: "true or false",
    int: "a number",
    float: "a number",
    list: "a list",
    dict: "a table",
}


@attrs.frozen(kw_only=True)
class Profile:
    """Hold one profile. Where to get the key, never the key itself."""

    name: str
    source: Path
    key: KeyPlace | None = None
    account_id: str | None = None
    base_url: str | None = None
    limit: Limit | None = None
    catalogue: Path | None = None


def config_path() -> Path:
    """Give the place of the file, as the platform has it; it need not be there."""
    import platformdirs

    return Path(platformdirs.user_config_dir("wixreseller", appauthor=False)) / "config.toml"


def load_profiles(path: Path) -> Mapping[str, Profile]:
    """Read the file of profiles; there are none if there is no file.

    Raises:
        InputError: it cannot be read, others may write it, or it is wrong; tells every problem.
    """
    try:
        data = path.read_bytes()
        mode = path.stat().st_mode
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise InputError(f"cannot read the profiles: {path}: {error.strerror or error}") from None
    if os.name == "posix" and mode & stat.S_IWOTH:
        # Whoever writes it decides what api_key_command runs.
        raise InputError(
            f"everybody on this machine may write {path}, and it says what is run to get a key: "
            f"chmod go-w {shlex.quote(str(path))}"
        )
    reading = _Reading(path, _decoded(path, data))
    found = reading.profiles()
    if not reading.problems:
        return found
    if len(reading.problems) == 1:
        raise InputError(f"{path}: {reading.problems[0]}")
    count = len(reading.problems)
    raise InputError("\n  ".join((f"{path} has {count} problems:", *reading.problems)))


def find_profile(profiles: Mapping[str, Profile], name: str, path: Path) -> Profile:
    """Give the profile of a name.

    Raises:
        InputError: there is none; names those that there are.
    """
    if name in profiles:
        return profiles[name]
    if not profiles:
        missing = "is empty" if path.exists() else "does not exist"
        raise InputError(
            f"no profile {name!r}: {path} {missing}; add [profiles.{name}] to it, with "
            f"api_key_command or api_key_file, and account_id"
        )
    near = difflib.get_close_matches(name, profiles, n=1, cutoff=0.6)
    hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(profiles)}"
    raise InputError(f"no profile {name!r} in {path}; {hint}")


def _decoded(path: Path, data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise InputError(f"{path}: line {line} is not UTF-8 text") from None


class _Reading:
    """Read a text, and gather everything that is wrong with it."""

    def __init__(self, path: Path, text: str) -> None:
        self.problems: list[str] = []
        self._path = path
        self._text = text

    def profiles(self) -> Mapping[str, Profile]:
        """Give the profiles that nothing is wrong with."""
        import tomllib

        try:
            top = cast("Mapping[str, object]", tomllib.loads(self._text))
        except tomllib.TOMLDecodeError as error:
            self.problems.append(
                f"is not TOML: {error}; a profile is [profiles.NAME], and below it lines like "
                f'account_id = "GUID"'
            )
            return {}
        for key in top:
            if key != "profiles":
                self._refuse((key,), _hint(key, ("profiles",), "the file has only [profiles.NAME]"))
        tables = top.get("profiles", {})
        if not isinstance(tables, dict):
            self._refuse(("profiles",), "must be tables, like [profiles.acme]")
            return {}
        found: dict[str, Profile] = {}
        for name, table in cast("Mapping[str, object]", tables).items():
            if isinstance(table, dict):
                found[name] = self._profile(name, cast("Mapping[str, object]", table))
            else:
                self._refuse(("profiles", name), "must be a table, like [profiles.acme]")
        return found

    def _profile(self, name: str, table: Mapping[str, object]) -> Profile:
        for key in table:
            if key.lower() in _LIKE_A_KEY:
                self._refuse(
                    ("profiles", name, key),
                    "a key has no place in this file: keep it in a password manager "
                    "(api_key_command), in a file that only you can read (api_key_file), or in a "
                    "variable (api_key_env)",
                )
            elif key not in KEYS:
                known = f"a profile has {', '.join(KEYS)}"
                self._refuse(("profiles", name, key), _hint(key, KEYS, known))
        sources = [source for source in _KEY_SOURCES if source in table]
        if len(sources) > 1:
            self._refuse(
                ("profiles", name, sources[1]), f"keep one of {', '.join(sources)}: a key has one"
            )
        base_url = self._text_of(name, table, "base_url")
        catalogue = self._text_of(name, table, "catalogue")
        return Profile(
            name=name,
            source=self._path,
            key=self._key_place(name, table, sources[0]) if sources else None,
            account_id=self._account(name, table),
            base_url=base_url,
            limit=self._limit(name, table),
            catalogue=None if catalogue is None else self._beside(catalogue),
        )

    def _key_place(self, name: str, table: Mapping[str, object], source: str) -> KeyPlace | None:
        by = f"{source} of the profile {name}"
        if source == "api_key_command":
            words = self._words(name, table)
            return None if not words else KeyFromCommand(words, by)
        text = self._text_of(name, table, source)
        if text is None:
            return None
        if source == "api_key_file":
            return KeyFromFile(self._beside(text), by, is_private=True)
        if not _VARIABLE.fullmatch(text):
            self._refuse(
                ("profiles", name, source), "must be the name of a variable, like ACME_KEY"
            )
            return None
        return KeyFromVariable(text, by)

    def _words(self, name: str, table: Mapping[str, object]) -> Sequence[str]:
        value, path = table["api_key_command"], ("profiles", name, "api_key_command")
        if isinstance(value, list):
            items = cast("list[object]", value)
            words = [item for item in items if isinstance(item, str)]
            if words and words[0] and len(words) == len(items):
                return tuple(words)
        elif isinstance(value, str):
            try:
                words = shlex.split(value)
            except ValueError as error:
                self._refuse(path, f"cannot be split into words: {error}")
                return ()
            if words:
                return tuple(words)
        self._refuse(path, 'must be a command, like ["pass", "show", "wix"] or "pass show wix"')
        return ()

    def _text_of(self, name: str, table: Mapping[str, object], key: str) -> str | None:
        value = table.get(key)
        if value is None:
            return None
        if isinstance(value, str) and value.strip():
            return value.strip()
        kind = "nothing" if isinstance(value, str) else _TYPES.get(type(value), "a date")
        self._refuse(("profiles", name, key), f"must be text in quotes, not {kind}")
        return None

    def _account(self, name: str, table: Mapping[str, object]) -> str | None:
        text = self._text_of(name, table, "account_id")
        try:
            return None if text is None else checks.guid(text, "account_id")
        except ConfigurationError:
            self._refuse(("profiles", name, "account_id"), "must be a GUID, as Wix shows it")
            return None

    def _limit(self, name: str, table: Mapping[str, object]) -> Limit | None:
        text = self._text_of(name, table, "rate_limit")
        limit = None if text is None else read_limit(text)
        if text is not None and limit is None:
            self._refuse(("profiles", name, "rate_limit"), f"must be {LIMIT_FORM}")
        return limit

    def _beside(self, text: str) -> Path:
        return self._path.parent / Path(text).expanduser()

    def _refuse(self, path: Sequence[str], message: str) -> None:
        line = _line_of(self._text, path)
        where = "" if line is None else f"line {line}: "
        self.problems.append(f"{where}{'.'.join(path)}: {message}")


def _hint(key: str, known: Sequence[str], otherwise: str) -> str:
    near = difflib.get_close_matches(key.lower().replace("-", "_"), known, n=1, cutoff=0.6)
    return f"is not known; did you mean {near[0]}?" if near else f"is not known; {otherwise}"


def _line_of(text: str, path: Sequence[str]) -> int | None:
    """Find the line on which a key or table is written, where that is in the usual way."""
    *tables, key = path
    header = ""
    for number, line in enumerate(text.splitlines(), start=1):
        words = line.strip()
        if words.startswith("["):
            header = words.partition("]")[0].strip("[ ").replace('"', "").replace(" ", "")
            if header == ".".join(path) or header.startswith(f"{'.'.join(path)}."):
                return number
        elif header == ".".join(tables) and re.match(rf'"?{re.escape(key)}"?\s*=', words):
            return number
    return None
