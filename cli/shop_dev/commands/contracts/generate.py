"""`shop-dev contracts generate`."""

from __future__ import annotations

from typing import Annotated

import typer

from shop_dev.commands.options import JsonFlag
from shop_dev.errors import CliCode, Failure, ShopDevError
from shop_dev.output.answer import Answer

Check = Annotated[
    bool,
    typer.Option("--check", help="Change nothing; fail when a generated file is missing, stale or left over.", show_default=False),
]


def generate(check: Check = False, json: JsonFlag = False) -> Answer:
    """Make what is made from contracts: Protobuf and gRPC modules with type stubs, and AsyncAPI documents."""
    from shop_contracts.checking.baselines import write_whole
    from shop_contracts.checking.generated import Outdated, fresh_files, outdated
    from shop_contracts.generate import GenerationFailed

    from shop_dev.contracts.tree import open_contracts
    from shop_dev.output.contracts_report import counted

    del json
    contracts = open_contracts().contracts
    try:
        fresh = fresh_files(contracts)
    except GenerationFailed as error:
        raise ShopDevError(CliCode.PROTO_INVALID, str(error).replace(f"{contracts.root}/", "")) from error
    found = outdated(contracts, fresh)
    for path, why in () if check else found.items():
        target = contracts.root / path
        if why is Outdated.LEFT_OVER:
            target.unlink()
        else:
            write_whole(target, fresh[path])
    verb = {False: {False: "written", True: "removed"}, True: {False: "is not fresh", True: "is left over"}}[check]
    lines = [f"{path} {verb[why is Outdated.LEFT_OVER]}" for path, why in found.items()]
    summary = f"{counted(len(fresh), 'generated file')}, {counted(len(found), 'change')}."
    failure = None
    if check and found:
        failure = Failure.told(CliCode.CONTRACTS_RED, summary, actions=("shop-dev contracts generate",))
    return Answer(
        data={"files": sorted(fresh), "changed": list(found)},
        text="\n".join(lines) if lines else "Everything is fresh.",
        failure=failure,
    )
