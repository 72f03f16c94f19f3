"""Faults of manifests: each with its place and a hint, all reported together."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path as FilePath

from shop_sandbox.errors import ErrorCode, SandboxError

_SCHEMA = FilePath(__file__).with_name("service.schema.json")
"""Where the schema is on this machine: a project elsewhere has no copy of the reference page."""

Path = tuple[str | int, ...]
"""Keys and list positions from the top of the document, as in `("needs", "tables", 0, "name")`."""


@dataclass(frozen=True, order=True)
class Fault:
    """One thing that is wrong. `line` and `column` count from 1; `file` is relative to the checkout."""

    file: str
    line: int
    column: int
    path: str
    message: str
    hint: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}"
        subject = f"{self.path}: " if self.path else ""
        return f"{place}: {subject}{self.message}" + (f" ({self.hint})" if self.hint else "")


def dotted(path: Path) -> str:
    """Write a path the way a user would say it: `needs.tables[0].name`."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Suggest the nearest known word, however it is written, else list what is known; empty when nothing is."""
    names = sorted(set(known))
    nearest = next(filter(None, (difflib.get_close_matches(one, names, n=1, cutoff=0.6) for one in (word, word.lower()))), [])
    if nearest:
        return f"did you mean {nearest[0]!r}?"
    if not names:
        return ""
    shown = ", ".join(names[:12]) + (f" and {len(names) - 12} more" if len(names) > 12 else "")
    return f"known: {shown}"


def manifest_invalid(faults: Iterable[Fault]) -> SandboxError:
    """Return the error for a set of faults: each on its own line of the message, and as records in `detail["faults"]`."""
    found = sorted(set(faults))
    files = len({fault.file for fault in found})
    head = f"{len(found)} fault{'s' * (len(found) != 1)} in {files} service manifest{'s' * (files != 1)}"
    return SandboxError(
        ErrorCode.MANIFEST_INVALID,
        "\n".join([head + ":", *(f"  {fault}" for fault in found)]),
        actions=(f"correct the manifest; its form is in {_SCHEMA}, which editors complete against",),
        detail={
            "faults": [
                {
                    "file": fault.file,
                    "line": fault.line,
                    "column": fault.column,
                    "path": fault.path,
                    "message": fault.message,
                    "hint": fault.hint,
                }
                for fault in found
            ]
        },
    )
