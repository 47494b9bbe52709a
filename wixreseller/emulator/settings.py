"""Hold every switch for behaviour that Wix leaves open, with its default and its source.

Sources: ``documented`` (Wix says so), ``observed`` (seen in real answers), ``guessed`` (neither:
the default is our choice). Names are those of ``--set NAME=VALUE``.
"""

from collections.abc import Mapping

import attrs

from wixreseller.emulator.switches import (
    SettingInfo,
    SettingsError,
    SettingValue,
    choice,
    describe,
    flag,
    number,
)

__all__ = ["SettingInfo", "SettingValue", "Settings", "SettingsError", "describe_settings"]


@attrs.frozen(kw_only=True)
class Settings:
    """Choose between the behaviours that Wix leaves open; every default is the likelier one."""

    # How answers look
    paging_key: str = choice(
        "documented",
        "the key of the paging object in a query's answer",
        "metadata",
        "pagingMetadata",
    )
    billing_key: str = choice(
        "documented",
        "where an instance shows its billing (the last is contractDetails.billingInfo)",
        "billingInfo",
        "paymentInfo",
        "contractDetails",
    )
    usable_status: str = choice(
        "documented", "what a usable instance is called", "ENABLED", "ACTIVE"
    )
    update_key: str = choice(
        "documented",
        "the key of the package in the answer to update-external-id",
        "updatedPackage",
        "updated_package",
        "package",
    )
    fields_honoured: bool = flag(
        "observed", "whether a query returns only the fields it asks for", default=False
    )
    counted_at_most: float = number(
        "documented",
        "above how many matches offset paging says tooManyToCount instead of total; 0: never",
        default=0.0,
    )
    # What is read from requests
    external_id_names: str = choice(
        "documented",
        "whether a create also takes external_id, as examples spell it",
        "both",
        "externalId",
    )
    encoded_slash: str = choice(
        "guessed", "whether %2F in a path is data, or refused with 400", "data", "refused"
    )
    country_required: bool = flag(
        "documented", "whether create V2 refuses a product without countryCode", default=True
    )
    old_create: str = choice(
        "guessed", "whether Create Package V1 still answers", "served", "unimplemented"
    )
    both_ids: str = choice(
        "guessed",
        "whether wix-site-id may come beside wix-account-id, or is refused with 400",
        "tolerated",
        "refused",
    )
    limit_above_100: str = choice(
        "guessed", "whether a page of more than 100 is refused with 400, or cut", "refused", "cut"
    )
    empty_filter: str = choice(
        "guessed",
        "whether an empty filter beside a cursor counts as absent, or is refused",
        "absent",
        "refused",
    )
    object_match: str = choice(
        "guessed",
        "whether $hasSome and $hasAll compare objects deeply, or by the given fields only",
        "deep",
        "partial",
    )
    ne_matches_missing: bool = flag(
        "guessed", "whether $ne matches a field that is missing", default=True
    )
    delete_bodies: str = choice(
        "guessed", "whether DELETE bodies arrive, or a proxy on the way drops them", "keep", "drop"
    )
    # Idempotency
    idempotency_mode: str = choice(
        "guessed",
        "a key seen before: answer as the first time, refuse with 409, or do it again",
        "replay",
        "conflict",
        "ignore",
    )
    idempotency_mismatch: str = choice(
        "guessed",
        "in mode replay, a key seen before with another request: refuse with 409, or replay",
        "conflict",
        "replay",
    )
    idempotency_errors: bool = flag(
        "guessed", "whether refusals (4xx) are remembered under the key too", default=False
    )
    idempotency_scope: str = choice(
        "guessed",
        "whose an idempotency key is: an operation's of an account, an account's, an API key's",
        "operation",
        "account",
        "caller",
    )
    idempotency_lifetime_seconds: float = number(
        "guessed", "how long an idempotency key is remembered", default=86_400.0
    )
    # Refusals
    unknown_package: str = choice(
        "guessed", "the status for a package that does not exist", "404", "428"
    )
    unknown_package_code: str = choice(
        "guessed", "the code for a package that does not exist", "NOT_FOUND", "PACKAGE_NOT_FOUND"
    )
    failed_assign: str = choice(
        "documented",
        "where a refused move leaves the instance: on its old site, or nowhere",
        "keeps_site",
        "unassigns",
    )
    foreign_package: str = choice(
        "guessed", "the status for a package or instance of another account", "404", "403"
    )
    cursor_error: str = choice(
        "guessed", "which form the 400 for a bad cursor takes", "application", "validation"
    )
    # What time does
    cancel_delay_seconds: float = number(
        "documented", "how long a canceled instance keeps its old status", default=0.0
    )
    adjust_sets_pending: bool = flag(
        "guessed", "whether an adjusted instance is delivered anew", default=False
    )
    delivery_seconds: float = number(
        "guessed", "how long a new instance stays PENDING", default=2.0
    )
    failure_code: str = choice(
        "guessed",
        "the failure code of instances whose delivery fails, unless their product has its own",
        "EXTERNAL_FAILURE",
        "DELIVERY_TIMEOUT",
        "UNKNOWN",
    )
    one_time_days: float = number(
        "guessed", "how long a ONE_TIME instance lasts after its purchase; 0: for ever", default=365
    )
    # What reads see
    visibility_lag_seconds: float = number(
        "documented", "how long queries do not see a write yet", default=0.0
    )
    visibility_lags_get: bool = flag(
        "guessed",
        "whether a get lags like a query, rather than seeing a write at once",
        default=False,
    )
    consistency_token: str = choice(
        "documented",
        "whether answers carry X-Wix-Consistent, and who sends it back sees their own writes",
        "honoured",
        "ignored",
        "absent",
    )
    # Rate limit
    retry_after: str = choice(
        "guessed",
        "whether a 429 carries Retry-After, and in which form",
        "off",
        "seconds",
        "date",
    )
    rate_limit_body: str = choice(
        "guessed", "whether a 429 has a code, or only a message", "application", "message"
    )
    foreign_requests_per_minute: float = number(
        "guessed",
        "how many requests of another process count against every limit, evenly spread",
        default=0.0,
    )
    rate_limit_kind: str = choice(
        "guessed",
        "how requests are counted: fixed window, sliding window, token bucket",
        "fixed",
        "sliding",
        "bucket",
    )
    rate_limit_scope: str = choice(
        "guessed", "what has a rate limit of its own", "key", "account", "address"
    )

    def __attrs_post_init__(self) -> None:
        """Refuse values of a wrong type or outside the choices."""
        for info in describe_settings():
            info.check(getattr(self, info.name))

    def with_texts(self, texts: Mapping[str, str]) -> "Settings":
        """Return a copy changed by ``NAME: VALUE`` texts; raise :class:`SettingsError`."""
        known = {info.name: info for info in describe_settings()}
        changes: dict[str, SettingValue] = {}
        for name, text in texts.items():
            if name not in known:
                raise _unknown(name)
            changes[name] = known[name].parse(text)
        return self.with_values(changes)

    def with_values(self, values: Mapping[str, object]) -> "Settings":
        """Return a copy with typed ``values``; raise :class:`SettingsError`."""
        current: dict[str, object] = attrs.asdict(self)
        for name in values:
            if name not in current:
                raise _unknown(name)
        return Settings(**(current | dict(values)))  # type: ignore[arg-type] # checked on init


def describe_settings() -> tuple[SettingInfo, ...]:
    """Return every setting with its default, choices, meaning and source."""
    return _DESCRIBED


def _unknown(name: str) -> SettingsError:
    names = ", ".join(sorted(info.name for info in _DESCRIBED))
    return SettingsError(f"there is no setting {name!r}; the settings are: {names}", name)


_DESCRIBED = tuple(describe(field) for field in attrs.fields(Settings))
