"""`shop-dev sql`."""

from __future__ import annotations

from typing import Annotated

import typer

from shop_dev.commands.options import JsonFlag, SandboxName
from shop_dev.completion import complete_resources
from shop_dev.output.answer import Answer


def sql(
    service: Annotated[
        str | None,
        typer.Argument(
            metavar="[SERVICE]",
            help="Whose database; not needed where only one service has one.",
            autocompletion=complete_resources,
            show_default=False,
        ),
    ] = None,
    arguments: Annotated[
        list[str] | None,
        typer.Argument(metavar="[ARGUMENT]...", help="Handed on to psql: -c 'SELECT 1', -f FILE.", show_default=False),
    ] = None,
    name: SandboxName = None,
    json: JsonFlag = False,
) -> Answer:
    """Open psql on a service's database, as that service.

    It is the psql that came with the server, so that both are of one version. With --json nothing is opened: it says what to run.
    """
    from shop_sandbox.engines.embedded.postgres import binaries

    from shop_dev.output.clients import client_data
    from shop_dev.sandbox.stores import stores_of
    from shop_dev.stores.clients import become, psql

    words = (*(arguments or ()),)
    if service is not None and service.startswith("-"):
        service, words = None, (service, *words)
    stores = stores_of(name)
    client = psql(str(binaries() / "psql"), stores.database_url(service), words, stores.project.shell_variables)
    if not json:
        become(client)
    return Answer(data=client_data(client))
