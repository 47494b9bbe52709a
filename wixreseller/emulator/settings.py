"""Hold every switch for behaviour that Wix leaves open, with its default and its source.

Sources: ``documented`` (Wix says so), ``observed`` (seen in real answers), ``guessed`` (neither:
the default is our choice). Names are those of ``--set NAME=VALUE``.
"""

import math
from collections.abc import Mapping
from typing import Literal, TypeAlias

import attrs

Source: TypeAlias = Literal["documented", "observed", "guessed"]
SettingValue: TypeAlias = bool | float | str

_FLAGS = {"on": True, "true": True, "1": True, "off": False, "false": False, "0": False}


class SettingsError(ValueError):
    """Say which setting is wrong and what is allowed instead."""


@attrs.frozen
class SettingInfo:
    """Describe one setting: what it decides, what it takes, and where its default comes from."""

    name: str
    default: SettingValue
    choices: tuple[str, ...]
    doc: str
    source: Source

    @property
    def allowed(self) -> str:
        """Return the allowed values in words."""
        if self.choices:
            return " | ".join(self.choices)
        return "on | off" if isinstance(self.default, bool) else "a number, 0 or more"


def _describe(doc: str, source: Source, *choices: str) -> dict[str, object]:
    return {"doc": doc, "source": source, "choices": choices}


@attrs.frozen(kw_only=True)
class Settings:
    """Choose between the behaviours that Wix leaves open; every default is the likelier one."""

    paging_key: str = attrs.field(
        default="metadata",
        metadata=_describe(
            "the key of the paging object in a query's answer",
            "documented",
            "metadata",
            "pagingMetadata",
        ),
    )
    billing_key: str = attrs.field(
        default="billingInfo",
        metadata=_describe(
            "where an instance shows its billing (the last is contractDetails.billingInfo)",
            "documented",
            "billingInfo",
            "paymentInfo",
            "contractDetails",
        ),
    )
    usable_status: str = attrs.field(
        default="ENABLED",
        metadata=_describe("what a usable instance is called", "documented", "ENABLED", "ACTIVE"),
    )
    update_key: str = attrs.field(
        default="updatedPackage",
        metadata=_describe(
            "the key of the package in the answer to update-external-id",
            "documented",
            "updatedPackage",
            "updated_package",
            "package",
        ),
    )
    delete_bodies: str = attrs.field(
        default="keep",
        metadata=_describe(
            "whether DELETE bodies arrive, or a proxy on the way drops them",
            "guessed",
            "keep",
            "drop",
        ),
    )
    idempotency_mode: str = attrs.field(
        default="replay",
        metadata=_describe(
            "a key seen before: answer as the first time, refuse with 409, or do it again",
            "guessed",
            "replay",
            "conflict",
            "ignore",
        ),
    )
    idempotency_mismatch: str = attrs.field(
        default="conflict",
        metadata=_describe(
            "in mode replay, a key seen before with another request: refuse with 409, or replay",
            "guessed",
            "conflict",
            "replay",
        ),
    )
    idempotency_errors: bool = attrs.field(
        default=False,
        metadata=_describe("whether refusals (4xx) are remembered under the key too", "guessed"),
    )
    idempotency_lifetime_seconds: float = attrs.field(
        default=86_400.0,
        metadata=_describe("how long an idempotency key is remembered", "guessed"),
    )
    unknown_package: str = attrs.field(
        default="404",
        metadata=_describe("the status for a package that does not exist", "guessed", "404", "428"),
    )
    foreign_package: str = attrs.field(
        default="404",
        metadata=_describe(
            "the status for a package or instance of another account", "guessed", "404", "403"
        ),
    )
    cursor_error: str = attrs.field(
        default="application",
        metadata=_describe(
            "which form the 400 for a bad cursor takes", "guessed", "application", "validation"
        ),
    )
    fields_honoured: bool = attrs.field(
        default=False,
        metadata=_describe("whether a query returns only the fields it asks for", "observed"),
    )
    cancel_delay_seconds: float = attrs.field(
        default=0.0,
        metadata=_describe("how long a canceled instance keeps its old status", "documented"),
    )
    adjust_sets_pending: bool = attrs.field(
        default=False,
        metadata=_describe("whether an adjusted instance is delivered anew", "guessed"),
    )
    delivery_seconds: float = attrs.field(
        default=2.0,
        metadata=_describe("how long a new instance stays PENDING", "guessed"),
    )
    failure_code: str = attrs.field(
        default="EXTERNAL_FAILURE",
        metadata=_describe(
            "the failure code of instances whose delivery fails",
            "guessed",
            "EXTERNAL_FAILURE",
            "DELIVERY_TIMEOUT",
            "UNKNOWN",
        ),
    )
    one_time_days: float = attrs.field(
        default=365.0,
        metadata=_describe(
            "how long a ONE_TIME instance lasts after its purchase; 0: for ever", "guessed"
        ),
    )
    retry_after: str = attrs.field(
        default="off",
        metadata=_describe(
            "whether a 429 carries Retry-After, and in which form",
            "guessed",
            "off",
            "seconds",
            "date",
        ),
    )
    rate_limit_kind: str = attrs.field(
        default="fixed",
        metadata=_describe(
            "how requests are counted: fixed window, sliding window, token bucket",
            "guessed",
            "fixed",
            "sliding",
            "bucket",
        ),
    )
    rate_limit_scope: str = attrs.field(
        default="key",
        metadata=_describe(
            "what has a rate limit of its own", "guessed", "key", "account", "address"
        ),
    )

    def __attrs_post_init__(self) -> None:
        """Refuse values of a wrong type or outside the choices."""
        for info in describe_settings():
            _check(info, getattr(self, info.name))

    def with_texts(self, texts: Mapping[str, str]) -> "Settings":
        """Return a copy changed by ``NAME: VALUE`` texts; raise :class:`SettingsError`."""
        known = {info.name: info for info in describe_settings()}
        changes: dict[str, SettingValue] = {}
        for name, text in texts.items():
            if name not in known:
                raise SettingsError(
                    f"there is no setting {name!r}; the settings are: {', '.join(sorted(known))}"
                )
            changes[name] = _parse(known[name], text)
        return self.with_values(changes)

    def with_values(self, values: Mapping[str, SettingValue]) -> "Settings":
        """Return a copy with typed ``values``; raise :class:`SettingsError`."""
        current: dict[str, SettingValue] = attrs.asdict(self)
        unknown = sorted(set(values) - set(current))
        if unknown:
            raise SettingsError(
                f"there is no setting {unknown[0]!r}; the settings are: "
                f"{', '.join(sorted(current))}"
            )
        return Settings(**(current | dict(values)))  # type: ignore[arg-type] # checked on init


