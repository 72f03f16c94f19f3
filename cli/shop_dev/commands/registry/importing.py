"""`shop-dev registry import`."""

from __future__ import annotations

from typing import Annotated

import typer

from shop_dev.commands.options import JsonFlag, SandboxName
from shop_dev.errors import CliCode, Failure
from shop_dev.output.answer import Answer


def import_schemas(  # noqa: PLR0917 - one parameter an option
    source: Annotated[
        str, typer.Argument(metavar="SOURCE", help="The registry's address, or a folder that export wrote.", show_default=False)
    ],
    end: Annotated[
        str | None,
        typer.Option("--to", metavar="URL", help="The registry to write to; without it, the sandbox's.", show_default=False),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what differs.")] = False,
    defaults: Annotated[
        bool, typer.Option("--defaults", help="Also the level and mode that count where a subject has none of its own.")
    ] = False,
    name: SandboxName = None,
    json: JsonFlag = False,
) -> Answer:
    """Bring all subjects of a Schema Registry, or of an exported folder, into another: ids, versions, config and modes.

    What differs is found first. If an id or a version means another schema in the target, nothing is written and the exit status
    is 1. What is there already is left alone, so that an import that broke off goes on where it stopped.
    Credentials: SHOP_REGISTRY_FROM_AUTH and SHOP_REGISTRY_TO_AUTH (user:password, or Bearer TOKEN), …_CA for certificates.
    """
    from shop_dev.output.registry_transfer import import_data, import_text
    from shop_dev.project import open_project
    from shop_dev.registry_transfer.transfer import import_from
    from shop_dev.sandbox.schema_registries import folder_or_address, target_of

    del json
    project = open_project(name=name)
    imported = import_from(folder_or_address(project, source), target_of(project, end), preview=dry_run, with_defaults=defaults)
    failure = None
    if imported.plan.conflicts:
        count = len(imported.plan.conflicts)
        failure = Failure.told(
            CliCode.REGISTRY_CONFLICT, f"{count} versions of {imported.source.source} cannot come: nothing was written."
        )
    elif imported.carried is not None and imported.carried.refused:
        count = len(imported.carried.refused)
        failure = Failure.told(CliCode.REGISTRY_IMPORT_INCOMPLETE, f"{imported.target} refused {count} of what was to come.")
    return Answer(data=import_data(imported), text=import_text(imported), failure=failure)
