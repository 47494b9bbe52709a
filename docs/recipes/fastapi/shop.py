"""A shop that sells Wix plans over HTTP."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Literal, TypedDict
from uuid import UUID

import anyio
from fastapi import Depends, FastAPI, HTTPException, Request, Response
from pydantic import BaseModel
from wixreseller import (
    AsyncClient,
    BillingInfo,
    CycleUnit,
    Package,
    Product,
    RateLimit,
    errors,
)

from deliveries import Deliveries
from refusals import refuse

YEARLY = BillingInfo.recurring(1, CycleUnit.YEAR)
PLANS = {
    "basic": Product(
        catalog_product_id="c0000000-0000-4000-8000-000000000001",
        country_code="BR",
        billing_info=YEARLY,
    ),
    "unlimited": Product(
        catalog_product_id="c0000000-0000-4000-8000-000000000002",
        country_code="BR",
        billing_info=YEARLY,
    ),
}


class State(TypedDict):
    """What lives as long as the server."""

    wix: AsyncClient
    deliveries: Deliveries


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[State]:
    """Own the client: its connections end with the server, and so does all waiting."""
    async with AsyncClient() as wix, anyio.create_task_group() as tasks:
        yield {
            # A visitor waits for at most a second for a turn, and five for everything.
            "wix": wix.with_options(rate_limit=RateLimit(max_wait=1.0), deadline=5.0),
            # What nobody waits for has time.
            "deliveries": Deliveries(wix, tasks),
        }
        tasks.cancel_scope.cancel()  # they only read: nothing is lost


app = FastAPI(lifespan=lifespan, exception_handlers={errors.WixResellerError: refuse})


def customers_wix(account_id: UUID, request: Request) -> AsyncClient:
    """Give a view of one customer's account. It costs nothing: it shares connections.

    Here the account is in the address, to be short. In your shop it is that of the
    visitor who logged in.
    """
    wix: AsyncClient = request.state.wix
    return wix.for_account(str(account_id))


CustomersWix = Annotated[AsyncClient, Depends(customers_wix)]


class Order(BaseModel):
    """What a visitor orders."""

    plan: Literal["basic", "unlimited"]


class Sale(BaseModel):
    """What became of an order."""

    order: str | None
    package: str
    states: list[str]

    @classmethod
    def of(cls, package: Package) -> "Sale":
        """Tell of a package what a visitor may know."""
        states = [str(instance.status) for instance in package.product_instances]
        return cls(order=package.external_id, package=package.id, states=states)


@app.put("/customers/{account_id}/orders/{order_id}", status_code=201)
async def sell(
    account_id: UUID,
    order_id: str,
    order: Order,
    wix: CustomersWix,
    request: Request,
    response: Response,
) -> Sale:
    """Sell it once: the order's id is its external id at Wix, and `ensure` looks first.

    So a second click, or a proxy that tries again, sells nothing again.
    """
    sold = await wix.packages.ensure([PLANS[order.plan]], external_id=order_id)
    if sold.outcome == "existing":
        response.status_code = 200
    else:
        request.state.deliveries.wait_for(sold.package, account_id, order_id)
    return Sale.of(sold.package)


@app.get("/customers/{account_id}/orders/{order_id}")
async def look(
    account_id: UUID, order_id: str, wix: CustomersWix, request: Request
) -> Sale:
    """Tell how it is. What is delivered costs no request, however often they reload."""
    deliveries: Deliveries = request.state.deliveries
    package = deliveries.find(account_id, order_id)
    package = package or await wix.packages.find(order_id)
    if package is None:
        raise HTTPException(404, "not sold, or not visible yet")
    return Sale.of(package)
