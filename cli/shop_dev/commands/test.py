"""`shop-dev test`."""

from __future__ import annotations

from typing import Annotated

import typer

from shop_dev.commands.options import JsonFlag
from shop_dev.output.answer import Answer


def test(
    arguments: Annotated[
        list[str] | None,
        typer.Argument(metavar="[PYTEST ARGUMENT]...", help="Handed on to pytest: paths, -k, -x …", show_default=False),
    ] = None,
    json: JsonFlag = False,
) -> Answer:
    """Run the project's tests: unit, contract, integration and end to end.

    Everything after the command goes to pytest, for example `shop-dev test tests/unit -k saga`.
    """
    from shop_dev.project import open_project
    from shop_dev.testing import run_tests

    return run_tests(open_project().checkout, arguments or [], quiet=json)
