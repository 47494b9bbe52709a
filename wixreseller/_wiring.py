"""Connect the parts of a client, when its first call needs them.

Until then a client is its settings, checked, and its place in what all clients of a key share: the
memory of creates is looked for as the client is made. Pacers are looked for at the first call: one
that was used lives on, whoever holds it, for as long as it has anything to tell.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from wixreseller._caller import place_of_caller
from wixreseller._first_use import at_first_use
from wixreseller._memory import memory_for
from wixreseller.config import ClientConfig, key_identity

if TYPE_CHECKING:
    import ssl as ssl_module
    from collections.abc import Sequence

    import aiohttp
    from aiohttp.client_middlewares import ClientMiddlewareType

    from wixreseller._calls import Calls
    from wixreseller._clock import Clock
    from wixreseller._executor import Executor
    from wixreseller._hooks import Hooks
    from wixreseller._transport import Transport
    from wixreseller.ratelimit import RateLimit

__all__ = ["Link", "Wiring"]


class Link:
    """Hold what a client has in common with all its views: connections, memory, clock."""

    def __init__(
        self,
        config: ClientConfig,
        clock: Clock,
        *,
        session: aiohttp.ClientSession | None,
        middlewares: Sequence[ClientMiddlewareType],
        ssl: ssl_module.SSLContext | None,
    ) -> None:
        self.clock: Final = clock
        self.base_url: Final = config.base_url
        self.whose: Final = key_identity(config.keys)
        self.memory: Final = memory_for(self.base_url, self.whose, clock)
        self._keys = config.keys
        self._session = session
        self._middlewares = tuple(middlewares)
        self._ssl = ssl
        self._made_at = place_of_caller()
        self._made: Transport | None = None
        self._is_closed = False

    @at_first_use
    def transport(self) -> Transport:
        """What sends requests."""
        from wixreseller._transport import Transport

        made = self._made = Transport(
            base_url=self.base_url,
            keys=self._keys,
            session=self._session,
            middlewares=self._middlewares,
            ssl=self._ssl,
            made_at=self._made_at,
        )
        if self._is_closed:
            made.refuse_calls()
        return made

    def close_unused(self) -> bool:
        """Close what has not been used, so that it never is; say whether that was all to do."""
        # Here the one is set before the other is looked at, and above the other way round. So
        # without a lock one of the two sees the other, and nobody waits for what is being loaded.
        self._is_closed = True
        return self._made is None

    async def aclose(self) -> None:
        """Close the connections, if there are any."""
        if not self.close_unused():
            await self.transport.aclose()


class Wiring:
    """Make the calls of a client, or of views that have another limit or other hooks."""

    def __init__(
        self,
        link: Link,
        rate_limit: RateLimit | None,
        hooks: Hooks,
        first: Wiring | None = None,
    ) -> None:
        self.link: Final = link
        self._rate_limit = rate_limit
        self._hooks = hooks
        self._first = first

    def changed(self, rate_limit: RateLimit | None, hooks: Hooks) -> Wiring:
        """Give the same for a view; the very same, if it counts the same and tells the same."""
        if hooks is self._hooks and _counted(rate_limit) == _counted(self._rate_limit):
            return self
        return Wiring(self.link, rate_limit, hooks, self._first or self)

    def calls(self, config: ClientConfig) -> Calls:
        """Give what the resources of a client or view share."""
        from wixreseller._calls import Calls

        return Calls(config, self.executor, self.link.memory)

    @at_first_use
    def executor(self) -> Executor:
        """What carries the calls out."""
        from wixreseller._executor import Executor
        from wixreseller._hooks_runner import HooksRunner
        from wixreseller._pacing import pacer_for

        link, hooks = self.link, HooksRunner(self._hooks)
        pacer = pacer_for(link.base_url, link.whose, self._rate_limit, link.clock)
        if self._first is None:
            return Executor(link.transport, pacer, link.clock, hooks)
        return self._first.executor.paced_by(pacer, hooks)


def _counted(limit: RateLimit | None) -> object:
    """Give what has to be the same for two limits to count together."""
    return None if limit is None else (limit.requests, limit.per, limit.shared)
