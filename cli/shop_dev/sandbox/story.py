"""The facts of one order or request, gathered from a sandbox: traces and logs also after `down`, messages while it runs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

from shop_sandbox import logs
from shop_sandbox.errors import ErrorCode, SandboxError
from shop_sandbox.events import ResourceState
from shop_sandbox.telemetry.read import Trace, span_tree

from shop_dev import sandbox
from shop_dev.logbook import belonging_to
from shop_dev.project import Project
from shop_dev.sandbox.kafka import SandboxKafka
from shop_dev.sandbox.tracing import settled_trace
from shop_dev.story.telling import Facts
from shop_dev.troubles import troubles

if TYPE_CHECKING:
    from shop_sandbox.supervisor.protocol import SandboxStatus

    from shop_dev.kafka.records import Record
    from shop_dev.kafka.survey import Survey

_CLOCKS_SECONDS = 1.0
"""How far the time of a record and of a span may be apart."""
_AFTERWARDS_SECONDS = 5.0
"""For so long after the last step of what has ended, messages about it are looked for."""
_SERVED = (ResourceState.READY, ResourceState.DONE)


def facts_about(project: Project, identity: str) -> Facts:
    """Return all that is known of an order or a trace. Raises SandboxError (trace_not_found), ShopDevError (kafka_away)."""
    kafka = _kafka(project)
    if kafka is None:
        return _without_messages(project, identity)
    from shop_dev.kafka.survey import look

    with ThreadPoolExecutor(1) as pool:  # Kafka is asked while traces and logs are read
        survey = pool.submit(look, kafka.servers)
        facts = _without_messages(project, identity)
        return _with_messages(facts, kafka, survey.result())


def _kafka(project: Project) -> SandboxKafka | None:
    """Return the Kafka of the sandbox; None where none runs, or it has none."""
    try:
        status = sandbox.connect(project).status(memory=False)
    except SandboxError as error:
        if error.code is not ErrorCode.NOT_RUNNING:
            raise
        return None
    return SandboxKafka(project, status) if "KAFKA_BOOTSTRAP_SERVERS" in status.environment else None


def _without_messages(project: Project, identity: str) -> Facts:
    keys = project.settings.keys
    first = settled_trace(project.paths.telemetry, identity, keys)
    traces = (first, *(span_tree(project.paths.telemetry, other, keys) for other in first.other_trace_ids))
    subject = first.subject or identity
    logged = logs.read(project.paths, resources=(), since=_began(traces), keep=belonging_to(subject, keys))
    return Facts(subject, traces, logs=tuple(logged))


def _began(traces: Sequence[Trace]) -> float:
    return min(trace.started_at for trace in traces) - _CLOCKS_SECONDS


def _with_messages(facts: Facts, kafka: SandboxKafka, survey: Survey) -> Facts:
    from shop_dev.kafka.mentions import About, mentions
    from shop_dev.kafka.records import Topics

    traces = facts.traces
    has_ended = any(trace.outcome is not None for trace in traces)
    about = About(
        key=traces[0].subject,
        trace_ids=frozenset(trace.trace_id for trace in traces),
        since=_began(traces),
        until=max(trace.ended_at for trace in traces) + _AFTERWARDS_SECONDS if has_ended else None,
    )
    return replace(
        facts,
        records=mentions(Topics(kafka.servers, kafka.registry_url), survey, about),
        readers=_readers(kafka),
        has_dealt_with=lambda group, record: _is_behind(survey, group, record),
        why_late=lambda service: _why_late(kafka.status, service),
    )


def _readers(kafka: SandboxKafka) -> Mapping[str, Sequence[str]]:
    found: defaultdict[str, list[str]] = defaultdict(list)
    for one in kafka.reads:
        found[one.topic].append(one.group)
    return found


def _is_behind(survey: Survey, group: str, record: Record) -> bool:
    """Return whether a group has gone past a record."""
    return survey.committed.get(group, {}).get((record.topic, record.partition), 0) > record.offset


def _why_late(status: SandboxStatus, service: str) -> tuple[str, ...]:
    resource = next((one for one in status.resources if one.name == service), None)
    if resource is None:
        return (f"no service {service} runs here",)
    known = [one.text for one in troubles(status) if one.resource == service or service in one.blocks]
    if known or resource.state in _SERVED:
        return tuple(known)
    return (f"{service} is {resource.state}" + (f": {resource.reason}" if resource.reason else ""),)
