"""Say of every behaviour how much it is worth: documented by Wix, observed, or guessed by us.

``source`` names the page of Wix's documentation that says so, the real answers that show it, or
the reason for the guess.
"""

from collections.abc import Mapping

import attrs

from wixreseller.emulator.jsonvalue import Json, JsonObject
from wixreseller.emulator.settings import describe_settings
from wixreseller.emulator.switches import Source

REFERENCE = "REST reference of the Resellers API"
SCHEMA = "REST reference, schemas of requests and answers"
ERRORS = "REST reference, article on errors"
FORMAT = "article on Wix's error format"
FILTERS = "REST reference, article on supported filters and sorting"
LANGUAGE = "article on the API query language"
TYPES = "type declarations of the JavaScript SDK"
SILENCE = "nothing is documented"
LIKELY = "nothing is documented; taken as the likelier"


@attrs.frozen
class Behaviour:
    """Tie a behaviour to what it rests on."""

    behaviour: str
    basis: Source
    source: str


def _documented(source: str, *behaviours: str) -> tuple[Behaviour, ...]:
    return tuple(Behaviour(behaviour, "documented", source) for behaviour in behaviours)


def _guessed(source: str, *behaviours: str) -> tuple[Behaviour, ...]:
    return tuple(Behaviour(behaviour, "guessed", source) for behaviour in behaviours)


RULES = (
    *_documented(
        REFERENCE,
        "the raw API key stands in Authorization, the account in wix-account-id",
        "the account in the header receives the package; a parent's key serves its sub-accounts",
        "a query answers for the parent account, whichever account asks",
        "a free extra needs a reference instance, which is PENDING or usable and serves once",
        "a discount code that is not valid does not fail the call",
        "new instances are PENDING and settle later, without a call",
        "an instance without a site floats",
        "get, cancel and adjust fail for a package or instance of another account",
        "cancel package cancels every instance, cancel instance one; nothing un-cancels",
        "assign moves an assigned instance; unassign makes it float",
        "adjust needs a catalogProductId or a billingInfo, of the same type, with a cycle it has",
        "a discount code without a new catalogProductId is ignored on adjust",
        "every change of an instance answers with its whole package",
        "more than 200 requests a minute are refused with 429",
    ),
    *_documented(
        SCHEMA,
        "1 to 1000 products, externalId of at most 100 characters, discountCode of at most 25",
        "failure only with FAILED; expirationDate only where an instance does not renew",
        "cycleDuration only for RECURRING",
        "the entity, the slugs and the envelope of events",
    ),
    *_documented(
        ERRORS,
        "status and code of the sixteen application errors of create and adjust",
        "the statuses 400, 401, 403, 404, 409, 428, 429, 500, 501, 503 and 504",
    ),
    *_documented(
        FORMAT,
        "message, details.applicationError and details.validationError, several violations at once",
        "a system error has an empty message and empty details",
    ),
    *_documented(
        FILTERS,
        "which field takes which operators, and which can be sorted by",
        "createdDate DESC and 100 are the defaults, 100 the most",
    ),
    *_documented(
        LANGUAGE,
        "a cursor comes with neither filter nor sort, and may change the limit",
        "bare equality, several operators on one field, $and, $or, $not",
        "an absent or null field does not exist",
    ),
    *_documented(
        TYPES, "idempotencyKey of a DELETE in the query string; path ids repeated in body or query"
    ),
    Behaviour(
        "the words for a field that cannot be filtered on, and field and description as message",
        "observed",
        "a real answer to a query",
    ),
    Behaviour(
        "DELETE without a body, with {}, with JSON typed as text, with all in the query string",
        "observed",
        "what Wix's own clients and common HTTP libraries send",
    ),
    *_guessed(
        SILENCE,
        "the code of a refusal that is no business rule, the words of descriptions, rule names",
        "data of application errors: the ids, limits and statuses that the refusal is about",
        "a missing or malformed account is a 400; one out of the key's reach a 403",
        "unknown fields of a body are refused; null and the empty string count as absent",
        "country codes are checked against ISO 3166-1",
        "the order of checks: input, product, site, reference, cycle, limit, site rules",
        "limits count the live instances of one account; one-per-site counts by product type",
        "the codes of references and of assign: the nearest of the documented ones",
        "a product id that is no GUID is INVALID_PRODUCTS; one without a way to pay is not defined",
        "every discount code is kept and shown, valid or not",
        "a canceled or failed instance cannot be assigned, unassigned or adjusted",
        "canceling what is over, and unassigning what floats, succeed and change nothing",
        "an expired instance is CANCELED; its expiration does not move with its product",
        "an idempotency key covers path and body; in flight there is never more than one request",
        "cursors are signed, hold filter and sort, and never expire",
        "rows of equal sort keys go by the order of their creation",
        "which act has which event, and what bodyAsJson holds; nothing is deleted",
        "an unknown route is a 501 that lists the known ones",
        "a body has at most 16 MiB, a filter 50 levels and 30,000 values",
        "permissions of keys are not told apart: a known key may do everything",
    ),
)

