"""`shop-dev aws`."""

from __future__ import annotations

from typing import Annotated

import typer

from shop_dev.commands.options import JsonFlag, SandboxName
from shop_dev.output.answer import Answer


def aws(
    arguments: Annotated[
        list[str] | None,
        typer.Argument(metavar="[ARGUMENT]...", help="Handed on to the AWS CLI: s3 ls.", show_default=False),
    ] = None,
    name: SandboxName = None,
    json: JsonFlag = False,
) -> Answer:
    """Run the AWS CLI on the sandbox's account, and on no other.

    Options of this command stand before the first word: what follows it is the AWS CLI's own. With --json nothing is run: it says
    what to run.
    """
    from shop_dev.output.clients import client_data
    from shop_dev.sandbox.stores import stores_of
    from shop_dev.stores.clients import aws_cli, become

    stores = stores_of(name)
    stores.required("aws")
    client = aws_cli(stores.environment, arguments or (), stores.project.shell_variables)
    if not json:
        become(client)
    return Answer(data=client_data(client))
