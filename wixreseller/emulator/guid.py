"""Recognise GUIDs as Wix writes them, and make them."""

import hashlib
import re

_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", re.ASCII)


def is_guid(text: str) -> bool:
    """Tell whether ``text`` is 8-4-4-4-12 hex digits; Wix's samples keep to no RFC variant."""
    return _GUID.fullmatch(text) is not None


def derive_guid(*parts: str) -> str:
    """Return the GUID that always belongs to ``parts``."""
    digits = hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
