"""`shop-dev contracts compat`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from shop_dev.commands.options import JsonFlag
from shop_dev.errors import CliCode, Failure
from shop_dev.output.answer import Answer


class CompatMode(StrEnum):
    """Which question decides: one of Confluent's levels, or the house's rules."""

    NONE = "NONE"
    BACKWARD = "BACKWARD"
    BACKWARD_TRANSITIVE = "BACKWARD_TRANSITIVE"
    FORWARD = "FORWARD"
    FORWARD_TRANSITIVE = "FORWARD_TRANSITIVE"
    FULL = "FULL"
    FULL_TRANSITIVE = "FULL_TRANSITIVE"
    HOUSE = "HOUSE"


Mode = Annotated[
    CompatMode | None,
    typer.Option(
        "--mode",
        case_sensitive=False,
        help="Let one of Confluent's levels decide, or HOUSE; without it, BACKWARD and the house must both agree.",
        show_default=False,
    ),
]
ImportPaths = Annotated[
    list[Path] | None,
    typer.Option("--import-path", "-I", help="A folder to look for imports in, before those above the file.", show_default=False),
]


def compat(
    old: Annotated[Path, typer.Argument(metavar="OLD.proto", help="The version that is out there.", show_default=False)],
    new: Annotated[Path, typer.Argument(metavar="NEW.proto", help="The version that shall follow it.", show_default=False)],
    mode: Mode = None,
    import_path: ImportPaths = None,
    json: JsonFlag = False,
) -> Answer:
    """Say whether a Protobuf schema may follow another, by Confluent's rules and by the house's."""
    from shop_contracts.compat import Level, check
    from shop_contracts.compat import Mode as Rules

    from shop_dev.contracts.protobuf import open_proto, readers_of
    from shop_dev.output.compat_report import compat_data, compat_text

    del json
    before = open_proto(old, name=new.name, import_paths=import_path or ())
    after = open_proto(new, name=new.name, import_paths=import_path or ())
    level = Level.BACKWARD if mode in {None, CompatMode.HOUSE} else Level(str(mode))
    readers, warnings = readers_of([old, new])
    confluent = check([before], after, level=level, mode=Rules.CONFLUENT, proofs=True, readers=readers)
    house = check([before], after, level=Level.FULL_TRANSITIVE, mode=Rules.HOUSE, proofs=True, readers=readers)
    deciding = {None: (confluent, house), CompatMode.HOUSE: (house,)}.get(mode, (confluent,))
    refused_by = [str(report.mode) for report in deciding if not report.compatible]
    failure = None
    if refused_by:
        failure = Failure.told(
            CliCode.CONTRACT_INCOMPATIBLE, f"{new} may not follow {old}: refused by {' and '.join(refused_by)} rules."
        )
    return Answer(
        data=compat_data(confluent, house, decided_by=[str(report.mode) for report in deciding]),
        text=lambda: compat_text(confluent, house),
        warnings=warnings,
        failure=failure,
    )
