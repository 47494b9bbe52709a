"""A small shop: it sells one plan, and tells its customers what happened."""

from wixreseller import BillingInfo, Client, CycleUnit, ErrorCode, Product, errors

PREMIUM_BASIC = "c0000000-0000-4000-8000-000000000001"

THANKS = "Thank you! We are setting up your site."
WAIT = "We are checking your order. Please do not order again; you will hear from us."
NOT_ORDERED = "Nothing was ordered: please try again in a few minutes."
HAS_ONE = "This site has a plan already."
READY = "Your site is ready."
REFUND = "It did not work out. You get your money back."


def buy(wix: Client, order_id: str, site_id: str) -> str:
    """Sell the plan for a site; give what the customer reads."""
    plan = Product(
        catalog_product_id=PREMIUM_BASIC,
        country_code="BR",
        site_id=site_id,
        billing_info=BillingInfo.recurring(1, CycleUnit.YEAR),
    )
    try:
        wix.packages.ensure([plan], external_id=order_id)
    except errors.OutcomeUnknownError:
        return WAIT
    except errors.FailedPreconditionError as error:
        if error.code == ErrorCode.PRODUCT_TYPE_ALREADY_ASSIGNED:
            return HAS_ONE
        raise  # a mistake of ours, not of the customer's
    except (errors.TransportError, errors.ServerError):
        return NOT_ORDERED
    return THANKS


def deliver(wix: Client, order_id: str) -> str:
    """Wait until the order is delivered; give what the customer reads."""
    package = wix.packages.find(order_id)
    if package is None:
        return WAIT
    try:
        wix.packages.wait_until_settled(package.id)
    except errors.InstanceFailedError:
        return REFUND
    return READY


def give_back(wix: Client, order_id: str) -> None:
    """Cancel an order, if it was sold."""
    package = wix.packages.find(order_id)
    if package is not None:
        wix.packages.cancel(package.id)
