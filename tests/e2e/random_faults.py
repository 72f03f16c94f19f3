"""Kills and pauses of a running shop's parts, at moments and on targets that a seed chooses, some while others are still down."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

import psutil
from e2e.shop import Sandbox, until

SERVICES = ("edge", "orders", "inventory", "payments", "psp")
STORES = ("kafka", "postgres", "redis", "schema-registry", "aws")
TARGETS = (*SERVICES, *STORES)
LONGEST_GAP_SECONDS = 6.0
LONGEST_PAUSE_SECONDS = 8.0
HAS_A_PROCESS_WITHIN_SECONDS, COMES_BACK_WITHIN_SECONDS = 90.0, 240.0
MOST_DOWN = 3
"""So many parts may be down or paused when the next one is struck: with more nothing would ever work in between."""

Kind = Literal["kill", "pause"]


@dataclass(frozen=True)
class Fault:
    """What is done to one process: `after_seconds` from the fault before, SIGKILL, or SIGSTOP and SIGCONT `seconds` later."""

    target: str
    kind: Kind
    after_seconds: float
    seconds: float = 0.0


@dataclass(frozen=True)
class Struck:
    """A fault that was done, at this moment of the machine's monotonic clock."""

    fault: Fault
    at: float


def faults_of(seed: int, count: int) -> list[Fault]:
    """Return `count` faults; the same ones for a seed. Gaps are shorter than what a store takes to come back, so some overlap."""
    dice = random.Random(seed)
    targets = [target for _ in range(0, count, len(TARGETS)) for target in dice.sample(TARGETS, len(TARGETS))]
    return [_fault(dice, target) for target in targets[:count]]


def _fault(dice: random.Random, target: str) -> Fault:
    after = dice.uniform(0.0, LONGEST_GAP_SECONDS)
    if dice.random() < 0.5:
        return Fault(target, "kill", after)
    return Fault(target, "pause", after, dice.uniform(0.2, LONGEST_PAUSE_SECONDS))


async def strike(sandbox: Sandbox, faults: Sequence[Fault]) -> list[Struck]:
    """Do the faults one after another, each as soon as its target has a process and few others are down; return when all is ready.

    Only processes are signalled that the sandbox's own supervisor names. What died so often that the supervisor has given it up is
    started by command, as whoever runs the shop would. Raises TooLate for a target that does not come back.
    """
    struck, pauses = [], []
    for fault in faults:
        await asyncio.sleep(fault.after_seconds)
        await asyncio.to_thread(
            until, "few parts are down", lambda: len(_down(sandbox)) < MOST_DOWN, seconds=COMES_BACK_WITHIN_SECONDS
        )
        process = await asyncio.to_thread(process_of, sandbox, fault.target)
        struck.append(Struck(fault, time.monotonic()))
        with suppress(psutil.NoSuchProcess):  # it ended a moment ago, of another fault
            if fault.kind == "kill":
                process.kill()
            else:
                pauses.append(asyncio.create_task(_pause(process, fault.seconds)))
    await asyncio.gather(*pauses)
    await asyncio.to_thread(until_all_is_ready, sandbox)
    return struck


def until_all_is_ready(sandbox: Sandbox) -> None:
    """Return when every part is ready; what the supervisor has given up is started by command. Raises TooLate."""
    until("everything is ready again", lambda: not _down(sandbox), seconds=COMES_BACK_WITHIN_SECONDS)


async def _pause(process: psutil.Process, seconds: float) -> None:
    """Stop a process with its children, who would do its work meanwhile, and let them go on."""
    stopped = []
    try:
        for one in (process, *process.children(recursive=True)):
            with suppress(psutil.NoSuchProcess):
                one.suspend()
                stopped.append(one)
        await asyncio.sleep(seconds)
    finally:
        for one in reversed(stopped):
            with suppress(psutil.NoSuchProcess):  # killed meanwhile: by another fault, or by the supervisor, whom it did not answer
                one.resume()


def process_of(sandbox: Sandbox, target: str) -> psutil.Process:
    """Return the process of a part as soon as it has one; a part that the supervisor has given up is started. Raises TooLate."""

    def look() -> psutil.Process | None:
        resource = sandbox.resource(target)
        if resource["state"] == "failed":
            sandbox.cli("restart", target, "--timeout", "240")
        pid = resource["pid"]
        with suppress(psutil.NoSuchProcess):
            return psutil.Process(pid) if pid else None
        return None

    return until(f"{target} has a process", look, seconds=HAS_A_PROCESS_WITHIN_SECONDS)


def _down(sandbox: Sandbox) -> list[str]:
    """The parts that are not ready. Those that the supervisor has given up are started by command."""
    states = {resource["name"]: resource["state"] for resource in sandbox.status()["resources"]}
    if given_up := [name for name, state in states.items() if state == "failed"]:
        sandbox.cli("restart", *given_up, "--timeout", "240")
    return [name for name, state in states.items() if state not in {"ready", "done"}]
