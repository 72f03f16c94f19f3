"""Which files below a folder are no input of any program, whatever the manifest says."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from pathspec import GitIgnoreSpec

NEVER_WATCHED: Final = (
    *("*.md", "*.rst", "*.adoc", "LICENSE*", "CHANGELOG*", "docs/", "tests/", "test/", "*_test.go", "*.test.ts", "*.test.js"),
    *(".git/", ".shop-dev/", ".venv/", ".idea/", ".vscode/", ".DS_Store", ".#*", "*~", "*.swp", "*.swx", "*.tmp", "4913"),
    *("__pycache__/", "*.pyc", "*.egg-info/", "node_modules/", "target/", "obj/", "bin/Debug/", "bin/Release/", "dist/", "build/"),
    "*.log",
)
"""Patterns as in .gitignore: documents, tests, what editors and shells put beside files, and what builds write. A manifest that
says what it watches or ignores adds to them; `!name` takes one back."""


@lru_cache(maxsize=256)
def spec(patterns: tuple[str, ...]) -> GitIgnoreSpec:
    """Return the patterns in a form that files can be held against."""
    return GitIgnoreSpec.from_lines(patterns)


def is_input(path: str, further: tuple[str, ...]) -> bool:
    """Return whether a file, relative to the folder that is looked at, may be an input; `further` are patterns of its manifest."""
    return spec((*NEVER_WATCHED, *further)).check_file(path).include is not True
