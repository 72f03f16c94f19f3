"""What consumers read of events, as Pact v4 message files: one for each consumer and the producer it reads from.

The contents are what the producer's real code sent, cut down to what the consumer declares to read; types count, values do not.
https://github.com/pact-foundation/pact-specification/tree/version-4
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from google.protobuf import json_format
from google.protobuf.message import Message

from shop_contracts.checking.proofs import Proofs
from shop_contracts.event_documents import Kind
from shop_contracts.tree.declared import Carrier, Consumption, Contracts, Payload


def pacts(contracts: Contracts, proofs: Proofs) -> dict[str, bytes]:
    """Return the files by name, `<consumer>-<producer>.json`. Who does not say what it reads has none."""
    topics = {one.name: one for one in contracts.declared.payloads if one.carrier is Carrier.TOPIC}
    interactions: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for consumption in contracts.declared.consumptions:
        topic = topics.get(consumption.topic)
        if topic is not None and consumption.reads is not None:
            found = _interactions(consumption, topic, proofs)
            interactions.setdefault((consumption.service, topic.service), []).extend(found)
    return {
        f"{consumer}-{producer}.json": (json.dumps(_pact(consumer, producer, found), indent=2) + "\n").encode()
        for (consumer, producer), found in interactions.items()
        if found
    }


def _pact(consumer: str, producer: str, interactions: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "consumer": {"name": consumer},
        "provider": {"name": producer},
        "interactions": interactions,
        "metadata": {"pactSpecification": {"version": "4.0"}},
    }


def _interactions(consumption: Consumption, topic: Payload, proofs: Proofs) -> Iterator[dict[str, Any]]:
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
    return {
        "type": "Asynchronous/Messages",
        "key": f"{topic.name}.{kind.name}",
        "pending": False,
        "description": f"{kind.name} on {topic.name}",
        "providerStates": [],
        "contents": {"content": _only(body, named), "contentType": "application/json", "encoded": False},
        "metadata": {"topic": topic.name, "ce_type": kind.full_name, "contentType": "application/protobuf"},
        "matchingRules": {
            "body": {f"$.{'.'.join(path)}": {"combine": "AND", "matchers": [{"match": "type"}]} for path in named},
        },
    }


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


def _only(value: Any, paths: Sequence[Sequence[str]]) -> Any:
    """What paths lead to in plain data, and nothing else. A path that ends takes all that is there."""
    if not paths or any(not path for path in paths):
        return value
    if isinstance(value, list):
        return [_only(element, paths) for element in value]
    if not isinstance(value, dict):
        return value
    kept: dict[str, Any] = {}
    for name in dict.fromkeys(path[0].removesuffix("[*]") for path in paths):
        if name in value:
            kept[name] = _only(value[name], [path[1:] for path in paths if path[0].removesuffix("[*]") == name])
    return kept
