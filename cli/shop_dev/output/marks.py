"""How states look: a sign beside each word, so that colour never carries the meaning alone."""

from __future__ import annotations

from shop_sandbox.events import ResourceState

STYLES = {
    ResourceState.PENDING: "dim",
    ResourceState.STARTING: "yellow",
    ResourceState.READY: "green",
    ResourceState.DONE: "green",
    ResourceState.BACKING_OFF: "red",
    ResourceState.STOPPING: "yellow",
    ResourceState.STOPPED: "dim",
    ResourceState.FAILED: "bold red",
}
MARKS = {
    ResourceState.READY: "✓",
    ResourceState.DONE: "✓",
    ResourceState.FAILED: "✗",
    ResourceState.BACKING_OFF: "↻",
    ResourceState.STOPPED: "■",
}
