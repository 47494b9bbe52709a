"""Read what a create or an adjust asks for, and refuse input of the wrong form.

Limits are documented: products 1-1000, external id 100 characters, discount code 25, country code
required on create V2. That country codes are checked against ISO 3166-1 is a guess.
"""

from collections.abc import Sequence

import attrs

from wixreseller.emulator.fields import Fields
from wixreseller.emulator.seed import UNITS

_COUNTRY_CODES = """
AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ
BR BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM
DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS
GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN
KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ
MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM
PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV
SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI
VN VU WF WS YE YT ZA ZM ZW
"""
_COUNTRIES = frozenset(_COUNTRY_CODES.split())
_PRODUCT_FIELDS = (
    "catalogProductId",
    "countryCode",
    "siteId",
    "billingInfo",
    "discountCode",
    "referenceProductInstanceId",
)


@attrs.frozen(kw_only=True)
class BillingOrder:
    """Hold how the caller wants to pay; without a unit, no cycle was given."""

    type: str
    unit: str | None
    count: int


@attrs.frozen(kw_only=True)
class ProductOrder:
    """Hold one product of a create."""

    path: str
    product_id: str
    country_code: str | None
    site_id: str | None
    billing: BillingOrder | None
    discount_code: str | None
    reference_id: str | None


@attrs.frozen(kw_only=True)
class CreateOrder:
    """Hold what a create asks for."""

    external_id: str | None
    products: tuple[ProductOrder, ...]


@attrs.frozen(kw_only=True)
class AdjustOrder:
    """Hold what an adjust asks for."""

    product_id: str | None
    billing: BillingOrder | None
    discount_code: str | None


def read_create(fields: Fields, *, country_required: bool, names: Sequence[str]) -> CreateOrder:
    """Read the body of a create; the external id comes under one of ``names``."""
    fields.allow(("idempotencyKey", *names, "products"))
    name = next((name for name in names if fields.has(name)), names[0])
    external_id = fields.text(name, 100)
    products = [
        _read_product(entry, country_required=country_required)
        for entry in fields.children("products", 1, 1000)
    ]
    fields.settle()
    return CreateOrder(external_id=external_id, products=tuple(products))


def read_adjust(fields: Fields) -> AdjustOrder:
    """Read the body of an adjust."""
    order = AdjustOrder(
        product_id=_lower(fields.text("catalogProductId", 100)),
        billing=_read_billing(fields),
        discount_code=fields.text("discountCode", 25),
    )
    fields.settle()
    return order


def _read_product(fields: Fields, *, country_required: bool) -> ProductOrder:
    fields.allow(_PRODUCT_FIELDS)
    fields.require("catalogProductId")
    if country_required:
        fields.require("countryCode")
    return ProductOrder(
        path=fields.path,
        product_id=_lower(fields.text("catalogProductId", 100)) or "",
        country_code=fields.passing(
            "countryCode", _COUNTRIES.__contains__, "is not an ISO 3166-1 alpha-2 country code"
        ),
        site_id=fields.guid("siteId"),
        billing=_read_billing(fields),
        discount_code=fields.text("discountCode", 25),
        reference_id=fields.guid("referenceProductInstanceId"),
    )


def _read_billing(fields: Fields) -> BillingOrder | None:
    billing = fields.child("billingInfo")
    if billing is None:
        return None
    billing.allow(("type", "cycleDuration"))
    billing.require("type")
    kind = billing.choice("type", ("ONE_TIME", "RECURRING"))
    cycle = billing.child("cycleDuration")
    unit, count = None, 1
    if cycle is not None:
        cycle.allow(("unit", "count"))
        unit = cycle.choice("unit", UNITS)
        # A unit without a count means one of it: a guess.
        count = cycle.whole("count", 1, 2**31 - 1) or 1
        if kind == "ONE_TIME":
            billing.fault("cycleDuration", "is only for RECURRING", "FIELD_NOT_ALLOWED")
    return BillingOrder(type=kind or "", unit=unit, count=count)


def _lower(text: str | None) -> str | None:
    return None if text is None else text.lower()
