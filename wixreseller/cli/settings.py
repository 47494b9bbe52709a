"""Decide what counts: options of the command line, a profile, or the environment.

Key and account belong together: the key of one reseller with the account of another is a costly
mistake. So they come from one place, a profile or the environment, and only an option that is
typed changes one of them:

1. an option always counts;
2. a profile that is named counts as a whole, and ``WIX_API_KEY`` and ``WIX_ACCOUNT_ID`` do not;
3. without one, the environment counts as soon as it has a key or an account;
4. else the profile ``default`` does, if there is one.

Where two places say different things and neither was typed, nothing is guessed: it is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import attrs

from wixreseller.cli.failures import InputError
from wixreseller.cli.key_places import KeyFromFile, KeyFromVariable, KeyPlace
from wixreseller.cli.limits import WIX_LIMIT, Limit
from wixreseller.cli.profiles import (
    DEFAULT_PROFILE,
    Profile,
    config_path,
    find_profile,
    load_profiles,
)
from wixreseller.config import (
    ACCOUNT_ID_VARIABLE,
    API_KEY_VARIABLE,
    BASE_URL_VARIABLE,
    WIX_BASE_URL,
)

__all__ = [
    "CATALOGUE_VARIABLE",
    "PROFILE_VARIABLE",
    "Given",
    "Options",
    "Settings",
    "resolve_settings",
]

PROFILE_VARIABLE: Final = "WIXRESELLER_PROFILE"
CATALOGUE_VARIABLE: Final = "WIXRESELLER_CATALOGUE"


@attrs.frozen(kw_only=True)
class Options:
    """Hold what the global options say; ``None``: nothing."""

    profile: str | None = None
    base_url: str | None = None
    account_id: str | None = None
    api_key_file: str | None = None
    catalogue: str | None = None


@attrs.frozen
class Given:
    """Hold a value, and what gave it: an option, a variable, a profile."""

    value: str
    by: str


@attrs.frozen(kw_only=True)
class Settings:
    """Hold what counts, each with what gave it. Where the key is, not the key."""

    profile: Profile | None
    key: KeyPlace | None
    account: Given | None
    base_url: Given
    catalogue: Given | None
    limit: Limit
    unused: tuple[str, ...]
    """Variables that are set, and do not count beside a profile."""


def resolve_settings(options: Options, environment: Mapping[str, str]) -> Settings:
    """Decide what counts.

    Raises:
        InputError: there is no such profile, its file is wrong, or two places contradict.
    """
    variables = {name: value for name, value in environment.items() if value}
    profile = _profile_in_use(options, variables)
    if profile is None:
        key, account = _from_environment(variables)
        unused: tuple[str, ...] = ()
    else:
        if options.profile is None and PROFILE_VARIABLE in variables:
            _refuse_two_identities(options, variables, profile)
        _refuse_two_addresses(options, variables, profile)
        key, account = profile.key, _given(profile.account_id, f"the profile {profile.name}")
        unused = _unused(variables, profile)
    if options.api_key_file is not None:
        key = KeyFromFile(Path(options.api_key_file), "--api-key-file")
    return Settings(
        profile=profile,
        key=key,
        account=_given(options.account_id, "--account") or account,
        base_url=_base_url(options, variables, profile),
        catalogue=_catalogue(options, variables, profile),
        limit=(profile and profile.limit) or WIX_LIMIT,
        unused=unused,
    )


def _profile_in_use(options: Options, variables: Mapping[str, str]) -> Profile | None:
    name = options.profile or variables.get(PROFILE_VARIABLE)
    if name is not None:
        path = config_path()
        return find_profile(load_profiles(path), name, path)
    if options.api_key_file or {API_KEY_VARIABLE, ACCOUNT_ID_VARIABLE} & set(variables):
        return None
    return load_profiles(config_path()).get(DEFAULT_PROFILE)


def _from_environment(variables: Mapping[str, str]) -> tuple[KeyPlace | None, Given | None]:
    key = (
        KeyFromVariable(API_KEY_VARIABLE, API_KEY_VARIABLE)
        if API_KEY_VARIABLE in variables
        else None
    )
    return key, _given(variables.get(ACCOUNT_ID_VARIABLE), ACCOUNT_ID_VARIABLE)


def _refuse_two_identities(
    options: Options, variables: Mapping[str, str], profile: Profile
) -> None:
    """Refuse a profile named by a variable beside a key or an account in other variables."""
    rivals: list[str] = []
    if options.api_key_file is None and _names_another_key(variables, profile):
        rivals.append(API_KEY_VARIABLE)
    if options.account_id is None and _names_another_account(variables, profile):
        rivals.append(ACCOUNT_ID_VARIABLE)
    if rivals:
        raise InputError(
            f"{PROFILE_VARIABLE} names the profile {profile.name}, and {' and '.join(rivals)} "
            f"may be of another reseller: unset one or the other, or say --profile {profile.name}"
        )


def _refuse_two_addresses(options: Options, variables: Mapping[str, str], profile: Profile) -> None:
    """Refuse to guess whether something is for the emulator or for Wix."""
    told = variables.get(BASE_URL_VARIABLE)
    own = profile.base_url or WIX_BASE_URL
    if options.base_url is None and told is not None and told.rstrip("/") != own.rstrip("/"):
        raise InputError(
            f"the profile {profile.name} is for {own}, but {BASE_URL_VARIABLE} is {told}: unset "
            f"it, or say which with --base-url URL"
        )


def _unused(variables: Mapping[str, str], profile: Profile) -> tuple[str, ...]:
    found: list[str] = []
    if _names_another_key(variables, profile):
        found.append(API_KEY_VARIABLE)
    if _names_another_account(variables, profile):
        found.append(ACCOUNT_ID_VARIABLE)
    return tuple(found)


def _names_another_key(variables: Mapping[str, str], profile: Profile) -> bool:
    own = profile.key.name if isinstance(profile.key, KeyFromVariable) else None
    return API_KEY_VARIABLE in variables and own != API_KEY_VARIABLE


def _names_another_account(variables: Mapping[str, str], profile: Profile) -> bool:
    told = variables.get(ACCOUNT_ID_VARIABLE)
    return told is not None and told.lower() != (profile.account_id or "").lower()


def _base_url(options: Options, variables: Mapping[str, str], profile: Profile | None) -> Given:
    own = None if profile is None else _given(profile.base_url, f"the profile {profile.name}")
    told = None if profile is not None else variables.get(BASE_URL_VARIABLE)
    return (
        _given(options.base_url, "--base-url")
        or own
        or _given(told, BASE_URL_VARIABLE)
        or Given(WIX_BASE_URL, "default")
    )


def _catalogue(
    options: Options, variables: Mapping[str, str], profile: Profile | None
) -> Given | None:
    own = None if profile is None or profile.catalogue is None else str(profile.catalogue)
    return (
        _given(options.catalogue, "--catalogue")
        or _given(own, f"the profile {profile.name}" if profile else "")
        or _given(variables.get(CATALOGUE_VARIABLE), CATALOGUE_VARIABLE)
    )


def _given(value: str | None, by: str) -> Given | None:
    return None if value is None else Given(value, by)
