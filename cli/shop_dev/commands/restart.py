"""`shop-dev restart`."""

from __future__ import annotations

from shop_dev.commands.options import JsonFlag, ResourceName, SandboxName
from shop_dev.output.answer import Answer


def restart(resource: ResourceName, name: SandboxName = None, json: JsonFlag = False) -> Answer:
    """Stop one resource in order and start it again.

    Returns when it is ready; what depends on it stays up and reconnects.
    """
    from shop_dev.output.sinks import sink_for
    from shop_dev.project import open_project
    from shop_dev.sandbox.restarting import restart_resource

    project = open_project(name=name)
    with sink_for(json=json) as sink:
        seconds = restart_resource(project, resource, sink=sink)
    took = f" in {seconds:.2f} s" if seconds is not None else ""
    return Answer(data={"resource": resource, "seconds": seconds}, text=f"{resource} is ready again{took}.")
