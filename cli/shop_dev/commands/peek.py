"""`shop-dev peek`."""

from __future__ import annotations

from typing import Annotated

import typer

from shop_dev.commands.options import JsonFlag, SandboxName
from shop_dev.output.answer import Answer, Listing, Stream


def peek(  # noqa: PLR0917 - one parameter an option
    topic: Annotated[str, typer.Argument(metavar="TOPIC", help="A topic of `shop-dev topics`, or one of dead letters.")],
    count: Annotated[int, typer.Option("--last", "-n", metavar="N", min=1, help="How many of the newest records.")] = 3,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Show what is written from now on (or from --since on); Ctrl-C ends it.")
    ] = False,
    key: Annotated[str | None, typer.Option("--key", metavar="KEY", help="Only records of this key.", show_default=False)] = None,
    since: Annotated[
        str | None,
        typer.Option("--since", metavar="WHEN", help="An age (30s, 10m, 2h, 1d) or a time (2026-01-31T12:00).", show_default=False),
    ] = None,
    where: Annotated[
        str | None,
        typer.Option(
            "--where",
            metavar="CONDITION",
            help="Only records whose content fits: 'completed.purchase.total > 5000 and headers.ce_source ~ orders'.",
            show_default=False,
        ),
    ] = None,
    name: SandboxName = None,
    json: JsonFlag = False,
) -> Answer:
    """Show the newest records of a topic, each read with its own schema: Protobuf, Avro, JSON Schema or plain JSON.

    With time, key and headers. A condition compares fields by ==, !=, >, >=, <, <= or ~ (contains), joined by `and`.
    """
    import time

    from shop_dev.kafka.conditions import NotACondition, read_condition
    from shop_dev.kafka.records import Record, Topics
    from shop_dev.logbook import moment
    from shop_dev.output.records import record_data, record_lines
    from shop_dev.sandbox.kafka import kafka_of

    try:
        condition = read_condition(where) if where is not None else None
    except NotACondition as error:
        raise typer.BadParameter(f"--where: {error}.") from None

    def matching(record: Record) -> bool:
        return (key is None or record.key == key) and (condition is None or condition(record))

    begin = moment(since, now=time.time()) if since is not None else None
    kafka = kafka_of(name)
    topics = Topics(kafka.servers, kafka.registry_url)
    if follow:
        coming = topics.coming(topic, matching=matching, since=begin)
        return Answer(data=Stream(map(record_data, coming))) if json else Answer(text=Stream(map(record_lines, coming)))
    found = topics.newest(topic, count, matching=matching, since=begin)
    if json:
        return Answer(data=Listing("records", map(record_data, found)))
    return Answer(text="\n\n".join(map(record_lines, found)) or f"No records of {topic} to show.")
