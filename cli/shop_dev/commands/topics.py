"""`shop-dev topics`."""

from __future__ import annotations

from typing import Annotated

import typer

from shop_dev.commands.options import JsonFlag, SandboxName
from shop_dev.output.answer import Answer


def topics(
    everything: Annotated[
        bool, typer.Option("--all", help="Also what Kafka, the registry and the sandbox keep for themselves.")
    ] = False,
    name: SandboxName = None,
    json: JsonFlag = False,
) -> Answer:
    """List Kafka's topics: what is in them, by which schema, who writes and reads them, and what is behind."""
    from shop_dev.kafka.survey import look
    from shop_dev.output.topics import topics_data, topics_page
    from shop_dev.sandbox.kafka import kafka_of

    del json
    kafka = kafka_of(name)
    seen = look(kafka.servers).topics(declared=kafka.reads, log_folder=kafka.log_folder)
    found = [topic for topic in seen if everything or not topic.is_internal]
    told = found, kafka.schemas, kafka.writers
    return Answer(data=topics_data(*told), text=topics_page(*told))
