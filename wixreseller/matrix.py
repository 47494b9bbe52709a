"""Decide what follows an attempt: give the answer, try again, raise, or admit not to know.

The table below is the promise of this library, and the whole of it: nothing else decides whether a
request is sent again. It is pure; :func:`decide` takes all that it depends on as arguments.

A write is tried again only when it provably was not sent, or when Wix refused it by throttling. A
time-out, a lost connection, a 408, a 5xx or an unreadable answer after sending leave it unknown.
"""

from __future__ import annotations

import enum
from typing import Final

import attrs

from wixreseller._phase import Phase
from wixreseller.models.enums import ErrorCode
from wixreseller.retry import RetryPolicy

__all__ = [
    "RULES",
    "Action",
    "Decision",
    "Event",
    "Phase",
    "Rule",
    "as_markdown",
    "classify_failure",
    "classify_status",
    "decide",
]


class Event(enum.Enum):
    """Name what an attempt came to; the value is the row's text in the documentation."""

    LATE_TURN = "the limiter would make it wait longer than `max_wait`"
    UNSENT = "no connection: name look-up, TCP, proxy or TLS failed, or timed out"
    LOST = "sent, then a time-out or a lost connection"
    ANSWERED = "2xx with a readable body"
    UNREADABLE = "2xx with an unreadable body"
    REDIRECTED = "3xx"
    THROTTLED = "429, too many requests"
    USED_UP = "429 with an application code: a used-up quota or one-time resource"
    REFUSED = "any other 4xx"
    BROKEN = "408 or 5xx"
    NOT_IMPLEMENTED = "501"


class Action(enum.Enum):
    """Name what follows."""

    GIVE = "give the answer"
    RETRY = "try again"
    RAISE = "raise"
    UNKNOWN = "unknown"


@attrs.frozen
class Rule:
    """One row of the table: what follows an event, for a read and for a write, and why."""

    event: Event
    read: Action
    write: Action
    why: str


RULES: Final = (
    Rule(
        Event.LATE_TURN,
        Action.RAISE,
        Action.RAISE,
        "the caller asked not to wait; nothing was sent",
    ),
    Rule(Event.UNSENT, Action.RETRY, Action.RETRY, "provably nothing was sent"),
    Rule(
        Event.LOST,
        Action.RETRY,
        Action.UNKNOWN,
        "the server may have taken it before the connection broke",
    ),
    Rule(Event.ANSWERED, Action.GIVE, Action.GIVE, "done"),
    Rule(
        Event.UNREADABLE,
        Action.RAISE,
        Action.UNKNOWN,
        "it says that it worked, and not what came of it",
    ),
    Rule(
        Event.REDIRECTED,
        Action.RAISE,
        Action.RAISE,
        "not followed: the key goes to no other address; whoever redirects has done nothing",
    ),
    Rule(
        Event.THROTTLED,
        Action.RETRY,
        Action.RETRY,
        "refused before it was looked at; every call of the key waits",
    ),
    Rule(Event.USED_UP, Action.RAISE, Action.RAISE, "waiting does not bring it back"),
    Rule(Event.REFUSED, Action.RAISE, Action.RAISE, "the same request is refused again"),
    Rule(
        Event.BROKEN,
        Action.RETRY,
        Action.UNKNOWN,
        "a server that fails may have failed after the deed, or a proxy before the answer",
    ),
    Rule(
        Event.NOT_IMPLEMENTED,
        Action.RAISE,
        Action.UNKNOWN,
        "it will not work the next time either; what a write has done is not said",
    ),
)
_BY_EVENT: Final = {rule.event: rule for rule in RULES}

# Wix documents 429 for "too many requests, or a used-up one-time token", and no code for either.
# That these are the codes of throttling is a guess; any other code is taken as final, because to
# send again what can never work would only use up the limit.
_THROTTLING_CODES: Final = frozenset(
    {None, "", "429", "RESOURCE_EXHAUSTED", "TOO_MANY_REQUESTS", "RATE_LIMIT_EXCEEDED"}
)


@attrs.frozen
class Decision:
    """Say what follows, and after how many seconds if it is another attempt."""

    action: Action
    delay: float = 0.0


def classify_failure(phase: Phase) -> Event:
    """Name the event of an attempt without an answer, by how far it got."""
    return Event.LOST if phase.may_have_sent else Event.UNSENT


def classify_status(status: int, code: ErrorCode | None) -> Event:
    """Name the event of an answer that is no success."""
    if 300 <= status < 400:
        return Event.REDIRECTED
    if status == 429:
        return Event.THROTTLED if code in _THROTTLING_CODES else Event.USED_UP
    if status == 501:
        return Event.NOT_IMPLEMENTED
    if status == 408 or status >= 500 or status < 200:
        return Event.BROKEN
    return Event.REFUSED


def decide(
    event: Event,
    *,
    is_write: bool,
    policy: RetryPolicy,
    attempts: int,
    throttled: int = 0,
    retry_after: float | None = None,
    has_budget: bool = True,
    time_left: float | None = None,
    chance: float = 0.0,
) -> Decision:
    """Decide what follows an event.

    ``attempts`` were made so far, ``throttled`` of them ended in a 429; ``time_left`` is what the
    deadline leaves, in seconds; ``chance`` is a random number from 0 to 1, for jitter. A retry
    that the policy, the budget or the deadline does not allow becomes a raise.
    """
    rule = _BY_EVENT[event]
    action = rule.write if is_write else rule.read
    if action is not Action.RETRY:
        return Decision(action)
    if event is Event.THROTTLED:
        delay = policy.delay_when_throttled(throttled, retry_after)
    else:
        delay = policy.delay(attempts - throttled, retry_after, chance) if has_budget else None
    if delay is None or (time_left is not None and delay >= time_left):
        return Decision(Action.RAISE)
    return Decision(Action.RETRY, delay)


def as_markdown() -> str:
    """Write the table as the documentation shows it."""
    lines = ["| what an attempt came to | a read | a write | why |", "| --- | --- | --- | --- |"]
    lines += [
        f"| {rule.event.value} | {rule.read.value} | {rule.write.value} | {rule.why} |"
        for rule in RULES
    ]
    return "\n".join(lines) + "\n"
