"""Where the time of a run went, and what it used, seen from inside the sandbox that was loaded."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from shop_sandbox.client import SandboxClient
from shop_sandbox.telemetry.read import traces_between

from shop_dev.loading import emulator, processor, published
from shop_dev.loading.time_split import Share, Split, split

_ARRIVES_WITHIN_SECONDS = 1.5
"""Spans are sent twice a second."""


@dataclass(frozen=True)
class Estimate:
    """An operation's seconds a call with AWS's published latencies in place of the emulator's; `unknown` calls have none."""

    seconds: float
    unknown: int


@dataclass(frozen=True)
class Insight:
    """`cpu` is seconds of processor by part, `ceiling` the emulator's `GetItem` a second, `aws_rate` what was asked of it."""

    seconds: float
    operations: dict[str, Split]
    cpu: dict[str, float]
    aws_rate: float
    ceiling: float | None

    def estimate(self, operation: str) -> Estimate:
        """Return what an operation would take with AWS itself, by what AWS publishes."""
        found = self.operations[operation]
        there, unknown = published.seconds_of(found.aws)
        return Estimate((found.total - found.seconds[Share.AWS] + there) / found.calls, unknown)


@dataclass
class Watching:
    """Looks at a sandbox from its making on."""

    client: SandboxClient
    began: float = field(default_factory=time.time)
    _before: processor.Used = field(init=False)

    def __post_init__(self) -> None:
        self._before = processor.used(self.client.status(memory=False))

    def insight(self) -> Insight:
        """Return what was seen up to now. Raises SandboxError."""
        status = self.client.status(memory=False)
        cpu, seconds = processor.between(self._before, processor.used(status)), time.time() - self.began
        time.sleep(_ARRIVES_WITHIN_SECONDS)
        traces = [*traces_between(self.client.paths.telemetry, self.began, self.began + seconds)]
        calls = sum(span.attributes.get("rpc.system") == "aws-api" for trace in traces for span in trace.spans())
        tables = tuple(table for one in status.belongings for table in one.tables)
        return Insight(seconds, split(traces), cpu, calls / seconds, emulator.ceiling(status.environment, tables))
