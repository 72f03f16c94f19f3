"""Which changed files are somebody's business: the notation of .gitignore."""

from __future__ import annotations

import pytest
from shop_sandbox.resources.watched import ALWAYS_IGNORED, is_ignored


@pytest.mark.parametrize(
    ("path", "pattern", "ignored"),
    [
        ("server.log", "*.log", True),
        ("deep/down/server.log", "*.log", True),
        ("server.log.py", "*.log", False),
        ("dist/bundle.js", "dist/", True),
        ("web/dist/bundle.js", "dist/", True),
        ("dist", "dist/", False),
        ("dist/bundle.js", "/dist", True),
        ("web/dist/bundle.js", "/dist", False),
        ("docs/a/b.txt", "docs/**", True),
        ("docs", "docs/**", False),
        ("a/b/c/cache/x", "a/**/cache", True),
        ("a/cache", "a/**/cache", True),
        ("b/a/cache", "a/**/cache", False),
        ("src/main.go", "src/*.go", True),
        ("src/deep/main.go", "src/*.go", False),
        ("v1.txt", "v?.txt", True),
        ("v12.txt", "v?.txt", False),
    ],
)
def test_a_pattern_means_what_it_means_in_gitignore(path: str, pattern: str, *, ignored: bool) -> None:
    assert is_ignored(path, (pattern,)) is ignored


@pytest.mark.parametrize(
    "path", ["README.md", "target/debug/greeter", "obj/x.dll", "api/bin/Debug/a.dll", "node_modules/a.js", ".idea/x.xml"]
)
def test_what_tools_write_is_ignored_anyway(path: str) -> None:
    assert is_ignored(path, ALWAYS_IGNORED)


@pytest.mark.parametrize("path", ["main.go", "bin/server", "src/target.rs", ".env"])
def test_what_a_program_is_made_of_is_not(path: str) -> None:
    assert not is_ignored(path, ALWAYS_IGNORED)
