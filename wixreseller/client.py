"""Wire the parts into a client."""

from __future__ import annotations

import os
import ssl as ssl_module
from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING

import attrs

from wixreseller import reconcile
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
from wixreseller.models import checks
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
        whose = key_identity(self._config.keys)
        pacer = pacer_for(self._config.base_url, whose, rate_limit, clock)
        memory = memory_for(self._config.base_url, whose, clock)
        runner = HooksRunner(checks.instance_of(hooks, Hooks, "hooks"))
        executor = Executor(self._transport, pacer, clock, runner)
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
        config = attrs.evolve(
            self._config, account_id=checks.guid(account_id, "account_id"), is_account_view=True
        )
        view = object.__new__(AsyncClient)
        view._config = config
        view._transport = self._transport
        view._calls = attrs.evolve(self._calls, config=config)
        view._is_view = True
        view._attach()
        return view

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
