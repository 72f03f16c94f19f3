"""`shop-dev contracts new-version`."""

from __future__ import annotations

from typing import Annotated

import typer

from shop_dev.commands.options import JsonFlag
from shop_dev.errors import CliCode, ShopDevError
from shop_dev.output.answer import Answer

Subject = Annotated[str, typer.Argument(metavar="SUBJECT", help="A subject as `contracts check` names it.", show_default=False)]
Restore = Annotated[
    bool, typer.Option("--restore", help="Put the present version back as it was released last.", show_default=False)
]


def new_version(subject: Subject, restore: Restore = False, json: JsonFlag = False) -> Answer:
    """Lay the next major version of a contract beside the one there is."""
    from shop_contracts.checking.baselines import FOLDER, Baselines, write_whole
    from shop_contracts.checking.next_version import NoNextVersion, of_protobuf, of_rest

    from shop_dev.contracts.tree import open_contracts, released_originals

    del json
    tree = open_contracts()
    contracts = tree.contracts
    protobuf, rest = contracts.declared.protobuf, contracts.declared.rest
    if subject not in protobuf and subject not in rest:
        known = ", ".join(sorted([*protobuf, *rest])) or "none"
        raise ShopDevError(CliCode.USAGE_INVALID, f"No contract is named {subject}. There are: {known}.")
    try:
        scaffold = of_protobuf(contracts, protobuf[subject]) if subject in protobuf else of_rest(contracts, rest[subject].document)
    except NoNextVersion as error:
        raise ShopDevError(CliCode.USAGE_INVALID, f"{subject} cannot get a next version: {error}.") from error
    originals: dict[str, bytes] = {}
    if restore:
        baselines = Baselines(contracts.root / contracts.folder / FOLDER, contracts.root)
        originals = released_originals(tree, baselines, subject)
    if restore and subject in rest:
        raise ShopDevError(
            CliCode.USAGE_INVALID,
            f"{subject} has both versions in one document, so the present one cannot be put back as a file.",
            actions=(f"Put /v1 back by hand; it is released in {contracts.folder}/{FOLDER}/{subject}.",),
        )
    for path, content in {**scaffold.files, **originals}.items():
        write_whole(contracts.root / path, content)
    lines = [f"{path} written" for path in scaffold.files] + [f"{path} as it was released" for path in originals]
    return Answer(
        data={"written": list(scaffold.files), "restored": list(originals), "hints": list(scaffold.hints)},
        text="\n".join([*lines, *scaffold.hints, "Then: shop-dev contracts generate"]),
    )
