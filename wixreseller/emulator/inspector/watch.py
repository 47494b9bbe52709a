"""Print the journal while it grows, one line a request, for ``wixreseller emulator --watch``.

A terminal may stand still (Ctrl-S) and a pipe may not be read, so lines are written by a thread of
their own, and the emulator goes on; what the journal has forgotten meanwhile is counted.
"""

import asyncio
import os
import threading
from collections.abc import Mapping
from itertools import islice
from queue import SimpleQueue
from typing import TextIO

import attrs

from wixreseller.emulator.journal import Entry, Journal
from wixreseller.emulator.jsonvalue import Json

_LOOK_SECONDS = 0.05
_LAST_WORDS_SECONDS = 1.0
_LONGEST = 48

_DIM, _BOLD, _GREEN, _YELLOW, _RED, _CYAN = "2", "1", "32", "33", "31", "36"
_BY_CLASS = {2: _GREEN, 3: _CYAN, 4: _YELLOW, 5: _RED}


@attrs.frozen
class Painter:
    """Colour texts for a terminal, or leave them as they are."""

    is_coloured: bool

    @classmethod
    def of(cls, stream: TextIO, environment: Mapping[str, str]) -> "Painter":
        """Colour for a terminal that can, unless ``NO_COLOR`` says not to."""
        is_wanted = not environment.get("NO_COLOR") and environment.get("TERM") != "dumb"
        return cls(is_wanted and stream.isatty())

    def __call__(self, text: str, colour: str) -> str:
        """Return a text in a colour."""
        return f"\x1b[{colour}m{text}\x1b[0m" if self.is_coloured else text


def line_of(entry: Entry, paint: Painter) -> str:
    """Write one request: time, status, milliseconds, what was asked, what was special, whose."""
    head = entry.head_to_wire()
    status = head["status"]
    colour = _BY_CLASS.get(status // 100, _RED) if isinstance(status, int) else _RED
    operation = head["operation"]
    parts = [
        paint(str(head["time"])[11:23], _DIM),
        paint("---" if status is None else str(status), colour),
        f"{entry.milliseconds:6.1f} ms",
        # A path says nothing that its operation does not, unless there is none.
        f"{head['method']!s:6}",
        paint(_plain(head["path"] if operation is None else operation), _BOLD),
    ]
    if head["externalId"] is not None:
        parts.append(_plain(head["externalId"]))
    parts += _marks(head, paint)
    if entry.account_id is not None:
        # Accounts of one seed differ at their ends.
        parts.append(paint(f"…{_plain(entry.account_id[-4:])}", _DIM))
    return "  ".join(parts)


def _marks(head: Mapping[str, Json], paint: Painter) -> list[str]:
    marks: list[str] = []
    if head["status"] is None:
        marks.append(paint("no answer", _RED))
    fault = head["fault"]
    if isinstance(fault, dict):
        marks.append(paint(f"fault {fault['fault']}", _RED))
    if head["replayed"]:
        marks.append(paint("replayed", _CYAN))
    if head["deprecated"]:
        marks.append(paint("deprecated", _YELLOW))
    return marks


async def watch(journal: Journal, stream: TextIO, stopped: asyncio.Event) -> None:
    """Print every request from now on, until ``stopped``."""
    paint = Painter.of(stream, os.environ)
    writer = _Writer(stream)
    watched = _Watched(journal)
    while not stopped.is_set():
        if writer.is_idle:
            writer.write(watched.news(paint))
        try:
            async with asyncio.timeout(_LOOK_SECONDS):
                await stopped.wait()
        except TimeoutError:
            continue
    writer.write(watched.news(paint))
    await asyncio.to_thread(writer.end, _LAST_WORDS_SECONDS)


@attrs.define
class _Watched:
    """Remember which requests were printed."""

    journal: Journal
    last: int = 0
    clearings: int = 0

    def __attrs_post_init__(self) -> None:
        self.last, self.clearings = self.journal.last, self.journal.clearings

    def news(self, paint: Painter) -> list[str]:
        journal = self.journal
        if journal.clearings != self.clearings:
            self.last, self.clearings = 0, journal.clearings
        lines: list[str] = []
        missed = journal.dropped - self.last
        if missed > 0:
            lines.append(paint(f"{missed} requests went by unseen", _DIM))
        count = journal.last - max(self.last, journal.dropped)
        new = list(islice(journal.newest_first(), count))
        lines += [line_of(entry, paint) for entry in reversed(new)]
        self.last = journal.last
        return lines


class _Writer:
    """Write to a stream that may block, from a thread that nobody has to wait for."""

    def __init__(self, stream: TextIO) -> None:
        self._file = stream.fileno()
        self._encoding = stream.encoding
        self._queue: SimpleQueue[list[str] | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)
        self._is_writing = False
        self._thread.start()

    @property
    def is_idle(self) -> bool:
        """Tell whether everything so far is written, and somebody reads it."""
        return self._thread.is_alive() and not self._is_writing

    def write(self, lines: list[str]) -> None:
        if lines:
            self._is_writing = True
            self._queue.put(lines)

    def end(self, seconds: float) -> None:
        """Write what is left, unless it takes longer than that."""
        self._queue.put(None)
        self._thread.join(seconds)

    def _run(self) -> None:
        while (lines := self._queue.get()) is not None:
            # Past the stream's own buffer, which a blocked thread would hold at exit.
            left = "".join(f"{line}\n" for line in lines).encode(self._encoding, "replace")
            try:
                while left:
                    left = left[os.write(self._file, left) :]
            except OSError:
                # Whoever read this has gone.
                return
            self._is_writing = False


def _plain(text: Json) -> str:
    """Return a text, cut to what leaves a line one line, without what a terminal would obey."""
    shown = str(text)
    shown = shown if shown.isprintable() else shown.encode("unicode_escape").decode()
    return shown if len(shown) <= _LONGEST else f"{shown[: _LONGEST - 1]}…"
