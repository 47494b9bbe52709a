"""Write what was measured as JSON, with what has to be known to read it."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib import metadata
from typing import Final

from benchmarks.framework.questions import Answer

__all__ = ["as_json"]

_LIBRARIES: Final = (
    *("aiohttp", "anyio", "attrs", "cattrs", "orjson"),
    *("httpx", "requests", "urllib3", "openai", "stripe", "pydantic", "msgspec"),
)


def as_json(answers: Sequence[Answer], *, is_quick: bool) -> dict[str, object]:
    """Give the whole file."""
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "is_quick": is_quick,
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        "libraries": _versions(),
        "questions": [answer.as_json() for answer in answers],
    }


def _versions() -> dict[str, str]:
    """Give the versions of what is installed: not every question needs all the others."""
    installed = {found.name: found.version for found in metadata.distributions()}
    return {name: installed[name] for name in _LIBRARIES if name in installed}
