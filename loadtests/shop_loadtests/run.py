"""A run: generators are started, begin together, and are listened to until the last has ended."""

from __future__ import annotations

import queue
import subprocess  # nosec B404 # starts our own generator
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from typing import IO, Protocol

import msgspec

from shop_loadtests.claims import Data
from shop_loadtests.latencies import Latencies
from shop_loadtests.plan import Begin, Interval, Plan, Ready, Source
from shop_loadtests.profile import Behind, Profile, Stage
from shop_loadtests.verdict import Verdict, judge
from shop_loadtests.watch import Generator, together

_READY_WITHIN_SECONDS = 60.0
_HEAD_START_SECONDS = 0.2
_ENDS_WITHIN_SECONDS = 5.0
_Line = Ready | Interval | None
"""What a generator tells; None when it has ended."""
_DECODER = msgspec.json.Decoder(Ready | Interval)


class Speaker(Protocol):
    """A generator that speaks in lines: a process of one's own, or the line to a worker elsewhere."""

    @property
    def stdin(self) -> IO[bytes] | None: ...
    @property
    def stdout(self) -> Iterable[bytes] | None: ...


class GeneratorLost(Exception):
    """A generator ended before its time. What it had measured last is missing, so nothing is believed."""


@dataclass
class Measured:
    """What is known of a run so far."""

    seconds: float = 0.0
    operations: dict[str, Latencies] = field(default_factory=dict)
    generator: Generator = field(default_factory=Generator)
    behind: Behind | None = None
    """The farthest that consumers were seen behind; None where nobody looked."""
    timeline: list[tuple[float, Interval]] = field(default_factory=list)
    """What each generator has told, and when, in seconds from the begin."""

    def add(self, interval: Interval) -> None:
        """Take in what a generator has told."""
        for operation, recorded in interval.measured.items():
            if operation not in self.operations:
                self.operations[operation] = Latencies()
            self.operations[operation].add(recorded)
        self.generator = together((self.generator, interval.generator))
        self.timeline.append((self.seconds, interval))

    def verdict(self, profile: Profile) -> Verdict:
        """Hold it against the profile's objectives."""
        return judge(profile, self.operations, self.generator, behind=self.behind)


def run(
    profile: Profile, *, target: str, source: Source, data: Data, seed: int, workers: int = 1, users: int = 0
) -> Iterator[Measured]:
    """Make a profile's visits to `target` and yield what was measured, again each second; the last is the whole.

    With `users` so many come again and again for the profile's time, each when their visit before has ended: a closed model.
    Raises GeneratorLost. The generators end with the block that iterates.
    """
    with crew(profile, target=target, source=source, data=data, workers=workers, users=users) as generators:
        yield from generators.visits(seed)


class Crew:
    """Generators that are ready to make the visits of one profile to one target, as often as they are asked."""

    def __init__(self, generators: Sequence[Speaker], lines: queue.Queue[tuple[int, _Line]]) -> None:
        self._generators = generators
        self._lines = lines

    def visits(self, seed: int, *, stages: tuple[Stage, ...] = ()) -> Iterator[Measured]:
        """Make the visits of a seed and yield what was measured, again each second; the last is the whole. Raises GeneratorLost.

        `stages` take the place of the profile's.
        """
        begin = Begin(time.monotonic() + _HEAD_START_SECONDS, seed, stages)
        for generator in self._generators:
            _tell(generator, begin)
        measured, running = Measured(), len(self._generators)
        while running:
            interval = _expect(self._lines, seconds=_READY_WITHIN_SECONDS)
            measured.seconds = time.monotonic() - begin.at
            if isinstance(interval, Interval):
                running -= interval.is_last
                measured.add(interval)
            yield measured


@contextmanager
def crew(profile: Profile, *, target: str, source: Source, data: Data, workers: int = 1, users: int = 0) -> Iterator[Crew]:
    """Start generators and give them when all are ready. Raises GeneratorLost."""
    lines: queue.Queue[tuple[int, _Line]] = queue.Queue()
    with ExitStack() as stack:
        plans = [Plan(target, profile, source, dict(data), worker, workers, users) for worker in range(workers)]
        generators = [stack.enter_context(_generator(plan, lines)) for plan in plans]
        for _ in plans:
            _expect(lines, seconds=_READY_WITHIN_SECONDS)
        yield Crew(generators, lines)


@contextmanager
def joined_crew(
    profile: Profile, *, target: str, source: Source, data: Data, workers: Sequence[Speaker], users: int = 0
) -> Iterator[Crew]:
    """Give generators that run elsewhere when all are ready. Raises GeneratorLost."""
    lines: queue.Queue[tuple[int, _Line]] = queue.Queue()
    for number, worker in enumerate(workers):
        _tell(worker, Plan(target, profile, source, dict(data), number, len(workers), users))
        threading.Thread(target=_listen, args=(worker.stdout, number, lines), daemon=True).start()
    for _ in workers:
        _expect(lines, seconds=_READY_WITHIN_SECONDS)
    yield Crew(workers, lines)


@contextmanager
def _generator(plan: Plan, lines: queue.Queue[tuple[int, _Line]]) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-P", "-m", "shop_loadtests.generator"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:  # nosec B603 # our own
        try:
            _tell(process, plan)
            listener = threading.Thread(target=_listen, args=(process.stdout, plan.worker, lines), daemon=True)
            listener.start()
            yield process
        finally:
            process.terminate()
            try:
                process.wait(_ENDS_WITHIN_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()


def _listen(output: Iterable[bytes] | None, worker: int, lines: queue.Queue[tuple[int, _Line]]) -> None:
    for line in output or ():
        lines.put((worker, _DECODER.decode(line)))
    lines.put((worker, None))


def _expect(lines: queue.Queue[tuple[int, _Line]], *, seconds: float) -> Ready | Interval:
    try:
        worker, line = lines.get(timeout=seconds)
    except queue.Empty as error:
        raise GeneratorLost(f"no generator has said anything for {seconds:g} s") from error
    if line is None:
        raise GeneratorLost(f"generator {worker} ended before its time")
    return line


def _tell(process: Speaker, message: Plan | Begin) -> None:
    if process.stdin is not None:
        with suppress(OSError):  # it has ended: whoever listens to it says so
            process.stdin.write(msgspec.json.encode(message) + b"\n")
            process.stdin.flush()
