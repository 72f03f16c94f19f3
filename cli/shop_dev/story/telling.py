"""From facts to sentences: what services were asked, what they told each other, and what went wrong meanwhile."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from shop_sandbox.telemetry.read import OUTCOME, STAGE

from shop_dev.story.model import Step, Story, Waits

if TYPE_CHECKING:
    from shop_sandbox.logs import LogRecord
    from shop_sandbox.telemetry.read import SpanNode, Trace

    from shop_dev.kafka.records import Record

_HTTP_STATUS = "http.response.status_code"
_MESSAGE_ID, _GROUP = "messaging.message.id", "messaging.consumer.group.name"
_TROUBLED_LEVELS = frozenset({"WARNING", "WARN", "ERROR", "CRITICAL", "FATAL"})
_MOST_DETAILS = 3
_LONGEST_DETAIL = 120


@dataclass(frozen=True)
class Facts:
    """All that is known of one thing.

    `readers` names by topic the groups that read it. `has_dealt_with` says of a group and a record whether that is behind it;
    without Kafka there are no records. `why_late` says what keeps a service from its work, as far as its own state tells.
    """

    subject: str
    traces: Sequence[Trace]
    records: Sequence[Record] = ()
    logs: Sequence[LogRecord] = ()
    readers: Mapping[str, Sequence[str]] = field(default_factory=dict)
    has_dealt_with: Callable[[str, Record], bool] = lambda _group, _record: True
    why_late: Callable[[str], tuple[str, ...]] = lambda _service: ()


def story_of(facts: Facts) -> Story:
    """Put the story together."""
    spans = [span for trace in facts.traces for span in trace.spans()]
    handled = {
        (str(span.attributes.get(_GROUP)), str(span.attributes.get(_MESSAGE_ID))): span
        for span in spans
        if _GROUP in span.attributes
    }
    told = _messages(facts, handled) if facts.records else _handlings(spans)
    steps = sorted([*_requests(facts.traces), *told, *_failures(spans), *_warnings(facts.logs)])
    outcome, stage = _end(spans)
    return Story(
        subject=facts.subject,
        trace_ids=tuple(trace.trace_id for trace in facts.traces),
        steps=tuple(steps),
        outcome=outcome,
        waits=tuple(_waits(facts, handled)),
        stage=None if outcome is not None else stage,
    )


def _requests(traces: Sequence[Trace]) -> Iterator[Step]:
    """What came from outside, and how it was answered."""
    for trace in traces:
        first = trace.first
        if first.kind == "server":
            answered = first.attributes.get(_HTTP_STATUS)
            said = f" and answered {answered}" if answered is not None else ""
            is_trouble = first.status == "error" or (isinstance(answered, int) and answered >= 400)
            yield Step(first.started_at, f"{first.service} was asked {first.name}{said} within {_span(first.seconds)}", is_trouble)


Handled = Mapping[tuple[str, str], "SpanNode"]


def _messages(facts: Facts, handled: Handled) -> Iterator[Step]:
    """What services told each other, and how long it took until it was dealt with."""
    for record in facts.records:
        groups = facts.readers.get(record.topic, ())
        dealt = [span for group in groups if (span := handled.get((group, _id(record)))) is not None]
        said = f"{_source(record)} told {_and(groups)}: " if groups else f"{_source(record)} announced "
        done = max((span.started_at + span.seconds for span in dealt), default=None)
        within = (
            f" (dealt with within {_span(max(0.0, done - record.at))})" if done is not None and len(dealt) == len(groups) else ""
        )
        yield Step(record.at, f"{said}{_kind(record)}{_details(record, facts.subject)}{within}")


def _handlings(spans: Iterable[SpanNode]) -> Iterator[Step]:
    """What services have dealt with, where Kafka cannot be asked."""
    for span in spans:
        if _GROUP in span.attributes:
            yield Step(
                span.started_at, f"{span.service} dealt with {span.name.removesuffix(' process')} within {_span(span.seconds)}"
            )


def _failures(spans: Iterable[SpanNode]) -> Iterator[Step]:
    """What failed on the way, each kind of failure once."""
    alike: defaultdict[tuple[str, str, str], list[SpanNode]] = defaultdict(list)
    for span in spans:
        if span.status == "error" and span.parent_id is not None:
            alike[span.service, span.name, span.status_message].append(span)
    for (service, name, message), found in alike.items():
        why = f": {message}" if message else ""
        yield Step(min(span.started_at for span in found), f"{service} failed at {name}{_times(len(found))}{why}", is_trouble=True)


def _warnings(logs: Iterable[LogRecord]) -> Iterator[Step]:
    """What was logged about it as a warning or worse, each kind once."""
    alike: defaultdict[tuple[str, str], list[float]] = defaultdict(list)
    for record in logs:
        if is_warning(record):
            alike[record.resource, said_in(record)].append(record.at)
    for (resource, said), times in alike.items():
        yield Step(min(times), f"{resource} logged{_times(len(times))}: {said}", is_trouble=True)


def _waits(facts: Facts, handled: Handled) -> Iterator[Waits]:
    for record in facts.records:
        for group in facts.readers.get(record.topic, ()):
            if (group, _id(record)) not in handled and not facts.has_dealt_with(group, record):
                logged = [said_in(one) for one in facts.logs if one.resource == group and is_warning(one)]
                why = dict.fromkeys((*facts.why_late(group), *logged[-1:]))
                yield Waits(group, _kind(record), record.topic, record.at, tuple(why))


def _end(spans: Sequence[SpanNode]) -> tuple[str | None, tuple[str, float] | None]:
    """Return what became of it, and how far it had come by the last step that says so."""
    by_time = sorted(spans, key=lambda span: span.started_at)
    outcome = next((str(span.told(OUTCOME)) for span in reversed(by_time) if span.told(OUTCOME)), None)
    stage = next(((str(span.told(STAGE)), span.started_at + span.seconds) for span in reversed(by_time) if span.told(STAGE)), None)
    return outcome, stage


def is_warning(record: LogRecord) -> bool:
    """Return whether a structured record was logged as a warning or worse."""
    return str((record.fields or {}).get("level", "")).upper() in _TROUBLED_LEVELS


def said_in(record: LogRecord) -> str:
    """Return what a structured record says, with its reason, or the last line of its traceback."""
    fields = record.fields or {}
    message = next((str(fields[name]) for name in ("message", "msg", "event") if fields.get(name)), record.text)
    trace = str(fields.get("exception") or "").strip()
    reason = fields.get("reason") or fields.get("error") or (trace.splitlines()[-1] if trace else None)
    return f"{message}: {reason}" if reason else message


def _id(record: Record) -> str:
    return record.headers.get("ce_id", "")


def _source(record: Record) -> str:
    """The service by CloudEvents' source (`/shop/orders`); somebody, where it is not said."""
    return record.headers.get("ce_source", "").rpartition("/")[2] or "somebody"


def _kind(record: Record) -> str:
    return record.headers.get("ce_type", "").rpartition(".")[2] or f"a record of {record.topic}"


def _details(record: Record, subject: str) -> str:
    """A few plain words of its content: what stands in the one message within it, else in itself; no ids."""
    content = record.content if isinstance(record.content, Mapping) else {}
    within = [value for value in content.values() if isinstance(value, Mapping)]
    chosen = within[-1] if within else content
    plain = [
        f"{name} {str(value)[:_LONGEST_DETAIL]}"
        for name, value in chosen.items()
        if isinstance(value, str | int | float) and not name.endswith("_id") and value not in ("", subject)
    ]
    return f" ({', '.join(plain[:_MOST_DETAILS])})" if plain else ""


def _and(names: Sequence[str]) -> str:
    return " and ".join(names)


def _times(count: int) -> str:
    return "" if count == 1 else f" {count} times"


def _span(seconds: float) -> str:
    return f"{seconds * 1e3:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"
