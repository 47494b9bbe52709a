"""Wire the parts into a client."""

from __future__ import annotations

import os
import ssl as ssl_module
from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING

import attrs

from wixreseller import _operations, reconcile
from wixreseller._calls import Calls
from wixreseller._clock import Clock
from wixreseller._executor import Executor
from wixreseller._hooks_runner import HooksRunner
from wixreseller._memory import memory_for
from wixreseller._pacing import key_identity, pacer_for
from wixreseller._sentinels import NO_TIMEOUT, UNSET, Seconds, Unset
from wixreseller._transport import Transport
from wixreseller.config import APIKeySource, ClientConfig, IfUnknown, check_ssl
from wixreseller.errors import OutcomeUnknownError
from wixreseller.hooks import Hooks
from wixreseller.models import JSONValue, checks
from wixreseller.ratelimit import RateLimit
from wixreseller.reconcile import Happened, NotSeen
from wixreseller.resources.packages import AsyncPackages
from wixreseller.resources.product_instances import AsyncProductInstances
from wixreseller.retry import RetryPolicy

if TYPE_CHECKING:
    import aiohttp
    from aiohttp.client_middlewares import ClientMiddlewareType

__all__ = ["AsyncClient"]


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

    Use it with ``async with``, or call :meth:`aclose`. Making one connects to nothing; it
    serves any number of threads and event loops.

    Example::

        async with AsyncClient(api_key=api_key, account_id=account_id) as client:
            print(await client.packages.find("sub-42"))

    Raises:
        ConfigurationError: no key, or an argument that cannot work; the message names it.
    """

    packages: AsyncPackages
    """The calls on packages."""
    product_instances: AsyncProductInstances
    """The calls on product instances."""

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
        clock = Clock()
        self._transport = Transport(
            base_url=self._config.base_url,
            keys=self._config.keys,
            session=session,
            middlewares=middlewares,
            ssl=check_ssl(ssl, self._config.base_url),
        )
        self._whose = key_identity(self._config.keys)
        self._pacer = pacer_for(self._config.base_url, self._whose, rate_limit, clock)
        self._hooks = HooksRunner(checks.instance_of(hooks, Hooks, "hooks"))
        memory = memory_for(self._config.base_url, self._whose, clock)
        executor = Executor(self._transport, self._pacer, clock, self._hooks)
        self._calls = Calls(self._config, executor, memory)
        self._is_view = False
        self._attach()

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
        view._transport = self._transport
        view._config = config
        view._whose = self._whose
        view._pacer = self._pacer
        view._hooks = self._hooks
        if rate_limit is not UNSET:
            view._pacer = pacer_for(
                config.base_url, self._whose, config.rate_limit, self._calls.executor.clock
            )
        if hooks is not UNSET:
            view._hooks = HooksRunner(checks.instance_of(hooks, Hooks, "hooks"))
        executor = self._calls.executor
        if view._pacer is not self._pacer or view._hooks is not self._hooks:
            executor = executor.paced_by(view._pacer, view._hooks)
        view._calls = attrs.evolve(self._calls, config=config, executor=executor)
        view._is_view = True
        view._attach()
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
            await self._transport.aclose()

    async def __aenter__(self) -> AsyncClient:
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

    def _attach(self) -> None:
        self.packages = AsyncPackages(self._calls)
        self.product_instances = AsyncProductInstances(self._calls)
