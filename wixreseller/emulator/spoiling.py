"""Do to an answer what a fault says."""

import attrs

from wixreseller.emulator.faults import Fault
from wixreseller.emulator.messages import Answer

_REQUEST_ID = "X-Wix-Request-Id"
# A proxy or a broken machine in between does not know the id that Wix gave.
_BEYOND_WIX = ("html_502", "empty_500", "redirect")


def spoil(fault: Fault, answer: Answer) -> Answer:
    """Return what becomes of an answer."""
    if fault.reply is not None:
        return _instead(fault, answer)
    if fault.kind in ("drop_before_commit", "drop_after_commit"):
        return attrs.evolve(answer, ending="drop")
    if fault.kind == "reset":
        return attrs.evolve(answer, ending="reset")
    if fault.kind == "truncate":
        length = len(answer.body)
        kept = length // 2 if fault.keep_bytes is None else min(fault.keep_bytes, length - 1)
        return attrs.evolve(answer, ending="truncate", length=length, body=answer.body[:kept])
    if fault.kind == "unreadable":
        return attrs.evolve(answer, body=fault.body)
    if fault.kind == "delay" and not fault.delays_the_request:
        return attrs.evolve(answer, hold_seconds=fault.seconds)
    return answer


def _instead(fault: Fault, answer: Answer) -> Answer:
    reply = fault.reply
    assert reply is not None  # noqa: S101 # asked above
    kept = {} if fault.kind in _BEYOND_WIX else {_REQUEST_ID: answer.headers[_REQUEST_ID]}
    return Answer(
        status=reply.status,
        body=reply.body,
        headers=kept | reply.headers,
        content_type=reply.content_type,
    )
