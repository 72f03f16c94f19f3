"""`shop-dev contracts check`."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Annotated

import typer

from shop_dev.commands.options import JsonFlag
from shop_dev.errors import CliCode, Failure
from shop_dev.output.answer import Answer

if TYPE_CHECKING:
    from shop_dev.contracts.tree import ContractTree

Against = Annotated[
    str | None,
    typer.Option(
        "--against", metavar="REF", help="Also hold contracts against those of a git ref, as in origin/main.", show_default=False
    ),
]


Proofs = Annotated[
    bool,
    typer.Option(
        "--proofs/--no-proofs", help="Run the services' real handlers and producers against the contracts, or leave that out."
    ),
]


def check(against: Against = None, proofs: Proofs = True, json: JsonFlag = False) -> Answer:
    """Say everything that keeps the contracts of this checkout from landing."""
    from datetime import UTC, datetime

    from shop_contracts.checking.check import examine, in_order
    from shop_contracts.compat.languages import Language

    from shop_dev.contracts.protobuf import lock_faults
    from shop_dev.contracts.rehearsals import rehearsing
    from shop_dev.contracts.tree import contracts_at, open_contracts, proto_files
    from shop_dev.output.contracts_report import counted, findings_data, findings_text

    del json
    tree = open_contracts()
    if not tree.is_whole:
        return _unread(tree)
    styled = proto_files(tree.contracts.root, tree.contracts.declared)
    with ExitStack() as held:
        services = tree.contracts.declared.services if proofs else ()
        casts, broken = held.enter_context(rehearsing(services, str(tree.contracts.root)))
        commit = held.enter_context(contracts_at(tree, against)) if against else None
        found = examine(tree.contracts, styled=styled, lock=tree.lock, today=datetime.now(UTC).date(), commit=commit, casts=casts)
    findings = in_order([*tree.faults, *broken, *found])
    declared = tree.contracts.declared
    texts = [one for one in declared.payloads if Language.of(one.schema or "") is not None]
    looked_at = [
        counted(len(declared.protobuf), "Protobuf contract"),
        *([counted(len(texts), "Avro or JSON contract")] if texts else ()),
        counted(len(declared.rest), "REST contract"),
    ]
    summary = f"{', '.join(looked_at)}, {counted(len(findings), 'finding')}."
    return Answer(
        data={"against": against, "findings": findings_data(findings)},
        text=findings_text(findings) if findings else summary,
        warnings=lock_faults()[1],
        failure=Failure.told(CliCode.CONTRACTS_RED, summary) if findings else None,
    )


def _unread(tree: ContractTree) -> Answer:
    """Tell of the manifests alone: what an unreadable one declares would seem to be gone, and the advice would be to retire it."""
    from shop_contracts.checking.check import in_order

    from shop_dev.output.contracts_report import counted, findings_data, findings_text

    findings = in_order(tree.faults)
    summary = f"{counted(len(findings), 'finding')} in manifests; contracts are looked at when these can be read."
    return Answer(
        data={"against": None, "findings": findings_data(findings)},
        text=findings_text(findings),
        failure=Failure.told(CliCode.CONTRACTS_RED, summary, actions=("Correct the lines named.",)),
    )
