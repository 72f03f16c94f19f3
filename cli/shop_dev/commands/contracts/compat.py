"""`shop-dev contracts compat`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from shop_dev.commands.options import JsonFlag
from shop_dev.errors import CliCode, Failure
from shop_dev.output.answer import Answer

if TYPE_CHECKING:
    from shop_contracts.compat import Level, Report


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


class CompatPolicy(StrEnum):
    """Confluent's policies for JSON Schemas."""

    STRICT = "STRICT"
    LENIENT = "LENIENT"


@dataclass(frozen=True)
class _Verdict:
    confluent: Report
    house: Report
    warnings: tuple[str, ...] = ()


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


Compatibility = Annotated[
    CompatPolicy | None,
    typer.Option(
        "--policy",
        case_sensitive=False,
        help="What writers of a JSON Schema are thought to send: whatever it allows, or only what it names. By default STRICT.",
        show_default=False,
    ),
]


def compat(
    old: Annotated[Path, typer.Argument(metavar="OLD", help="The version that is out there.", show_default=False)],
    new: Annotated[Path, typer.Argument(metavar="NEW", help="The version that shall follow it.", show_default=False)],
    mode: Mode = None,
    *,
    policy: Compatibility = None,
    import_path: ImportPaths = None,
    json: JsonFlag = False,
) -> Answer:
    """Say whether a Protobuf, Avro or JSON Schema may follow another, by Confluent's rules and by the house's."""
    del json
    if new.suffix == ".proto":
        verdict = _of_protobuf(old, new, mode, import_path or ())
    else:
        verdict = _of_text(old, new, mode, policy or CompatPolicy.STRICT)
    return _answer(old, new, mode, verdict)


def _of_protobuf(old: Path, new: Path, mode: CompatMode | None, import_paths: Sequence[Path]) -> _Verdict:
    from shop_contracts.compat import Level, check
    from shop_contracts.compat import Mode as Rules

    from shop_dev.contracts.protobuf import open_proto, readers_of

    before, after = (open_proto(path, name=new.name, import_paths=import_paths) for path in (old, new))
    readers, warnings = readers_of([old, new])
    confluent = check([before], after, level=_level(mode), mode=Rules.CONFLUENT, proofs=True, readers=readers)
    house = check([before], after, level=Level.FULL_TRANSITIVE, mode=Rules.HOUSE, proofs=True, readers=readers)
    return _Verdict(confluent, house, warnings)


def _of_text(old: Path, new: Path, mode: CompatMode | None, policy: CompatPolicy) -> _Verdict:
    from shop_contracts.compat.json_schema.rules import Policy
    from shop_contracts.compat.textual import check_text, house_check

    from shop_dev.contracts.text_schemas import open_text_schemas

    before, after = open_text_schemas(old, new)
    confluent = check_text([before], after, level=_level(mode), policy=Policy(str(policy)))
    return _Verdict(confluent, house_check([before], after))


def _level(mode: CompatMode | None) -> Level:
    from shop_contracts.compat import Level

    return Level.BACKWARD if mode in {None, CompatMode.HOUSE} else Level(str(mode))


def _answer(old: Path, new: Path, mode: CompatMode | None, verdict: _Verdict) -> Answer:
    from shop_dev.output.compat_report import compat_data, compat_text

    confluent, house = verdict.confluent, verdict.house
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
        warnings=verdict.warnings,
        failure=failure,
    )
