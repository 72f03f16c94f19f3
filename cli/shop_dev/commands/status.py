"""`shop-dev status`."""

from __future__ import annotations

from shop_dev.commands.options import JsonFlag, SandboxName
from shop_dev.output.answer import Answer


def status(name: SandboxName = None, json: JsonFlag = False) -> Answer:
    """Show what runs, where, and how it is doing."""
    from shop_dev import sandbox
    from shop_dev.output.status_data import status_data
    from shop_dev.output.status_table import status_table
    from shop_dev.project import open_project
    from shop_dev.sandbox.registry import siblings

    del json
    project = open_project(name=name)
    found = sandbox.connect(project).status()
    beside = siblings(project)

    failure = found.failure
    failed = (". ".join((failure.message, *failure.actions)),) if failure is not None else ()
    return Answer(
        data=status_data(found, beside, project.branch),
        text=status_table(found, beside, project.branch),
        warnings=(*failed, *found.warnings),
    )
