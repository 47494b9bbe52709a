"""Exchange one request with the control plane, over a connection of its own."""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable, Mapping
from typing import Final, Generic, TypeVar
from urllib.parse import urlencode, urlsplit

import attrs

from wixreseller.models.json import JSONValue

__all__ = ["Ask", "EmulatorControlError", "exchange"]

T = TypeVar("T")

_TIMEOUT_SECONDS: Final = 30.0


class EmulatorControlError(RuntimeError):
    """Say that the emulator refused something, or that there is none.

    ``status`` is that of its answer, ``None`` when there was no answer; ``body`` what it said.
    """

    def __init__(self, message: str, *, status: int | None = None, body: JSONValue = None) -> None:
        super().__init__(message)
        self.status = status
        self.body = body


@attrs.frozen
class Ask(Generic[T]):
    """Hold what to ask, and how to read the answer; it knows nothing of sockets."""

    method: str
    name: str
    read: Callable[[JSONValue], T]
    body: JSONValue = None
    query: Mapping[str, str | int | None] = attrs.field(factory=dict[str, str | int | None])

    @property
    def path(self) -> str:
        """The path with the query string."""
        given = {name: value for name, value in self.query.items() if value is not None}
        return f"/_emulator/{self.name}{'?' if given else ''}{urlencode(given)}"


def exchange(url: str, ask: Ask[T]) -> T:
    """Ask, and read the answer.

    A connection for each question keeps this free of threads and of state, and costs less than a
    millisecond on one machine. Proxy variables are not looked at: the emulator is on this one.
    """
    status, body = _send(url, ask.method, ask.path, ask.body)
    if status != http.HTTPStatus.OK:
        raise EmulatorControlError(
            f"{ask.method} {ask.path}: {_reason(status, body)}", status=status, body=body
        )
    try:
        return ask.read(body)
    except ValueError as error:
        raise EmulatorControlError(
            f"{ask.method} {ask.path}: the answer is not that of this version's emulator: {error}",
            status=status,
            body=body,
        ) from error


def _send(url: str, method: str, path: str, body: JSONValue) -> tuple[int, JSONValue]:
    address = urlsplit(url).netloc
    connection = http.client.HTTPConnection(address, timeout=_TIMEOUT_SECONDS)
    try:
        data = None if body is None else json.dumps(body)
        headers = {"Content-Type": "application/json", "Connection": "close"}
        connection.request(method, path, data, headers)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise EmulatorControlError(f"no emulator answers at {url}: {error!r}") from error
    finally:
        connection.close()


def _reason(status: int, body: JSONValue) -> str:
    message = body.get("message") if isinstance(body, Mapping) else None
    return f"{message or body!r} (status {status})"
