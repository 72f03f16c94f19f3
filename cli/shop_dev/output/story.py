"""How a story is told."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime

from shop_dev.output.columns import Cell, Page
from shop_dev.story.model import Story, Waits
from shop_dev.troubles import age


def story_data(story: Story, *, now: float | None = None) -> dict[str, object]:
    """Return the story for scripts: times in seconds since the epoch, `seconds` is how long something has waited."""
    at = time.time() if now is None else now
    stage = story.stage
    return {
        "subject": story.subject,
        "traceIds": list(story.trace_ids),
        "startedAt": story.started_at,
        "steps": [{"at": step.at, "text": step.text, "isTrouble": step.is_trouble} for step in story.steps],
        "outcome": story.outcome,
        "stage": None if stage is None else {"name": stage[0], "since": stage[1]},
        "waits": [
            {
                "service": one.service,
                "message": one.message,
                "topic": one.topic,
                "since": one.since,
                "seconds": at - one.since,
                "why": list(one.why),
            }
            for one in story.waits
        ],
    }


def story_page(story: Story, *, flag: str, now: float | None = None) -> Page:
    """A line a step, then how it ended or what it waits for. `flag` names the sandbox in commands that are offered."""
    at = time.time() if now is None else now
    began = datetime.fromtimestamp(story.started_at).astimezone().strftime("%Y-%m-%d %H:%M:%S")
    lines: list[tuple[Cell, ...]] = [(Cell(f"{story.subject} began {began}."),), (Cell(""),)]
    lines += [(Cell(f"  {_time(step.at)}  ", "dim"), Cell(step.text, "yellow" if step.is_trouble else "")) for step in story.steps]
    lines += [(Cell(""),), *_end(story, at)]
    for one in story.waits:
        lines += [*_wait(one, at), (Cell(f"  hint: shop-dev logs {one.service} --tail 30{flag}", "dim"),)]
    return Page(tuple(lines))


def _end(story: Story, now: float) -> Iterator[tuple[Cell, ...]]:
    if story.outcome is not None:
        took = story.ended_at - story.started_at
        colour = "green" if story.outcome.startswith("completed") else "yellow"
        yield (Cell(f"It ended after {_span(took)}: {story.outcome}", colour),)
    elif story.stage is not None:
        name, since = story.stage
        yield (Cell(f"It has not ended: {name} since {_time(since)}, {age(now - since)} ago.", "yellow"),)
    elif story.waits:
        yield (Cell("It has not ended.", "yellow"),)


def _wait(one: Waits, now: float) -> Iterator[tuple[Cell, ...]]:
    yield (Cell(f"{one.service} has not dealt with {one.message} for {age(now - one.since)} ({one.topic}).", "yellow"),)
    for why in one.why:
        yield (Cell(f"  {why}", "red"),)


def _time(at: float) -> str:
    return datetime.fromtimestamp(at).astimezone().strftime("%H:%M:%S.%f")[:-3]


def _span(seconds: float) -> str:
    return f"{seconds * 1e3:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"
