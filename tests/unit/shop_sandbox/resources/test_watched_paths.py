"""What is an input of a program, and what never is."""

from __future__ import annotations

import pytest
from shop_sandbox.resources.watched import is_input


@pytest.mark.parametrize(
    "path",
    [
        "README.md",
        "target/debug/greeter",
        "obj/x.dll",
        "bin/Debug/a.dll",
        "web/node_modules/a.js",
        ".idea/x.xml",
        "tests/test_x.py",
        ".venv/bin/python",
        "server.log",
    ],
)
def test_prose_tests_and_what_tools_write_are_no_input(path: str) -> None:
    assert not is_input(path, ())


@pytest.mark.parametrize("path", ["main.go", "bin/server", "src/target.rs", ".env", "./main.go"])
def test_what_a_program_is_made_of_is_one(path: str) -> None:
    assert is_input(path, ())


def test_a_manifest_adds_to_what_is_ignored_and_takes_it_back() -> None:
    assert not is_input("bin/greeter", ("/bin/greeter",))
    assert is_input("other/bin/greeter", ("/bin/greeter",))
    assert is_input("build/config.json", ("!build/",))
