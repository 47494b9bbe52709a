"""Fill in what the code knows better: ``<!-- generated: NAME -->`` becomes what ``NAME`` writes.

MkDocs calls these functions. Recipes come into the menu by themselves, as soon as they are there.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

import generated  # noqa: E402  # found through the line above: MkDocs loads this file by its path

MARK = re.compile(r"^<!-- generated: (\w+) -->$", re.MULTILINE)
# Pages of their own authors, which the menu shows where they are written.
GROWING = {"Guides": "guides/opentelemetry.md"}
RECIPES = "Recipes"
FRONT = ("index.md", "README.md")
DIAGRAM = re.compile(r'<p><img alt="([^"]*)" class="diagram" src="[^"]*?(\w+\.svg)"\s*/?></p>')


def on_config(config: Any) -> Any:  # MkDocs' own type, which the type checks do not install
    """Put recipes, and guides that may come, into the menu."""
    docs = Path(config["docs_dir"])
    nav: list[dict[str, Any]] = config["nav"]
    for title, page in GROWING.items():
        if (docs / page).exists():
            next(entry[title] for entry in nav if title in entry)[-1]["Rely on it"].append(page)
    recipes = docs / "recipes"
    pages = [*recipes.glob("*.md"), *recipes.glob("*/*.md")]
    pages.sort(key=lambda page: (page.relative_to(recipes).as_posix() not in FRONT, page))
    if pages:
        listed = [page.relative_to(docs).as_posix() for page in pages]
        nav.insert(3, {RECIPES: listed})
    return config


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Write in what is generated."""
    return MARK.sub(lambda match: generated.write(match[1]), markdown)


def on_page_content(html: str, config: Any, **_: Any) -> str:
    """Write diagrams into the page, where they follow its theme."""
    folder = Path(config["docs_dir"]) / "assets"

    def inline(match: re.Match[str]) -> str:
        return f'<figure class="diagram">{(folder / match[2]).read_text()}</figure>'

    return DIAGRAM.sub(inline, html)
