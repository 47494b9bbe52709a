"""Make idempotency keys: one for each logical write, the same on every attempt."""

from __future__ import annotations

import hashlib
import os
import uuid
from typing import Final

__all__ = ["derive_idempotency_key", "new_idempotency_key"]

_VARIANTS: Final = dict(zip("0123456789abcdef", "89ab89ab89ab89ab", strict=True))
"""RFC 9562: the first two bits of this digit are always 10."""


def new_idempotency_key() -> str:
    """Make a key that no other call has: a random UUID."""
    # As str(uuid.uuid4()), without making the object: that takes as long as to read the answer.
    digits = os.urandom(16).hex()
    variant = _VARIANTS[digits[16]]
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"


def derive_idempotency_key(*parts: str | None) -> str:
    """Derive a key from what identifies a write, so that it can be made again after a crash.

    The same parts give the same key in every process and every version of this library. The
    parts are told apart (``"ab", "c"`` and ``"a", "bc"`` differ), and ``None`` differs from ``""``.
    The key looks like a UUID, because nothing is documented about other forms.
    """
    digest = hashlib.sha256(b"wixreseller-idempotency-1")
    for part in parts:
        encoded = b"" if part is None else part.encode()
        digest.update(b"n" if part is None else b"s%d:" % len(encoded))
        digest.update(encoded)
    return str(uuid.UUID(bytes=digest.digest()[:16]))
