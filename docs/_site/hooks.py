"""Fill in what the code knows better: ``<!-- generated: NAME -->`` becomes what ``NAME`` writes.

``<!-- file: NAME -->`` becomes that file, which lies beside the page. MkDocs calls these functions.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

import files  # noqa: E402  # found through the line above: MkDocs loads this file by its path
import generated  # noqa: E402

MARK = re.compile(r"^<!-- generated: (\w+) -->$", re.MULTILINE)
PRINTED = '<div class="language-text highlight"><span class="filename">prints'
DIAGRAM = re.compile(r'<p><img alt="([^"]*)" class="diagram" src="[^"]*?(\w+\.svg)"\s*/?></p>')


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Write in what is generated, and what lies beside the page."""
    written = MARK.sub(lambda match: generated.write(match[1]), markdown)
    return files.show(written, Path(page.file.abs_src_path).parent)


def on_page_content(html: str, config: Any, **_: Any) -> str:
    """Write diagrams into the page, where they follow its theme; mark what is printed."""
    folder = Path(config["docs_dir"]) / "assets"

    def inline(match: re.Match[str]) -> str:
        drawing = (folder / match[2]).read_text()
        return f'<figure class="diagram" data-search-exclude>{drawing}</figure>'

    return DIAGRAM.sub(inline, html).replace(
        PRINTED, PRINTED.replace("highlight", "highlight prints")
    )
