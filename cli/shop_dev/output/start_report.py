"""What `up` says at its end: how long it took and why, where everything is, and what to try."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shop_sandbox.events import CriticalStep, SandboxReady

from shop_dev.output.suggestion import Suggestion
from shop_dev.start_history import EarlierStart, usual_seconds, usual_seconds_of


@dataclass(frozen=True)
class StartReport:
    """Facts of a start of `resources`, beside those of `earlier` ones."""

    ready: SandboxReady
    attached: bool
    earlier: Sequence[EarlierStart] = ()
    resources: frozenset[str] = frozenset()
    suggestion: Suggestion | None = None
    joined: str | None = None
    """The sandbox of another checkout in which this start took place."""

    def data(self) -> dict[str, object]:
        """Return the report for scripts: seconds throughout; `usualSeconds` is the median of earlier starts, or null."""
        return {
            "attached": self.attached,
            "seconds": self.ready.seconds,
            "usualSeconds": self._usual_seconds(),
            "generation": self.ready.generation,
            "endpoints": dict(self.ready.endpoints),
            "criticalPath": [
                {
                    "resource": step.resource,
                    "waitedFor": step.waited_for,
                    "seconds": step.seconds,
                    "usualSeconds": usual_seconds_of(self.earlier, step.resource),
                }
                for step in self.ready.critical_path
            ],
            "tryNext": self.suggestion.command if self.suggestion else None,
        }

    def text(self) -> str:
        """Return the report for people."""
        parts = [self._headline(), _endpoints(self.ready.endpoints)]
        if self.ready.critical_path and not self.attached:
            parts.append(self._critical_path())
        if self.suggestion:
            parts.append(f"{self.suggestion.text()}\n{self._how_to_stop()}")
        elif self.joined:
            parts.append(self._how_to_stop())
        return "\n\n".join(parts)

    def _usual_seconds(self) -> float | None:
        return usual_seconds(self.earlier, resources=self.resources)

    def _how_to_stop(self) -> str:
        if self.joined:
            return "`shop-dev down` here takes these services out again; everything else runs on."
        return "Stop with `shop-dev down`; the data stays for the next `up`."

    def _headline(self) -> str:
        if self.joined:
            return f"Everything is ready in {self.joined} ({self.ready.seconds:.1f} s)."
        if self.attached:
            return f"Everything is ready; the sandbox was running before (it had started in {self.ready.seconds:.1f} s)."
        usual = self._usual_seconds()
        compared = f" (usually {usual:.1f} s)" if usual is not None else ""
        return f"Everything is ready in {self.ready.seconds:.1f} s{compared}."

    def _critical_path(self) -> str:
        return "\n".join(
            ["What the time went into, each step waiting for the one above:", *map(self._step, self.ready.critical_path)]
        )

    def _step(self, step: CriticalStep) -> str:
        usual = usual_seconds_of(self.earlier, step.resource)
        compared = f"  (usually {usual:.2f} s)" if usual is not None else ""
        return f"  {step.resource:<20} {step.seconds:5.2f} s{compared}"


def _endpoints(endpoints: dict[str, str]) -> str:
    return "\n".join(f"  {name:<20} {address}" for name, address in endpoints.items())
