"""What `ls` says."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from shop_sandbox.events import ResourceState

from shop_dev.output.columns import Cell, Page, columns
from shop_dev.troubles import age, overall_state

if TYPE_CHECKING:
    from shop_dev.running import Running

HEADINGS = ("NAME", "STATE", "READY", "UP FOR", "PID", "CHECKOUT")
_STYLES = {"ready": "green", "starting": "yellow"}


def list_data(found: Sequence[Running]) -> dict[str, object]:
    """Return the sandboxes for scripts; `state` is null where the supervisor cannot be asked, and `trouble` says why."""
    return {
        "sandboxes": [
            {
                "name": one.project.settings.name,
                "checkout": str(one.project.checkout),
                "branch": one.branch,
                "state": overall_state(one.status) if one.status else None,
                "trouble": one.trouble,
                "supervisorPid": one.supervisor_pid,
                "startedAt": one.status.started_at if one.status else None,
            }
            for one in found
        ]
    }


def list_page(found: Sequence[Running]) -> Page:
    """One line each."""
    heads = [Cell(heading, "dim") for heading in HEADINGS]
    return Page(tuple(columns([heads, *map(_cells, found)], right=frozenset({4}))))


def _cells(one: Running) -> tuple[Cell, ...]:
    state = overall_state(one.status) if one.status else one.trouble or ""
    ready, up_for = "", ""
    if one.status:
        wanted = [resource for resource in one.status.resources if resource.is_wanted]
        settled = sum(resource.state in (ResourceState.READY, ResourceState.DONE) for resource in wanted)
        ready, up_for = f"{settled} of {len(wanted)}", age(time.time() - one.status.started_at)
    return (
        Cell(f"{one.project.settings.name} (branch {one.branch})" if one.branch else one.project.settings.name),
        Cell(state, _STYLES.get(state, "red")),
        Cell(ready),
        Cell(up_for),
        Cell(str(one.supervisor_pid)),
        Cell(str(one.project.checkout)),
    )
