"""Which files are no input of a program: the notation of `.gitignore`."""

from __future__ import annotations

import re
from functools import lru_cache

ALWAYS_IGNORED = (
    *(".*/", "__pycache__/", "node_modules/", "target/", "obj/", "**/bin/Debug/", "**/bin/Release/"),
    *("*.md", "*.pyc", "*.swp", "*~"),
)
"""What build tools and editors write by themselves, and prose: no change of it changes a program."""


def is_ignored(path: str, patterns: tuple[str, ...]) -> bool:
    """Return whether a path (relative, with slashes) is named by one of the patterns, or lies in a folder that is.

    The notation is that of `.gitignore` (https://git-scm.com/docs/gitignore#_pattern_format) without `!` and brackets: a pattern
    with a slash before its end counts from the top, one without matches a name at any depth, one that ends in a slash matches
    folders only.
    """
    return any(_compiled(pattern).match(path) for pattern in patterns)


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> re.Pattern[str]:
    body = pattern.strip("/")
    top = "" if "/" in body or pattern.startswith("/") else "(?:.*/)?"
    inside = "/.*" if pattern.endswith("/") else "(?:/.*)?"
    return re.compile(f"{top}{''.join(_translated(body))}{inside}\\Z", re.DOTALL)


def _translated(body: str) -> list[str]:
    parts = re.split(r"(/\*\*/|^\*\*/|/\*\*$|\*|\?)", body)
    meanings = {"/**/": "/(?:.*/)?", "**/": "(?:.*/)?", "/**": "/.*", "*": "[^/]*", "?": "[^/]"}
    return [meanings.get(part, re.escape(part)) for part in parts]
