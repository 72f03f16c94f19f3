"""Events as a picture that moves, for terminals."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Mapping
from itertools import islice
from types import TracebackType
from typing import Self, TextIO

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text
from shop_sandbox.events import AnyEvent, CodeChanged, ResourceDied, ResourceState, SandboxStopped, Swept

from shop_dev.output.marks import MARKS, STYLES
from shop_dev.output.plain import lines
from shop_dev.output.progress import Progress, Row

_KEPT_FREE_LINES = 2
_WEIGHTS = {ResourceState.PENDING: 1, ResourceState.READY: 2, ResourceState.DONE: 3, ResourceState.STOPPED: 3}
"""Who loses its line first where there are too few: what is done, then what is ready, then what waits."""


class LiveSink:
    """A table of resources that is redrawn in place; what must not scroll away with it is printed above."""

    def __init__(self, stream: TextIO) -> None:
        self._console = Console(file=stream, highlight=False)
        self._progress = Progress()
        self._lock = threading.Lock()  # downloads announce from their own threads, and rich draws from one
        self._is_over = False
        self._live = Live(get_renderable=self._draw, console=self._console, refresh_per_second=10, transient=False)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._is_over = True  # what stays on the screen is the whole picture
        self._live.stop()

    def announce(self, event: AnyEvent) -> None:
        with self._lock:
            self._progress.take(event)
        if isinstance(event, Swept | CodeChanged | ResourceDied | SandboxStopped):
            for line in lines(event):
                self.say(line)

    def say(self, line: str) -> None:
        self._console.print(Text(line))

    def _draw(self) -> RenderableType:
        with self._lock:
            if self._is_over:
                return picture(self._progress, time.time())
            room = max(3, self._console.size.height - _KEPT_FREE_LINES)
            on_their_way = downloads(self._progress, most=max(1, room // 3))
            return Group(picture(self._progress, time.time(), most=room - on_their_way.row_count), on_their_way)


def picture(progress: Progress, now: float, *, most: int | None = None) -> Table:
    """One line a resource: mark, name, state, seconds, and where it is or why it is not ready.

    Where there are more than `most` lines, what moves or has failed keeps its line, and the rest is counted.
    """
    table = Table.grid(padding=(0, 2))
    shown, counted = _fitting(progress.rows, most)
    for name in shown:
        table.add_row(*_cells(name, progress.rows[name], now))
    if counted:
        states = Counter(str(progress.rows[name].state) for name in counted)
        told = ", ".join(f"{count} {state}" for state, count in states.items())
        table.add_row(Text("…", "dim"), Text(f"and {told}", "dim"))
    return table


def _fitting(rows: Mapping[str, Row], most: int | None) -> tuple[list[str], list[str]]:
    """Return names that get a line, in the order of the rows, and those that are only counted."""
    if most is None or len(rows) <= most:
        return list(rows), []
    by_weight = sorted(rows, key=lambda name: _WEIGHTS.get(rows[name].state, 0))
    shown = set(by_weight[: max(0, most - 1)])
    return [name for name in rows if name in shown], [name for name in rows if name not in shown]


def downloads(progress: Progress, *, most: int | None = None) -> Table:
    """One bar a download on its way, of the first `most`."""
    table = Table.grid(padding=(0, 2))
    for name, event in islice(progress.downloads.items(), most):
        bar = ProgressBar(total=event.total_bytes, completed=event.received_bytes, width=30, pulse=event.total_bytes is None)
        total = f" of {event.total_bytes / 1e6:.1f}" if event.total_bytes else ""
        table.add_row(" ", Text(name), bar, Text(f"{event.received_bytes / 1e6:.1f}{total} MB"))
    return table


def _cells(name: str, row: Row, now: float) -> tuple[Text, ...]:
    style = STYLES[row.state]
    elapsed = "" if row.state in (ResourceState.PENDING, ResourceState.STOPPED) else f"{row.elapsed(now):5.1f} s"
    about = row.endpoint or "" if row.state is ResourceState.READY else row.note
    return (
        Text(MARKS.get(row.state, "·"), style),
        Text(name),
        Text(str(row.state), style),
        Text(elapsed, "dim", justify="right"),
        Text(about, "dim", overflow="ellipsis", no_wrap=True),
    )
