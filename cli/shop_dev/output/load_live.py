"""A run of load as a picture that moves: rates, percentiles, and how each objective stands."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text
from shop_loadtests.profile import Profile
from shop_loadtests.run import Measured
from shop_loadtests.verdict import outcomes

from shop_dev.output.load_report import progress_line

EVERY_SECONDS = 1.0
_HEADS = ("operation", "calls a second", "failed", "p50 ms", "p95 ms", "p99 ms")
_PERCENTILES = (50.0, 95.0, 99.0)


@contextmanager
def shown(profile: Profile, stream: TextIO) -> Iterator[Callable[[Measured], None]]:
    """Give a function that shows what was measured so far: in place on a terminal, else a line each time."""
    if not stream.isatty():
        yield lambda measured: print(progress_line(measured, profile), file=stream, flush=True)
        return
    drawn_at = 0.0
    with Live(console=Console(file=stream, highlight=False), auto_refresh=False, transient=True) as live:

        def draw(measured: Measured) -> None:
            nonlocal drawn_at
            if time.monotonic() - drawn_at >= EVERY_SECONDS:
                drawn_at = time.monotonic()
                live.update(picture(measured, profile), refresh=True)

        yield draw


def picture(measured: Measured, profile: Profile) -> RenderableType:
    """Draw a run so far. Rates are those of the last second that a generator told of."""
    table = Table(box=None, padding=(0, 2), header_style="dim")
    for number, head in enumerate(_HEADS):
        table.add_column(head, justify="right" if number else "left")
    rates = _rates(measured)
    for name, one in sorted(measured.operations.items()):
        failed = one.failures.total()
        figures = [f"{one.milliseconds(at):.1f}" for at in _PERCENTILES]
        table.add_row(name, f"{rates.get(name, 0.0):.1f}", Text(f"{failed}" if failed else "", "red"), *figures)
    done = ProgressBar(total=profile.seconds, completed=min(measured.seconds, profile.seconds), width=40)
    return Group(Text(progress_line(measured, profile)), done, table, *_objectives(measured, profile))


def _objectives(measured: Measured, profile: Profile) -> Iterator[Text]:
    for outcome in outcomes(profile, measured.operations, behind=measured.behind):
        if outcome.missed:
            yield Text(f"✗ {'; '.join(outcome.missed)}", "red")
        else:
            yield Text(f"✓ {outcome.objective}", "green")


def _rates(measured: Measured) -> dict[str, float]:
    """Calls a second by operation, of all generators."""
    last = [interval for at, interval in measured.timeline if at > measured.seconds - EVERY_SECONDS]
    counts: dict[str, float] = {}
    for interval in last:
        for name, recorded in interval.measured.items():
            counts[name] = counts.get(name, 0.0) + recorded.count / max(interval.seconds, 1e-3)
    return counts
