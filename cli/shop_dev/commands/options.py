"""Options that several commands share."""

from __future__ import annotations

from typing import Annotated

import typer

from shop_dev.completion import complete_resources
from shop_dev.output.sinks import Progress

JsonFlag = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.", show_default=False)]
SandboxName = Annotated[
    str | None,
    typer.Option("--name", metavar="NAME", help="Which sandbox of this checkout; several run side by side.", show_default=False),
]
ResourceNames = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[RESOURCE]...", help="Names from `shop-dev status`.", autocompletion=complete_resources, show_default=False
    ),
]
ProgressOption = Annotated[
    Progress,
    typer.Option(
        "--progress",
        help="How to show what happens meanwhile; json: a line each on stdout, before the document of --json.",
    ),
]
SomeResources = Annotated[
    list[str], typer.Argument(metavar="RESOURCE...", help="Names from `shop-dev status`.", autocompletion=complete_resources)
]
