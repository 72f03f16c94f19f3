"""Where the time of each operation went, from the traces of a run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from shop_sandbox.telemetry.read import SpanNode, Trace


class Share(StrEnum):
    """What a part of the time was spent on.

    CODE is a service at work, its wait for the processor included: a trace cannot tell these two apart. WAITING is between a
    caller and the service that it calls: the line, and the callee's loop that was busy. KAFKA is from a message's being written to
    its being read.
    """

    CODE = "our code"
    AWS = "AWS"
    KAFKA = "Kafka"
    POSTGRES = "PostgreSQL"
    REDIS = "Redis"
    WAITING = "waiting"


WAITED = {"shop.waited.postgresql": Share.POSTGRES, "shop.waited.redis": Share.REDIS}
"""What spans say of their waits for stores, in seconds."""
_SYSTEMS = {
    "aws-api": Share.AWS,
    "postgresql": Share.POSTGRES,
    "redis": Share.REDIS,
    "kafka": Share.KAFKA,
}
"""By `rpc.system`, `db.system` and `messaging.system` of a client's span, as OpenTelemetry names them."""


@dataclass
class Split:
    """All calls of one operation: how often, and seconds by share. `aws` counts the calls of AWS's operations within them."""

    calls: int = 0
    seconds: Counter[Share] = field(default_factory=Counter)
    aws: Counter[str] = field(default_factory=Counter)
    slowest: tuple[float, str] = (0.0, "")
    """Seconds and trace id of the slowest call."""

    @property
    def total(self) -> float:
        """Seconds of all calls together."""
        return float(sum(self.seconds.values()))


def split(traces: Iterable[Trace]) -> dict[str, Split]:
    """Return where the time went, by the name of the span that a trace began with.

    `… until the last message` is what came after the answer, up to the end of the last message that it caused.
    """
    found: dict[str, Split] = {}
    for trace in traces:
        for root in trace.roots:
            if root.kind == "server" and root.parent_id is None:
                parts = {root.name: _within(root, root.started_at, root.started_at + root.seconds)}
                parts[f"{root.name} until the last message"] = _behind(root)
                for name, whole in parts.items():
                    _add(found, name, [*whole], trace.trace_id)
    return found


@dataclass(frozen=True)
class _Part:
    share: Share
    seconds: float
    aws_operation: str | None = None


def _add(found: dict[str, Split], name: str, parts: Sequence[_Part], trace_id: str) -> None:
    if not parts:
        return
    into = found.setdefault(name, Split())
    into.calls += 1
    into.slowest = max(into.slowest, (sum(part.seconds for part in parts), trace_id))
    for part in parts:
        into.seconds[part.share] += part.seconds  # type: ignore[assignment]  # a Counter counts seconds as well
        if part.aws_operation is not None:
            into.aws[part.aws_operation] += 1


def _within(node: SpanNode, begin: float, end: float) -> Iterator[_Part]:
    """The parts of a span's time between two moments, which together are all of it. Where calls overlap, the first counts."""
    covered, at = 0.0, begin
    for child in sorted(_called(node), key=lambda one: one.started_at):
        first, last = max(child.started_at, at), min(child.started_at + child.seconds, end)
        if last > first:
            yield from _call(child, first, last)
            covered, at = covered + last - first, last
    left = max(end - begin - covered, 0.0)
    for name, share in WAITED.items():
        waited = node.attributes.get(name)
        seconds = min(float(waited) if isinstance(waited, int | float) else 0.0, left)
        yield _Part(share, seconds)
        left -= seconds
    yield _Part(Share.CODE, left)


def _called(node: SpanNode) -> list[SpanNode]:
    """What the span's work waited for; messages that it set off are handled later, by others."""
    return [child for child in node.children if child.kind != "consumer"]


def _call(node: SpanNode, begin: float, end: float) -> Iterator[_Part]:
    """A call's part of the time: a store's, or that of the service behind it, and the way there and back."""
    if (share := _system(node)) is not None:
        operation = str(node.attributes.get("rpc.method", node.name)) if share is Share.AWS else None
        yield _Part(share, end - begin, operation)
        return
    if node.kind != "client":
        yield from _within(node, begin, end)
        return
    at = begin
    for child in sorted(_called(node), key=lambda one: one.started_at):
        first, last = max(child.started_at, at), min(child.started_at + child.seconds, end)
        if last > first:
            yield _Part(Share.WAITING, first - at)
            yield from _within(child, first, last)
            at = last
    yield _Part(Share.WAITING, max(end - at, 0.0))


def _system(node: SpanNode) -> Share | None:
    if node.kind not in {"client", "producer"}:
        return None
    told = (node.attributes.get(name) for name in ("rpc.system", "db.system", "db.system.name", "messaging.system"))
    return next((_SYSTEMS[str(system)] for system in told if system in _SYSTEMS), None)


def _behind(root: SpanNode) -> Iterator[_Part]:
    """The time from the answer to the end of the last message, along the chain that led to it."""
    chain = _longest_chain(root)
    at = root.started_at + root.seconds
    for node in chain:
        if node.kind != "consumer":
            continue
        begin, end = max(node.started_at, at), node.started_at + node.seconds
        if end <= at:
            continue
        yield _Part(Share.KAFKA, begin - at)
        yield from _within(node, begin, end)
        at = end


def _longest_chain(root: SpanNode) -> list[SpanNode]:
    """The spans from the root to the consumer that ended last."""
    parents: dict[str, SpanNode] = {}
    last, ahead = None, [root]
    while ahead:
        node = ahead.pop()
        parents.update((child.span_id, node) for child in node.children)
        ahead += node.children
        if node.kind == "consumer" and (last is None or node.started_at + node.seconds > last.started_at + last.seconds):
            last = node
    chain: list[SpanNode] = []
    while last is not None:
        chain.append(last)
        last = parents.get(last.span_id)
    return chain[::-1]
