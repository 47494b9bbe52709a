"""Draw bars as SVG: no library, no fonts of its own, a picture for light pages and one for dark."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from xml.sax.saxutils import escape

import attrs

from benchmarks.framework.tables import number

__all__ = ["DARK", "LIGHT", "Bar", "Colours", "Panel", "draw"]

_WIDTH: Final = 420
_GAP: Final = 32
_LABELS: Final = 150
"""How wide the column of names is, left of the bars."""
_VALUES: Final = 74
_LINE: Final = 25
_BAR: Final = 15
_HEAD: Final = 54
_FONT: Final = "system-ui, -apple-system, 'Segoe UI', Helvetica, Arial, sans-serif"


@attrs.frozen(kw_only=True)
class Colours:
    """Name the colours of a page."""

    text: str
    quiet: str
    ours: str
    others: str


LIGHT: Final = Colours(text="#1f2328", quiet="#59636e", ours="#0969da", others="#c3cad2")
DARK: Final = Colours(text="#f0f6fc", quiet="#9198a1", ours="#4493f8", others="#474f59")


@attrs.frozen
class Bar:
    """Show one way."""

    name: str
    value: float
    is_ours: bool


@attrs.frozen(kw_only=True)
class Panel:
    """Show one question: shorter bars are better."""

    title: str
    unit: str
    bars: Sequence[Bar]

    @property
    def height(self) -> int:
        """How high it is drawn."""
        return _HEAD + _LINE * len(self.bars)


def draw(panels: Sequence[Panel], colours: Colours, *, columns: int) -> str:
    """Draw panels in rows of ``columns``."""
    rows = [panels[start : start + columns] for start in range(0, len(panels), columns)]
    width = columns * _WIDTH + (columns - 1) * _GAP
    parts: list[str] = []
    top = 0
    for row in rows:
        for place, panel in enumerate(row):
            parts += _panel(panel, place * (_WIDTH + _GAP), top, colours)
        top += max(panel.height for panel in row) + _GAP
    height = top - _GAP
    titles = "; ".join(panel.title for panel in panels)
    return "\n".join(
        [
            (
                f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
                f'width="{width}" height="{height}" role="img" font-family="{_FONT}">'
            ),
            f"<title>{escape(titles)}. Shorter is better.</title>",
            *parts,
            "</svg>\n",
        ]
    )


def _panel(panel: Panel, left: int, top: int, colours: Colours) -> list[str]:
    space = _WIDTH - _LABELS - _VALUES
    most = max(bar.value for bar in panel.bars)
    lines = [
        _text(left, top + 17, panel.title, colours.text, size=16, weight=600),
        _text(left, top + 37, f"{panel.unit}, shorter is better", colours.quiet, size=13),
    ]
    for index, bar in enumerate(panel.bars):
        middle = top + _HEAD + index * _LINE + _BAR / 2
        length = max(2.0, space * bar.value / most)
        begin = left + _LABELS
        weight = 600 if bar.is_ours else 400
        lines += [
            _text(begin - 10, middle + 5, bar.name, colours.text, weight=weight, anchor="end"),
            (
                f'<rect x="{begin}" y="{middle - _BAR / 2:g}" width="{length:.1f}" height="{_BAR}" '
                f'rx="2" fill="{colours.ours if bar.is_ours else colours.others}"/>'
            ),
            _text(begin + length + 8, middle + 5, number(bar.value), colours.text, weight=weight),
        ]
    return lines


def _text(
    x: float,
    y: float,
    text: str,
    colour: str,
    *,
    size: int = 14,
    weight: int = 400,
    anchor: str = "start",
) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:g}" font-size="{size}" font-weight="{weight}" fill="{colour}" '
        f'text-anchor="{anchor}">{escape(text)}</text>'
    )
