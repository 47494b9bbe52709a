"""Show how far a run is: a bar on a terminal, else a line every half minute.

Everything goes to standard error: standard output is for data.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from types import TracebackType
from typing import Final, Protocol, Self

from rich.console import Console, Group
from rich.live import Live
from rich.padding import Padding
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from wixreseller.bulk.results import Outcome
from wixreseller.bulk.summary import seconds_left
from wixreseller.cli.terminal import without_controls

__all__ = ["RunView", "describe_counts", "describe_duration", "styled_counts", "view_for"]

_SECONDS_BETWEEN_LINES: Final = 30.0
_ROOM: Final = 4
_STYLES: Final = {
    "created": "green",
    "existing": "cyan",
    "canceled": "dim",
    "failed": "red",
    "unknown": "bold magenta",
}

Clock = Callable[[], float]
"""Give seconds on a monotonic clock."""


class RunView(Protocol):
    """Show the progress of a run; use it as a context manager."""

    def add(self, outcome: Outcome) -> None:
        """Take note of another order that is done."""
        ...

    def trouble(self, text: str) -> None:
        """Take note of what is in the way, until an order gets through."""
        ...

    def tick(self) -> None:
        """Take note that time went by; once a second or so."""
        ...

    def say(self, text: str) -> None:
        """Show a line of text at once."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...


def view_for(
    console: Console,
    total: int,
    clock: Clock,
    requests_per_second: float | None,
    *,
    known: int = 0,
    indent: int = 0,
) -> RunView:
    """Choose the view that suits where standard error goes.

    ``known`` is how many orders have their outcome from a run before, which are told again.
    ``indent`` moves a bar to the right.
    """
    state = _State(total, clock, requests_per_second, known)
    return _Bar(console, state, indent) if console.is_interactive else _Lines(console, state)


class _State:
    """Keep what both views show."""

    def __init__(
        self, total: int, clock: Clock, requests_per_second: float | None, known: int
    ) -> None:
        self.total = total
        self.counts: Counter[str] = Counter()
        self.done = 0
        self.in_the_way: str | None = None
        self.last_error: str | None = None
        self.clock = clock
        self.began = clock()
        self.known = known
        self._requests_per_second = requests_per_second

    def add(self, outcome: Outcome) -> None:
        self.done += 1
        self.counts[outcome.outcome] += 1
        if outcome.outcome in ("created", "canceled"):
            self.in_the_way = None
        if outcome.code is not None:
            self.last_error = f"{outcome.external_id}: {outcome.code}: {outcome.message}"

    def troubles(self) -> Iterator[tuple[str, str]]:
        """Say what is in the way just now, and what went wrong last; each with its style."""
        if self.in_the_way is not None:
            yield f"in the way: {without_controls(self.in_the_way)}", "yellow"
        if self.last_error is not None:
            yield f"last error: {without_controls(self.last_error)}", "red"

    def forget_troubles(self) -> None:
        """Leave it to the words at the end, which say it better."""
        self.in_the_way = self.last_error = None

    def pace(self) -> str:
        """Say how fast it goes and how long it takes."""
        elapsed = self.clock() - self.began
        done = self.done - self.known
        left = seconds_left(
            done=done,
            left=self.total - self.done,
            elapsed=elapsed,
            requests_per_second=self._requests_per_second,
        )
        if left is None:
            return "starting"
        rate = f"{done / elapsed:,.{0 if done > 10 * elapsed else 1}f} orders/s"
        return rate if self.done >= self.total else f"{rate}, {describe_duration(left)} left"


class _Bar:
    """Draw a bar, counts and the time left, several times a second."""

    def __init__(self, console: Console, state: _State, indent: int) -> None:
        self._state = state
        self._indent = indent
        self._console = console
        self._live = Live(console=console, get_renderable=self._draw, refresh_per_second=10)

    def add(self, outcome: Outcome) -> None:
        self._state.add(outcome)

    def trouble(self, text: str) -> None:
        self._state.in_the_way = text

    def tick(self) -> None:
        """Do nothing: it draws by itself."""

    def say(self, text: str) -> None:
        self._live.console.print(Text(text), style="yellow")
        self._live.refresh()

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._state.forget_troubles()
        self._live.stop()

    def _draw(self) -> Padding:
        state = self._state
        # The terminal's echo of Ctrl-C needs some room at the end of a line: where it breaks one,
        # the picture moves down and is drawn twice.
        width = max(self._console.width - self._indent - _ROOM, 20)
        table = Table.grid(padding=(0, 3, 0, 0), pad_edge=False)
        table.width = width
        table.add_column(ratio=1)
        table.add_column(justify="right", no_wrap=True)
        bar = ProgressBar(
            total=max(state.total, 1),
            completed=state.done,
            complete_style="cyan",
            finished_style="green",
        )
        table.add_row(bar, f"{state.done:,} of {state.total:,}")
        table.add_row(styled_counts(state.counts), Text(state.pace(), style="dim"))
        parts: list[Table | Text] = [table]
        for words, style in state.troubles():
            text = Text(words, style=style)
            text.truncate(width, overflow="ellipsis")
            parts.append(text)
        return Padding(Group(*parts), (0, 0, 0, self._indent), expand=False)


class _Lines:
    """Print a line at the start and then every half minute."""

    def __init__(self, console: Console, state: _State) -> None:
        self._console = console
        self._state = state
        self._said = state.began

    def add(self, outcome: Outcome) -> None:
        self._state.add(outcome)
        self.tick()

    def trouble(self, text: str) -> None:
        self._state.in_the_way = text

    def tick(self) -> None:
        state = self._state
        now = state.clock()
        if now - self._said < _SECONDS_BETWEEN_LINES or state.done >= state.total:
            return
        self._said = now
        counts = describe_counts(state.counts) or "nothing yet"
        line = f"{state.done:,} of {state.total:,} orders: {counts}; {state.pace()}"
        self.say("; ".join([line, *(words for words, _ in state.troubles())]))

    def say(self, text: str) -> None:
        self._console.print(Text(text), soft_wrap=True)

    def __enter__(self) -> Self:
        noun = "order" if self._state.total == 1 else "orders"
        already = f", {self._state.known:,} of them done before" if self._state.known else ""
        self.say(f"provisioning {self._state.total:,} {noun}{already}")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        return


def describe_counts(counts: Mapping[str, int]) -> str:
    """Say how many orders ended how, leaving out what there is none of."""
    return ", ".join(f"{counts[name]:,} {name}" for name in _STYLES if counts.get(name))


def describe_duration(seconds: float) -> str:
    """Say a length of time, in words that fit its size."""
    if seconds < 1:
        return "less than 1 s"
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60:02} min"


def styled_counts(counts: Mapping[str, int]) -> Text:
    """Say how many orders ended how, in colours."""
    parts = [
        Text(f"{counts[name]:,} {name}", style=style)
        for name, style in _STYLES.items()
        if counts.get(name)
    ]
    return Text(", ").join(parts)
