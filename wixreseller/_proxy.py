"""Know by which proxy an address is reached, as the environment says."""

from __future__ import annotations

import urllib.request
from urllib.parse import SplitResult, urlsplit

from wixreseller.config import is_loopback
from wixreseller.errors import ConfigurationError

__all__ = ["proxy_for"]


def proxy_for(base_url: str) -> str | None:
    """Give the proxy that the environment names for an address, ``NO_PROXY`` heeded.

    aiohttp's own ``trust_env`` would also look for a password in ``~/.netrc`` at every request.
    A proxy without a scheme is spoken to over http, as by curl. Over plain http only this machine
    is reached, and a proxy elsewhere would be sent the API key for all on the way to read.

    Raises:
        ConfigurationError: what the environment names is no address.
    """
    parts = urlsplit(base_url)
    if urllib.request.proxy_bypass(parts.netloc):
        return None
    named = urllib.request.getproxies().get(parts.scheme)
    if named is None:
        return None
    proxy = named.strip() if "://" in named else f"http://{named.strip()}"
    host = _checked(proxy, parts.scheme).hostname or ""
    return None if parts.scheme == "http" and not is_loopback(host) else proxy


def _checked(proxy: str, scheme: str) -> SplitResult:
    try:
        parts = urlsplit(proxy)
        is_address = bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_address = False
    else:
        if is_address:
            return parts
    # What it is instead is not shown: it may hold a password.
    raise ConfigurationError(
        f"the proxy that {scheme.upper()}_PROXY names is no address: it must be like "
        f"http://proxy.example:3128, with a password in percent-encoding if there is one"
    )
