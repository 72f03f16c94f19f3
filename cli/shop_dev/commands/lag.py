"""`shop-dev lag`."""

from __future__ import annotations

from typing import Annotated

import typer

from shop_dev.commands.options import JsonFlag, SandboxName
from shop_dev.output.answer import Answer, Stream


def lag(
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Say it again whenever it has changed; Ctrl-C ends it.")] = False,
    name: SandboxName = None,
    json: JsonFlag = False,
) -> Answer:
    """Say who is behind on which topic, by how much, since when, and what may be the reason."""
    from shop_dev.kafka.lag import watched
    from shop_dev.output.lag import lag_data, lag_page
    from shop_dev.sandbox.kafka import kafka_of

    if not follow:
        found = kafka_of(name).lags()
        return Answer(data=lag_data(found), text=lag_page(found))
    seen = watched(lambda: kafka_of(name).lags())
    return Answer(data=Stream(map(lag_data, seen))) if json else Answer(text=Stream(lag_page(found).text() for found in seen))
