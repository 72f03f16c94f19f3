"""`shop-dev contracts lint`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from shop_dev.commands.options import JsonFlag
from shop_dev.errors import CliCode, Failure
from shop_dev.output.answer import Answer

Files = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="[FILE.proto]...", help="Files to look at; without any, all below a folder `proto`.", show_default=False
    ),
]


def lint(files: Files = None, json: JsonFlag = False) -> Answer:
    """Hold Protobuf files to the house's rules for names, folders, versions and comments."""
    from shop_contracts.compat.lint.linter import lint as faults_of

    from shop_dev.contracts.protobuf import import_name, lock_faults, open_proto, proto_files

    del json
    looked_at = files or proto_files()
    found = [(path, fault) for path in looked_at for fault in faults_of(open_proto(path, name=import_name(path), source_info=True))]
    unlocked, warnings = lock_faults()
    lines = [f"{path}:{fault.line}:{fault.column}: {fault.message} [{fault.id}]" for path, fault in found]
    lines += unlocked
    summary = f"{_counted(len(looked_at), 'file')}, {_counted(len(lines), 'fault')}."
    failure = Failure.told(CliCode.CONTRACT_LINT_FAILED, summary) if lines else None
    return Answer(
        data={
            "files": [str(path) for path in looked_at],
            "faults": [
                {"id": fault.id, "file": str(path), "line": fault.line, "column": fault.column, "message": fault.message}
                for path, fault in found
            ],
            "lock": list(unlocked),
        },
        text="\n".join(lines) if lines else summary,
        warnings=warnings,
        failure=failure,
    )


def _counted(number: int, what: str) -> str:
    return f"{number or 'no'} {what if number == 1 else what + 's'}"
