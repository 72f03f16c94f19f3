"""Consumers of Avro and JSON topics, proved on their real handlers with records of every version that is still out there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from shop_contracts.checking.text_contents import can_be_made, contents, delivery, proof
from shop_contracts.checking.texts import EarlierText, opened, versions
from shop_contracts.checking.trials import simplest_refused
from shop_contracts.compat.textual import TextSchema
from shop_contracts.tree.declared import Consumption, Contracts, Payload
from shop_contracts.tree.finding import Finding, Group

Take = Callable[[str, Any], None]
"""Given a topic and a record's content as plain data: lets the service's real code take it in. Raises what its handler raises."""


def refused(
    contracts: Contracts, consumption: Consumption, topic: Payload, released: Sequence[EarlierText], take: Take
) -> Iterator[Finding]:
    """Find the versions of which a consumer's handler refuses a record. What cannot be read at all is said elsewhere."""
    now = opened(contracts.root, str(topic.schema)) if (contracts.root / str(topic.schema)).is_file() else None
    if now is None or isinstance(now, Finding) or not can_be_made(now):
        return
    paths = [read.steps for read in consumption.reads or () if not read.is_optional]
    for version in versions(released, now):
        if version.schema.language is not now.language or not can_be_made(version.schema):
            continue
        refusal = _refusal(version.schema, now, topic.name, paths, take)
        if refusal is not None:
            record, error = refusal
            yield Finding(
                Group.CONSUMERS,
                "consumer-refuses-message",
                consumption.place.file,
                consumption.place.line,
                f"{consumption.service} refuses a record that {version.name} of {topic.name} may hold.",
                subject=topic.subject,
                against=version.name,
                consumers=(consumption.service,),
                proof=proof(version.schema, record, writer=version.name, reader=consumption.service, read=f"refused: {error}"),
            )


def _refusal(
    writer: TextSchema, reader: TextSchema, topic: str, paths: Sequence[Sequence[str]], take: Take
) -> tuple[Any, str] | None:
    receive = delivery(writer, reader)
    return simplest_refused(contents(writer, paths), lambda record: take(topic, receive(record)))
