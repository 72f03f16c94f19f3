"""Which sandboxes of this user run on this machine, whatever checkout they belong to.

Each `up` leaves a pointer to its sandbox in the user's state folder; whether that sandbox runs is asked of its own folder, so a
pointer can be old but never wrong.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator
from pathlib import Path

from shop_sandbox import records
from shop_sandbox.errors import ErrorCode, SandboxError

from shop_dev import sandbox
from shop_dev.project import Project, project_at, user_state_folder
from shop_dev.running import Running
from shop_dev.sandbox_records import Pointer

_WHY = {
    ErrorCode.SUPERVISOR_OF_ANOTHER_VERSION: "of another version",
    ErrorCode.SUPERVISOR_UNREACHABLE: "does not answer",
}


def remember(project: Project) -> None:
    """Leave a pointer to the project's sandbox. One that cannot be written is missed by `ls` elsewhere, and by nothing else."""
    root = str(project.paths.root)
    pointer = _folder() / f"{hashlib.sha256(root.encode()).hexdigest()[:16]}.json"
    with contextlib.suppress(OSError, SandboxError):
        pointer.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        records.write(pointer, Pointer(checkout=str(project.checkout), name=project.settings.name))


def running(here: Path | None) -> list[Running]:
    """Return the sandboxes that run, by checkout and name; those of the checkout `here` also where no pointer leads to them."""
    found = {(project.checkout, project.settings.name): project for project in (*_pointed_to(), *_inside(here))}
    looked_at = (_look_at(project) for _, project in sorted(found.items()))
    return [one for one in looked_at if one is not None]


def siblings(project: Project) -> list[str]:
    """Return the names of the other sandboxes that run in the checkout of the project's. Nobody is asked, so it takes no time."""
    from shop_sandbox.ownership import running_owner

    owners = {one.settings.name: running_owner(one.paths) for one in _inside(project.paths.checkout)}
    return sorted(name for name, owner in owners.items() if owner is not None and name != project.paths.name)


def _look_at(project: Project) -> Running | None:
    from shop_sandbox.ownership import running_owner

    owner = running_owner(project.paths)
    if owner is None:
        return None
    try:
        return Running(project, owner.supervisor.pid, sandbox.connect(project).status(memory=False))
    except SandboxError as error:
        if error.code is ErrorCode.NOT_RUNNING:  # it has just ended
            return None
        return _out_of_reach(project, owner.supervisor.pid, error)


def _out_of_reach(project: Project, supervisor_pid: int, error: SandboxError) -> Running:
    is_other = error.code is ErrorCode.SUPERVISOR_OF_ANOTHER_VERSION
    return Running(project, supervisor_pid, None, _WHY.get(error.code, error.message), is_of_another_version=is_other)


def _pointed_to() -> Iterator[Project]:
    for pointer in sorted(_folder().glob("*.json")):
        with contextlib.suppress(OSError, records.Unreadable, SandboxError):
            told = records.read(pointer, Pointer)
            if told is None:
                continue
            project = project_at(Path(told.checkout), told.name)
            if project.paths.root.is_dir():
                yield project
            else:
                pointer.unlink(missing_ok=True)


def _inside(checkout: Path | None) -> Iterator[Project]:
    folders = (checkout / ".shop-dev").glob("*/owner.json") if checkout is not None else ()
    return (project_at(owner.parents[2], owner.parent.name) for owner in folders)


def _folder() -> Path:
    return user_state_folder() / "sandboxes"
