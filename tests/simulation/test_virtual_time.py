"""The loop that simulated processes run on."""

from __future__ import annotations

import asyncio
import time

from greenlet import getcurrent

from simulation import seams
from simulation.outside import Outside, Process


def two_processes() -> tuple[Outside, Process, Process]:
    outside = Outside(1, ())
    outside.scheduler.hub = getcurrent()
    one, other = Process(outside, "one-1", 1), Process(outside, "other-1", 1)
    outside.processes.update({one.loop: one, other.loop: other})
    return outside, one, other


def begin(process: Process, work: object) -> None:
    process.loop.call_soon(lambda: process.loop.create_task(work))  # type: ignore[arg-type]


def test_an_hour_passes_at_once() -> None:
    outside, one, _ = two_processes()
    seen: list[float] = []

    async def sleep() -> None:
        await asyncio.sleep(3600)
        seen.append(outside.now)

    begin(one, sleep())
    outside.scheduler.run(lambda: bool(seen), most_steps=100)

    assert seen == [3600.0]


def test_of_a_process_that_dies_not_even_a_finally_runs() -> None:
    outside, one, other = two_processes()
    seen: list[str] = []

    async def work(name: str) -> None:
        try:
            await asyncio.sleep(10)
        finally:
            seen.append(name)

    begin(one, work("one"))
    begin(other, work("other"))
    outside.loop.call_at(5.0, one.die)
    outside.scheduler.run(lambda: outside.now > 20, most_steps=100)

    assert seen == ["other"]


def test_a_process_that_stalls_goes_on_where_it_was() -> None:
    outside, one, _ = two_processes()
    seen: list[float] = []

    async def tick() -> None:
        while True:
            await asyncio.sleep(1)
            seen.append(outside.now)

    begin(one, tick())
    outside.loop.call_at(2.5, one.loop.stall)
    outside.loop.call_at(7.5, one.loop.resume)
    outside.scheduler.run(lambda: len(seen) == 4, most_steps=100)

    assert seen == [1.0, 2.0, 7.5, 8.5]


def test_a_thread_that_blocks_lets_the_loop_go_on() -> None:
    outside, one, _ = two_processes()
    seen: list[str] = []

    async def both() -> None:
        thread = asyncio.to_thread(time.sleep, 2.0)
        waiting = asyncio.ensure_future(thread)
        await asyncio.sleep(1)
        seen.append(f"loop at {outside.now:.0f}")
        await waiting
        seen.append(f"thread at {outside.now:.0f}")

    with seams.simulated():
        begin(one, both())
        outside.scheduler.run(lambda: len(seen) == 2, most_steps=100)

    assert seen == ["loop at 1", "thread at 2"]
