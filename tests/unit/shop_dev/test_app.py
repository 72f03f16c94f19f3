"""The command tree: quick to list, and the same in every listing."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest
from shop_dev.app import load
from shop_dev.command_table import COMMANDS, LazyCommand, LazyGroup

HEAVY = (
    "rich",
    "msgspec",
    "httpx",
    "aiohttp",
    "confluent_kafka",
    "google.protobuf",
    "yaml",
    "shop_kit",
    "shop_sandbox.client",
    "pytest",
)


def _commands() -> Iterator[tuple[str, LazyCommand]]:
    for name, entry in COMMANDS.items():
        yield from entry.commands.items() if isinstance(entry, LazyGroup) else [(name, entry)]


@pytest.mark.parametrize(("name", "entry"), list(_commands()))
def test_the_list_of_commands_says_what_the_commands_say_of_themselves(name: str, entry: LazyCommand) -> None:
    command = load(name, entry)

    assert command.help.split("\n\n")[0].replace("\n", " ") == entry.help


@pytest.mark.parametrize(("name", "entry"), list(_commands()))
def test_every_command_takes_json(name: str, entry: LazyCommand) -> None:
    assert "--json" in [option for parameter in load(name, entry).params for option in parameter.opts]


@pytest.mark.parametrize("words", [["--help"], ["--version"], ["up", "--help"], ["test", "--help"]], ids=" ".join)
def test_help_imports_nothing_heavy(words: list[str]) -> None:
    script = (
        "import sys; from shop_dev.program import run; status = run(sys.argv[1:]);"
        f"print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr); sys.exit(status)"
    )

    done = subprocess.run([sys.executable, "-c", script, *words], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "[]\n")
