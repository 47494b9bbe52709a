"""Write the request journal for people: what a failed test asked of the emulator.

The first request of an operation is shown whole, later ones as what differs from the one before.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Final

from wixreseller.models.json import JSONObject, JSONValue
from wixreseller.testing._values import RecordedRequest

__all__ = ["journal_text"]

_MOST_REQUESTS: Final = 40
_MOST_LINES: Final = 30
_WIDTH: Final = 100


def journal_text(requests: Sequence[RecordedRequest]) -> str:
    """List requests, oldest first: the last forty of them."""
    if not requests:
        return "no request reached the emulator"
    shown = requests[-_MOST_REQUESTS:]
    lines: list[str] = []
    if len(shown) < len(requests):
        lines.append(f"({len(requests) - len(shown)} earlier requests are not shown)")
    asked: dict[str, tuple[int, list[str]]] = {}
    for request in shown:
        kind = request.operation or f"{request.method} {request.path}"
        lines.append(_headline(request))
        body = _json_lines(request.request_body)
        if kind in asked:
            number, before = asked[kind]
            lines += _changes(number, before, body)
        else:
            lines += [f"    > {line}" for line in _cut(body)]
        asked[kind] = (request.number, body)
    return "\n".join(lines)


def _headline(request: RecordedRequest) -> str:
    notes = [
        f"spoilt by {request.fault}" if request.fault else "",
        "it was done all the same" if request.is_committed and request.status != _OK else "",
        "replayed" if request.is_replayed else "",
        "deprecated" if request.is_deprecated else "",
    ]
    parts = [
        f"#{request.number} {request.time:%H:%M:%S}.{request.time.microsecond // 1000:03d}",
        f"{request.operation or 'unknown route'}: {request.method} {request.path}",
        f"for {request.account or 'no account'} -> {_outcome(request)}",
    ]
    return " ".join(parts) + "".join(f", {note}" for note in notes if note)


_OK: Final = HTTPStatus.OK


def _outcome(request: RecordedRequest) -> str:
    if request.status is None:
        return "no answer"
    body = request.response_body
    if not isinstance(body, Mapping):
        return f"{request.status} {_short(body)}".rstrip()
    told = _found(body) if request.status == _OK else _refusal(body)
    return f"{request.status} {told}".rstrip()


def _found(body: JSONObject) -> str:
    """Sum up a good answer: the package, or how many there are."""
    packages = body.get("packages")
    if isinstance(packages, Sequence):
        return f"{len(packages)} package{'' if len(packages) == 1 else 's'}"
    for value in body.values():
        if isinstance(value, Mapping) and "productInstances" in value:
            return f"package {value.get('id')} ({', '.join(_statuses(value))})"
    return ""


def _statuses(package: JSONObject) -> Iterator[str]:
    instances = package.get("productInstances")
    for instance in instances if isinstance(instances, Sequence) else ():
        if isinstance(instance, Mapping):
            yield str(instance.get("status"))


def _refusal(body: JSONObject) -> str:
    details = body.get("details")
    error = details.get("applicationError") if isinstance(details, Mapping) else None
    code = error.get("code") if isinstance(error, Mapping) else None
    return " ".join(str(part) for part in (code, _short(body.get("message"))) if part)


def _changes(number: int, before: Sequence[str], now: Sequence[str]) -> Iterable[str]:
    """Show a body as what differs from that of the request ``number``."""
    if not now and not before:
        return
    if now == before:
        yield f"    > the same as #{number}"
        return
    yield f"    > as #{number}, but"
    # Without context, and without the two lines that name the files and those that count.
    changes = [
        f"{line[0]} {line[1:]}"
        for line in list(difflib.unified_diff(before, now, n=0, lineterm=""))[2:]
        if not line.startswith("@@")
    ]
    yield from (f"      {line}" for line in _cut(changes))


def _json_lines(body: JSONValue) -> list[str]:
    if body is None:
        return []
    flat = json.dumps(body, ensure_ascii=False)
    return (
        flat.splitlines()
        if len(flat) <= _WIDTH // 2
        else json.dumps(body, ensure_ascii=False, indent=2).splitlines()
    )


def _cut(lines: Sequence[str]) -> list[str]:
    if len(lines) <= _MOST_LINES:
        return list(lines)
    return [*lines[:_MOST_LINES], f"({len(lines) - _MOST_LINES} more lines)"]


def _short(value: JSONValue) -> str:
    text = value if isinstance(value, str) else "" if value is None else json.dumps(value)
    line = " ".join(text.split())
    return line if len(line) <= _WIDTH else f"{line[:_WIDTH]}..."
