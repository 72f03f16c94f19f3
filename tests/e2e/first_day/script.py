"""A script of a day: what is typed, and what the screen must say.

## A task
$ a command, as a shell takes it
> its next line
? a command that only looks: it is typed again until it says what it must
= 18                 its exit status, where that is not 0
| a regular expression that some line of the screen fits
! one that no line fits
"""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

_SECONDS = 180.0
_PATIENCE_SECONDS = 60.0
_PAUSE_SECONDS = 0.2


@dataclass
class Step:
    """A command, and what it must end with and say; one that `looks` may be typed again until it does."""

    command: str
    status: int = 0
    said: list[str] = field(default_factory=list)
    unsaid: list[str] = field(default_factory=list)
    looks: bool = False


@dataclass
class Task:
    """Steps that belong together."""

    name: str
    steps: list[Step] = field(default_factory=list)


def read(file: Path) -> list[Task]:
    """Read a script. Raises ValueError for a line that is none of its kinds."""
    tasks: list[Task] = []
    for line in file.read_text(encoding="utf-8").splitlines():
        kind, _, text = line.partition(" ")
        match kind:
            case "##":
                tasks.append(Task(text))
            case "$" | "?":
                tasks[-1].steps.append(Step(text, looks=kind == "?"))
            case ">":
                tasks[-1].steps[-1].command += f"\n{text}"
            case "=":
                tasks[-1].steps[-1].status = int(text)
            case "|":
                tasks[-1].steps[-1].said.append(text)
            case "!":
                tasks[-1].steps[-1].unsaid.append(text)
            case "" | "#":
                continue
            case _:
                raise ValueError(f"{file.name}: {line!r} is no line of a script")
    return tasks


@dataclass(frozen=True)
class Developer:
    """Somebody who types, in a folder, with `shop-dev` on PATH."""

    folder: Path
    environment: Mapping[str, str]

    @classmethod
    def at(cls, folder: Path, environment: Mapping[str, str], *, tools: Path) -> Developer:
        """`tools` is a folder for the program."""
        program = tools / "shop-dev"
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -P -m shop_dev "$@"\n', encoding="utf-8")
        program.chmod(0o755)
        return cls(folder, {**environment, "PATH": f"{tools}:{environment['PATH']}"})

    def does(self, task: Task) -> None:
        """Type all steps of a task, and hold the screen to what it must say."""
        assert task.steps, f"{task.name} has no step"
        for step in task.steps:
            self.types(step, told=f"{task.name}\n$ {step.command}")

    def at_work_in(self, folder: Path) -> Developer:
        """Return the same person in another folder."""
        return replace(self, folder=folder)

    def types(self, step: Step, *, told: str) -> None:
        """Type a command, and hold the screen to what it must say. `told` says what it is part of."""
        deadline = time.monotonic() + (_PATIENCE_SECONDS if step.looks else 0.0)
        while True:
            try:
                self._types_once(step, told)
            except AssertionError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(_PAUSE_SECONDS)
            else:
                return

    def _types_once(self, step: Step, told: str) -> None:
        done = subprocess.run(
            ["/bin/sh", "-c", step.command],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=_SECONDS,
        )
        told = f"{told}\n{done.stdout}"
        assert done.returncode == step.status, f"ended with {done.returncode}, not {step.status}: {told}"
        missing = [text for text in step.said if not re.search(text, done.stdout, re.MULTILINE)]
        assert missing == [], told
        present = [text for text in step.unsaid if re.search(text, done.stdout, re.MULTILINE)]
        assert present == [], told
