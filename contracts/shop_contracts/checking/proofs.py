"""Proofs that consumers and producers meet, run on their real code.

Schema rules see what a message may hold. They do not see a field that stays in the schema and is filled by nobody any more, a
kind that a handler has no case for, or a message on a topic that nobody declared. Here the real handlers are fed with messages
made up from every released version, and what the real producers send is held against what consumers declare to read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from google.protobuf import json_format
from google.protobuf.message import Message

from shop_contracts.checking.content import Needed, needed_tree
from shop_contracts.checking.protobuf import Earlier, meaning, walk
from shop_contracts.checking.records import is_filled, observe, records
from shop_contracts.checking.trials import simplest_refused
from shop_contracts.compat.elements import Message as Element
from shop_contracts.compat.languages import Language
from shop_contracts.compat.proof import Proof
from shop_contracts.compat.schema import Schema
from shop_contracts.event_documents import KIND, Kind, kinds
from shop_contracts.tree.compiled import Compiled
from shop_contracts.tree.declared import Carrier, Consumption, Contracts, Payload
from shop_contracts.tree.finding import Finding, Group

if TYPE_CHECKING:
    from shop_contracts.checking.text_proofs import Take
    from shop_contracts.checking.texts import EarlierText

Hear = Callable[[str, str, Sequence[int], bytes], None]
"""Given kind, topic, message path and bytes: lets the service's real code take the record in. Raises what its handler raises."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A message that a service's real code has sent: the topic, the bytes of the bare message, its CloudEvents type."""

    topic: str
    type: str
    content: bytes


def _deaf(topic: str, _content: Any) -> None:
    raise LookupError(f"nothing takes the contents of {topic}")


@dataclass(frozen=True, slots=True)
class Cast:
    """A service in the proofs: its ears, and all that it said.

    `hears` are the topics it has handlers of Protobuf messages for, `takes` those of contents in Avro or JSON Schema.
    """

    service: str
    hears: frozenset[str]
    hear: Hear
    sent: tuple[Sent, ...]
    speaks: bool = True
    """False where its part could not be played to the end, so that nothing can be said of what it sends."""
    takes: frozenset[str] = frozenset()
    take: Take = _deaf


class Proofs:
    """The proofs of one tree. `released` and `released_texts` give the released versions of a subject, oldest first."""

    def __init__(
        self,
        contracts: Contracts,
        compiled: Compiled,
        casts: Mapping[str, Cast],
        released: Callable[[str], Sequence[Earlier]],
        released_texts: Callable[[str], Sequence[EarlierText]] = lambda _: (),
    ) -> None:
        self._contracts = contracts
        self._compiled = compiled
        self._casts = casts
        self._released = released
        self._released_texts = released_texts
        self._topics = {one.name: one for one in contracts.declared.payloads if one.carrier is Carrier.TOPIC}

    def broken(self) -> Iterator[Finding]:
        """Find where consumers and producers do not meet."""
        for cast in self._casts.values():
            yield from self._undeclared(cast)
        for topic in self._topics.values():
            yield from self._producer(topic)
        for consumption in self._contracts.declared.consumptions:
            if consumption.topic in self._topics and consumption.service in self._casts:
                yield from self._consumer(consumption, self._topics[consumption.topic])

    def sent(self, topic: Payload) -> list[Message]:
        """What the producer of a topic was heard to say on it, as messages of the present schema."""
        schema = self._schema(topic)
        cls = schema.runtime.message(topic.message or "") if schema is not None else None
        cast = self._casts.get(topic.service)
        if cls is None or cast is None:
            return []
        return [cls.FromString(one.content) for one in cast.sent if one.topic == topic.name]

    def kinds(self, topic: Payload) -> list[Kind]:
        """The kinds of message that a topic's present schema has."""
        schema = self._schema(topic)
        return kinds(schema, topic) if schema is not None else []

    def _schema(self, topic: Payload) -> Schema | None:
        path = str(topic.schema)
        return self._compiled.schema(path) if path.endswith(".proto") and (self._contracts.root / path).is_file() else None

    def _undeclared(self, cast: Cast) -> Iterator[Finding]:
        """Nobody produces what nobody declared, and nobody listens to what he does not declare to consume."""
        place = next(one.place for one in self._contracts.declared.services if one.name == cast.service)
        consumed = {one.topic for one in self._contracts.declared.consumptions if one.service == cast.service}
        for name in sorted({one.topic for one in cast.sent}):
            topic = self._topics.get(name)
            if topic is None or topic.service != cast.service:
                message = f"{cast.service} sends to {name}, which its manifest does not declare as produced."
                yield _finding("sends-undeclared-topic", place.file, place.line, message, subject=f"{name}-value")
                continue
            known = {kind.full_name for kind in self.kinds(topic)}
            for kind in sorted({one.type for one in cast.sent if one.topic == name} - known) if known else ():
                message = f"{cast.service} sends {kind} to {name}, whose contract has no such message."
                yield _finding("sends-undeclared-kind", topic.place.file, topic.place.line, message, subject=topic.subject)
        for name in sorted((cast.hears | cast.takes) - consumed):
            message = f"{cast.service} has a handler for {name} and does not declare to consume it."
            yield _finding("hears-undeclared-topic", place.file, place.line, message, subject=f"{name}-value")
        for consumption in self._contracts.declared.consumptions:
            if consumption.service == cast.service and not self._has_handler(cast, consumption.topic):
                message = f"{cast.service} declares to consume {consumption.topic} and has no handler for it."
                where = consumption.place
                yield _finding("consumption-without-handler", where.file, where.line, message, subject=f"{consumption.topic}-value")

    def _has_handler(self, cast: Cast, topic: str) -> bool:
        payload = self._topics.get(topic)
        if payload is None:
            return topic in cast.hears | cast.takes
        return topic in (cast.takes if _is_text(payload) else cast.hears)

    def _producer(self, topic: Payload) -> Iterator[Finding]:
        """What consumers declare to read is sent, and filled; and what is sent is read by somebody."""
        schema, messages = self._schema(topic), self.sent(topic)
        readers = [one for one in self._contracts.declared.consumptions if one.topic == topic.name and one.reads is not None]
        cast = self._casts.get(topic.service)
        if schema is None or cast is None or not cast.speaks or not readers:
            return
        has_kinds = any(kind.field is not None for kind in self.kinds(topic))
        for consumption in readers:
            for read in consumption.reads or ():
                if walk(schema, str(topic.message), read.steps) is not None:
                    yield from self._read(topic, consumption, read.path, messages, is_optional=read.is_optional)
        wanted = {read.steps[0] for consumption in readers for read in consumption.reads or ()}
        said = {str(message.WhichOneof(KIND)) for message in messages} if has_kinds else set()
        for kind in sorted(said - wanted):
            message = f"{topic.service} sends {kind} on {topic.name}, and no consumer declares to read it."
            yield _finding(
                "kind-nobody-reads",
                topic.place.file,
                topic.place.line,
                message,
                subject=topic.subject,
                path=kind,
                hint="name it under `reads` of who reacts to it",
            )

    def _read(
        self, topic: Payload, consumption: Consumption, path: str, messages: Sequence[Message], *, is_optional: bool
    ) -> Iterator[Finding]:
        steps = path.split(".")
        kind_names = {kind.field.name for kind in self.kinds(topic) if kind.field is not None}
        concerned = [one for one in messages if steps[0] not in kind_names or one.WhichOneof(KIND) == steps[0]]
        if not concerned:
            message = f"{consumption.service} reads {path}, and {topic.service} sends no {steps[0]} on {topic.name}."
            yield self._unfilled("read-of-what-nobody-sends", topic, consumption, path=path, message=message, example=None)
            return
        empty = [one for one in concerned if not is_filled(one, steps, anywhere=is_optional)]
        is_broken = len(empty) == len(concerned) if is_optional else bool(empty)
        if is_broken:
            how_often = "never fills it" if len(empty) == len(concerned) else "does not always fill it"
            message = f"{consumption.service} reads {path} of {topic.name}, and {topic.service} {how_often}."
            yield self._unfilled("read-not-filled", topic, consumption, path=path, message=message, example=empty[0])

    def _unfilled(
        self, rule: str, topic: Payload, consumption: Consumption, *, path: str, message: str, example: Message | None
    ) -> Finding:
        read = next(one for one in consumption.reads or () if one.path == path)
        proof = None
        if example is not None:
            payload = example.SerializeToString()
            name = str(example.DESCRIPTOR.full_name)
            proof = Proof(
                name, topic.service, consumption.service, "protobuf", payload.hex(" "), _json(example), f"{path} is empty"
            )
        return Finding(
            Group.CONSUMERS,
            rule,
            read.place.file,
            read.place.line,
            message,
            subject=topic.subject,
            path=path,
            consumers=(consumption.service,),
            proof=proof,
            hint="fill it, or let the consumer stop reading it first" if example is not None else "",
        )

    def _consumer(self, consumption: Consumption, topic: Payload) -> Iterator[Finding]:
        """The consumer's real handler accepts what every version that is still out there may send."""
        cast = self._casts[consumption.service]
        if not self._has_handler(cast, topic.name):
            return
        if _is_text(topic):
            from shop_contracts.checking.text_proofs import refused  # the libraries behind it take a while to import

            yield from refused(self._contracts, consumption, topic, self._released_texts(topic.subject), cast.take)
            return
        observed = observe(self.sent(topic))
        needed = needed_tree(read.steps for read in consumption.reads or () if not read.is_optional)
        for version in self._versions(topic):
            for kind in kinds(version.schema, topic):
                trial = _Trial(version.schema, topic, kind)
                refusal = trial.refusal(cast.hear, _only_this_kind(needed, kind, version.schema, topic), observed)
                if refusal is not None:
                    yield _refused(consumption, topic, version.name, kind, record=refusal[0], error=refusal[1])

    def _versions(self, topic: Payload) -> Iterator[Earlier]:
        released = list(self._released(topic.subject))
        now = self._schema(topic)
        if now is not None and not any(meaning(one.schema) == meaning(now) for one in released):
            released.append(Earlier("the version at hand", now))
        yield from released


