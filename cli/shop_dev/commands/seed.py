"""`shop-dev seed`."""

from __future__ import annotations

from typing import Annotated

import typer

from shop_dev.commands.options import JsonFlag, SandboxName
from shop_dev.output.answer import Answer


def seed(
    arguments: Annotated[
        list[str] | None,
        typer.Argument(metavar="[ARGUMENT]...", help="Handed on to the project's own command.", show_default=False),
    ] = None,
    name: SandboxName = None,
    json: JsonFlag = False,
) -> Answer:
    """Fill the sandbox with data, by the command that the project names in its settings.

    What it takes is the project's business: for this shop `--seed NUMBER` and `--products COUNT`.
    """
    from shop_dev import sandbox
    from shop_dev.errors import CliCode, ShopDevError
    from shop_dev.project import open_project
    from shop_dev.seeding import When, run_seed

    del json
    project = open_project(name=name)
    if project.settings.seed is None:
        raise ShopDevError(CliCode.USAGE_INVALID, "This project names no command that fills its sandbox.", actions=(_HOW,))
    status = sandbox.connect(project).status()
    missing = [one for one in project.settings.seed.needs if one not in status.endpoints]
    if missing:
        raise ShopDevError(
            CliCode.SERVICE_UNREACHABLE,
            f"Seeding needs {' and '.join(missing)}, which this sandbox does not run.",
            actions=("shop-dev up",),
        )
    seeded = run_seed(
        project.settings.seed,
        When.ALWAYS,
        checkout=project.checkout,
        environment={**project.inherited, **status.environment},
        arguments=arguments or (),
    )
    return Answer(data=dict(seeded.facts), text="\n".join(seeded.lines))


_HOW = 'Add `seed = {command = ["…"], needs = ["…"]}` to the settings; see docs/reference/settings.md.'
