"""Name what comes in and what goes out, without a socket in sight."""

from collections.abc import Mapping
from typing import Literal, TypeAlias

import attrs

Ending: TypeAlias = Literal["whole", "truncate", "drop", "reset", "stream"]


@attrs.frozen(kw_only=True)
class Request:
    """Hold a request as it came; ``headers`` does not mind case, ``path`` is still encoded."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    address: str
    raw_query: str = ""


@attrs.frozen(kw_only=True)
class Answer:
    """Hold an answer as it goes out.

    ``ending`` is what becomes of the connection: it stays, breaks off within the body (of which
    ``length`` bytes were promised), is closed without an answer, reset, or stays for the stream of
    the inspector's news. ``hold_seconds`` is how
    long the answer waits, by the emulator's clock.
    """

    status: int
    body: bytes
    headers: dict[str, str]
    content_type: str | None = "application/json"
    ending: Ending = "whole"
    length: int = 0
    hold_seconds: float = 0.0
