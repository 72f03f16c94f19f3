"""What may go wrong, as values: a history holds a few of them, a failing one is shrunk to those that matter, and each tells
itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What happens to one call from a process to the outside."""

    REFUSED = "refused"  # no effect, an error at once
    LOST = "lost"  # the effect, then an error in place of the answer
    TIMED_OUT = "timed-out"  # no effect, no answer
    TIMED_OUT_AFTER = "timed-out-after"  # the effect, no answer
    LATE = "late"  # no answer in time, and the effect only afterwards
    SLOW = "slow"  # the effect, and the answer some seconds later
    THROTTLED = "throttled"  # refused by a limit
    BROKEN = "broken"  # the server's own error (HTTP 500, a cancelled query), without effect
    DIES_BEFORE = "dies-before"  # the process dies with the call on its lips
    DIES_AFTER = "dies-after"  # the effect, and the process dies before it hears of it


_SENTENCES = {
    Kind.REFUSED: "was refused",
    Kind.LOST: "took effect, and its answer was lost",
    Kind.TIMED_OUT: "was lost on its way, and timed out",
    Kind.TIMED_OUT_AFTER: "took effect, and timed out",
    Kind.LATE: "timed out, and took effect only after that",
    Kind.SLOW: "took effect, and was answered {seconds:.1f} s late",
    Kind.THROTTLED: "was throttled",
    Kind.BROKEN: "failed inside the server",
    Kind.DIES_BEFORE: "was never sent: the process died",
    Kind.DIES_AFTER: "took effect, and the process died before it heard of it",
}


@dataclass(frozen=True, slots=True)
class CallFault:
    """The `nth` call of a category (commit, write, read, scan, statement, publish, provider, …) by a process goes wrong."""

    process: str
    category: str
    nth: int
    kind: Kind
    seconds: float = 0.0

    @property
    def sort(self) -> str:
        """What it is, whenever and whoever it hits."""
        return f"{self.category} {self.kind}"

    def tell(self, call: str) -> str:
        """Return what it did to this call, as a sentence's end."""
        return f"{call} {_SENTENCES[self.kind].format(seconds=self.seconds)}"


class Trouble(StrEnum):
    """What may be wrong with a dependency for a while."""

    AWAY = "away"
    THROTTLING = "throttling"
    EXPIRED_KEYS = "expired-keys"
    READ_ONLY = "read-only"
    CARD_SILENT = "card-silent"  # the provider does not answer for one card
    SLOW = "slow"


@dataclass(frozen=True, slots=True)
class Window:
    """A dependency is in trouble from `start` on for some seconds; for one process only, where one is named."""

    dependency: str
    trouble: Trouble
    start: float
    seconds: float
    process: str | None = None

    def __str__(self) -> str:
        who = f" for {self.process}" if self.process else ""
        what = {
            Trouble.AWAY: f"{self.dependency} is away",
            Trouble.THROTTLING: f"{self.dependency} throttles every call",
            Trouble.EXPIRED_KEYS: "the AWS keys have expired",
            Trouble.READ_ONLY: f"{self.dependency} is read-only after a failover",
            Trouble.CARD_SILENT: f"{self.dependency} does not answer for one card",
            Trouble.SLOW: f"{self.dependency} takes 3 s for every call",
        }[self.trouble]
        return f"From {self.start:.1f} s on, for {self.seconds:.0f} s, {what}{who}."

    @property
    def sort(self) -> str:
        """What it is, whenever and whoever it hits."""
        return f"{self.dependency} {self.trouble}"

    def covers(self, now: float, process: str) -> bool:
        """Whether a call by `process` now meets the trouble."""
        return self.start <= now < self.start + self.seconds and self.process in {None, process}


class Blow(StrEnum):
    """What may happen to a process at a moment."""

    KILL = "kill"
    STOP = "stop"
    STALL = "stall"
    CLOCK = "clock"
    REBALANCE = "rebalance"
    REWIND = "rewind"


@dataclass(frozen=True, slots=True)
class Moment:
    """Something happens to a process at a moment. `amount`: seconds of a stall or a clock's jump, messages of a rewind."""

    blow: Blow
    process: str
    at: float
    amount: float = 0.0

    @property
    def sort(self) -> str:
        """What it is, whenever and whoever it hits."""
        return f"process {self.blow}"

    def __str__(self) -> str:
        what = {
            Blow.KILL: f"{self.process} is killed",
            Blow.STOP: f"{self.process} is told to stop, and comes back",
            Blow.STALL: f"{self.process} stalls for {self.amount:.0f} s",
            Blow.CLOCK: f"the clock of {self.process} jumps by {self.amount:+.0f} s",
            Blow.REBALANCE: f"the group of {self.process} is rebalanced",
            Blow.REWIND: f"the last {self.amount:.0f} offsets of the group of {self.process} are forgotten",
        }[self.blow]
        return f"At {self.at:.1f} s {what}."


Fault = CallFault | Window | Moment
