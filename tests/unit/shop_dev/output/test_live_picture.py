"""The live picture of a start, on terminals of any height."""

from __future__ import annotations

import io

import pytest
from rich.console import Console
from shop_dev.output.live import LiveSink, picture
from shop_dev.output.progress import Progress
from shop_sandbox.events import DownloadProgress, ResourceChanged, ResourceState


def progress_of(states: dict[str, ResourceState]) -> Progress:
    progress = Progress()
    for name, state in states.items():
        progress.take(ResourceChanged(at=0.0, resource=name, state=state))
    return progress


def drawn(progress: Progress, *, most: int | None) -> list[str]:
    console = Console(file=io.StringIO(), width=120)
    with console.capture() as capture:
        console.print(picture(progress, 1.0, most=most))
    return [line.rstrip() for line in capture.get().splitlines()]


def test_where_there_is_room_everything_has_a_line() -> None:
    assert len(drawn(progress_of({f"r{n}": ResourceState.READY for n in range(30)}), most=None)) == 30


def test_with_too_few_lines_what_moves_or_fails_keeps_its_own_and_the_rest_is_counted() -> None:
    states = {f"ready-{n}": ResourceState.READY for n in range(20)} | {
        "orders": ResourceState.FAILED,
        "edge": ResourceState.STARTING,
        **{f"waits-{n}": ResourceState.PENDING for n in range(8)},
    }

    lines = drawn(progress_of(states), most=6)

    assert [line.split()[1] for line in lines[:-1]] == ["orders", "edge", "waits-0", "waits-1", "waits-2"]
    assert lines[-1] == "…  and 20 ready, 5 pending"


@pytest.mark.parametrize("height", [10, 24])
def test_thirty_resources_and_forty_downloads_fit_the_terminal(height: int, monkeypatch: pytest.MonkeyPatch) -> None:
    sink = LiveSink(io.StringIO())
    sink._console = Console(file=io.StringIO(), width=100, height=height, force_terminal=True)
    for number in range(30):
        sink.announce(ResourceChanged(at=0.0, resource=f"r{number}", state=ResourceState.STARTING))
    for number in range(40):
        sink.announce(DownloadProgress(at=0.0, artifact=f"a{number}.jar", received_bytes=1, total_bytes=2))

    lines = sink._console.render_lines(sink._draw(), sink._console.options)

    assert len(lines) <= height
