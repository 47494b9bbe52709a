"""Define the two markers that stand where ``None`` would be ambiguous.

``None`` means "endless" in some libraries and "the default" in others; here it never stands
for a time. ``NO_TIMEOUT`` says endless, ``UNSET`` says "use what the client was made with".
"""

from __future__ import annotations

import enum
from typing import Final, Literal

__all__ = ["NO_TIMEOUT", "UNSET", "NoTimeout", "Seconds", "Unset"]


class Unset(enum.Enum):
    """Type of :data:`UNSET`."""

    UNSET = "UNSET"

    def __repr__(self) -> str:
        return self.value

    def __bool__(self) -> Literal[False]:
        return False


class NoTimeout(enum.Enum):
    """Type of :data:`NO_TIMEOUT`."""

    NO_TIMEOUT = "NO_TIMEOUT"

    def __repr__(self) -> str:
        return self.value


UNSET: Final = Unset.UNSET
"""Not given: the client's own setting holds."""

NO_TIMEOUT: Final = NoTimeout.NO_TIMEOUT
"""Wait for ever. The only way to say so: ``None`` is refused."""

Seconds = float | NoTimeout
"""A length of time in seconds, or :data:`NO_TIMEOUT`."""
