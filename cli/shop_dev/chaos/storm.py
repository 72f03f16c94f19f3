"""A schedule carried out, beside whatever else goes on."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import psutil
from shop_sandbox.chaos.control import Control, Refused
from shop_sandbox.chaos.fault import AnyFault, Kill, Pause

from shop_dev.chaos.parts import NotOurs, Parts
from shop_dev.chaos.schedule import Schedule


@dataclass(frozen=True)
class Struck:
    """A fault that was carried out so many seconds after the storm began; `missed` says why it was not."""

    fault: AnyFault
    at: float
    missed: str | None = None


@dataclass
class Storm:
    """Carries out the faults of a schedule, each at its moment, in a thread of its own."""

    schedule: Schedule
    parts: Parts
    control: Control | None
    struck: list[Struck] = field(default_factory=list)
    _over: threading.Event = field(default_factory=threading.Event)
    _paused: list[tuple[float, psutil.Process]] = field(default_factory=list)

    @contextmanager
    def raging(self) -> Iterator[None]:
        """Strike until the block ends, then be calm: whoever is paused goes on, and no fault is left."""
        thread = threading.Thread(target=self._rage, name="storm", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._over.set()
            thread.join()
            self._resume(until=float("inf"))
            if self.control is not None:
                with suppress(OSError):  # the proxies have ended, and their faults with them
                    self.control.end_all()

    def _rage(self) -> None:
        began = time.monotonic()
        for fault in self.schedule.faults:
            if not self._waited(began + fault.start):
                return
            self.struck.append(Struck(fault, round(time.monotonic() - began, 3), self._strike(fault)))
        self._waited(max((until for until, _ in self._paused), default=0.0))

    def _waited(self, moment: float) -> bool:
        """Wait for a moment, letting those go on meanwhile whose pause is over; False where the storm is over before."""
        while (now := time.monotonic()) < moment:
            self._resume(until=now)
            next_one = min((until for until, _ in self._paused), default=moment)
            if self._over.wait(max(min(next_one, moment) - now, 0.001)):
                return False
        self._resume(until=moment)
        return True

    def _strike(self, fault: AnyFault) -> str | None:
        """Do it; returns why that was not possible."""
        try:
            if isinstance(fault, Kill):
                self.parts.signalled(fault.target, signal.SIGKILL)
            elif isinstance(fault, Pause):
                until = time.monotonic() + fault.seconds
                stopped = self.parts.signalled(fault.target, signal.SIGSTOP, with_children=True)
                self._paused += [(until, process) for process in stopped]
            elif self.control is not None:
                self.control.begin(fault)
            else:
                return "this sandbox runs without proxies"
        except (NotOurs, Refused, OSError) as error:
            return str(error)
        return None

    def _resume(self, *, until: float) -> None:
        """Let those go on whose pause ends by a moment, children before their parents."""
        due = [one for one in self._paused if one[0] <= until]
        self._paused = [one for one in self._paused if one[0] > until]
        for _, process in reversed(due):
            with suppress(psutil.NoSuchProcess):  # killed meanwhile: by another fault, or by the supervisor, whom it did not answer
                process.resume()
