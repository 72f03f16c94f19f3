"""The command tree: quick to list, and the same in every listing."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes.command_line import ShopDev
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


@pytest.mark.parametrize("words", [["status"], ["env"], ["wait", "orders"], ["logs", "orders"], ["down"]], ids=" ".join)
def test_a_command_whose_words_need_no_check_loads_no_validators(words: list[str], checkout: Path) -> None:
    script = (
        "import sys; from shop_dev.program import run; run(sys.argv[1:]);"
        "print([name for name in ('pydantic', 'rich') if name in sys.modules])"
    )

    done = subprocess.run([sys.executable, "-c", script, *words], capture_output=True, text=True, check=False)

    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("wait", "orders", "--timeout", "soon"), "'--timeout': Input should be a valid number"),
        (("wait", "orders", "--timeout", "-1"), "greater than or equal to 0"),
        (("wait", "orders", "--for", "healty"), "'healty' is not one of 'healthy', 'stopped'"),
        (("trace", "--last", "0"), "greater than or equal to 1"),
        (("restart",), "Missing argument"),
    ],
)
def test_words_that_need_a_check_are_checked(words: tuple[str, ...], told: str, shop_dev: ShopDev) -> None:
    said = shop_dev(*words)

    assert (said.status, told in said.err) == (2, True)
