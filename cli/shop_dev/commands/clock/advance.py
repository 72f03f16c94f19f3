"""`shop-dev clock advance`."""

from __future__ import annotations

from typing import Annotated

import typer

from shop_dev.commands.options import JsonFlag, SandboxName
from shop_dev.output.answer import Answer


def advance(
    by: Annotated[str, typer.Argument(metavar="TIME", help="How far: 90s, 15m, 2h, 1d12h.")],
    name: SandboxName = None,
    json: JsonFlag = False,
) -> Answer:
    """Move the services' time forward, at once.

    Reservations, quotes, tokens and whatever else a service times by its own clock expire as if that long had passed. Stores,
    brokers and certificates keep real time. The offset stays until `reset`, also over `down` and `up`.
    """
    from shop_dev.durations import parse_duration
    from shop_dev.sandbox.clock import clock_of, told

    del json
    seconds = parse_duration(by)
    if seconds is None:
        raise typer.BadParameter(f"{by!r} is no time like 90s, 15m, 2h or 1d12h.")
    return told(clock_of(name).advance(seconds))
