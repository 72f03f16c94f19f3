"""A guide as a script: its files are written and its commands typed in the order of the page, and what it shows must be said.

A file is shown as a line with its name in backquotes and a block below; a command stands in a block `console` behind `$`, what it
says below it. `…` stands for anything, `(exit status N)` for how it ends where that is not 0. A command that only looks is typed
again until it says what is shown.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from e2e.first_day.script import Developer, Step

_BLOCK = re.compile(r"^(?:`(?P<file>[\w./-]+)`[^\n]*:\n\n)?```(?P<kind>\w+)\n(?P<content>.*?)^```", re.MULTILINE | re.DOTALL)
_EXIT = re.compile(r"\(exit status (\d+)\)")
_LOOKS = frozenset({"curl", "status", "topics", "peek", "lag", "trace", "explain", "logs", "tables", "ls", "events"})


@dataclass(frozen=True)
class Written:
    """A file that the guide shows."""

    name: str
    content: str


def read_guide(page: Path) -> Iterator[Written | Step]:
    """Yield files and commands in their order."""
    for block in _BLOCK.finditer(page.read_text(encoding="utf-8")):
        if block["file"]:
            yield Written(block["file"], block["content"])
        elif block["kind"] == "console":
            yield from _steps(block["content"])


def follow(page: Path, developer: Developer) -> None:
    """Do what a guide says, as it stands. Raises AssertionError where a command does not say what the guide shows."""
    steps = list(read_guide(page))
    assert any(isinstance(step, Step) for step in steps), f"{page.name} shows no command"
    here = developer.folder
    for step in steps:
        if isinstance(step, Written):
            file = developer.folder / step.name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(step.content, encoding="utf-8")
            continue
        here = _changed(here, step.command)
        _do(step, developer.at_work_in(here))


def _do(step: Step, developer: Developer) -> None:
    command = step.command.partition(" && ")[2] if step.command.startswith("cd ") else step.command
    developer.types(replace(step, command=command, looks=_only_looks(step.command)), told=step.command)


def _only_looks(command: str) -> bool:
    last = command.rpartition(" && ")[2].split()
    return last[0] in _LOOKS or (last[0].endswith("shop-dev") and last[1] in _LOOKS)


def _changed(here: Path, command: str) -> Path:
    """Return where a command leaves somebody who began `here`."""
    if not command.startswith("cd "):
        return here
    return (here / shlex.split(command.partition(" && ")[0])[1]).resolve()


def _steps(content: str) -> Iterator[Step]:
    step: Step | None = None
    for line in content.splitlines():
        if line.startswith("$ "):
            if step is not None:
                yield step
            step = Step(line[2:])
        elif step is not None and (ended := _EXIT.fullmatch(line)):
            step.status = int(ended[1])
        elif step is not None and line.strip() not in ("", "…"):
            step.said.append(_pattern(line))
    if step is not None:
        yield step


def _pattern(line: str) -> str:
    """Return a shown line as an expression: anything for `…`, and any room between words."""
    words = (".*".join(re.escape(part) for part in word.split("…")) for word in line.split())
    return r"^\s*" + r"\s+".join(words).replace(r"\s+.*\s+", r"\s.*") + r"\s*$"
