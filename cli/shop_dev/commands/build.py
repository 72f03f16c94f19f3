"""`shop-dev build`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from shop_dev.commands.options import JsonFlag, ProgressOption
from shop_dev.completion import complete_resources
from shop_dev.output.answer import Answer
from shop_dev.output.sinks import Progress

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shop_sandbox.engines.docker.building import Built

    from shop_dev.project import Project


def build(
    services: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[SERVICE]...",
            help="Services in Python; all of them where none is named.",
            show_default=False,
            autocompletion=complete_resources,
        ),
    ] = None,
    progress: ProgressOption = Progress.AUTO,
    json: JsonFlag = False,
) -> Answer:
    """Build the images of services, where what goes into them has changed.

    An image is tagged by a digest of its inputs, and as `local`, which compose.yaml takes. Needs a Docker daemon.
    """
    from shop_sandbox.engines.docker.building import build
    from shop_sandbox.engines.docker.daemon import connect

    from shop_dev.output.sinks import sink_for
    from shop_dev.project import open_project

    project = open_project()
    wanted = _wanted(project, services or ())
    with sink_for(json=json, progress=progress) as sink:
        built = build(connect(project.shell_variables), project.checkout, wanted, say=sink.say)
    return Answer(data={"images": [_data(one) for one in built]}, text="\n".join(_line(one) for one in built))


def _wanted(project: Project, names: Sequence[str]) -> tuple[str, ...]:
    """Return the images to build: that of the platform's own programs is the first. Raises ShopDevError (resource_unknown)."""
    from shop_sandbox.engines.docker.building import PLATFORM
    from shop_sandbox.manifest.loader import load_manifests
    from shop_sandbox.resources.shop import closure, resources_of

    from shop_dev.sandbox.manifests import services_of

    if names:
        globs = project.settings.services
        closure(resources_of(load_manifests(project.checkout, globs), project.checkout, globs), names)
    python = [one.service for one in services_of(project) if one.runtime is not None and one.runtime.python]
    return (PLATFORM, *(name for name in python if not names or name in names))


def _line(built: Built) -> str:
    return f"{built.image:<44} {built.bytes / 2**20:>5.0f} MiB  {'unchanged' if built.was_there else 'built'}"


def _data(built: Built) -> dict[str, object]:
    return {"service": built.service, "image": built.image, "bytes": built.bytes, "wasThere": built.was_there}
