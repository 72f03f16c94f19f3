"""`shop-dev env`."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from shop_dev.commands.options import JsonFlag, SandboxName
from shop_dev.completion import complete_resources
from shop_dev.output.answer import Answer


class EnvironmentFormat(StrEnum):
    """Who is to read the variables; `sh` is right for bash and zsh as well."""

    SH = "sh"
    FISH = "fish"
    DOTENV = "dotenv"
    JSON = "json"
    VSCODE = "vscode"


def env(
    service: Annotated[
        str | None,
        typer.Option(
            "--service",
            "--for",
            metavar="NAME",
            help="Exactly what this service gets: its own database, tables, queues and ports.",
            show_default=False,
            autocompletion=complete_resources,
        ),
    ] = None,
    form: Annotated[
        EnvironmentFormat,
        typer.Option("--format", "--shell", help="sh is right for bash and zsh; vscode: a launch configuration for --service."),
    ] = EnvironmentFormat.SH,
    name: SandboxName = None,
    json: JsonFlag = False,
) -> Answer:
    """Print the variables through which programs find the sandbox, for `eval "$(shop-dev env)"`.

    With --service exactly those of one service, which a debugger needs: `shop-dev env --service orders --format dotenv > .env`.
    """
    from shop_dev import sandbox
    from shop_dev.project import open_project

    del json
    if form is EnvironmentFormat.VSCODE and service is None:
        raise typer.BadParameter("--format vscode writes how one service is started: name it with --service.")
    project = open_project(name=name)
    client = sandbox.connect(project)
    if service is None:
        variables = client.status(memory=False).environment
        return Answer(data=dict(variables), text=_text(form, variables))
    described = client.describe(service)
    own = {key: value for key, value in described.environment.items() if project.inherited.get(key) != value}
    if form is EnvironmentFormat.VSCODE:
        from shop_dev.output.environment_formats import vscode

        return Answer(data=own, text=vscode(service, own, argv=described.argv, cwd=described.cwd))
    return Answer(data=own, text=_text(form, own))


def _text(form: EnvironmentFormat, variables: dict[str, str]) -> str:
    import json

    from shop_dev.output.environment_formats import dotenv, fish, sh

    match form:
        case EnvironmentFormat.FISH:
            return fish(variables)
        case EnvironmentFormat.DOTENV:
            return dotenv(variables)
        case EnvironmentFormat.JSON:
            return json.dumps(variables, indent=2)
        case _:
            return sh(variables)
