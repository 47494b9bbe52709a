"""Name how far an attempt gets: what decides whether it may have done anything."""

from __future__ import annotations

import enum
from typing import Final

__all__ = ["Phase"]


class Phase(enum.Enum):
    """Name how far an attempt got; the value reads on from "timed out while"."""

    PACING = "waiting for the limiter"
    PREPARING = "waiting for a free connection or the API key"
    RESOLVING = "looking up the name"
    CONNECTING = "connecting"
    SECURING = "agreeing on TLS"
    SENDING = "sending"
    ANSWERING = "waiting for the answer"
    READING = "reading the answer"
    RETRYING = "waiting to try again"

    @property
    def may_have_sent(self) -> bool:
        """Whether a byte of the request may have left this machine."""
        return self in _SENT


_SENT: Final = frozenset({Phase.SENDING, Phase.ANSWERING, Phase.READING})
