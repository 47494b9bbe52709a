"""Read a page with the parser of the standard library, and find things in it."""

from __future__ import annotations

from collections.abc import Iterator
from html.parser import HTMLParser

import attrs

VOID = frozenset({"meta", "link", "br"})


@attrs.define(eq=False)
class Tag:
    """Hold an element: its name, attributes, and what is in it."""

    name: str
    attributes: dict[str, str]
    children: list[Tag | str] = attrs.field(factory=list["Tag | str"])

    @property
    def text(self) -> str:
        """All text in it, one space where there are several or none that is seen."""
        parts = [child if isinstance(child, str) else f" {child.text} " for child in self.children]
        return " ".join("".join(parts).split())

    def all(self, name: str | None = None, kind: str | None = None) -> Iterator[Tag]:
        """Give the elements in it of a name, or of a class, in their order."""
        for child in self.children:
            if isinstance(child, Tag):
                classes = child.attributes.get("class", "").split()
                if name in (None, child.name) and (kind is None or kind in classes):
                    yield child
                yield from child.all(name, kind)

    def one(self, name: str | None = None, kind: str | None = None) -> Tag:
        """Give the only such element."""
        (found,) = self.all(name, kind)
        return found


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open = [Tag("document", {})]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_startendtag(tag, attrs)
        if tag not in VOID:
            opened = self.open[-1].children[-1]
            assert isinstance(opened, Tag)
            self.open.append(opened)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        assert len(attributes) == len(attrs), f"<{tag}> has an attribute twice"
        self.open[-1].children.append(Tag(tag, attributes))

    def handle_endtag(self, tag: str) -> None:
        assert tag == self.open.pop().name, f"</{tag}> closes something else"

    def handle_data(self, data: str) -> None:
        self.open[-1].children.append(data)


def read_page(page: str) -> Tag:
    """Read a page, in which every element must be closed."""
    reader = _Reader()
    reader.feed(page)
    reader.close()
    (document,) = reader.open
    return document


def facts_of(tag: Tag) -> dict[str, str]:
    """Give the facts that lists of definitions in it tell."""
    names = [item.text for item in tag.all("dt")]
    values = [item.text for item in tag.all("dd")]
    return dict(zip(names, values, strict=True))


def rows_of(table: Tag) -> list[list[str]]:
    """Give the cells of a table's body."""
    return [[cell.text for cell in row.all("td")] for row in table.one("tbody").all("tr")]


def section_of(page: Tag, title: str) -> Tag:
    """Give the section under a heading."""
    (found,) = (
        section
        for section in page.all("section")
        if [heading.text for heading in section.all("h2")] == [title]
    )
    return found
