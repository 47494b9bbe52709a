"""Give resources what all calls share: the account, the times, the key, the executor."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any

import attrs

from wixreseller import _answers, _operations
from wixreseller._executor import BeforeSending, Executor, Times
from wixreseller._frozen import frozen
from wixreseller._hooks_runner import log_unknown
from wixreseller._memory import Memory
from wixreseller._operations import Request
from wixreseller._recent import RecentCreates
from wixreseller._sentinels import NO_TIMEOUT, UNSET, Seconds, Unset
from wixreseller.config import ClientConfig
from wixreseller.errors import OutcomeUnknownError
from wixreseller.idempotency import new_idempotency_key
from wixreseller.models import JSONValue, Package, Page, checks

if TYPE_CHECKING:
    from wixreseller._flights import Flights

__all__ = ["Calls", "Times"]


@frozen
class Calls:
    """Run requests with the configuration of one client or view."""

    config: ClientConfig
    executor: Executor
    memory: Memory = attrs.field(factory=Memory)
    before_sending: BeforeSending | None = None
    """For those who must have it on disk before it leaves."""
    _usual_times: Times = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "_usual_times", Times(self.config.timeout, None))

    @property
    def recent(self) -> RecentCreates:
        """The creates of late."""
        return self.memory.recent

    @property
    def flights(self) -> Flights:
        """The ensures under way."""
        return self.memory.flights

    def account(self, given: str | None) -> str:
        """Give the account of a call: its own, or the client's."""
        return self.config.account(given)

    def key(self, given: str | None) -> str:
        """Give the idempotency key of a write: the caller's untouched, or a new one."""
        return new_idempotency_key() if given is None else checks.idempotency_key(given)

    def times(self, timeout: Seconds | Unset, deadline: Seconds | Unset) -> Times:
        """Check the times of a call, and begin to count its deadline."""
        if timeout is UNSET and deadline is UNSET and self.config.deadline is NO_TIMEOUT:
            return self._usual_times
        each = self.config.timeout if timeout is UNSET else checks.timeout(timeout, "timeout")
        whole = self.config.deadline if deadline is UNSET else checks.timeout(deadline, "deadline")
        if whole is NO_TIMEOUT:
            return Times(each, None)
        return Times(each, self.executor.clock.monotonic() + whole)

    def package(self, request: Request, times: Times) -> Coroutine[Any, Any, Package]:
        """Run a request whose answer is a package."""
        return self.executor.run(
            request, _answers.read_package, times, self.config, self.before_sending
        )

    def page(self, request: Request, times: Times) -> Coroutine[Any, Any, Page]:
        """Run a request whose answer is a page."""
        return self.executor.run(
            request, _answers.read_page, times, self.config, self.before_sending
        )

    async def document(self, request: Request, times: Times) -> JSONValue:
        """Run a request of which nothing is known but whether it writes; give the JSON as it is.

        Raises:
            OutcomeUnknownError: a write's answer was lost. There is nothing to look at, whatever
                ``if_unknown`` says.
        """
        try:
            answer = await self.executor.run(
                request, _answers.read_document, times, self.config, self.before_sending
            )
        except OutcomeUnknownError as error:
            log_unknown(error)
            raise
        return answer.value

    def query_by_external_id(self, account_id: str, external_id: str) -> Request:
        """Ask for the packages of one account that have an external id."""
        return _operations.query_packages(
            account_id,
            limit=checks.MAX_PAGE_SIZE,
            filter={"externalId": external_id, "accountId": account_id},
        )
