"""What `trace` says: a tree of spans with times."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from shop_sandbox.telemetry.read import OUTCOME, STAGE, SpanNode, Trace

_HTTP_STATUS = "http.response.status_code"
_COMPENSATING = "compensating"
_ON_THE_WAY = ("server", "consumer")
"""Kinds of spans whose failure ends the work; a call that failed may have been made again."""


def trace_data(trace: Trace) -> dict[str, object]:
    """The trace for scripts: `startedAt` in seconds since the epoch, durations in seconds, causes holding what they caused."""
    return {
        "traceId": trace.trace_id,
        "startedAt": trace.started_at,
        "subject": trace.subject,
        "outcome": trace.outcome,
        "otherTraceIds": list(trace.other_trace_ids),
        "roots": [_span(node) for node in _by_time(trace.roots)],
    }


def trace_text(trace: Trace) -> str:
    """Return the trace for people: one line a span, below the span that caused it."""
    spans = list(_lines(trace.roots))
    width = max(len(drawn) for drawn, _ in spans)
    lines = [f"{drawn:<{width}}  {_times(node, trace.started_at)}" for drawn, node in spans]
    heading = f"{'':<{width}}  {'began':>11}  {'took':>11}"
    others = [f"Also in trace {identity}." for identity in trace.other_trace_ids]
    told, _ = outcome_of(trace)
    subject = trace.subject or f"{trace.first.service}: {trace.first.name}"
    return "\n".join([_headline(trace, [node for _, node in spans]), "", heading, *lines, "", *others, f"{subject}: {told}"])


def outcome_of(trace: Trace) -> tuple[str, str]:
    """Return what became of it, in words, and the colour of that: what a step has told, else what the first caller was answered."""
    if trace.outcome is not None:
        return trace.outcome, "green" if trace.outcome.partition(":")[0] == "completed" else "yellow"
    failed = [node for node in trace.spans() if node.status == "error" and node.kind in _ON_THE_WAY]
    if failed:
        last = max(failed, key=lambda node: node.started_at)
        return f"failed in {last.service}: {last.status_message or last.name}", "red"
    answered = trace.first.attributes.get(_HTTP_STATUS)
    if trace.subject is not None and (stages := [node for node in trace.spans() if node.told(STAGE)]):
        last = max(stages, key=lambda node: node.started_at)
        return f"not ended yet; {last.told(STAGE)} since {last.service} did {last.name}", "yellow"
    return (f"answered {answered}", "green" if int(str(answered)) < 400 else "red") if answered is not None else ("", "")


def _headline(trace: Trace, nodes: list[SpanNode]) -> str:
    began = datetime.fromtimestamp(trace.started_at).astimezone().strftime("%Y-%m-%d %H:%M:%S")
    seconds = max(node.started_at + node.seconds for node in nodes) - trace.started_at
    services = len({node.service for node in nodes})
    failed = sum(node.status == "error" for node in nodes)
    errors = f", {failed} with an error" if failed else ""
    return f"Trace {trace.trace_id} began {began} and took {seconds:.3f} s: {len(nodes)} spans in {services} services{errors}."


def _lines(roots: Iterable[SpanNode]) -> Iterator[tuple[str, SpanNode]]:
    """Yield each span with its line of the drawing, parents first. Walks with a stack: a chain of causes may be long."""
    stack = [(node, "", "") for node in reversed(_by_time(roots))]
    while stack:
        node, indent, branch = stack.pop()
        yield f"{indent}{branch}{node.service}: {node.name}", node
        below = indent + {"": "", "├─ ": "│  ", "└─ ": "   "}[branch]
        children = _by_time(node.children)
        stack.extend((child, below, "└─ " if child is children[-1] else "├─ ") for child in reversed(children))


def _times(node: SpanNode, started_at: float) -> str:
    said = "".join(f"  {mark}" for mark in _marks(node))
    return f"{(node.started_at - started_at) * 1e3:8.1f} ms  {node.seconds * 1e3:8.1f} ms{said}"


def _marks(node: SpanNode) -> Iterator[str]:
    """What is worth a second look at a step: that it failed, was refused, set off the way back, or ended the work."""
    if node.status == "error":
        yield f"✗ error: {node.status_message}".rstrip(": ")
    elif isinstance(answered := node.attributes.get(_HTTP_STATUS), int) and answered >= 400:
        yield f"✗ answered {answered}"
    if outcome := node.told(OUTCOME):
        yield f"■ {outcome}"
    elif node.told(STAGE) == _COMPENSATING:
        yield "↩ compensating: what was done is undone from here"


def _by_time(nodes: Iterable[SpanNode]) -> list[SpanNode]:
    return sorted(nodes, key=lambda node: node.started_at)


def _span(node: SpanNode) -> dict[str, object]:
    return {
        "spanId": node.span_id,
        "parentId": node.parent_id,
        "service": node.service,
        "name": node.name,
        "kind": node.kind,
        "startedAt": node.started_at,
        "seconds": node.seconds,
        "status": node.status,
        "statusMessage": node.status_message,
        "attributes": node.attributes,
        "events": list(node.events),
        "children": [_span(child) for child in _by_time(node.children)],
    }
