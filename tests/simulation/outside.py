"""The way from a simulated process to what lies outside it, with everything that can go wrong on it."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Sequence
from contextvars import Context
from typing import Any, NoReturn, TypeVar

from simulation.faults import CallFault, Fault, Kind, Trouble, Window
from simulation.virtual_time import ProcessLoop, Scheduler

T = TypeVar("T")


class CallFailed(Exception):
    """A call ended without an answer; each client tells it in its own words. `kind` says what really happened."""

    def __init__(self, kind: Kind) -> None:
        super().__init__(kind.value)
        self.kind = kind

    @property
    def is_timeout(self) -> bool:
        """Whether the caller waited in vain, instead of seeing its connection break."""
        return self.kind in {Kind.TIMED_OUT, Kind.TIMED_OUT_AFTER, Kind.LATE}


class Process:
    """One life of a simulated process."""

    def __init__(self, outside: Outside, name: str, life: int) -> None:
        self.outside = outside
        self.name = name
        self.service = name.rpartition("-")[0]
        self.life = life
        self.loop = ProcessLoop(outside.scheduler, name)  # type: ignore[abstract]  # at run time no method of a loop is abstract
        self.loop.clock_offset = outside.clock_offsets.get(name, 0.0)
        self.at_death: list[Callable[[], object]] = []
        self.random = random.Random(f"{outside.seed}/{name}/{life}")

    @property
    def is_alive(self) -> bool:
        """Whether it has not died."""
        return not self.loop.is_dead

    def die(self) -> None:
        """End at once. What others see of it (broken connections) they see now."""
        if self.is_alive:
            self.loop.die()
            for call in self.at_death:
                call()
            self.at_death.clear()

    async def never(self) -> NoReturn:
        """Wait for ever: for what runs in a process that has just died."""
        await self.loop.create_future()
        raise AssertionError("a dead process came back")


class Outside:
    """Time, chance, faults and the story of one history."""

    def __init__(self, seed: int, faults: Sequence[Fault], *, tells: bool = False) -> None:
        self.seed = seed
        self.scheduler = Scheduler()
        self.loop = ProcessLoop(self.scheduler, "outside")  # type: ignore[abstract]  # as above
        self.loop.context = Context()  # nothing that a process knows (its deadline, its order) travels through the outside
        self.clock_offsets: dict[str, float] = {}
        self.random = random.Random(seed)
        self.processes: dict[ProcessLoop, Process] = {}
        self._call_faults = {(one.process, one.category, one.nth): one for one in faults if isinstance(one, CallFault)}
        self._windows: dict[str, list[Window]] = {}
        for fault in faults:
            if isinstance(fault, Window):
                self._windows.setdefault(fault.dependency, []).append(fault)
        self.calls: Counter[tuple[str, str]] = Counter()
        self.fired: set[Fault] = set()
        self.fatal: Exception | None = None
        """Something that the models do not know: the run ends with it."""
        self.story: list[str] = []
        self._tells = tells

    @property
    def now(self) -> float:
        """Seconds since the history began."""
        return self.scheduler.now

    def tell(self, sentence: str) -> None:
        """Add a line to the story."""
        if self._tells:
            self.story.append(f"{self.now:7.2f} s  {sentence}")

    @property
    def tells(self) -> bool:
        """Whether anybody listens: a sentence that costs something need not be made otherwise."""
        return self._tells

    def process(self) -> Process:
        """Return the process whose code runs now."""
        loop = self.scheduler.current
        assert loop is not None
        return self.processes[loop]

    def trouble(self, dependency: str, process: str) -> Trouble | None:
        """Return what is wrong with a dependency now, as this process meets it."""
        for window in self._windows.get(dependency, ()):
            if window.covers(self.now, process):
                self.fired.add(window)
                return window.trouble
        return None

    def end_trouble(self) -> None:
        """Let no further call go wrong, and every clock be right."""
        self._call_faults.clear()
        self.clock_offsets.clear()
        for loop in self.processes:
            loop.clock_offset = 0.0

    def draw_fault(self, process: Process, category: str) -> CallFault | None:
        """Count a call, and return what shall go wrong with it."""
        key = (process.name, category)
        self.calls[key] += 1
        fault = self._call_faults.get((*key, self.calls[key]))
        if fault is not None:
            self.fired.add(fault)
        return fault

    async def cross(
        self,
        dependency: str,
        category: str,
        call: str,
        effect: Callable[[], T],
        *,
        timeout_seconds: float,
        refusal: Callable[[Trouble | Kind], T] | None = None,
        on_fault: Callable[[], object] | None = None,
    ) -> T:
        """Return what `effect` returns when the call arrives. Raises CallFailed; and what `effect` raises.

        Cancelling the caller does not call it back: it is on the wire. `refusal` gives the answer to a call that the server turns
        away (throttled, broken inside, keys expired); without it such a call is refused.
        """
        process = self.process()
        fault = self.draw_fault(process, category)
        kind = fault.kind if fault else None
        chance = process.random
        there, back = chance.uniform(0.0004, 0.003), chance.uniform(0.0004, 0.003)
        if chance.random() < 0.03:
            there += chance.uniform(0.0, 0.3)
        if fault is not None:
            self.tell(f"{process.name}: {fault.tell(call)}.")
            if on_fault:
                on_fault()
        if kind is Kind.DIES_BEFORE:
            process.die()
            await process.never()
        if kind is Kind.TIMED_OUT:
            await asyncio.sleep(timeout_seconds)
            raise CallFailed(kind)
        if kind is Kind.LATE:
            self.loop.call_later(timeout_seconds + chance.uniform(0.0, 1.0), _quietly, effect)
            await asyncio.sleep(timeout_seconds)
            raise CallFailed(kind)
        answer: asyncio.Future[T] = process.loop.create_future()
        self.loop.call_later(there, self._arrive, process, dependency, kind, effect, refusal, answer, back, fault)
        trouble = self.trouble(dependency, process.name)
        if trouble is Trouble.SLOW:
            await asyncio.sleep(3.0)
        if fault is None and trouble is None and there + back < timeout_seconds:
            return await answer  # nothing keeps it from coming in time
        timer = process.loop.call_later(timeout_seconds, _time_out, answer)
        try:
            result: T = await answer
        finally:
            timer.cancel()
        return result

    def _arrive(
        self,
        process: Process,
        dependency: str,
        kind: Kind | None,
        effect: Callable[[], Any],
        refusal: Callable[[Any], Any] | None,
        answer: asyncio.Future[Any],
        back: float,
        fault: CallFault | None,
    ) -> None:
        result: Any = None
        error: BaseException | None = None
        trouble = self.trouble(dependency, process.name)
        if kind is Kind.REFUSED or trouble is Trouble.AWAY:
            error = CallFailed(Kind.REFUSED)
        elif kind in {Kind.THROTTLED, Kind.BROKEN} or trouble in {Trouble.THROTTLING, Trouble.EXPIRED_KEYS}:
            if refusal is None:
                error = CallFailed(Kind.REFUSED)
            else:
                result, error = _outcome(lambda: refusal(trouble or kind))
        else:
            result, error = _outcome(effect)
        if kind is Kind.DIES_AFTER:
            process.die()
        if kind is Kind.TIMED_OUT_AFTER:
            return  # nobody answers
        if kind is Kind.LOST:
            result, error = None, CallFailed(Kind.LOST)
        if kind is Kind.SLOW and fault is not None:
            back += fault.seconds
        process.loop.call_later(back, _settle, answer, result, error)


def _outcome(effect: Callable[[], Any]) -> tuple[Any, BaseException | None]:
    try:
        return effect(), None
    except Exception as error:
        return None, error


def _quietly(effect: Callable[[], object]) -> None:
    _outcome(effect)


def _time_out(answer: asyncio.Future[Any]) -> None:
    _settle(answer, None, CallFailed(Kind.TIMED_OUT_AFTER))


def _settle(answer: asyncio.Future[Any], result: Any, error: BaseException | None) -> None:
    if answer.done():
        return
    if error is not None:
        answer.set_exception(error)
    else:
        answer.set_result(result)
