"""Check a site that was built: it asks nobody else for anything, and every link inside it arrives.

``python docs/_site/check_site.py build/site``. Links to other sites are not followed. MkDocs checks
what is written in Markdown; this also checks what came from the code, and the pages' own resources.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

# What a browser fetches by itself, and where it says so.
FETCHED = {
    "audio": "src",
    "embed": "src",
    "iframe": "src",
    "image": "href",
    "img": "src",
    "input": "src",
    "link": "href",
    "object": "data",
    "script": "src",
    "source": "src",
    "use": "href",
    "video": "src",
}
IN_STYLES = re.compile(r"""(?:url\(\s*["']?|@import\s+["'])((?:https?:)?//[^"')\s]+)""")


class Page(HTMLParser):
    """Collect what a page fetches, where it links to, and what can be linked to in it."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.links: list[str] = []
        self.anchors: set[str] = {"", "__top"}
        text = path.read_text()
        self.styles = IN_STYLES.findall(text)
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take note of one element."""
        given = {name: value or "" for name, value in attrs}
        self.anchors |= {given[name] for name in ("id", "name") if name in given}
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        place = given.get(FETCHED.get(tag, ""), "")
        if place:
            self.fetched.append(place)
        self.fetched += [part.split()[0] for part in given.get("srcset", "").split(",") if part]


def problems_of(site: Path) -> Iterator[str]:
    """Name everything that is wrong with a site."""
    pages = {path: Page(path) for path in sorted(site.rglob("*.html"))}
    for path, page in pages.items():
        name = path.relative_to(site)
        for address in (*page.fetched, *page.styles):
            if is_outside(address):
                yield f"{name} asks {address}"
            elif not address.startswith("data:") and not target_of(site, path, address).is_file():
                yield f"{name} fetches {address}, which is not there"
        # The page for what is not found has no place of its own to count from.
        for link in page.links if path.name != "404.html" else ():
            if not urlsplit(link).scheme and not is_outside(link):
                found = pages.get(target_of(site, path, link))
                if found is None and not target_of(site, path, link).is_file():
                    yield f"{name} links to {link}, which is not there"
                elif found is not None and unquote(urlsplit(link).fragment) not in found.anchors:
                    yield f"{name} links to {link}, which has no such place"
    for path in sorted(site.rglob("*.css")):
        for address in IN_STYLES.findall(path.read_text()):
            yield f"{path.relative_to(site)} asks {address}"


def is_outside(address: str) -> bool:
    """Tell whether an address is another host's."""
    parts = urlsplit(address)
    return bool(parts.netloc)


def target_of(site: Path, page: Path, address: str) -> Path:
    """Give the file that a relative address leads to."""
    place = unquote(urlsplit(address).path)
    start = site if place.startswith("/") else page.parent
    target = (start / place.lstrip("/")).resolve() if place else page
    return target / "index.html" if target.is_dir() else target


if __name__ == "__main__":
    root = Path(sys.argv[1]).resolve()
    found = list(problems_of(root))
    sys.stdout.write("".join(f"{problem}\n" for problem in found))
    sys.stdout.write(f"{len(found)} problems in {len(list(root.rglob('*.html')))} pages\n")
    sys.exit(1 if found else 0)
