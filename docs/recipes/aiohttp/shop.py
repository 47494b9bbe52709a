"""A shop that sells Wix plans with aiohttp.web, through its own session."""

import logging
import math
import os
from collections.abc import AsyncIterator

from aiohttp import ClientSession, ClientTimeout, web
from aiohttp.typedefs import Handler
from wixreseller import (
    AsyncClient,
    BillingInfo,
    CycleUnit,
    Package,
    Product,
    RateLimit,
    errors,
)

WIX = web.AppKey("WIX", AsyncClient)
SESSION = web.AppKey("SESSION", ClientSession)
log = logging.getLogger("shop")
routes = web.RouteTableDef()

PLANS = {
    "basic": Product(
        catalog_product_id="c0000000-0000-4000-8000-000000000001",
        country_code="BR",
        billing_info=BillingInfo.recurring(1, CycleUnit.YEAR),
    ),
}


async def outside(app: web.Application) -> AsyncIterator[None]:
    """Open what leads outside before the first request, and close it after the last."""
    async with (
        # The shop's own session, for whatever else it asks on the web. The client uses
        # it and never closes it. Without `session=` it would have one of its own.
        ClientSession(timeout=ClientTimeout(total=30)) as session,
        # A visitor waits for at most a second for a turn, and five for everything.
        AsyncClient(
            session=session, rate_limit=RateLimit(max_wait=1.0), deadline=5.0
        ) as wix,
    ):
        app[SESSION] = session
        app[WIX] = wix
        yield


@web.middleware
async def refusals(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer with what is known: sold perhaps, surely not sold, or refused by Wix."""
    try:
        return await handler(request)
    except errors.OutcomeUnknownError as error:
        # Sent, and perhaps sold. Nobody sends it again blindly: say where to look.
        return web.json_response(
            {"order": error.external_id, "states": ["UNKNOWN"]},
            status=202,
            headers={"Location": request.path, "Retry-After": "10"},
        )
    except (errors.PacingError, errors.RateLimitError) as error:
        seconds = str(math.ceil(error.retry_after or 60))
        raise web.HTTPServiceUnavailable(headers={"Retry-After": seconds}) from error
    except errors.TransportError as error:
        raise web.HTTPServiceUnavailable(headers={"Retry-After": "5"}) from error
    except errors.ConfigurationError as error:
        # An account or an order id that Wix would refuse: the visitor made it up.
        return web.json_response({"detail": str(error)}, status=400)
    except errors.ExternalIdConflictError as error:
        return web.json_response({"detail": error.differences}, status=409)
    except errors.FailedPreconditionError as error:
        return web.json_response({"detail": error.code}, status=422)
    except errors.WixResellerError as error:
        log.error("%s", error.support_text())  # no secret is in it
        raise web.HTTPBadGateway from error


def customers_wix(request: web.Request) -> AsyncClient:
    """Give a view of one customer's account; in your shop, that of who is logged in."""
    return request.app[WIX].for_account(request.match_info["account"])


@routes.put("/customers/{account}/orders/{order}")
async def sell(request: web.Request) -> web.Response:
    """Sell it once: the order's id is its external id, and `ensure` looks first."""
    plan = PLANS.get((await request.json()).get("plan"))
    if plan is None:
        raise web.HTTPUnprocessableEntity(text=f"plans: {', '.join(PLANS)}")
    packages = customers_wix(request).packages
    sold = await packages.ensure([plan], external_id=request.match_info["order"])
    return told(sold.package, 201 if sold.outcome == "created" else 200)


@routes.get("/customers/{account}/orders/{order}")
async def look(request: web.Request) -> web.Response:
    """Tell how an order is."""
    packages = customers_wix(request).packages
    package = await packages.find(request.match_info["order"])
    if package is None:
        raise web.HTTPNotFound(text="not sold, or not visible yet")
    return told(package, 200)


def told(package: Package, status: int) -> web.Response:
    """Tell of a package what a visitor may know."""
    states = [instance.status for instance in package.product_instances]
    body = {"order": package.external_id, "package": package.id, "states": states}
    return web.json_response(body, status=status)


def make_app() -> web.Application:
    """Put the parts together."""
    app = web.Application(middlewares=[refusals])
    app.cleanup_ctx.append(outside)
    app.add_routes(routes)
    return app


if __name__ == "__main__":
    port = int(os.environ.get("PORT", "8000"))
    web.run_app(make_app(), host="127.0.0.1", port=port)
