"""`shop-dev contracts pacts`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from shop_dev.commands.options import JsonFlag
from shop_dev.output.answer import Answer

Out = Annotated[Path, typer.Option("--out", metavar="DIR", help="Where to write the files.", show_default=False)]


def pacts(out: Out, json: JsonFlag = False) -> Answer:
    """Write what consumers read of events as Pact v4 message files, for other teams' tools."""
    from shop_contracts.checking.baselines import write_whole
    from shop_contracts.checking.proofs import Proofs
    from shop_contracts.pacts.files import pacts as pact_files
    from shop_contracts.tree.compiled import Compiled

    from shop_dev.contracts.rehearsals import rehearsing
    from shop_dev.contracts.tree import open_contracts

    del json
    contracts = open_contracts().contracts
    with rehearsing(contracts.declared.services, str(contracts.root)) as (casts, broken):
        files = pact_files(contracts, Proofs(contracts, Compiled(contracts), casts, lambda _: ()))
    for name, content in files.items():
        write_whole(out / name, content)
    written = [str(out / name) for name in files]
    text = (
        "\n".join(f"{path} written" for path in written)
        or "No consumer says what it reads, or no producer of Protobuf is rehearsed."
    )
    return Answer(data={"written": written}, text=text, warnings=tuple(fault.message for fault in broken))
