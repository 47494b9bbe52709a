"""Check what Wix would refuse, before anything is sent.

Every function returns the value it was given, or raises
:class:`~wixreseller.errors.ConfigurationError` that names the field and says what is allowed.
The limits are those of the documented schema; nothing is checked that Wix does not document.
"""

from __future__ import annotations

import functools
import re
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final, TypeVar, cast
from urllib.parse import unquote

from wixreseller._sentinels import NO_TIMEOUT, Seconds
from wixreseller.errors import ConfigurationError
from wixreseller.models.countries import COUNTRY_CODES, COUNTRY_HINTS

if TYPE_CHECKING:
    from datetime import datetime

    from wixreseller.models.enums import OpenEnum

__all__ = [
    "MAX_CYCLE_COUNT",
    "MAX_DISCOUNT_CODE",
    "MAX_EXTERNAL_ID",
    "MAX_PAGE_SIZE",
    "MAX_PRODUCTS",
    "api_path",
    "country_code",
    "cursor_stands_alone",
    "cycle_count",
    "discount_code",
    "external_id",
    "guid",
    "has_time_zone",
    "idempotency_key",
    "instance_of",
    "max_items",
    "one_of",
    "open_enum",
    "optional_guid",
    "page_size",
    "plain",
    "products",
    "seconds",
    "shorten",
    "timeout",
    "wait",
    "whole_number",
]

MAX_EXTERNAL_ID: Final = 100
MAX_DISCOUNT_CODE: Final = 25
MAX_PRODUCTS: Final = 1000
MAX_PAGE_SIZE: Final = 100
MAX_CYCLE_COUNT: Final = 2**31 - 1
"""No limit of Wix's, but of the whole numbers that an answer could hold."""

# Wix's own samples do not keep to the RFC's variants, so the form is all that is checked.
_GUID: Final = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_GUID_LENGTH: Final = 36

_MOST_SECONDS: Final = sys.float_info.max

# What a path and a query may hold; all else is percent-encoded. No fragment: it is never sent.
_PATH: Final = re.compile(r"/(?!/)(?:[\w\-.~!$&'()*+,;=:@/?]|%[0-9a-fA-F]{2})*", re.ASCII)

T = TypeVar("T")
E = TypeVar("E", bound="OpenEnum")


def shorten(value: object, limit: int = 60) -> str:
    """Give the ``repr`` of a value, cut so that a message stays readable."""
    text = repr(value)
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def plain(text: str) -> str:
    """Give a text as a ``str`` and nothing more.

    What is one and something more, a member of a ``(str, Enum)`` say, may write itself in another
    way where it is made text of, in a header for one, and pickles only where its class is.
    """
    return text if type(text) is str else str.__str__(text)


def has_time_zone(moment: datetime) -> bool:
    """Say whether a moment says its time zone; one that is none, as pandas' ``NaT``, does not."""
    try:
        return moment.utcoffset() is not None
    except ValueError:
        return False


def instance_of(value: object, kind: type[T], field: str) -> T:
    """Check that a value is of a class."""
    if not isinstance(value, kind):
        raise ConfigurationError(
            f"{field} must be a {kind.__name__}, not {type(value).__name__}", field=field
        )
    return value


def one_of(value: T, allowed: Sequence[T], field: str) -> T:
    """Check that a value is one of a few."""
    if value not in allowed:
        names = " or ".join(repr(item) for item in allowed)
        raise ConfigurationError(f"{field} must be {names}, not {shorten(value)}", field=field)
    return value


def open_enum(value: object, kind: type[E], field: str) -> E:
    """Check a value of an open enum, or its text; text that it does not list is let through."""
    if type(value) is kind:
        return value
    if not isinstance(value, str) or not value:
        names = ", ".join(member.value for member in kind if member.value != "UNKNOWN")
        raise ConfigurationError(
            f"{field} must be a {kind.__name__} ({names}), not {shorten(value)}", field=field
        )
    return kind(_text(value, field, None))


@functools.lru_cache(maxsize=256)
def _is_guid(text: str) -> bool:
    # Remembered, for a reseller sells the same few products again and again.
    return _GUID.fullmatch(text) is not None


def guid(value: object, field: str) -> str:
    """Check a GUID: 8-4-4-4-12 hexadecimal digits, upper or lower case."""
    # Nothing else is remembered: it may be long, not hashable, or hold on to what it came from.
    if type(value) is str and len(value) == _GUID_LENGTH and _is_guid(value):
        return value
    if not isinstance(value, str) or not _GUID.fullmatch(value):
        raise ConfigurationError(
            f"{field} must be a GUID (8-4-4-4-12 hexadecimal digits, like "
            f"0a1b2c3d-0000-4000-8000-0123456789ab), not {shorten(value)}",
            field=field,
        )
    return plain(value)


def optional_guid(value: object, field: str) -> str | None:
    """Check a GUID that may be absent."""
    return None if value is None else guid(value, field)


def api_path(value: object, field: str) -> str:
    """Check a path on the base URL, with or without a query; nothing in it may lead elsewhere."""
    if not isinstance(value, str) or not _PATH.fullmatch(value):
        raise ConfigurationError(
            f"{field} must begin with one slash, be percent-encoded, and hold neither host nor "
            f"fragment (the API key goes to base_url only), not {shorten(value)}",
            field=field,
        )
    if {".", ".."} & {unquote(segment) for segment in value.partition("?")[0].split("/")}:
        raise ConfigurationError(f"{field} must have no segment of dots: {value!r}", field=field)
    return plain(value)