@dataclass(frozen=True, slots=True)
class _Trial:
    schema: Schema
    topic: Payload
    kind: Kind

    def refusal(self, hear: Hear, needed: Needed, observed: Mapping[str, Sequence[object]]) -> tuple[Message, str] | None:
        """The simplest message that the handler refuses, and what it says; None when it accepts all that were tried."""
        cls = self.schema.runtime.message(self.topic.message or "")
        if cls is None:
            return None
        field = self.kind.field.name if self.kind.field is not None else None
        path = message_path(self.schema.tree.messages[str(self.topic.message)])
        made = records(cls, kind=field, needed=needed, observed=observed)
        return simplest_refused(made, lambda record: hear(field or "", self.topic.name, path, record.SerializeToString()))


def _is_text(topic: Payload) -> bool:
    return Language.of(topic.schema or "") is not None


def message_path(message: Element) -> list[int]:
    """Where a message stands in its file, outermost first, as Confluent's wire format has it."""
    path: list[int] = []
    current: Element | None = message
    while current is not None:
        siblings = current.parent.messages if current.parent is not None else current.file.messages
        path.insert(0, next(at for at, one in enumerate(siblings) if one is current))
        current = current.parent
    return path


def _only_this_kind(needed: Needed, kind: Kind, schema: Schema, topic: Payload) -> Needed:
    """What must be filled in messages of one kind, as far as the version has it."""
    message = schema.tree.messages[str(topic.message)]
    others = {field.name for field in message.oneofs.get(KIND, ())} - {kind.field.name if kind.field else ""}
    return {name: below for name, below in needed.items() if name not in others}


def _refused(consumption: Consumption, topic: Payload, version: str, kind: Kind, *, record: Message, error: str) -> Finding:
    name = str(record.DESCRIPTOR.full_name)
    proof = Proof(
        name, version, consumption.service, "protobuf", record.SerializeToString().hex(" "), _json(record), f"refused: {error}"
    )
    return Finding(
        Group.CONSUMERS,
        "consumer-refuses-message",
        consumption.place.file,
        consumption.place.line,
        f"{consumption.service} refuses a {kind.name} that {version} of {topic.name} may hold.",
        subject=topic.subject,
        path=kind.field.name if kind.field is not None else "",
        against=version,
        consumers=(consumption.service,),
        proof=proof,
    )


def _finding(rule: str, file: str, line: int, message: str, *, subject: str, path: str = "", hint: str = "") -> Finding:
    return Finding(Group.CONSUMERS, rule, file, line, message, subject=subject, path=path, hint=hint)


def _json(message: Message) -> str:
    return json_format.MessageToJson(message, indent=None, preserving_proto_field_name=True)
