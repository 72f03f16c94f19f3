"""The first day of somebody new in a repository of their own, from an empty folder: each command is typed, each screen read."""

from __future__ import annotations

from pathlib import Path

from e2e.first_day.script import Developer, read

SCRIPT = Path(__file__).with_name("in_a_repository_of_ones_own.day")


def test_in_a_repository_of_ones_own(at_home: Developer) -> None:
    for task in read(SCRIPT):
        at_home.does(task)
