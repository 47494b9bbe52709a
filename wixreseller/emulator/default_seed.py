"""Offer a small world to start with, all of it fixed and readable.

================================================  ================================================
key ``EMU.demo``                                  of the parent account
``a0000000-0000-4000-8000-000000000000``          parent account
``a0000000-0000-4000-8000-00000000000N``          sub-accounts, N = 1, 2, 3
``5M000000-0000-4000-8000-00000000000N``          sites N = 1, 2, 3 of account M = 0 (parent) to 3
``c0000000-0000-4000-8000-00000000000N``          products, N = 1 to 8:
================================================  ================================================

=  ======================  =========  ============================  ==============================
N  name                    type       paid                          rules
=  ======================  =========  ============================  ==============================
1  Premium Basic           PREMIUM    1 month, 1 year               one PREMIUM for each site
2  Premium Unlimited       PREMIUM    1 month, 1 year, 2 years      one PREMIUM for each site
3  Premium Business        PREMIUM    1 year                        one PREMIUM for each site
4  Business Email          EMAIL      1 month, 1 year               at most 5 for each account
5  Mailbox by a provider   EMAIL      1 month                       ends in AWAITING_ACTION
6  Domain                  DOMAIN     1 year, 2 years               one DOMAIN for each site
7  Extra Storage           ADDON      once                          the site needs a PREMIUM
8  Unlucky Add-on          ADDON      once, or 1 month              its delivery fails
=  ======================  =========  ============================  ==============================
"""

from wixreseller.emulator.jsonvalue import Json, JsonObject

API_KEY = "EMU.demo"
PARENT_ACCOUNT = "a0000000-0000-4000-8000-000000000000"
SUB_ACCOUNTS = tuple(f"a0000000-0000-4000-8000-00000000000{n}" for n in (1, 2, 3))
SITES = {
    account: tuple(f"5{m}000000-0000-4000-8000-00000000000{n}" for n in (1, 2, 3))
    for m, account in enumerate((PARENT_ACCOUNT, *SUB_ACCOUNTS))
}
(
    PREMIUM_BASIC,
    PREMIUM_UNLIMITED,
    PREMIUM_BUSINESS,
    BUSINESS_EMAIL,
    PROVIDER_MAILBOX,
    DOMAIN,
    EXTRA_STORAGE,
    UNLUCKY_ADDON,
) = (f"c0000000-0000-4000-8000-00000000000{n}" for n in range(1, 9))

_MONTH: JsonObject = {"unit": "MONTH", "count": 1}
_YEAR: JsonObject = {"unit": "YEAR", "count": 1}
_TWO_YEARS: JsonObject = {"unit": "YEAR", "count": 2}


def default_seed() -> JsonObject:
    """Return the default seed, a fresh copy each time."""
    accounts: list[Json] = [{"id": PARENT_ACCOUNT}]
    for account in SUB_ACCOUNTS:
        accounts.append({"id": account, "parentAccountId": PARENT_ACCOUNT})  # noqa: PERF401 # types
    sites: list[Json] = [
        {"id": site, "accountId": account} for account, sites in SITES.items() for site in sites
    ]
    return {
        "accounts": accounts,
        "apiKeys": [{"key": API_KEY, "accountId": PARENT_ACCOUNT}],
        "sites": sites,
        "products": [
            _product(PREMIUM_BASIC, "Premium Basic", "PREMIUM", [_MONTH, _YEAR], onePerSite=True),
            _product(
                PREMIUM_UNLIMITED,
                "Premium Unlimited",
                "PREMIUM",
                [_MONTH, _YEAR, _TWO_YEARS],
                onePerSite=True,
            ),
            _product(PREMIUM_BUSINESS, "Premium Business", "PREMIUM", [_YEAR], onePerSite=True),
            _product(BUSINESS_EMAIL, "Business Email", "EMAIL", [_MONTH, _YEAR], limit=5),
            _product(
                PROVIDER_MAILBOX,
                "Mailbox by a provider",
                "EMAIL",
                [_MONTH],
                outcome="AWAITING_ACTION",
            ),
            _product(DOMAIN, "Domain", "DOMAIN", [_YEAR, _TWO_YEARS], onePerSite=True),
            _product(
                EXTRA_STORAGE, "Extra Storage", "ADDON", [], oneTime=True, requiresType="PREMIUM"
            ),
            _product(
                UNLUCKY_ADDON, "Unlucky Add-on", "ADDON", [_MONTH], oneTime=True, outcome="FAILED"
            ),
        ],
    }


def _product(
    product_id: str, name: str, product_type: str, cycles: list[JsonObject], **rules: Json
) -> JsonObject:
    copies: list[Json] = [dict(cycle) for cycle in cycles]
    return {"id": product_id, "name": name, "type": product_type, "cycles": copies, **rules}
