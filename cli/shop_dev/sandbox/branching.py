"""Sandboxes of git branches: one of them runs at a time, and what is left of branches that are gone can be removed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from shop_sandbox import client, ownership
from shop_sandbox.paths import flag

from shop_dev import sandbox
from shop_dev.branches import BranchState, states
from shop_dev.output.sinks import Sink
from shop_dev.project import Project


def stop_other_branches(project: Project, *, sink: Sink) -> None:
    """Stop what runs for other branches of the checkout: its services would run the code of this one. Their data stays.

    Raises SandboxError where one cannot be stopped.
    """
    for state in states(project.checkout):
        paths = replace(project.own_paths, name=state.name)
        if state.name != project.settings.name and ownership.running_owner(paths) is not None:
            sink.say(f"Stopping the sandbox of branch {state.branch}; its data stays.")
            for event in client.stop(paths):
                sink.announce(event)


def gone(checkout: Path) -> list[BranchState]:
    """Return the states of branches that git has no more."""
    return [state for state in states(checkout) if state.is_gone]


def gone_told(project: Project) -> Iterator[str]:
    """Yield a sentence for each state of a branch that is gone, with how to remove it."""
    for state in gone(project.checkout) if project.branch is not None else ():
        yield f"Branch {state.branch} is gone, and its data is kept: `shop-dev down --purge{flag(state.name)}` removes it."


def remove_gone(project: Project, *, sink: Sink) -> list[str]:
    """Stop and remove the sandboxes of branches that are gone, and return the branches. Raises SandboxError."""
    removed = []
    for state in gone(project.checkout):
        own = replace(project, settings=replace(project.settings, name=state.name), joined=None, was_joined=None)
        sink.say(f"Removing the data of branch {state.branch}, which is gone.")
        runs = ownership.running_owner(own.paths) is not None
        for event in sandbox.stop(own, purge=True) if runs else sandbox.purge(own):
            sink.announce(event)
        removed.append(state.branch)
    return removed
