"""Hold a client's configuration: frozen, checked once, with a key that never prints."""

from __future__ import annotations

import hashlib
import ipaddress
import os
from collections.abc import Awaitable, Callable, Hashable, Mapping
from typing import TYPE_CHECKING, Any, Final, Literal, cast
from urllib.parse import urlsplit

import attrs

from wixreseller._sentinels import NO_TIMEOUT, UNSET, Seconds, Unset
from wixreseller.errors import ConfigurationError
from wixreseller.models import checks
from wixreseller.ratelimit import RateLimit
from wixreseller.retry import RetryPolicy

if TYPE_CHECKING:
    import ssl

__all__ = [
    "ACCOUNT_ID_VARIABLE",
    "API_KEY_VARIABLE",
    "BASE_URL_VARIABLE",
    "WIX_BASE_URL",
    "APIKey",
    "APIKeySource",
    "ClientConfig",
    "IfUnknown",
    "KeySource",
    "check_ssl",
    "is_loopback",
    "key_identity",
]

WIX_BASE_URL: Final = "https://www.wixapis.com"
API_KEY_VARIABLE: Final = "WIX_API_KEY"
ACCOUNT_ID_VARIABLE: Final = "WIX_ACCOUNT_ID"
BASE_URL_VARIABLE: Final = "WIXRESELLER_BASE_URL"

IfUnknown = Literal["look", "raise"]
"""What follows an unknown outcome: look at the state, or raise at once."""

_WIX_DOMAINS: Final = ("wixapis.com", "wix.com")
_EMULATOR_KEY_PREFIX: Final = "EMU."
# Wix's have hundreds of characters. A shorter one is somebody's stand-in, as "key" or "test": taken
# out of an answer it would take ordinary words with it, and the answer would say something else.
_SHORTEST_SECRET: Final = 8

APIKeySource = str | Callable[[], str] | Callable[[], Awaitable[str]]
"""An API key, or a function, blocking or async, that gives one whenever a request needs it."""


