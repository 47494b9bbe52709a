"""A shop that sells Wix plans with Starlette, in as little code as that takes."""

import logging
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypedDict

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from wixreseller import (
    AsyncClient,
    BillingInfo,
    CycleUnit,
    Package,
    Product,
    RateLimit,
    errors,
)

log = logging.getLogger("uvicorn.shop")

PLANS = {
    "basic": Product(
        catalog_product_id="c0000000-0000-4000-8000-000000000001",
        country_code="BR",
        billing_info=BillingInfo.recurring(1, CycleUnit.YEAR),
    ),
}


class State(TypedDict):
    """What lives as long as the server; each request has it as `request.state`."""

    wix: AsyncClient


@asynccontextmanager
async def lifespan(_: Starlette) -> AsyncIterator[State]:
    """Own the client: opened once, closed with the server."""
    # A visitor waits for at most a second for a turn, and five for everything.
    async with AsyncClient(rate_limit=RateLimit(max_wait=1.0), deadline=5.0) as wix:
        yield {"wix": wix}


async def sell(request: Request) -> JSONResponse:
    """Sell it once: the order's id is its external id, and `ensure` looks first."""
    plan = PLANS.get((await request.json()).get("plan"))
    if plan is None:
        raise HTTPException(422, f"plans: {', '.join(PLANS)}")
    packages = customers_wix(request).packages
    sold = await packages.ensure([plan], external_id=request.path_params["order"])
    return told(sold.package, 201 if sold.outcome == "created" else 200)


async def look(request: Request) -> JSONResponse:
    """Tell how an order is."""
    packages = customers_wix(request).packages
    package = await packages.find(request.path_params["order"])
    if package is None:
        raise HTTPException(404, "not sold, or not visible yet")
    return told(package, 200)


def customers_wix(request: Request) -> AsyncClient:
    """Give a view of one customer's account; in your shop, that of who is logged in."""
    wix: AsyncClient = request.state.wix
    return wix.for_account(str(request.path_params["account"]))


def told(package: Package, status: int) -> JSONResponse:
    """Tell of a package what a visitor may know."""
    states = [str(instance.status) for instance in package.product_instances]
    body = {"order": package.external_id, "package": package.id, "states": states}
    return JSONResponse(body, status)


async def refuse(request: Request, error: Exception) -> JSONResponse:
    """Answer with what is known: sold perhaps, surely not sold, or refused by Wix."""
    match error:
        case errors.OutcomeUnknownError():
            # Sent, and perhaps sold. Nobody sends it again blindly: say where to look.
            body = {"order": error.external_id, "states": ["UNKNOWN"]}
            return JSONResponse(body, 202, {"Location": request.url.path})
        case errors.PacingError() | errors.RateLimitError():
            seconds = str(math.ceil(error.retry_after or 60))
            return JSONResponse({"detail": "busy"}, 503, {"Retry-After": seconds})
        case errors.TransportError():
            return JSONResponse(
                {"detail": "no order was sent"}, 503, {"Retry-After": "5"}
            )
        case errors.ConfigurationError():  # an order id that Wix would refuse
            return JSONResponse({"detail": str(error)}, 400)
        case errors.ExternalIdConflictError():
            return JSONResponse({"detail": list(error.differences)}, 409)
        case errors.FailedPreconditionError():
            return JSONResponse({"detail": error.code}, 422)
        case errors.WixResellerError():
            log.error("%s", error.support_text())  # no secret is in it
            return JSONResponse({"detail": "Wix did not do it"}, 502)
        case _:
            raise error


ORDER = "/customers/{account:uuid}/orders/{order}"

app = Starlette(
    routes=[
        Route(ORDER, sell, methods=["PUT"]),
        Route(ORDER, look, methods=["GET"]),
    ],
    lifespan=lifespan,
    exception_handlers={errors.WixResellerError: refuse},
)
