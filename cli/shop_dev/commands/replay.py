"""`shop-dev replay`."""

from __future__ import annotations

from typing import Annotated

import typer

from shop_dev.commands.options import JsonFlag, SandboxName
from shop_dev.completion import complete_resources
from shop_dev.output.answer import Answer


def replay(
    service: Annotated[
        str, typer.Argument(help="The service whose read models are built anew.", autocompletion=complete_resources)
    ],
    seconds: Annotated[float, typer.Option("--timeout", min=1, help="How many seconds it may take.")] = 600.0,
    name: SandboxName = None,
    json: JsonFlag = False,
) -> Answer:
    """Build a service's read models anew from the beginning of their topics, while the ones there are go on answering.

    Each is built beside the live one and takes its place when it has caught up; nobody ever sees half of it.
    """
    from shop_dev import sandbox
    from shop_dev.project import open_project
    from shop_dev.replaying import replay_models

    del json
    client = sandbox.connect(open_project(name=name))
    replayed = replay_models(service, client.describe(service).environment, seconds=seconds)
    return Answer(
        data={
            "service": service,
            "readModels": [{"name": one.name, "generation": one.generation, "seconds": round(one.seconds, 3)} for one in replayed],
        },
        text="\n".join(
            f"The read model {one.name} was built anew in {one.seconds:.1f} s (generation {one.generation})." for one in replayed
        ),
    )
