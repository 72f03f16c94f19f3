"""`shop-dev produce`."""

from __future__ import annotations

from typing import Annotated

import typer

from shop_dev.commands.options import JsonFlag, SandboxName
from shop_dev.output.answer import Answer


def produce(
    topic: Annotated[str, typer.Argument(metavar="TOPIC", help="A topic of `shop-dev topics`.")],
    key: Annotated[str | None, typer.Option("--key", metavar="KEY", help="The key of the records.", show_default=False)] = None,
    header: Annotated[
        list[str] | None,
        typer.Option("--header", metavar="NAME=VALUE", help="A header of the records; may be given again.", show_default=False),
    ] = None,
    name: SandboxName = None,
    json: JsonFlag = False,
) -> Answer:
    """Write JSON from standard input into a topic, checked against the schema that the topic has.

    Several documents may follow each other; all are checked before the first is sent. The headers are those that a service
    would give (CloudEvents); --header adds to them, or takes their place.
    """
    import sys

    from shop_dev.errors import CliCode, ShopDevError
    from shop_dev.kafka.producing import documents
    from shop_dev.kafka.producing import produce as send
    from shop_dev.sandbox.kafka import kafka_of

    del json
    headers = dict(_pair(text) for text in header or ())
    kafka = kafka_of(name)
    contents = [*documents(sys.stdin.read())]
    if not contents:
        raise ShopDevError(
            CliCode.MESSAGE_INVALID, "Nothing came on standard input.", actions=(f"shop-dev produce {topic} < message.json",)
        )
    sent = send(kafka.servers, kafka.registry_url, topic, contents, key=key, headers=headers)
    data = [{"partition": one.partition, "offset": one.offset, "schemaId": one.schema_id} for one in sent]
    told = "\n".join(f"{one.topic}, partition {one.partition}, offset {one.offset}" for one in sent)
    return Answer(data={"topic": topic, "records": data}, text=told)


def _pair(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign or not name:
        raise typer.BadParameter(f"--header {text!r} is not NAME=VALUE.")
    return name, value
