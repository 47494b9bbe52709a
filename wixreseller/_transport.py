"""Send requests with aiohttp: with ``_lanes`` and ``_pacing_file``, all that does I/O.

It sends a request exactly once, follows no redirect, and says how far an attempt got when it
fails.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
import ssl as ssl_module
from collections.abc import Sequence
from typing import Final, NoReturn, TypedDict

import aiohttp
from aiohttp.client_middlewares import ClientMiddlewareType
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from wixreseller._answers import Response
from wixreseller._guard import Body, NoAnswerError, OnePass, Progress, phase_unguarded
from wixreseller._lanes import Connector, Lanes
from wixreseller._operations import Request
from wixreseller._phase import Phase
from wixreseller._proxy import proxy_for
from wixreseller._sentinels import Seconds
from wixreseller._shared_timer import is_being_cancelled
from wixreseller._threads import run_blocking
from wixreseller._version import __version__
from wixreseller.config import APIKey, KeySource
from wixreseller.errors import ClientClosedError, ConfigurationError

__all__ = ["Transport"]

_NO_TIMEOUT: Final = aiohttp.ClientTimeout(
    total=None, connect=None, sock_read=None, sock_connect=None
)
_NO_HEADERS: Final = CIMultiDictProxy(CIMultiDict[str]())
_ALWAYS: Final = {
    "Accept": "application/json",
    "User-Agent": f"wixreseller/{__version__} aiohttp/{aiohttp.__version__}",
}
"""Headers of every request: our own sessions send them unasked."""


class Transport:
    """Send requests to one base URL; shared by a client and its views."""

    def __init__(
        self,
        *,
        base_url: str,
        keys: KeySource,
        session: aiohttp.ClientSession | None,
        middlewares: Sequence[ClientMiddlewareType],
        ssl: ssl_module.SSLContext | None,
        made_at: tuple[str, int] = ("<unknown>", 0),
    ) -> None:
        self._base_url = base_url
        self._keys = keys
        self._injected = session
        self._middlewares = tuple(middlewares)
        self._lanes = Lanes(_open_session, session, made_at)
        self._options: Final = _options(session, ssl, proxy_for(base_url))
        self._consistent: str | None = None
        self._last_headers: tuple[tuple[APIKey, str, str | None], CIMultiDict[str]] | None = None

    async def exchange(self, request: Request, progress: Progress, timeout: Seconds) -> Response:
        """Send one request once and read its answer whole.

        ``timeout`` is in seconds, from when the attempt may have a connection.

        Raises:
            NoAnswerError: no whole answer; ``progress.phase`` says how far it got.
        """
        if self._lanes.is_closed:
            raise ClientClosedError("the client is closed; nothing was sent")
        progress.phase = Phase.PREPARING
        lane = self._lanes.here() or await self._lanes.open_here()
        key = self._keys.fixed
        limit = lane.timer.limit(timeout)
        await lane.free.acquire()
        try:
            with limit:
                key = key or await self._ask_for_key()
                return await self._send(lane.session, request, progress, key)
        except TimeoutError as error:
            if not limit.is_over:
                _fail(error, key)
            raise NoAnswerError(f"no answer within {timeout:g} s", timed_out=True) from None
        finally:
            lane.free.release()

    def refuse_calls(self) -> None:
        """Be closed before the first call."""
        self._lanes.is_closed = True

    async def aclose(self) -> None:
        """Close the sessions of this loop, and drop those of others. Twice is fine."""
        await self._lanes.aclose()

    async def _send(
        self, session: aiohttp.ClientSession, request: Request, progress: Progress, key: APIKey
    ) -> Response:
        is_ours = session is not self._injected
        guard = OnePass(progress, Phase.CONNECTING if is_ours else Phase.SENDING)
        try:
            answer = await session.request(
                request.operation.method,
                _url(self._base_url + request.target),
                data=None if request.body is None else Body(request.body, progress),
                headers=self._headers_of(key, request.account_id),
                # Else a PATCH without a body gets one.
                skip_auto_headers=("Content-Type",) if request.body is None else None,
                allow_redirects=False,
                middlewares=(*self._middlewares, guard),
                **self._options,
            )
            progress.phase = Phase.READING
            body = await answer.read()  # which gives the connection back, whatever happens
        except NoAnswerError as error:
            _forget_key(error, key)
            raise
        except (Exception, asyncio.CancelledError) as error:  # aiohttp's, or a middleware's
            if isinstance(error, asyncio.CancelledError) and is_being_cancelled():
                # By the caller, or by a time-out or deadline, whose error tells its cause.
                _forget_key(error, key)
                raise
            if not guard.was_passed:
                progress.phase = phase_unguarded(error)
            _fail(error, key)
        finally:
            progress.is_over = True
        headers = answer.headers
        self._consistent = headers.get("X-Wix-Consistent") or self._consistent
        return Response(status=answer.status, headers=headers, body=key.taken_out_of(body))

    def _headers_of(self, key: APIKey, account_id: str) -> CIMultiDict[str]:
        # Nearly always those of the last request. One tuple, so that threads mix nothing up;
        # aiohttp copies the headers.
        about = key, account_id, self._consistent
        last = self._last_headers
        if last is None or last[0] != about:
            last = self._last_headers = about, self._headers(*about)
        return last[1]

    def _headers(self, key: APIKey, account_id: str, consistent: str | None) -> CIMultiDict[str]:
        headers = CIMultiDict({} if self._injected is None else _ALWAYS)
        headers["Authorization"] = key.reveal()
        headers["wix-account-id"] = account_id
        if consistent is not None:
            # The last one got, whoever got it: a sub-account's write is then seen by the parent.
            headers["X-Wix-Consistent"] = consistent
        return headers

    async def _ask_for_key(self) -> APIKey:
        function = self._keys.function
        assert function is not None  # noqa: S101  # a KeySource holds one or the other
        try:
            # On a thread: a vault's client may block, and an async function only makes an object.
            value = await run_blocking(function)
            value = await value if inspect.isawaitable(value) else value
        except (Exception, asyncio.CancelledError) as error:
            if isinstance(error, asyncio.CancelledError) and is_being_cancelled():
                raise
            raise ConfigurationError(
                f"api_key() raised {type(error).__name__}: {error}", field="api_key"
            ) from error
        return self._keys.check(value)


def _open_session() -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        connector=Connector(),
        cookie_jar=aiohttp.DummyCookieJar(),
        headers=_ALWAYS,
        timeout=_NO_TIMEOUT,
    )


class _Options(TypedDict, total=False):
    """What is the same for every request, beside what our own sessions do unasked."""

    raise_for_status: bool
    auto_decompress: bool
    timeout: aiohttp.ClientTimeout
    proxy: str
    ssl: ssl_module.SSLContext


def _options(
    injected: aiohttp.ClientSession | None, ssl: ssl_module.SSLContext | None, proxy: str | None
) -> _Options:
    options = _Options()
    if injected is not None:  # the user may have set it up to do otherwise
        options["raise_for_status"] = False
        options["auto_decompress"] = True
        options["timeout"] = _NO_TIMEOUT
    if proxy is not None:
        options["proxy"] = proxy
    if ssl is not None:
        options["ssl"] = ssl
    return options


@functools.lru_cache(maxsize=64)
def _url(text: str) -> URL:
    """Parse an address that is encoded already; creates and queries all go to the same."""
    return URL(text, encoded=True)


def _fail(error: BaseException, key: APIKey | None) -> NoReturn:
    """Turn whatever aiohttp raised into a failure that holds no key."""
    _forget_key(error, key)
    reason = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    if key is not None:  # some errors do not make their text of what they hold
        reason = reason.replace(key.reveal(), "***")
    raise NoAnswerError(reason) from error


def _forget_key(error: BaseException, key: APIKey | None) -> None:
    """Take aiohttp's frames, the headers sent and secrets out of an error and of what led to it.

    Some loggers print the local variables of every frame, and the ``repr`` of every error. And an
    error quotes what could not be understood of an answer, which may echo the request.
    """
    link: BaseException | None = error
    seen: set[int] = set()  # such a chain may be a circle
    while link is not None and id(link) not in seen:
        seen.add(id(link))
        link.__traceback__ = None
        if isinstance(link, aiohttp.ClientResponseError):
            asked = link.request_info
            # Of a proxy's refusal it is the proxy's address, with its password.
            url, real_url = asked.url.with_user(None), asked.real_url.with_user(None)
            bare = aiohttp.RequestInfo(url, asked.method, _NO_HEADERS, real_url)
            link.request_info = bare
            link.args = (bare, link.history)
        if key is not None:
            _take_out(key, link)
        link = link.__cause__ or link.__context__


def _take_out(key: APIKey, error: BaseException) -> None:
    """Take a key out of the texts of one error, also where its class lets nothing be set."""
    args = tuple(key.taken_out_of_any(part) for part in error.args)
    if any(new is not old for new, old in zip(args, error.args, strict=True)):
        BaseException.__setattr__(error, "args", args)
    attributes = vars(error)
    attributes.update({name: key.taken_out_of_any(value) for name, value in attributes.items()})
