"""Give resources what all calls share: the account, the times, the key, the executor."""

from __future__ import annotations

import attrs

from wixreseller import _answers
from wixreseller._executor import Executor
from wixreseller._operations import Request
from wixreseller._sentinels import UNSET, Seconds, Unset
from wixreseller.config import ClientConfig
from wixreseller.idempotency import new_idempotency_key
from wixreseller.models import Package, Page, checks

__all__ = ["Calls"]


@attrs.frozen
class Calls:
    """Run requests with the configuration of one client or view."""

    config: ClientConfig
    executor: Executor

    def account(self, given: str | None) -> str:
        """Give the account of a call: its own, or the client's."""
        return self.config.account(given)

    def key(self, given: str | None) -> str:
        """Give the idempotency key of a write: the caller's untouched, or a new one."""
        return new_idempotency_key() if given is None else checks.idempotency_key(given)

    async def package(
        self, request: Request, timeout: Seconds | Unset, deadline: Seconds | Unset
    ) -> Package:
        """Run a request whose answer is a package."""
        return await self.executor.run(
            request,
            _answers.read_package,
            timeout=self._timeout(timeout),
            deadline=self._deadline(deadline),
            retry=self.config.retry,
        )

    async def page(
        self, request: Request, timeout: Seconds | Unset, deadline: Seconds | Unset
    ) -> Page:
        """Run a request whose answer is a page."""
        return await self.executor.run(
            request,
            _answers.read_page,
            timeout=self._timeout(timeout),
            deadline=self._deadline(deadline),
            retry=self.config.retry,
        )

    def _timeout(self, given: Seconds | Unset) -> Seconds:
        return self.config.timeout if given is UNSET else checks.timeout(given, "timeout")

    def _deadline(self, given: Seconds | Unset) -> Seconds:
        return self.config.deadline if given is UNSET else checks.timeout(given, "deadline")
