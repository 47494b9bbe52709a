"""Wait in the background until what was sold is delivered; Wix has no webhooks."""

import logging
from uuid import UUID

from anyio.abc import TaskGroup
from wixreseller import AsyncClient, Package, errors

log = logging.getLogger("uvicorn.shop")


class Deliveries:
    """Know which orders are delivered; in your shop, a table of the database."""

    def __init__(self, wix: AsyncClient, tasks: TaskGroup) -> None:
        self._wix = wix
        self._tasks = tasks
        self._delivered: dict[tuple[UUID, str], Package] = {}

    def find(self, account_id: UUID, order_id: str) -> Package | None:
        """Give the package of an order, if it is delivered. It costs no request."""
        return self._delivered.get((account_id, order_id))

    def wait_for(self, package: Package, account_id: UUID, order_id: str) -> None:
        """Begin to wait; nobody waits for that."""
        self._tasks.start_soon(self._wait, package, account_id, order_id)

    async def _wait(self, package: Package, account_id: UUID, order_id: str) -> None:
        packages = self._wix.for_account(str(account_id)).packages
        try:
            settled = await packages.wait_until_settled(package.id)
        except errors.WixResellerError as error:
            # An error that leaves a task group would end the server with it.
            log.warning("order %s is sold, and not delivered: %s", order_id, error)
        else:
            self._delivered[account_id, order_id] = settled
            log.info("order %s is delivered", order_id)