def is_loopback(host: str) -> bool:
    """Say whether a host is this machine."""
    if host in ("localhost", "127.0.0.1", "::1"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _is_wix(host: str) -> bool:
    host = host.rstrip(".")  # with a dot at its end it is the same name
    return any(host == domain or host.endswith(f".{domain}") for domain in _WIX_DOMAINS)


class APIKey:
    """Hold an API key that shows itself only to :meth:`reveal`. It refuses to be pickled."""

    __slots__ = ("_bytes", "_is_secret", "_value")

    def __init__(self, value: object, base_url: str, field: str = "api_key") -> None:
        if not isinstance(value, str) or not value.strip():
            raise ConfigurationError(
                f"{field} must be the account-level API key, a string that is not empty",
                field=field,
            )
        if value.lower().startswith("bearer "):
            raise ConfigurationError(
                f"{field} must be the raw key: Wix takes it without the word Bearer", field=field
            )
        if not value.isascii() or not value.isprintable() or " " in value:
            raise ConfigurationError(
                f"{field} holds a space, a line break or another character that no key has",
                field=field,
            )
        if value.startswith(_EMULATOR_KEY_PREFIX) and _is_wix(urlsplit(base_url).hostname or ""):
            raise ConfigurationError(
                f"{field} is a key of the emulator (it starts with {_EMULATOR_KEY_PREFIX}) and "
                f"is not sent to Wix; set base_url, or {BASE_URL_VARIABLE}, to the emulator",
                field=field,
            )
        self._value = value = checks.plain(value)
        self._bytes = value.encode()
        self._is_secret = len(value) >= _SHORTEST_SECRET

    def reveal(self) -> str:
        """Give the key itself, for the one header that carries it."""
        return self._value

    def taken_out_of(self, body: bytes) -> bytes:
        """Give a body without the key: a proxy may echo the request, whatever status it gives."""
        # The same bytes, where it is not in there.
        return body.replace(self._bytes, b"***") if self._is_secret else body

    def taken_out_of_any(self, value: object) -> object:
        """Give a text without the key, and anything else, and a text without it, as it is."""
        if isinstance(value, str) and self._is_secret and self._value in value:
            return value.replace(self._value, "***")
        return self.taken_out_of(value) if isinstance(value, bytes) else value

    def __repr__(self) -> str:
        return "APIKey('***')"

    def __reduce__(self) -> str:
        raise TypeError("an API key is not pickled; the other process gets its own from outside")


class KeySource:
    """Hold where keys come from: a fixed key, or the caller's function."""

    __slots__ = ("_base_url", "_source")

    def __init__(self, source: APIKeySource, base_url: str) -> None:
        self._base_url = base_url
        self._source: APIKey | Callable[[], str | Awaitable[str]] = (
            source if callable(source) else APIKey(source, base_url)
        )

    @property
    def fixed(self) -> APIKey | None:
        """The key, unless a function gives it."""
        return self._source if isinstance(self._source, APIKey) else None

    @property
    def function(self) -> Callable[[], str | Awaitable[str]] | None:
        """The caller's function, if there is one."""
        return None if isinstance(self._source, APIKey) else self._source

    def check(self, value: object) -> APIKey:
        """Check what the function gave, as a fixed key is checked."""
        return APIKey(value, self._base_url, "the result of api_key()")

    def __repr__(self) -> str:
        return "KeySource('***')" if self.fixed else "KeySource(function)"


def key_identity(keys: KeySource) -> Hashable:
    """Give what stands for a key where clients share something: a digest, or the key function."""
    if keys.fixed is not None:
        return hashlib.blake2b(keys.fixed.reveal().encode(), digest_size=16).digest()
    try:
        hash(keys.function)
    except TypeError:
        return object()  # a function that cannot be compared is shared with no other client
    return keys.function


def _base_url(value: object) -> str:
    text = checks.plain(checks.instance_of(value, str, "base_url")).strip().rstrip("/")
    shown = checks.shorten(value) if "@" not in text else "one with a user or a password"
    problem = f"base_url must be https://host, or http:// to this machine only, not {shown}"
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname or "", parts.port
    except ValueError as error:
        raise ConfigurationError(f"{problem} ({error})", field="base_url") from None
    # Each of these would take a part of the path of every call with it, or hide from these checks
    # what is really asked: urlsplit leaves line breaks out, and has no word for an empty query.
    is_bare = text.isprintable() and not set(text) & set(" ?#@\\")
    if parts.scheme not in ("https", "http") or not host or not is_bare:
        raise ConfigurationError(problem, field="base_url")
    if parts.scheme == "http" and not is_loopback(host):
        raise ConfigurationError(
            f"{problem}: over plain http the API key would be readable on the way",
            field="base_url",
        )
    return text


def _rate_limit(value: object) -> RateLimit | None:
    return None if value is None else checks.instance_of(value, RateLimit, "rate_limit")


def _if_unknown(value: IfUnknown) -> IfUnknown:
    return checks.one_of(value, ("look", "raise"), "if_unknown")


def check_ssl(context: object, base_url: str) -> ssl.SSLContext | None:
    """Check a TLS context of the caller's: to Wix itself, certificates are always verified.

    Raises:
        ConfigurationError: it is none, or it verifies nothing and the address is Wix's.
    """
    if context is None:
        return None
    import ssl  # whoever made a context has loaded it

    context = checks.instance_of(context, ssl.SSLContext, "ssl")
    verifies = context.verify_mode == ssl.CERT_REQUIRED and context.check_hostname
    if not verifies and _is_wix(urlsplit(base_url).hostname or ""):
        raise ConfigurationError(
            "ssl must verify certificates and host names where the address is Wix's: whoever "
            "answered in its place would get the API key",
            field="ssl",
        )
    return context


@attrs.frozen(kw_only=True)
class ClientConfig:
    """Hold what a client was made with, except connections. Its ``repr`` shows no key.

    It pickles, and leaves the key out: the process that reads the pickle takes its own from
    ``WIX_API_KEY``, also where a function gave it here. Without that variable it is a
    ConfigurationError there.
    """

    keys: KeySource
    account_id: str | None
    base_url: str
    timeout: Seconds
    deadline: Seconds
    retry: RetryPolicy
    rate_limit: RateLimit | None
    if_unknown: IfUnknown
    is_account_view: bool = False
    """Whether queries are kept to ``account_id``: true in a view made by ``for_account``."""

    @classmethod
    def resolve(
        cls,
        *,
        environment: Mapping[str, str],
        api_key: APIKeySource | None = None,
        account_id: str | None = None,
        base_url: str | None = None,
        timeout: Seconds = 30.0,
        deadline: Seconds = NO_TIMEOUT,
        retry: RetryPolicy | None = None,
        rate_limit: RateLimit | None = None,
        if_unknown: IfUnknown = "look",
    ) -> ClientConfig:
        """Check the arguments, and take what is absent from the environment.

        Raises:
            ConfigurationError: no key, or an argument that cannot work; names it.
        """
        url = _base_url(base_url or environment.get(BASE_URL_VARIABLE) or WIX_BASE_URL)
        source = api_key if api_key is not None else environment.get(API_KEY_VARIABLE)
        if source is None or source == "":
            raise ConfigurationError(
                f"api_key is missing: pass it, or set {API_KEY_VARIABLE}", field="api_key"
            )
        account = account_id or environment.get(ACCOUNT_ID_VARIABLE) or None
        return cls(
            keys=KeySource(source, url),
            account_id=checks.optional_guid(account, "account_id"),
            base_url=url,
            timeout=checks.timeout(timeout, "timeout"),
            deadline=checks.timeout(deadline, "deadline"),
            retry=checks.instance_of(retry or RetryPolicy(), RetryPolicy, "retry"),
            rate_limit=_rate_limit(rate_limit),
            if_unknown=_if_unknown(if_unknown),
        )

    def changed(
        self,
        *,
        account_id: str | Unset,
        timeout: Seconds | Unset,
        deadline: Seconds | Unset,
        retry: RetryPolicy | Unset,
        rate_limit: RateLimit | Unset | None,
        if_unknown: IfUnknown | Unset,
    ) -> ClientConfig:
        """Give it with other options, checked; with another account it is that of a view.

        Raises:
            ConfigurationError: an option that cannot work; names it.
        """
        new: dict[str, Any] = {}
        if account_id is not UNSET:
            new |= {"account_id": checks.guid(account_id, "account_id"), "is_account_view": True}
        if timeout is not UNSET:
            new["timeout"] = checks.timeout(timeout, "timeout")
        if deadline is not UNSET:
            new["deadline"] = checks.timeout(deadline, "deadline")
        if retry is not UNSET:
            new["retry"] = checks.instance_of(retry, RetryPolicy, "retry")
        if rate_limit is not UNSET:
            new["rate_limit"] = _rate_limit(rate_limit)
        if if_unknown is not UNSET:
            new["if_unknown"] = _if_unknown(if_unknown)
        return attrs.evolve(self, **new)

    def __reduce__(self) -> tuple[Callable[[dict[str, object]], ClientConfig], tuple[object]]:
        # A function is left out as well: a partial one would take its arguments along.
        kept = attrs.asdict(self, filter=attrs.filters.exclude("keys"), recurse=False)
        return _restore, (kept,)

    def __copy__(self) -> ClientConfig:
        return self  # frozen, and within the process the key stays

    def __deepcopy__(self, _: object) -> ClientConfig:
        return self

    def account(self, given: str | None) -> str:
        """Give the account of a call: its own, or the client's.

        Raises:
            ConfigurationError: there is neither, or it is no GUID.
        """
        if given is not None:
            return checks.guid(given, "account_id")
        if self.account_id is None:
            raise ConfigurationError(
                f"account_id is missing: every call names the account that owns the package; "
                f"pass account_id to the call or the client, or set {ACCOUNT_ID_VARIABLE}",
                field="account_id",
            )
        return self.account_id


def _restore(kept: dict[str, object]) -> ClientConfig:
    """Make a configuration of what was pickled, with this process's key.

    Raises:
        ConfigurationError: this process has none.
    """
    url = _base_url(kept["base_url"])
    key = os.environ.get(API_KEY_VARIABLE)
    if not key:
        raise ConfigurationError(
            f"api_key is missing: it is never pickled; set {API_KEY_VARIABLE} in this process too",
            field="api_key",
        )
    settings = cast("Any", kept)  # they were fields of this class when they were pickled
    return ClientConfig(keys=KeySource(key, url), **settings)
