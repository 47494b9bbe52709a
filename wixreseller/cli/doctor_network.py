"""Check the way to the API, step by step: proxy, name, connection, TLS, a read, the clock."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import ssl
import time
import urllib.request
from collections.abc import AsyncIterator, Mapping
from typing import TYPE_CHECKING, Final
from urllib.parse import SplitResult, urlsplit

import attrs

from wixreseller import AsyncClient, RetryPolicy, errors
from wixreseller._clock import ServerClock
from wixreseller._proxy import proxy_for
from wixreseller.cli.connection import Connection
from wixreseller.cli.doctor_checks import Check, Mark, failed, fine, skipped, warned
from wixreseller.cli.limits import shared_limit

if TYPE_CHECKING:
    from aiohttp import ClientHandlerType, ClientRequest, ClientResponse

__all__ = ["check_clock", "check_network", "check_proxy"]

_PATIENCE: Final = 5.0
"""Seconds that one step may take."""
_DEADLINE: Final = 20.0
"""Seconds that the read may take, with the wait for its turn."""
_ALLOWED_SKEW: Final = 5.0
"""Seconds by which clocks may be off before anybody is told."""
_PORTS: Final = {"http": 80, "https": 443}


async def check_network(
    connection: Connection, environment: Mapping[str, str], *, may_read: bool
) -> AsyncIterator[Check]:
    """Go to the API, one step after the other; ``may_read``: there is a key and an account."""
    target = urlsplit(connection.settings.base_url.value)
    try:
        proxy = proxy_for(target.geturl())
    except errors.ConfigurationError as error:
        reached = False
        yield failed("proxy", str(error), f"mend {target.scheme.upper()}_PROXY, or unset it")
        for name in ("name", "connection", "tls"):
            yield skipped(name, "no proxy")
    else:
        reached = True
        yield check_proxy(target, proxy, environment)
        first = target if proxy is None else urlsplit(proxy)
        async for check in _reach(first, proxy is not None):
            reached = reached and check.mark is not Mark.FAIL
            yield check
    if not reached or not may_read:
        why = "no connection" if not reached else "it needs a key and an account"
        yield skipped("read", why)
        yield skipped("clock", why)
        return
    async for check in _read(connection):
        yield check


# --- proxy --------------------------------------------------------------------------------------


def check_proxy(target: SplitResult, proxy: str | None, environment: Mapping[str, str]) -> Check:
    """Say whether a proxy is used, and why, or why not."""
    variable = f"{target.scheme}_proxy"
    names = [name for name in (variable, variable.upper()) if environment.get(name)]
    told = names[0] if names else "the system's settings"
    if proxy is None:
        if names and urllib.request.proxy_bypass(target.netloc):
            return fine("proxy", f"none: {told} is set, but NO_PROXY names {target.hostname}")
        if names:
            why = "but this machine is reached over plain http, which does not leave it"
            return fine("proxy", f"none: {told} is set, {why}")
        if environment.get("all_proxy") or environment.get("ALL_PROXY"):
            fix = f"set {variable.upper()} to use a proxy, or unset ALL_PROXY"
            return warned("proxy", "none: ALL_PROXY is set, and does not count here", fix)
        return fine("proxy", "none")
    shown = _without_password(proxy)
    if urlsplit(proxy).scheme not in _PORTS:
        fix = f"name a proxy that begins with http://, or unset {told}"
        return warned("proxy", f"{shown} ({told}) is spoken to in HTTP, whatever it is", fix)
    if target.scheme == "http":
        fix = f"add the host to NO_PROXY: export NO_PROXY={target.hostname}"
        return warned("proxy", f"requests to this very machine go through {shown} ({told})", fix)
    return fine("proxy", f"{shown} ({told})")


def _without_password(proxy: str) -> str:
    parts = urlsplit(proxy)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


# --- the way ------------------------------------------------------------------------------------


async def _reach(first: SplitResult, is_proxy: bool) -> AsyncIterator[Check]:
    """Look a host up, connect to it, and shake hands, until something fails."""
    host = first.hostname or ""
    port = first.port or _PORTS.get(first.scheme, 0)
    what = f"the proxy {host}" if is_proxy else host
    name = await _look_up(host, port, what)
    yield name
    if name.mark is Mark.FAIL:
        yield skipped("connection", "no name")
        yield skipped("tls", "no name")
        return
    connection = await _connect(host, port, what)
    yield connection
    if connection.mark is Mark.FAIL:
        yield skipped("tls", "no connection")
    elif is_proxy:
        yield skipped("tls", "the proxy stands between; the read tries it")
    elif first.scheme == "http":
        yield skipped("tls", "plain http, which is for this machine only")
    else:
        yield await _shake_hands(host, port)


async def _look_up(host: str, port: int, what: str) -> Check:
    fix = "check the spelling of the host, and this machine's network and DNS"
    try:
        async with asyncio.timeout(_PATIENCE):
            found = await asyncio.get_running_loop().getaddrinfo(
                host, port, type=socket.SOCK_STREAM
            )
    except TimeoutError:
        return failed("name", f"{what}: no answer within {_PATIENCE:g} s", fix)
    except (OSError, UnicodeError) as error:
        return failed("name", f"{what}: {_why(error)}", fix)
    addresses = list(dict.fromkeys(str(item[4][0]) for item in found))
    if addresses == [host]:
        return fine("name", f"{what} is an address itself")
    return fine("name", f"{what} is {', '.join(addresses[:3])}{', …' if addresses[3:] else ''}")


async def _connect(host: str, port: int, what: str) -> Check:
    began = time.monotonic()
    here = host == "localhost" or host.startswith("127.") or host == "::1"
    fix = (
        f"is the emulator running? wixreseller emulator --port {port}"
        if here
        else f"let this machine connect to {host}, port {port}: a firewall or proxy may be between"
    )
    try:
        async with asyncio.timeout(_PATIENCE):
            _, writer = await asyncio.open_connection(host, port, happy_eyeballs_delay=0.25)
    except TimeoutError:
        return failed("connection", f"{what}, port {port}: none within {_PATIENCE:g} s", fix)
    except OSError as error:
        return failed("connection", f"{what}, port {port}: {_why(error)}", fix)
    took = time.monotonic() - began
    await _close(writer)
    return fine("connection", f"to {what}, port {port}, in {1000 * took:.0f} ms")


async def _shake_hands(host: str, port: int) -> Check:
    fix = (
        "bring the certificates of this machine up to date; where a proxy looks into what is "
        "sent, name its certificate in SSL_CERT_FILE"
    )
    context = ssl.create_default_context()
    try:
        async with asyncio.timeout(_PATIENCE):
            _, writer = await asyncio.open_connection(
                host, port, ssl=context, server_hostname=host, happy_eyeballs_delay=0.25
            )
    except ssl.SSLCertVerificationError as error:
        return failed("tls", f"the certificate is not accepted: {error.verify_message}", fix)
    except TimeoutError:
        return failed("tls", f"no handshake within {_PATIENCE:g} s", fix)
    except OSError as error:
        return failed("tls", _why(error), fix)
    session: object = writer.get_extra_info("ssl_object")
    version = session.version() if isinstance(session, ssl.SSLObject) else None
    await _close(writer)
    return fine("tls", f"{version or 'TLS'}, the certificate is verified")


async def _close(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with contextlib.suppress(OSError, TimeoutError):
        async with asyncio.timeout(_PATIENCE):
            await writer.wait_closed()


def _why(error: BaseException) -> str:
    if isinstance(error, ConnectionError) and error.errno:
        # asyncio's own words name the address once more.
        return os.strerror(error.errno)
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return text or type(error).__name__


# --- a read -------------------------------------------------------------------------------------


@attrs.define
class _Watch:
    """Take the time of answers, beside the client's own requests."""

    clock: ServerClock | None = None
    status: int | None = None
    seconds: float = 0.0

    async def __call__(self, request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
        sent = time.time()
        answer = await handler(request)
        received = time.time()
        self.status, self.seconds = answer.status, received - sent
        self.clock = ServerClock.from_date(answer.headers.get("Date"), sent, received)
        return answer


async def _read(connection: Connection) -> AsyncIterator[Check]:
    """Ask for one package of the account, and look at the answer and its time."""
    watch = _Watch()
    settings = connection.settings
    key, base_url = connection.key.reveal(), settings.base_url.value
    client = AsyncClient(
        api_key=key,
        account_id=connection.default_account,
        base_url=base_url,
        timeout=2 * _PATIENCE,
        deadline=_DEADLINE,
        retry=RetryPolicy(max_attempts=1, max_throttled=1),
        rate_limit=shared_limit(settings.limit, key=key, base_url=base_url.rstrip("/")),
        middlewares=[watch],
    )
    error: errors.WixResellerError | None = None
    async with client:
        try:
            pager = client.packages.query(
                page_size=1, max_items=1, account_id=connection.default_account
            )
            await pager.collect()
        except errors.WixResellerError as problem:
            error = problem
    yield _tell_read(error, watch, connection)
    yield check_clock(watch.clock)


def _tell_read(error: errors.WixResellerError | None, watch: _Watch, told: Connection) -> Check:
    account = told.settings.account
    named = "" if account is None else f"account {account.value} ({account.by})"
    place = told.settings.key
    by = "" if place is None else place.by
    if error is None:
        took = f"{1000 * watch.seconds:.0f} ms"
        return fine("read", f"the key is accepted, and {named} is visible to it; {took}")
    said = " ".join(str(error).split())
    if isinstance(error, errors.AuthenticationError):
        fix = (
            f"check the key that {by} names: it must be an API key of the whole account, as it "
            f"is, and neither revoked nor of somebody else's"
        )
        return failed("read", f"the key is refused: {said}", fix, is_refusal=True)
    if isinstance(error, errors.APIError) and error.status in (400, 403, 404):
        fix = (
            "give the key the permission Manage Reseller Packages, or name an account that it "
            "serves with --account GUID"
        )
        detail = f"the key may not read {named}: {said}"
        return failed("read", detail, fix, is_refusal=error.status == 403)
    if isinstance(error, (errors.PacingError, errors.RateLimitError)):
        return warned(
            "read", f"no turn: {said}", "wait until your other commands with this key are done"
        )
    return failed("read", said, "try again in a minute; then ask whoever runs the network")


# --- the clock ----------------------------------------------------------------------------------


def check_clock(server: ServerClock | None) -> Check:
    """Compare this machine's clock with the server's."""
    if server is None:
        return skipped("clock", "no answer told the time")
    off = abs(server.offset)
    if server.uncertainty > _ALLOWED_SKEW:
        return warned(
            "clock",
            f"the answer took too long to compare clocks (uncertain by {server.uncertainty:.0f} s)",
            "find out what slows the network down: writes whose answer is lost cannot be proved",
        )
    if off > _ALLOWED_SKEW:
        side = "behind" if server.offset > 0 else "ahead of"
        return warned(
            "clock",
            f"{off:.0f} s {side} the server's. Whether a write happened is proved by times; the "
            f"difference is allowed for as long as it stays the same",
            "set this machine's clock, and let it be kept (timedatectl set-ntp true)",
        )
    return fine("clock", f"within {max(1.0, off + server.uncertainty):.0f} s of the server's")
