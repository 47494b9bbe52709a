"""Draw how a run went: SVG for the shapes, HTML for the words, so that these keep their size."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Final

from wixreseller.bulk.report_html import Html, Node, element, joined
from wixreseller.bulk.report_windows import Bar, Pace
from wixreseller.bulk.report_words import day, duration, number, window_word

__all__ = ["proportions", "sends_chart", "totals_chart"]

_STEP: Final = 10.0  # width of a bar in a drawing that is stretched to the page's width
_TALL: Final = 100.0
_FEW: Final = 60
_ROUND: Final = (1.0, 1.2, 1.6, 2.0, 2.4, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0, 12.0)


def proportions(counts: Sequence[tuple[str, str, int]]) -> Html:
    """Draw one bar of several parts: class, label and count of each."""
    whole = sum(count for _, _, count in counts)
    starts = itertools.accumulate((count for _, _, count in counts), initial=0)
    parts = [
        element(
            "rect",
            x=_short(1000 * start / whole),
            y=0,
            # A single order among a million is a line that can be seen all the same.
            width=_short(max(1000 * count / whole, 2.0)),
            height=10,
            class_=f"fill-{name}",
        )
        for (name, _, count), start in zip(counts, starts, strict=False)
        if count
    ]
    said = ", ".join(f"{label} {number(count)}" for _, label, count in counts if count)
    return element(
        "svg",
        *parts,
        viewBox="0 0 1000 10",
        preserveAspectRatio="none",
        role="img",
        class_="proportions",
        aria_label=f"Orders by outcome: {said}",
    )


def sends_chart(pace: Pace, limit: int | None) -> Html:
    """Draw how many requests were sent in each window, against the limit."""
    each = window_word(pace.window)
    peak = max(bar.sent / bar.windows for bar in pace.bars)
    top = _top(max(peak, limit or 0))
    shapes: list[Node] = [*_grid(len(pace.bars)), *_pauses(pace.bars)]
    shapes += [_sends_bar(place, bar, top, len(pace.bars)) for place, bar in enumerate(pace.bars)]
    legend = [_legend("sends", f"requests sent {each}")]
    if limit is not None:
        height = _short(_TALL * (1 - limit / top))
        right = _STEP * len(pace.bars)
        shapes.append(element("line", x1=0, x2=right, y1=height, y2=height, class_="limit"))
        legend.append(_legend("limit", f"the limit: {number(limit)} {each}"))
    windows = max(bar.windows for bar in pace.bars)
    if windows > 1:
        legend.append(element("li", f"each bar: the average of {duration(windows * pace.window)}"))
    against = "" if limit is None else f", the limit is {number(limit)}"
    return _figure(
        "Requests over time",
        pace,
        shapes,
        top,
        legend,
        f"Requests sent {each}: at most {number(pace.busiest)}{against}",
    )


def totals_chart(pace: Pace, orders: int) -> Html:
    """Draw how many requests were sent, and how many orders done, up to each moment."""
    sent = list(itertools.accumulate((bar.sent for bar in pace.bars), initial=0))
    done = list(itertools.accumulate((bar.done for bar in pace.bars), initial=0))
    top = _top(max(sent[-1], done[-1], orders))
    width = _STEP * len(pace.bars)
    area = [(0.0, 0), *_points(done), (width, 0)]
    height = _short(_TALL * (1 - orders / top))
    shapes: list[Node] = [
        *_grid(len(pace.bars)),
        element("polygon", points=_path(area, top), class_="done-area"),
        *_pauses(pace.bars),
        element("polyline", points=_path(_points(done), top), class_="done-line"),
        element("polyline", points=_path(_points(sent), top), class_="sent-line"),
        element("line", x1=0, x2=width, y1=height, y2=height, class_="whole"),
    ]
    legend = [
        _legend("done", "orders done"),
        _legend("sent", "requests sent"),
        _legend("whole", f"all orders: {number(orders)}"),
    ]
    return _figure(
        "Total up to each moment",
        pace,
        shapes,
        top,
        legend,
        f"{number(sent[-1])} requests sent and {number(done[-1])} orders done in all",
    )


def _figure(
    title: str,
    pace: Pace,
    shapes: Iterable[Node],
    top: float,
    legend: Sequence[Html],
    said: str,
) -> Html:
    if any(bar.follows_pause for bar in pace.bars):
        legend = [*legend, _legend("pause", "a pause, left out")]
    drawing = element(
        "svg",
        *shapes,
        viewBox=f"0 0 {_short(_STEP * len(pace.bars))} {_short(_TALL)}",
        preserveAspectRatio="none",
        role="img",
        aria_label=said,
    )
    scale = [element("span", _amount(value)) for value in (top, top / 2, 0)]
    return element(
        "figure",
        element("figcaption", title),
        element("ul", *legend, class_="legend"),
        element(
            "div",
            element("div", *scale, class_="scale", aria_hidden="true"),
            drawing,
            element("div", *_times(pace.bars), class_="times", aria_hidden="true"),
            class_="chart",
        ),
    )


def _sends_bar(place: int, bar: Bar, top: float, bars: int) -> Html:
    height = _TALL * bar.sent / bar.windows / top
    gap = 0.14 * _STEP if bars <= _FEW else 0.0
    said = f"{_clock(bar.start)} to {_clock(bar.end)}: {number(bar.sent)} sent"
    return element(
        "g",
        element("title", said),
        element(
            "rect",
            x=_short(place * _STEP + gap / 2),
            y=_short(_TALL - height),
            width=_short(_STEP - gap),
            height=_short(height),
            class_="sends" if gap else "sends touching",
        ),
    )


def _grid(bars: int) -> Iterable[Html]:
    for height in (0.0, _TALL / 2, _TALL):
        yield element(
            "line", x1=0, x2=_STEP * bars, y1=_short(height), y2=_short(height), class_="grid"
        )


def _pauses(bars: Sequence[Bar]) -> Iterable[Html]:
    for place, bar in enumerate(bars):
        if bar.follows_pause:
            x = _short(place * _STEP)
            yield element("line", x1=x, x2=x, y1=0, y2=_short(_TALL), class_="pause")


def _times(bars: Sequence[Bar]) -> Sequence[Html]:
    first, last = bars[0].start, bars[-1].end
    middle = bars[len(bars) // 2].start
    is_one_day = day(first) == day(last)
    told = [first, middle, last] if len(bars) > 2 else [first, last]
    return [
        element("span", _clock(at) if is_one_day else joined([day(at), " ", _clock(at)]))
        for at in told
    ]


def _points(totals: Sequence[int]) -> list[tuple[float, int]]:
    return [(place * _STEP, total) for place, total in enumerate(totals)]


def _path(points: Iterable[tuple[float, int]], top: float) -> str:
    return " ".join(f"{_short(x)},{_short(_TALL * (1 - value / top))}" for x, value in points)


def _legend(name: str, text: str) -> Html:
    return element("li", element("span", class_=f"key key-{name}"), text)


def _top(value: float) -> float:
    """Give a round number above a value, of which the half is round too."""
    if value <= 2:
        return 2.0
    power = 10.0 ** math.floor(math.log10(value))
    return next(factor * power for factor in _ROUND if factor * power >= value * 1.02)


def _amount(value: float) -> str:
    return number(round(value)) if value == round(value) else f"{value:g}"


def _clock(posix: float) -> str:
    return f"{datetime.fromtimestamp(posix, UTC):%H:%M:%S}"


def _short(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")
