"""`shop-dev env`."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from shop_dev.commands.options import JsonFlag, SandboxName
from shop_dev.output.answer import Answer


class Shell(StrEnum):
    """Whose syntax the exports are in; `sh` is right for bash and zsh as well."""

    SH = "sh"
    FISH = "fish"


def env(
    shell: Annotated[
        Shell, typer.Option("--shell", help="Whose syntax to print; sh is right for bash and zsh as well.")
    ] = Shell.SH,
    name: SandboxName = None,
    json: JsonFlag = False,
) -> Answer:
    """Print the variables through which programs find the sandbox, for `eval "$(shop-dev env)"`."""
    from shop_dev import sandbox
    from shop_dev.project import open_project

    del json
    variables = sandbox.connect(open_project(name=name)).status().environment
    return Answer(data=dict(variables), text=exports(variables, shell))


def exports(variables: dict[str, str], shell: Shell) -> str:
    """One line a variable; values are quoted so that the shell takes them as they are, and what is no name is left out."""
    import re
    import shlex

    variables = {key: value for key, value in variables.items() if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", key)}
    if shell is Shell.FISH:
        return "\n".join(f"set -gx {key} {_fish_quoted(value)};" for key, value in variables.items())
    return "\n".join(f"export {key}={shlex.quote(value)}" for key, value in variables.items())


def _fish_quoted(value: str) -> str:
    r"""Fish knows two escapes inside single quotes: \\ and \'."""
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
