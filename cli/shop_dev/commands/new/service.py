"""`shop-dev new service`."""

from __future__ import annotations

from typing import Annotated

import typer

from shop_dev.commands.options import JsonFlag
from shop_dev.output.answer import Answer
from shop_dev.scaffold import Language


def service(
    name: Annotated[str, typer.Argument(metavar="NAME", help="How it is called.")],
    language: Annotated[
        Language | None,
        typer.Option("--language", help="In which it is written. Left out: what the project looks like.", show_default=False),
    ] = None,
    json: JsonFlag = False,
) -> Answer:
    """Add a service that starts, with its manifest and its contract."""
    from pathlib import Path

    from shop_dev.output.scaffold_report import scaffold_answer
    from shop_dev.project import find_checkout
    from shop_dev.scaffold import language_of, write_service

    del json
    root, *_ = find_checkout(Path.cwd())
    chosen = language or language_of(root)
    return scaffold_answer(write_service(root, name, chosen), name, chosen)