def describe_settings() -> tuple[SettingInfo, ...]:
    """Return every setting with its default, choices, meaning and source."""
    return tuple(
        SettingInfo(
            name=field.name,
            default=_default_of(field),
            choices=field.metadata["choices"],
            doc=field.metadata["doc"],
            source=field.metadata["source"],
        )
        for field in attrs.fields(Settings)
    )


def _default_of(field: "attrs.Attribute[SettingValue]") -> SettingValue:
    assert field.default is not None  # noqa: S101 # every setting above has one
    return field.default


def _wrong(info: SettingInfo, value: object) -> SettingsError:
    return SettingsError(
        f"setting {info.name} cannot be {value!r}; allowed: {info.allowed} ({info.doc})"
    )


def _check(info: SettingInfo, value: object) -> None:
    if isinstance(info.default, str):
        valid = value in info.choices
    elif isinstance(info.default, bool):
        valid = isinstance(value, bool)
    else:
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        valid = is_number and math.isfinite(value) and value >= 0  # type: ignore[arg-type,operator]
    if not valid:
        raise _wrong(info, value)


def _parse(info: SettingInfo, text: str) -> SettingValue:
    if isinstance(info.default, str):
        return text
    if isinstance(info.default, bool):
        if text.lower() not in _FLAGS:
            raise _wrong(info, text)
        return _FLAGS[text.lower()]
    try:
        return float(text)
    except ValueError:
        raise _wrong(info, text) from None
