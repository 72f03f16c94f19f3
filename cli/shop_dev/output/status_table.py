"""What `status` says to people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text
from shop_sandbox.events import ResourceState

from shop_dev.output.live import MARKS, STYLES

if TYPE_CHECKING:
    from shop_sandbox.supervisor.protocol import ResourceStatus, SandboxStatus


def status_table(status: SandboxStatus) -> RenderableType:
    """One line a resource under a headline."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    for heading, justify in (
        ("", "left"),
        ("RESOURCE", "left"),
        ("STATE", "left"),
        ("PID", "right"),
        ("MEMORY", "right"),
        ("READY IN", "right"),
        ("RESTARTS", "right"),
        ("WHERE", "left"),
    ):
        table.add_column(heading, justify=justify)  # type: ignore[arg-type]  # the literals above are rich's
    for resource in status.resources:
        table.add_row(*_cells(resource))
    return Group(Text(_headline(status)), Text(), table)


def _headline(status: SandboxStatus) -> str:
    memory = f", {_mebibytes(status.total_pss_bytes)} in all" if status.total_pss_bytes else ""
    return f"Sandbox {status.name} in {status.checkout} is {status.state}{memory} (supervisor pid {status.supervisor_pid})."


def _cells(resource: ResourceStatus) -> tuple[Text, ...]:
    state = ResourceState(resource.state)
    ready = f"{resource.seconds_to_ready:.2f} s" if resource.seconds_to_ready is not None else ""
    where = resource.endpoint or ""
    if state not in (ResourceState.READY, ResourceState.DONE):
        where = resource.last_probe_error or resource.reason or where
    return (
        Text(MARKS.get(state, "·"), STYLES[state]),
        Text(resource.name),
        Text(str(state), STYLES[state]),
        Text(str(resource.pid or "")),
        Text(_mebibytes(resource.pss_bytes) if resource.pss_bytes else ""),
        Text(ready),
        Text(str(resource.restarts) if resource.restarts else ""),
        Text(where),
    )


def _mebibytes(size: int) -> str:
    return f"{size / 2**20:.0f} MiB"
