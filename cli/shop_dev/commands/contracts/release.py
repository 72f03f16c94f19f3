"""`shop-dev contracts release`."""

from __future__ import annotations

from typing import Annotated

import typer

from shop_dev.commands.options import JsonFlag
from shop_dev.errors import CliCode, Failure, ShopDevError
from shop_dev.output.answer import Answer

Retire = Annotated[
    str | None,
    typer.Option("--retire", metavar="SUBJECT", help="Say that a contract is over, so that it may go.", show_default=False),
]


def release(retire: Retire = None, json: JsonFlag = False) -> Answer:
    """Move the contracts as they are into the baselines, which later changes are held against."""
    from datetime import UTC, datetime

    from shop_contracts.checking import releasing
    from shop_contracts.checking.baselines import FOLDER, Baselines
    from shop_contracts.checking.check import examine, in_order

    from shop_dev.contracts.tree import open_contracts
    from shop_dev.output.contracts_report import counted, findings_data, findings_text

    del json
    tree = open_contracts()
    contracts, today = tree.contracts, datetime.now(UTC).date()
    baselines = Baselines(contracts.root / contracts.folder / FOLDER, contracts.root)
    histories, _ = baselines.read()
    if retire is not None:
        if retire not in histories:
            known = ", ".join(sorted(histories)) or "none"
            raise ShopDevError(CliCode.USAGE_INVALID, f"Nothing is released as {retire}. Released: {known}.")
        releasing.retire(baselines, histories[retire], today=today)
        return Answer(data={"retired": retire}, text=f"{retire} is over since {today}; its versions stay.")
    found = examine(contracts, styled=(), lock=tree.lock, today=today, with_generated=False)
    findings = in_order([*tree.faults, *(one for one in found if one.id != "baseline-unlisted")])
    if findings:
        summary = f"Nothing was released: {counted(len(findings), 'finding')}."
        failure = Failure.told(CliCode.CONTRACTS_RED, summary)
        return Answer(data={"findings": findings_data(findings)}, text=findings_text(findings), failure=failure)
    released = releasing.release(contracts, baselines, histories, today=today)
    lines = [f"{one.subject}: version {one.version}" for one in released]
    return Answer(
        data={"released": [{"subject": one.subject, "version": one.version} for one in released]},
        text="\n".join(lines) if lines else "Everything is released as it is.",
    )
