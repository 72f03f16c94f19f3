"""The command tree, built so that only the command that runs is imported."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from shop_dev.command_table import COMMANDS, LazyCommand, LazyGroup
from shop_dev.near import nearest
from shop_dev.quick_parameters import QuickParameters

Entry = LazyCommand | LazyGroup


class StubCommand(TyperCommand):
    """Stands for a command until it runs: name and short help, which is all that listing and completion need."""

    def __init__(self, name: str, entry: Entry) -> None:
        super().__init__(name, help=entry.help)
        self.entry = entry

    def get_short_help_str(self, limit: int = 45) -> str:
        """Return the whole help: it is one sentence, and a cut sentence helps nobody."""
        del limit
        return self.entry.help


class QuickCommand(QuickParameters, TyperCommand):
    """A command that runs."""


class LazyTree(QuickParameters, TyperGroup):
    """A group of stubs; the one that is asked for is replaced by the real command."""

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """Find the command, or say which one comes nearest; then load it."""
        if args[0] not in self.commands and not ctx.resilient_parsing:
            meant = nearest(args[0], self.commands)
            ctx.fail(f"No such command {args[0]!r}.{f' Did you mean {meant!r}?' if meant else ''}")
        name, command, rest = super().resolve_command(ctx, args)
        if isinstance(command, StubCommand):
            command = load(str(command.name), command.entry)
        return name, command, rest


def stubs(commands: Mapping[str, Entry]) -> dict[str, Any]:
    """Return a stub for each entry of the registry."""
    return {name: StubCommand(name, entry) for name, entry in commands.items()}


def load(name: str, entry: Entry) -> Any:
    """Return the real command, or for a group the tree of its stubs."""
    if isinstance(entry, LazyGroup):
        return LazyTree(name=name, help=entry.help, commands=stubs(entry.commands), rich_markup_mode=None)
    module, _, function = entry.target.partition(":")
    app = typer.Typer(add_completion=False, rich_markup_mode=None)
    settings = {"ignore_unknown_options": entry.passes_arguments_on, "allow_interspersed_args": not entry.own_options_first}
    app.command(name=name, cls=QuickCommand, context_settings={"help_option_names": ["--help", "-h"], **settings})(
        getattr(import_module(module), function)
    )
    return get_command(app)


def tree() -> Any:
    """Return the whole command line, as an object with typer's `main`."""
    app = typer.Typer(
        cls=LazyTree,
        name="shop-dev",
        rich_markup_mode=None,
        invoke_without_command=True,
        context_settings={"help_option_names": ["--help", "-h"]},
    )
    app.callback()(_root)
    root = get_command(app)
    assert isinstance(root, LazyTree)  # noqa: S101  # nosec B101 # narrows a type, checks no input
    root.commands = stubs(COMMANDS)
    return root


def _root(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document; may stand behind the command as well.")] = False,
) -> None:
    """Run the shop's whole platform on this machine: real Kafka, PostgreSQL, Redis and an AWS emulator, in seconds, without Docker.

    Begin with `shop-dev up`. Every command takes --json and then prints one JSON document.
    """
    del version, json
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
