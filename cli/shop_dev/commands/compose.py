"""`shop-dev compose`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from shop_dev.commands.options import JsonFlag
from shop_dev.errors import CliCode, Failure
from shop_dev.output.answer import Answer

if TYPE_CHECKING:
    from shop_dev.project import Project


def compose(
    check: Annotated[bool, typer.Option("--check", help="Change nothing; fail when compose.yaml is missing or stale.")] = False,
    refresh_digests: Annotated[
        bool,
        typer.Option("--refresh-digests", help="Ask the registries for the digests of images first. Needs a Docker daemon."),
    ] = False,
    json: JsonFlag = False,
) -> Answer:
    """Make compose.yaml from the manifests: the sandbox as containers, for `docker compose` alone.

    Needs no Docker. What runs is started with `docker compose --profile shop up --wait`. Images are pinned to the digests in
    infra/images/digests.json, where that file is there.
    """
    from shop_sandbox.engines.docker.compose import FILE, compose

    from shop_dev.project import open_project

    project = open_project()
    if refresh_digests:
        _refresh(project, json=json)
    file = project.checkout / FILE
    fresh = compose(project.checkout, project.settings.services)
    changed = not file.exists() or file.read_text(encoding="utf-8") != fresh.text
    if changed and not check:
        file.write_text(fresh.text, encoding="utf-8")
    stale = changed and check
    return Answer(
        data={"file": str(file), "changed": changed, "leftOut": list(fresh.left_out)},
        text=f"{FILE} is made from the manifests." if changed else f"{FILE} is fresh.",
        warnings=tuple(
            f"{name} is left out: only services in Python, or with a Dockerfile beside their manifest, run in containers."
            for name in fresh.left_out
        ),
        failure=Failure.told(CliCode.COMPOSE_STALE, f"{FILE} is not what the manifests say now.") if stale else None,
    )


def _refresh(project: Project, *, json: bool) -> None:
    from shop_sandbox.engines.docker.daemon import connect
    from shop_sandbox.engines.docker.images import refresh_digests

    from shop_dev.output.sinks import Progress, sink_for

    with sink_for(json=json, progress=Progress.AUTO) as sink:
        refresh_digests(connect(project.shell_variables), project.checkout, say=sink.say)
