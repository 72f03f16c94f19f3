"""Messages of Protobuf topics: what the producer's real code sent, cut down to what the consumer declares to read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from google.protobuf import json_format
from google.protobuf.message import Message

from shop_contracts.checking.content import cut
from shop_contracts.checking.proofs import Proofs
from shop_contracts.event_documents import Kind
from shop_contracts.pacts.interaction import interaction
from shop_contracts.tree.declared import Consumption, Payload


def interactions(consumption: Consumption, topic: Payload, proofs: Proofs) -> Iterator[dict[str, Any]]:
    """Yield a message for each kind that the consumer reads and the producer was heard to send."""
    messages = proofs.sent(topic)
    for kind in proofs.kinds(topic):
        name = kind.field.name if kind.field is not None else ""
        reads = [read for read in consumption.reads or () if not name or read.steps[0] == name]
        example = next((one for one in messages if not name or one.WhichOneof("kind") == name), None)
        if not reads or example is None:
            continue
        shared = [read for read in consumption.reads or () if read.steps[0] not in _kind_names(proofs.kinds(topic))]
        paths = [read.steps for read in (*shared, *reads)] if name else [read.steps for read in reads]
        yield _interaction(topic, kind, example, paths)


def _interaction(topic: Payload, kind: Kind, example: Message, paths: Sequence[Sequence[str]]) -> dict[str, Any]:
    body = json_format.MessageToDict(example, always_print_fields_with_no_presence=True)
    named = [_json_path(example, path) for path in paths]
    bare = [[step.removesuffix("[*]") for step in path] for path in named]
    return interaction(
        f"{topic.name}.{kind.name}",
        f"{kind.name} on {topic.name}",
        cut(body, bare),
        paths=[f"$.{'.'.join(path)}" for path in named],
        metadata={"topic": topic.name, "ce_type": kind.full_name, "contentType": "application/protobuf"},
    )


def _kind_names(kinds: Sequence[Kind]) -> set[str]:
    return {kind.field.name for kind in kinds if kind.field is not None}


def _json_path(message: Message, steps: Sequence[str]) -> list[str]:
    """A path of fields by their JSON names, lists marked `[*]`."""
    described: Any = message.DESCRIPTOR
    named = []
    for at, step in enumerate(steps):
        field = described.fields_by_name[step]
        is_last = at == len(steps) - 1
        named.append(f"{field.json_name}[*]" if field.is_repeated and not is_last else field.json_name)
        described = field.message_type
    return named
