"""Sell and look in sync views; wait in an async one."""

import contextlib
import json
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views import View
from wixreseller import BillingInfo, CycleUnit, Package, Product, errors

from shop.wix import async_client, client

PLANS = {
    "basic": Product(
        catalog_product_id="c0000000-0000-4000-8000-000000000001",
        country_code="BR",
        billing_info=BillingInfo.recurring(1, CycleUnit.YEAR),
    ),
}


class Order(View):
    """One order of a customer: in your shop, of the one who is logged in."""

    def put(self, request: HttpRequest, account: UUID, order: str) -> HttpResponse:
        """Sell it once: the order's id is its external id, and `ensure` looks first."""
        plan = PLANS.get(json.loads(request.body).get("plan"))
        if plan is None:
            return JsonResponse({"detail": f"plans: {', '.join(PLANS)}"}, status=422)
        # A view of the account costs nothing: it shares connections and rate limit.
        packages = client.for_account(str(account)).packages
        sold = packages.ensure([plan], external_id=order)
        return told(sold.package, 201 if sold.outcome == "created" else 200)

    def get(self, request: HttpRequest, account: UUID, order: str) -> HttpResponse:
        """Tell how it is."""
        package = client.for_account(str(account)).packages.find(order)
        if package is None:
            raise Http404("not sold, or not visible yet")
        return told(package)


async def delivery(request: HttpRequest, account: UUID, order: str) -> HttpResponse:
    """Answer as soon as it is delivered, or after 20 seconds: "we set things up".

    Under ASGI, a thousand of these waits cost next to nothing. A sync view would hold
    a worker for as long.
    """
    packages = async_client.for_account(str(account)).packages
    package = await packages.find(order)
    if package is None:
        raise Http404("not sold, or not visible yet")
    with contextlib.suppress(errors.StillPendingError, errors.InstanceFailedError):
        return told(await packages.wait_until_settled(package.id, deadline=20.0))
    return told(await packages.get(package.id))  # its state says which of the two


def told(package: Package, status: int = 200) -> JsonResponse:
    """Tell of a package what a visitor may know."""
    states = [instance.status for instance in package.product_instances]
    body = {"order": package.external_id, "package": package.id, "states": states}
    return JsonResponse(body, status=status)
