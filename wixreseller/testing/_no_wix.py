"""Keep tests away from Wix itself: refuse to look its hosts up."""

from __future__ import annotations

import socket
import sys
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Final, final

if TYPE_CHECKING:
    import pytest

__all__ = ["RealWixError", "WixGuard"]

_DOMAIN: Final = "wixapis.com"
_PROXY_EXCEPTIONS: Final = f"127.0.0.1,localhost,::1,{_DOMAIN},.{_DOMAIN}"
_RESOLVERS: Final = ("ThreadedResolver", "AsyncResolver")


class RealWixError(BaseException):
    """Say that a test would have connected to Wix itself.

    It is no ``Exception``: clients would take one for a failure of the network, and try again.
    """

    def __init__(self, host: str) -> None:
        super().__init__(
            f"this test would have connected to {host}, the real Wix: let it use the emulator "
            "(base_url, or WIXRESELLER_BASE_URL, is wix_emulator.url), or mark it with "
            "@pytest.mark.allow_real_wix"
        )
        self.host = host


@final
class WixGuard:
    """Refuse the hosts of the Wix API wherever names are looked up, and remember who asked."""

    def __init__(self) -> None:
        self.refused: list[RealWixError] = []

    def check(self, host: object) -> None:
        """Raise ``RealWixError`` for a host of Wix."""
        if isinstance(host, bytes | bytearray):
            host = bytes(host).decode("ascii", "replace")
        name = str(host).rstrip(".").lower()
        if name == _DOMAIN or name.endswith(f".{_DOMAIN}"):
            error = RealWixError(name)
            self.refused.append(error)
            raise error

    def install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Stand guard until ``monkeypatch`` ends.

        Through a proxy the name would be looked up elsewhere, so the hosts of Wix are excepted
        from proxies; so is this machine, where the emulator is. Event loops and resolvers that do
        without Python's own lookup are met at aiohttp's resolvers.
        """
        look_up = socket.getaddrinfo

        def guarded(host: object, *args: Any, **kwargs: Any) -> Any:
            self.check(host)
            return look_up(host, *args, **kwargs)  # type: ignore[arg-type] # as it came

        monkeypatch.setattr(socket, "getaddrinfo", guarded)
        resolvers = sys.modules.get("aiohttp.resolver")
        for name in _RESOLVERS:
            resolver = getattr(resolvers, name, None)
            if resolver is not None:
                monkeypatch.setattr(resolver, "resolve", self._guarded(resolver.resolve))
        for name in ("no_proxy", "NO_PROXY"):
            monkeypatch.setenv(name, _PROXY_EXCEPTIONS, prepend=",")

    def _guarded(self, resolve: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def guarded(resolver: object, host: str, *args: Any, **kwargs: Any) -> Any:
            self.check(host)
            return await resolve(resolver, host, *args, **kwargs)

        return guarded
