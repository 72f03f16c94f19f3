"""`shop-dev redis`."""

from __future__ import annotations

from typing import Annotated

import typer

from shop_dev.commands.options import JsonFlag, SandboxName
from shop_dev.output.answer import Answer


def redis(
    arguments: Annotated[
        list[str] | None,
        typer.Argument(metavar="[ARGUMENT]...", help="Handed on to redis-cli: GET edge:…", show_default=False),
    ] = None,
    name: SandboxName = None,
    json: JsonFlag = False,
) -> Answer:
    """Open redis-cli, or Valkey's, on the sandbox's Redis.

    With --json nothing is opened: it says what to run.
    """
    from shop_dev.output.clients import client_data
    from shop_dev.sandbox.stores import stores_of
    from shop_dev.stores.clients import become, redis_cli

    stores = stores_of(name)
    client = redis_cli(stores.required("redis"), arguments or (), stores.project.shell_variables)
    if not json:
        become(client)
    return Answer(data=client_data(client))