SETTING_SOURCES: Mapping[str, str] = {
    "paging_key": "schema and examples say metadata, prose says pagingMetadata",
    "billing_key": "schema and examples differ; one schema dump has contractDetails.billingInfo",
    "usable_status": "the enum and examples say ENABLED, prose on reference instances says ACTIVE",
    "update_key": "the schema says updatedPackage, an example updated_package",
    "fields_honoured": "the documented example asks for id and gets everything",
    "counted_at_most": "the schema of the paging metadata has tooManyToCount, and no number",
    "external_id_names": "tables say externalId, examples external_id",
    "encoded_slash": LIKELY,
    "country_required": "required in the schema of create V2; whether it is enforced is not said",
    "old_create": "marked as deprecated; no end is named",
    "both_ids": LIKELY,
    "limit_above_100": "the maximum is documented, not what happens above it",
    "empty_filter": LIKELY,
    "object_match": LIKELY,
    "ne_matches_missing": "as in MongoDB, whose language it borrows",
    "delete_bodies": "proxies are free to drop them (RFC 9110, section 9.3.5)",
    "idempotency_mode": SILENCE,
    "idempotency_mismatch": SILENCE,
    "idempotency_errors": SILENCE,
    "idempotency_scope": SILENCE,
    "idempotency_lifetime_seconds": SILENCE,
    "unknown_package": LIKELY,
    "unknown_package_code": LIKELY,
    "failed_assign": "the reference says that a failed move may leave the instance on neither site",
    "foreign_package": LIKELY,
    "cursor_error": LIKELY,
    "cancel_delay_seconds": "one example shows CANCELED at once, another PENDING",
    "adjust_sets_pending": SILENCE,
    "delivery_seconds": "that it takes time is documented, not how long",
    "failure_code": "the codes are documented, not when which is used",
    "one_time_days": "expirationDate is documented, not how far away it is",
    "visibility_lag_seconds": "that a query may miss a fresh write is documented, not for how long",
    "visibility_lags_get": LIKELY,
    "consistency_token": "that an answer may carry it is documented, not whether it does here",
    "retry_after": "no rate-limit headers are documented",
    "rate_limit_body": SILENCE,
    "foreign_requests_per_minute": "whose limit it is, and who else uses it up, is not documented",
    "rate_limit_kind": SILENCE,
    "rate_limit_scope": SILENCE,
}


def to_wire() -> JsonObject:
    """Return every behaviour, rules first, with the setting that changes it."""
    listed: list[Json] = [
        {"behaviour": r.behaviour, "basis": r.basis, "source": r.source, "setting": None}
        for r in RULES
    ]
    for info in describe_settings():
        listed.append(  # noqa: PERF401 # a comprehension would need the type twice
            {
                "behaviour": f"{info.doc}: {info.default!r}",
                "basis": info.source,
                "source": SETTING_SOURCES[info.name],
                "setting": info.name,
            }
        )
    return {"behaviours": listed}
