"""`shop-dev registry export`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from shop_dev.commands.options import JsonFlag, SandboxName
from shop_dev.output.answer import Answer


def export(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="A new folder, or one that export wrote before.", show_default=False)
    ],
    begin: Annotated[
        str | None,
        typer.Option("--from", metavar="URL", help="The registry to read; without it, the sandbox's.", show_default=False),
    ] = None,
    name: SandboxName = None,
    json: JsonFlag = False,
) -> Answer:
    """Write all that a Schema Registry holds into a folder, which `registry import` takes.

    One file a version, so that git shows what changed between two exports. A second one writes only what is new.
    Credentials: SHOP_REGISTRY_FROM_AUTH (user:password, or Bearer TOKEN) and SHOP_REGISTRY_FROM_CA.
    """
    from shop_dev.output.registry_transfer import export_data, export_text
    from shop_dev.project import open_project
    from shop_dev.registry_transfer.transfer import export_to
    from shop_dev.sandbox.schema_registries import source_of

    del json
    holdings, written = export_to(folder, source_of(open_project(name=name), begin))
    return Answer(data=export_data(holdings, written, folder), text=export_text(holdings, written, folder))
