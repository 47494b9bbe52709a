"""Offer the client: its settings, checked at once, and its calls, connected at the first."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from wixreseller._clock import Clock
from wixreseller._first_use import LateModule, at_first_use
from wixreseller._hooks import Hooks
from wixreseller._sentinels import NO_TIMEOUT, UNSET, Seconds, Unset
from wixreseller._wiring import Link, Wiring
from wixreseller.config import APIKeySource, ClientConfig, IfUnknown, check_ssl
from wixreseller.errors import OutcomeUnknownError
from wixreseller.models import checks
from wixreseller.ratelimit import RateLimit
from wixreseller.retry import RetryPolicy

if TYPE_CHECKING:
    import ssl as ssl_module
    from types import TracebackType

    import aiohttp
    from aiohttp.client_middlewares import ClientMiddlewareType

    from wixreseller import _operations, reconcile
    from wixreseller._calls import Calls
    from wixreseller.models import JSONValue
    from wixreseller.reconcile import Happened, NotSeen
    from wixreseller.resources.packages import AsyncPackages
    from wixreseller.resources.product_instances import AsyncProductInstances
else:
    _operations = LateModule("wixreseller._operations", globals())
    reconcile = LateModule("wixreseller.reconcile", globals())

__all__ = ["AsyncClient", "close_unused"]


class AsyncClient:
    """Call the Wix Resellers API.

    ``api_key`` is the raw account-level key, or a function (blocking or async) that gives it;
    without one ``WIX_API_KEY`` is used. ``account_id`` is the account that calls are for unless
    they name another; without one ``WIX_ACCOUNT_ID``. ``base_url`` is Wix itself, or
    ``WIXRESELLER_BASE_URL``: the emulator, say.

    ``timeout`` (seconds) bounds each attempt, ``deadline`` (seconds) each whole call, waits
    included; ``NO_TIMEOUT`` is endless. ``rate_limit`` paces all requests of the client and its
    views (``None``: not at all), ``retry`` says how often what may be tried again is. After a
    write whose answer was lost, ``if_unknown`` says whether to ``"look"`` at the state, and give
    the result if that proves that it happened, or to ``"raise"`` at once. ``session`` is an aiohttp
    session of yours, which is used and never closed; its own middlewares do not run, so pass those
    that shall as ``middlewares``. ``ssl`` is a TLS context of yours, ``hooks`` are told what
    happens.

    Use it with ``async with``, or call :meth:`aclose`. Making one checks the arguments, loads
    nothing heavy and connects to nothing; what calls need (aiohttp, above all) is loaded by
    ``async with``, by looking at ``packages``, or else by the first call, and takes some tenths of
    a second. It serves any number of threads and event loops.

    Example::

        async with AsyncClient(api_key=api_key, account_id=account_id) as client:
            print(await client.packages.find("sub-42"))

    Raises:
        ConfigurationError: no key, or an argument that cannot work; the message names it.
    """

    def __init__(
        self,
        *,
        api_key: APIKeySource | None = None,
        account_id: str | None = None,
        base_url: str | None = None,
        timeout: Seconds = 30.0,
        deadline: Seconds = NO_TIMEOUT,
        retry: RetryPolicy = RetryPolicy(),  # noqa: B008  # frozen
        rate_limit: RateLimit | None = RateLimit(200, per=60.0),  # noqa: B008  # frozen
        if_unknown: IfUnknown = "look",
        session: aiohttp.ClientSession | None = None,
        middlewares: Sequence[ClientMiddlewareType] = (),
        ssl: ssl_module.SSLContext | None = None,
        hooks: Hooks = Hooks(),  # noqa: B008  # frozen
    ) -> None:
        self._config = ClientConfig.resolve(
            environment=os.environ,
            api_key=api_key,
            account_id=account_id,
            base_url=base_url,
            timeout=timeout,
            deadline=deadline,
            retry=retry,
            rate_limit=rate_limit,
            if_unknown=if_unknown,
        )
        link = Link(
            self._config,
            Clock(),
            session=session,
            middlewares=middlewares,
            ssl=check_ssl(ssl, self._config.base_url),
        )
        self._hooks = checks.instance_of(hooks, Hooks, "hooks")
        self._wiring = Wiring(link, self._config.rate_limit, self._hooks)
        self._is_view = False

    @at_first_use
    def packages(self) -> AsyncPackages:
        """The calls on packages."""
        from wixreseller.resources.packages import AsyncPackages

        return AsyncPackages(self._calls)

    @at_first_use
    def product_instances(self) -> AsyncProductInstances:
        """The calls on product instances."""
        from wixreseller.resources.product_instances import AsyncProductInstances

        return AsyncProductInstances(self._calls)

    @property
    def account_id(self) -> str | None:
        """The account of calls that name none; it stays: ``for_account`` gives another's view."""
        return self._config.account_id

    def for_account(self, account_id: str) -> AsyncClient:
        """Give a view of this client for another account of the same key, a sub-account say.

        It shares connections and rate limit with this client, and its queries see that account
        only. Closing a view closes nothing.

        Example::

            customer = client.for_account(account_id)
            print(len(await customer.packages.query().collect()))

        Raises:
            ConfigurationError: ``account_id`` is no GUID.
        """
        return self.with_options(account_id=account_id)

    def with_options(
        self,
        *,
        account_id: str | Unset = UNSET,
        timeout: Seconds | Unset = UNSET,
        deadline: Seconds | Unset = UNSET,
        retry: RetryPolicy | Unset = UNSET,
        rate_limit: RateLimit | Unset | None = UNSET,
        if_unknown: IfUnknown | Unset = UNSET,
        hooks: Hooks | Unset = UNSET,
    ) -> AsyncClient:
        """Give a view of this client with other options; those not given stay.

        They mean what they mean to a client. With an ``account_id`` it is the view that
        :meth:`for_account` gives. It shares connections with this client, and the rate limit
        unless it is given one, which counts apart then if it has other ``requests`` or ``per``;
        after a 429 all pause together. Closing a view closes nothing. What the connections are
        made of (``api_key``, ``base_url``, ``session``, ``middlewares``, ``ssl``) is no option of a
        view: make another client.

        Example::

            quick = client.with_options(timeout=2.0, rate_limit=RateLimit(max_wait=0.0))
            print(await quick.packages.find("sub-42"))

        Raises:
            ConfigurationError: an argument that cannot work; the message names it.
        """
        config = self._config.changed(
            account_id=account_id,
            timeout=timeout,
            deadline=deadline,
            retry=retry,
            rate_limit=rate_limit,
            if_unknown=if_unknown,
        )
        view = object.__new__(AsyncClient)
        view._config = config
        view._hooks = self._hooks
        if hooks is not UNSET:
            view._hooks = checks.instance_of(hooks, Hooks, "hooks")
        view._wiring = self._wiring.changed(config.rate_limit, view._hooks)
        view._is_view = True
        return view

    async def request(
        self,
        method: str,
        path: str,
        *,
        json: JSONValue = None,
        write: bool = True,
        account_id: str | None = None,
        timeout: Seconds | Unset = UNSET,
        deadline: Seconds | Unset = UNSET,
    ) -> JSONValue:
        """Make any other account-level call of Wix's, and give the JSON of its answer as it is.

        ``method`` is GET, POST, PUT, PATCH or DELETE. ``path`` begins with a slash, is
        percent-encoded, and may have a query; it stays on the base URL. ``json`` is the body;
        without one, none is sent. An answer without a body gives ``None``.

        A call that only reads is tried again like all reads: say ``write=False``. Everything else
        is a write, and never sent again once it may have been taken; if its answer is lost, it is
        unknown, for nothing is known of where to look. So sell, move and cancel with the methods
        made for that.

        There is no ``idempotency_key``: where one goes, if the call takes any, only its own
        documentation says. Put it into ``json`` or ``path`` yourself; under the name
        ``idempotencyKey`` errors and hooks tell it.

        Raises:
            ConfigurationError: an argument that cannot work; nothing was sent.
            APIError: Wix answered with an error.
            OutcomeUnknownError: a write was sent and its answer lost, or it is not JSON; ``intent``
                holds the call.
        """
        request = _operations.other_call(
            self._calls.account(account_id),
            checks.one_of(method, ("GET", "POST", "PUT", "PATCH", "DELETE"), "method"),
            checks.api_path(path, "path"),
            json,
            is_write=checks.instance_of(write, bool, "write"),
        )
        return await self._calls.document(request, self._calls.times(timeout, deadline))

    async def resolve(
        self,
        error: OutcomeUnknownError,
        *,
        timeout: Seconds | Unset = UNSET,
        deadline: Seconds | Unset = UNSET,
    ) -> Happened | NotSeen:
        """Look whether a write happened whose outcome was unknown; reads only.

        ``error`` may come from another process: it pickles with all that is needed. ``Happened``
        is proven, and holds the package as it is now. ``NotSeen`` is not proof of the contrary:
        a write may become visible late.

        Example::

            try:
                await client.packages.create([order], external_id="sub-45")
            except OutcomeUnknownError as error:
                seen = await client.resolve(error)
                print(seen.package.id if isinstance(seen, Happened) else seen.why)

        Raises:
            ConfigurationError: ``error`` is not one that a call raised.
            WixResellerError: the state could not be read.
        """
        return await reconcile.resolve(self._calls, error, self._calls.times(timeout, deadline))

    async def aclose(self) -> None:
        """Close the connections. Twice is fine; a call after it raises ClientClosedError."""
        if not self._is_view:
            await self._wiring.link.aclose()

    async def __aenter__(self) -> AsyncClient:
        _ = self.packages  # else the first of the calls to come would have to wait for it
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    def __repr__(self) -> str:
        config = self._config
        return f"AsyncClient(account_id={config.account_id!r}, base_url={config.base_url!r})"

    def __reduce__(self) -> str:
        raise TypeError(
            "a client is not pickled, for it holds connections and a key; make another one in "
            "the other process. What pickles are settings: wixreseller.config.ClientConfig, "
            "which leaves the key out"
        )

    @at_first_use
    def _calls(self) -> Calls:
        return self._wiring.calls(self._config)


def close_unused(client: AsyncClient) -> bool:
    """Close a client that has not been used; say whether that was all to do, so no loop is needed.

    That is also so of a view, whose closing closes nothing.
    """
    is_view = client._is_view  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
    wiring = client._wiring  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
    return is_view or wiring.link.close_unused()
