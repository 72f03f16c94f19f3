"""`shop-dev contracts docs`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from shop_dev.commands.options import JsonFlag
from shop_dev.output.answer import Answer

Out = Annotated[Path, typer.Option("--out", metavar="DIR", help="Where to write the page.", show_default=False)]


def docs(out: Out, json: JsonFlag = False) -> Answer:
    """Write a browsable page of every REST interface and every event, in one file that needs no network."""
    from shop_contracts.checking.baselines import write_whole
    from shop_contracts.checking.rest import Documents
    from shop_contracts.contract_page import page
    from shop_contracts.tree.compiled import Compiled

    from shop_dev.contracts.tree import open_contracts

    del json
    contracts = open_contracts().contracts
    compiled, documents = Compiled(contracts), Documents(contracts.root)
    target = out / "index.html"
    write_whole(target, page(contracts, compiled, documents).encode())
    left_out = tuple(f"Left out: {fault.file}:{fault.line}: {fault.message}" for fault in (*compiled.faults, *documents.faults))
    return Answer(data={"written": str(target)}, text=f"{target} written", warnings=left_out)
