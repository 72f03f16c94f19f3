"""`shop-dev init`."""

from __future__ import annotations

from typing import Annotated

import typer

from shop_dev.commands.options import JsonFlag
from shop_dev.output.answer import Answer
from shop_dev.scaffold import Language


def init(
    service: Annotated[str, typer.Argument(metavar="[NAME]", help="How its first service is called.")] = "greeter",
    language: Annotated[
        Language | None,
        typer.Option("--language", help="In which it is written. Left out: what this folder looks like.", show_default=False),
    ] = None,
    json: JsonFlag = False,
) -> Answer:
    """Make this folder a project, with a service that starts and its contract.

    Files that are there stay as they are. A service can be in any language: its manifest names any program.
    """
    from pathlib import Path

    from shop_dev.errors import CliCode, ShopDevError
    from shop_dev.output.scaffold_report import scaffold_answer
    from shop_dev.project import declared_in
    from shop_dev.scaffold import language_of, write_project

    del json
    root = Path.cwd()
    if declared_in(root):
        raise ShopDevError(
            CliCode.USAGE_INVALID, f"{root} is a project already.", actions=("`shop-dev new service NAME` adds a service.",)
        )
    chosen = language or language_of(root)
    return scaffold_answer(write_project(root, service, chosen), service, chosen)
