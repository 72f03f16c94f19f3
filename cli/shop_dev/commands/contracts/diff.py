"""`shop-dev contracts diff`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from shop_dev.commands.options import JsonFlag
from shop_dev.errors import CliCode, Failure
from shop_dev.output.answer import Answer

Strict = Annotated[bool, typer.Option("--strict", help="Let warnings refuse too.", show_default=False)]


def diff(
    old: Annotated[Path, typer.Argument(metavar="OLD.yaml", help="The version that clients keep to.", show_default=False)],
    new: Annotated[Path, typer.Argument(metavar="NEW.yaml", help="The version that shall follow it.", show_default=False)],
    strict: Strict = False,
    json: JsonFlag = False,
) -> Answer:
    """Say what a new version of an OpenAPI document breaks, and whom.

    Requests may only widen, responses only narrow.
    """
    from shop_contracts.openapi_diff import diff as compare

    from shop_dev.contracts.openapi import open_document, readable
    from shop_dev.output.openapi_report import diff_data, diff_text

    del json
    with readable():
        report = compare(open_document(old), open_document(new))
    refusing = report.findings if strict else report.breaking
    failure = None
    if refusing:
        count = "1 change" if len(refusing) == 1 else f"{len(refusing)} changes"
        failure = Failure.told(CliCode.OPENAPI_BREAKING, f"{new} breaks clients of {old}: {count}.")
    return Answer(
        data=diff_data(report, compatible=not refusing), text=lambda: diff_text(report, compatible=not refusing), failure=failure
    )
