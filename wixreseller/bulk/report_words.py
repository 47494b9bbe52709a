"""Put numbers, times and products of a report into words."""

from __future__ import annotations

from datetime import UTC, datetime

from wixreseller.models import BillingInfo, text

__all__ = ["billing", "day", "duration", "many", "moment", "number", "share", "window_word"]


def number(value: int) -> str:
    """Write a whole number: ``12,345``."""
    return f"{value:,}"


def many(value: int, noun: str) -> str:
    """Count things: ``1 order``, ``2,000 orders``."""
    return f"{number(value)} {noun}{'' if value == 1 else 's'}"


def share(part: int, whole: int) -> str:
    """Give a part in per cent; what is not nothing and not all never looks like it."""
    if not whole or part in (0, whole):
        return "100 %" if part and part == whole else "0 %"
    percent = min(99.9, max(0.1, 100 * part / whole))
    return f"{percent:.1f} %" if percent < 10 or percent > 90 else f"{percent:.0f} %"


def duration(seconds: float) -> str:
    """Say how long: ``340 ms``, ``12.3 s``, ``50 min 12 s``, ``10 h 3 min``, ``2 d 4 h``."""
    if seconds < 0.9995:
        return f"{1000 * seconds:.0f} ms"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(round(seconds / 60), 60)
    if hours < 48:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    days, hours = divmod(round(seconds / 3600), 24)
    return f"{days} d {hours} h" if hours else f"{days} d"


def window_word(seconds: float) -> str:
    """Say how long the window of a rate limit is: ``a minute``, ``in 10.0 s``."""
    words = {1.0: "a second", 60.0: "a minute", 3600.0: "an hour"}
    return words.get(seconds) or f"in {duration(seconds)}"


def moment(posix: float | datetime | None) -> str:
    """Write a time: ``2026-03-01 09:30:12 UTC``."""
    if posix is None:
        return "never"
    when = posix if isinstance(posix, datetime) else datetime.fromtimestamp(posix, UTC)
    return f"{when.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def day(posix: float) -> str:
    """Write the date of a time."""
    return f"{datetime.fromtimestamp(posix, UTC):%Y-%m-%d}"


def billing(value: BillingInfo | None) -> str:
    """Say how something is billed."""
    return text.billing(value) or "as Wix has it"
