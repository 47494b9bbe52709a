"""Write and read cursors: opaque to callers, checked against damage, holding filter and sort."""

import base64
import binascii
import hashlib
import hmac

import attrs

from wixreseller.emulator.jsonvalue import Json, JsonObject, canonical, loads

_SIGNATURE_BYTES = 12


class CursorError(ValueError):
    """Say that a cursor was not written here, or was damaged."""


@attrs.frozen(kw_only=True)
class Cursor:
    """Hold where a page ended: the sort keys of its last row, and all that the query asked for.

    A cursor that is not ``forward`` leads to the page before the row.
    """

    forward: bool
    keys: tuple[int, ...]
    condition: JsonObject
    sort: tuple[tuple[str, str], ...]
    fields: tuple[str, ...]


def write_cursor(cursor: Cursor, secret: bytes) -> str:
    """Return the token for a cursor."""
    sort: list[Json] = [list(entry) for entry in cursor.sort]
    payload = canonical(
        {
            "forward": cursor.forward,
            "keys": list(cursor.keys),
            "filter": cursor.condition,
            "sort": sort,
            "fields": list(cursor.fields),
        }
    )
    return base64.urlsafe_b64encode(_sign(payload, secret) + payload).decode()


def read_cursor(token: str, secret: bytes) -> Cursor:
    """Return the cursor of a token; raise :class:`CursorError`."""
    try:
        raw = base64.b64decode(token.encode("ascii"), altchars=b"-_", validate=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise CursorError("not a cursor") from error
    signature, payload = raw[:_SIGNATURE_BYTES], raw[_SIGNATURE_BYTES:]
    if not hmac.compare_digest(signature, _sign(payload, secret)):
        raise CursorError("not a cursor of this server")
    content = loads(payload)
    # The signature says that it was written above, for the same secret.
    assert isinstance(content, dict)  # noqa: S101
    keys, condition, sort = content["keys"], content["filter"], content["sort"]
    fields = content["fields"]
    assert isinstance(keys, list)  # noqa: S101
    assert isinstance(condition, dict)  # noqa: S101
    assert isinstance(sort, list)  # noqa: S101
    assert isinstance(fields, list)  # noqa: S101
    return Cursor(
        forward=content["forward"] is True,
        keys=tuple(key for key in keys if isinstance(key, int)),
        condition=condition,
        sort=tuple((str(s[0]), str(s[1])) for s in sort if isinstance(s, list)),
        fields=tuple(str(field) for field in fields),
    )


def _sign(payload: bytes, secret: bytes) -> bytes:
    return hmac.digest(secret, payload, hashlib.sha256)[:_SIGNATURE_BYTES]