def _text(value: object, field: str, longest: int | None) -> str:
    if not isinstance(value, str) or not value:
        raise ConfigurationError(
            f"{field} must be a string that is not empty, not {shorten(value)}", field=field
        )
    if longest is not None and len(value) > longest:
        raise ConfigurationError(
            f"{field} may have at most {longest} characters, this one has {len(value)}", field=field
        )
    try:
        if not value.isascii():
            value.encode()
    except UnicodeEncodeError:
        raise ConfigurationError(
            f"{field} must be text, {shorten(value)} holds half of a surrogate pair", field=field
        ) from None
    return plain(value)


def external_id(value: object, field: str = "external_id") -> str:
    """Check an external id: 1 to 100 characters of any kind."""
    return _text(value, field, MAX_EXTERNAL_ID)


def discount_code(value: object, field: str = "discount_code") -> str | None:
    """Check a discount code, which may be absent: at most 25 characters."""
    return None if value is None else _text(value, field, MAX_DISCOUNT_CODE)


def idempotency_key(value: object, field: str = "idempotency_key") -> str:
    """Check an idempotency key: any string that is not empty."""
    return _text(value, field, None)


def country_code(value: object, field: str = "country_code") -> str:
    """Check a country: ISO 3166-1 alpha-2, two capital letters."""
    if isinstance(value, str) and value in COUNTRY_CODES:
        return value
    hint = ""
    if isinstance(value, str):
        capital = value.strip().upper()
        guess = COUNTRY_HINTS.get(capital, capital if capital in COUNTRY_CODES else None)
        hint = f"; did you mean {guess}?" if guess else ""
    raise ConfigurationError(
        f"{field} must be an ISO 3166-1 alpha-2 code, two capital letters like BR or DE, "
        f"not {shorten(value)}{hint}",
        field=field,
    )


def whole_number(value: object, field: str, most: int | None = None) -> int:
    """Check a whole number from 1, perhaps with an upper limit."""
    if (
        not isinstance(value, int)
        or isinstance(value, bool)
        or value < 1
        or (most is not None and value > most)
    ):
        upper = "" if most is None else f" to {most}"
        raise ConfigurationError(
            f"{field} must be a whole number from 1{upper}, not {shorten(value)}", field=field
        )
    return value


def seconds(value: object, field: str) -> float:
    """Check a length of time in seconds: a finite number above 0."""
    if (
        not isinstance(value, (int, float))
        or isinstance(value, bool)
        or not 0 < value <= _MOST_SECONDS
    ):
        raise ConfigurationError(
            f"{field} must be a number of seconds above 0, not {shorten(value)}", field=field
        )
    return value


def wait(value: object, field: str) -> Seconds:
    """Check how long something may wait: 0 or more seconds, or ``NO_TIMEOUT``."""
    if value is NO_TIMEOUT:
        return NO_TIMEOUT
    if value == 0 and not isinstance(value, bool):
        return 0.0
    return timeout(value, field)


def timeout(value: object, field: str) -> Seconds:
    """Check a time-out: seconds above 0, or ``NO_TIMEOUT``. ``None`` is refused."""
    if value is NO_TIMEOUT:
        return NO_TIMEOUT
    if value is None:
        raise ConfigurationError(
            f"{field} must be a number of seconds above 0, or NO_TIMEOUT to wait for ever; "
            f"None is refused because libraries disagree about what it means",
            field=field,
        )
    return seconds(value, field)


def cycle_count(value: object, field: str = "cycle_duration.count") -> int:
    """Check how many units a billing cycle has: 1 or more."""
    return whole_number(value, field, MAX_CYCLE_COUNT)


def max_items(value: object, field: str = "max_items") -> int | None:
    """Check how many items to read at the most, which may be left open: 1 or more."""
    return None if value is None else whole_number(value, field)


def page_size(value: object, field: str = "page_size") -> int:
    """Check a page size: 1 to 100, Wix's own maximum."""
    return whole_number(value, field, MAX_PAGE_SIZE)


def cursor_stands_alone(cursor: object, filter: object, sort: object) -> None:  # noqa: A002
    """Check that nothing is given beside a cursor, which holds its query's filter and sort."""
    if cursor is None:
        return
    if not isinstance(cursor, str) or not cursor:
        raise ConfigurationError(
            f"cursor must be a string that a page gave, not {shorten(cursor)}", field="cursor"
        )
    for field, value in (("filter", filter), ("sort", sort)):
        if value:
            raise ConfigurationError(
                f"{field} may not be given beside cursor: it is inside the cursor", field=field
            )


def products(value: object, kind: type[T], field: str = "products") -> Sequence[T]:
    """Check the products of a create: 1 to 1000, each of the class given."""
    if type(value) is not list:  # which it nearly always is
        if isinstance(value, kind):
            raise ConfigurationError(
                f"{field} must be a list of {kind.__name__}: put the one product into [ ]",
                field=field,
            )
        if not isinstance(value, Sequence) or isinstance(value, (str, bytes, Mapping)):
            raise ConfigurationError(
                f"{field} must be a list of {kind.__name__}, not {type(value).__name__}",
                field=field,
            )
    items = cast("Sequence[object]", value)
    if not 1 <= len(items) <= MAX_PRODUCTS:
        raise ConfigurationError(
            f"{field} must hold 1 to {MAX_PRODUCTS} products, this list has {len(items)}",
            field=field,
        )
    for index, item in enumerate(items):
        if not isinstance(item, kind):
            instance_of(item, kind, f"{field}[{index}]")
    return cast("list[T]", [*items])
