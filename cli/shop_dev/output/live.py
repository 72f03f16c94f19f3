"""Events as a picture that moves, for terminals."""

from __future__ import annotations

import threading
import time
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


class LiveSink:
    """A table of resources that is redrawn in place; what must not scroll away with it is printed above."""

    def __init__(self, stream: TextIO) -> None:
        self._console = Console(file=stream, highlight=False)
        self._progress = Progress()
        self._lock = threading.Lock()  # downloads announce from their own threads, and rich draws from one
        self._live = Live(get_renderable=self._draw, console=self._console, refresh_per_second=10, transient=False)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
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
            return Group(picture(self._progress, time.time()), downloads(self._progress))


def picture(progress: Progress, now: float) -> Table:
    """One line a resource: mark, name, state, seconds, and where it is or why it is not ready."""
    table = Table.grid(padding=(0, 2))
    for name, row in progress.rows.items():
        table.add_row(*_cells(name, row, now))
    return table


def downloads(progress: Progress) -> Table:
    """One bar a download on its way."""
    table = Table.grid(padding=(0, 2))
    for name, event in progress.downloads.items():
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
