"""Fill in what the code knows better: ``<!-- generated: NAME -->`` becomes what ``NAME`` writes.

``<!-- file: NAME -->`` becomes that file, which lies beside the page. MkDocs calls these functions.
Recipes come into the menu by themselves, as soon as they are there.
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
FRONT = ("index.md", "README.md")
PRINTED = '<div class="language-text highlight"><span class="filename">prints'
DIAGRAM = re.compile(r'<p><img alt="([^"]*)" class="diagram" src="[^"]*?(\w+\.svg)"\s*/?></p>')


def on_config(config: Any) -> Any:  # MkDocs' own type, which the type checks do not install
    """Put the recipes into the menu."""
    docs = Path(config["docs_dir"])
    nav: list[dict[str, Any]] = config["nav"]
    is_listed = any("Recipes" in entry for entry in nav)
    if (pages := recipes_in(docs)) and not is_listed:
        nav.insert(3, {"Recipes": pages})
    return config


def recipes_in(docs: Path) -> list[str]:
    """List the pages of the recipes, that which leads to the others first."""
    recipes = docs / "recipes"
    found = [*recipes.glob("*.md"), *recipes.glob("*/*.md")]
    found.sort(key=lambda page: (page.relative_to(recipes).as_posix() not in FRONT, page))
    return [page.relative_to(docs).as_posix() for page in found]


def on_page_markdown(markdown: str, page: Any, config: Any, **_: Any) -> str:
    """Write in what is generated."""
    docs = Path(config["docs_dir"])

    def write(match: re.Match[str]) -> str:
        if match[1] == "recipes":
            return links_to_recipes(docs, "../" * page.file.src_uri.count("/"))
        return generated.write(match[1])

    return files.show(MARK.sub(write, markdown), Path(page.file.abs_src_path).parent)


def links_to_recipes(docs: Path, top: str) -> str:
    """Lead to the recipes, if there are any."""
    links = [f"[{title_of(docs / path)}]({top}{path})" for path in recipes_in(docs)]
    return f"Recipes, each a small project that runs: {', '.join(links)}." if links else ""


def title_of(path: Path) -> str:
    """Give the first heading of a page."""
    found = re.search(r"^# (.+)$", path.read_text(), re.MULTILINE)
    return found[1].strip() if found else path.parent.name


def on_page_content(html: str, config: Any, **_: Any) -> str:
    """Write diagrams into the page, where they follow its theme; mark what is printed."""
    folder = Path(config["docs_dir"]) / "assets"

    def inline(match: re.Match[str]) -> str:
        drawing = (folder / match[2]).read_text()
        return f'<figure class="diagram" data-search-exclude>{drawing}</figure>'

    return DIAGRAM.sub(inline, html).replace(
        PRINTED, PRINTED.replace("highlight", "highlight prints")
    )
