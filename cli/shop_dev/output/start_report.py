"""What `up` says at its end: how long it took and why, where everything is, and what to try."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field

from shop_sandbox.events import CriticalStep, SandboxReady

from shop_dev.start_history import EarlierStart, usual_seconds, usual_seconds_of


@dataclass(frozen=True)
class StartReport:
    """Facts of a start of `resources`, beside those of `earlier` ones. `sku` is a product that can be ordered, if the shop runs.

    `order_key` is the key of the suggested order: literal, as not every machine has `uuidgen`.
    """

    ready: SandboxReady
    attached: bool
    earlier: Sequence[EarlierStart] = ()
    resources: frozenset[str] = frozenset()
    sku: str | None = None
    order_key: str = field(default_factory=lambda: str(uuid.uuid4()))

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
            "tryNext": self.order_command(),
        }

    def text(self) -> str:
        """Return the report for people."""
        parts = [self._headline(), _endpoints(self.ready.endpoints)]
        if self.ready.critical_path and not self.attached:
            parts.append(self._critical_path())
        if self.sku:
            parts.append(self._what_to_try())
        return "\n\n".join(parts)

    def order_command(self) -> str | None:
        """Return a command line that places an order, or None where no front door or no product is there."""
        edge = self.ready.endpoints.get("edge")
        if edge is None or self.sku is None:
            return None
        return (
            f"curl -s {edge}/v1/orders -H 'Content-Type: application/json' -H 'Idempotency-Key: {self.order_key}' \\\n"
            f'       -d \'{{"lines": [{{"sku": "{self.sku}", "quantity": 1}}], "payment": {{"methodToken": "tok_visa"}}}}\''
        )

    def _usual_seconds(self) -> float | None:
        return usual_seconds(self.earlier, resources=self.resources)

    def _headline(self) -> str:
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

    def _what_to_try(self) -> str:
        return "\n".join(
            [
                "Try an order:",
                f"  $ {self.order_command()}",
                '  {"id": "ord_…", "status": "pending", "guestToken": "…", …}',
                "and see what became of it:",
                "  $ shop-dev trace ord_…",
                "  $ shop-dev logs orders payments",
                "Stop with `shop-dev down`; the data stays for the next `up`.",
            ]
        )


def _endpoints(endpoints: dict[str, str]) -> str:
    return "\n".join(f"  {name:<20} {address}" for name, address in endpoints.items())
