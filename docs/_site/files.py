"""Show files on the page that they lie beside, so that no code stands anywhere twice."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

MARK = re.compile(r"^<!-- file: ([\w./-]+) -->$", re.MULTILINE)
_LANGUAGES = {".py": "python", ".txt": "text", ".csv": "csv", ".toml": "toml", ".ini": "ini"}


def show(markdown: str, folder: Path) -> str:
    """Write in what is in the files that a page names."""
    return MARK.sub(lambda match: _shown(folder / match[1], match[1]), markdown)


def _shown(path: Path, name: str) -> str:
    if path.suffix == ".ipynb":
        return "\n\n".join(_cells(path))
    return _block(_LANGUAGES[path.suffix], path.read_text(), f' title="{name}"')


def _cells(notebook: Path) -> Iterator[str]:
    """Write what a notebook says and does, cell by cell."""
    for cell in json.loads(notebook.read_text())["cells"]:
        text = "".join(cell["source"])
        yield text if cell["cell_type"] == "markdown" else _block("python", text)


def _block(language: str, text: str, options: str = "") -> str:
    return f"```{language}{options}\n{text.rstrip()}\n```"
