"""Messages of topics in Avro or JSON Schema: a record made up from the schema at hand, cut down to what the consumer reads."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

from shop_contracts.checking.content import cut, is_filled, json_path
from shop_contracts.checking.text_contents import example, plain
from shop_contracts.checking.texts import opened
from shop_contracts.compat.paths import leads
from shop_contracts.event_documents import TEXT_FORMATS
from shop_contracts.pacts.interaction import interaction
from shop_contracts.tree.declared import Consumption, Contracts, Payload
from shop_contracts.tree.finding import Finding


def interactions(contracts: Contracts, consumption: Consumption, topic: Payload) -> Iterator[dict[str, Any]]:
    """Yield the topic's message; none where its schema cannot be read, or no record of it can be made up with what is read."""
    path = str(topic.schema)
    schema = opened(contracts.root, path) if (contracts.root / path).is_file() else None
    if schema is None or isinstance(schema, Finding):
        return
    paths = [read.steps for read in consumption.reads or () if leads(schema.version, read.steps)]
    record = example(schema, paths) if paths else None
    if record is None:
        return
    _, content_type = TEXT_FORMATS[PurePosixPath(path).suffix]
    yield interaction(
        topic.name,
        f"a record on {topic.name}",
        plain(cut(record, paths)),
        paths=[json_path(record, steps) for steps in paths if is_filled(record, steps)],
        metadata={"topic": topic.name, "contentType": content_type},
    )
