"""Bringing the services of a checkout into a sandbox of another one, and taking them out again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from shop_sandbox import ownership
from shop_sandbox.errors import ErrorCode, SandboxError
from shop_sandbox.manifest.names import part_name
from shop_sandbox.paths import SandboxPaths, flag

from shop_dev import joined, sandbox
from shop_dev.joined import Joined
from shop_dev.near import nearest
from shop_dev.output.sinks import Sink
from shop_dev.project import PLATFORM, Project
from shop_dev.running import Running
from shop_dev.sandbox import registry
from shop_dev.sandbox.manifests import services_of

if TYPE_CHECKING:
    from shop_sandbox.events import AnyEvent
    from shop_sandbox.manifest.form import Service
    from shop_sandbox.supervisor.settings import Guest


def joining(project: Project, word: str) -> Project:
    """Return the project as one that is about to join the sandbox that `word` names: by its name, its checkout, or both.

    Raises SandboxError (not_running, join_refused, supervisor_of_another_version).
    """
    others = [one for one in registry.running(project.checkout) if one.project.checkout.resolve() != project.checkout.resolve()]
    host = _the_one(word, [one for one in others if _is_meant(one.project, word, project.checkout)], others)
    paths = host.project.paths
    if host.status is None:
        raise _not_to_be_talked_to(host)
    named = replace(project, settings=replace(project.settings, name=paths.name), joined=None)
    if ownership.running_owner(named.paths) is not None:
        raise SandboxError(
            ErrorCode.JOIN_REFUSED,
            f"this checkout runs a sandbox {paths.name} of its own",
            actions=(f"shop-dev down{paths.flag}",),
        )
    owner = ownership.running_owner(paths)
    if owner is None:
        raise _none_runs(word, others)
    return replace(named, joined=Joined(paths.checkout, paths.name, owner.nonce))


def join(
    project: Project, resources: Sequence[str], *, without: Sequence[str], timeout_seconds: float, atomic: bool, sink: Sink
) -> Iterator[AnyEvent]:
    """Start services of this checkout in the sandbox that it joins; gives the events of that.

    Raises SandboxError (not_running, join_refused, manifest_invalid, port_taken, resource_unknown); nothing has changed then.
    """
    if project.joined is None:
        raise ValueError("the project joins nothing")
    guest = _guest(project)
    sink.say(f"Joining {project.joined}: {', '.join(resources or guest.services)}.")
    events = sandbox.connect(project).join(
        guest, tuple(resources), without=tuple(without), timeout_seconds=timeout_seconds, atomic=atomic
    )
    for number, event in enumerate(events):
        if number == 0:  # from here on it has joined, whatever becomes of its services
            joined.remember(project.own_paths, project.joined)
        yield event


def leave(project: Project, *, sink: Sink) -> tuple[str, ...]:
    """Take this checkout's services out of the sandbox that it has joined, and return which stopped; the rest runs on.

    Raises SandboxError (not_running).
    """
    client = sandbox.connect(project)
    stopped: dict[str, None] = {}
    try:
        for event in client.leave(project.checkout):
            sink.announce(event)
            stopped[getattr(event, "resource", "")] = None
    except SandboxError as error:
        if error.code is not ErrorCode.JOIN_REFUSED:  # it has been put out already
            raise
    joined.forget(project.own_paths)
    return tuple(name for name in stopped if name)


def _guest(project: Project) -> Guest:
    """Return what the other sandbox needs to know of this checkout."""
    from shop_sandbox.supervisor.settings import Guest

    processes = [name for service in services_of(project) for name in _processes(service)]
    if not processes:
        raise SandboxError(
            ErrorCode.JOIN_REFUSED, f"{project.checkout} has no service to join with", actions=("shop-dev new service NAME",)
        )
    settings = project.settings
    return Guest(
        checkout=str(project.checkout),
        service_globs=[str(project.checkout / Path(glob).expanduser()) for glob in settings.services],
        services=processes,
        shared_code=[str(project.checkout / folder) for folder in settings.shared_code],
        ports={key: port for key, port in settings.ports.items() if key.partition(".")[0] not in PLATFORM},
        shell_variables=sandbox.passed_through(project),
    )


def _processes(service: Service) -> Iterator[str]:
    """Yield under which names a service runs: its process or functions, and its workers."""
    if service.runtime is not None or service.functions:
        yield service.service
    yield from (part_name(service.service, worker.name) for worker in service.workers)


def _is_meant(project: Project, word: str, here: Path) -> bool:
    folder, colon, name = word.rpartition(":")
    if colon:
        return name == project.settings.name and _is_checkout(project.checkout, folder, here)
    return word == project.settings.name or _is_checkout(project.checkout, word, here)


def _is_checkout(checkout: Path, word: str, here: Path) -> bool:
    return word == checkout.name or (here / Path(word).expanduser()).resolve() == checkout.resolve()


def _the_one(word: str, found: Sequence[Running], others: Sequence[Running]) -> Running:
    if not found:
        raise _none_runs(word, others)
    if len(found) > 1:
        places = [one.project.paths for one in found]
        raise SandboxError(
            ErrorCode.JOIN_REFUSED,
            f"{word!r} may be {' or '.join(f'sandbox {one.name} of {one.checkout}' for one in places)}",
            actions=tuple(f"shop-dev up --join {one.checkout}:{one.name}" for one in places),
        )
    return found[0]


def _none_runs(word: str, others: Sequence[Running]) -> SandboxError:
    names = [one.project.settings.name for one in others]
    near = nearest(word, [*names, *(one.project.checkout.name for one in others)])
    there = "; ".join(f"{one.project.settings.name} of {one.project.checkout}" for one in others)
    return SandboxError(
        ErrorCode.NOT_RUNNING,
        f"no sandbox of another checkout is called {word!r}{f' (did you mean {near!r}?)' if near else ''}: "
        + (f"these run: {there}" if there else "none runs"),
        actions=("start it in its own checkout with `shop-dev up`", "shop-dev ls"),
    )


def _not_to_be_talked_to(host: Running) -> SandboxError:
    paths: SandboxPaths = host.project.paths
    return SandboxError(
        ErrorCode.SUPERVISOR_OF_ANOTHER_VERSION if host.is_of_another_version else ErrorCode.SUPERVISOR_UNREACHABLE,
        f"sandbox {paths.name} of {paths.checkout} "
        + ("was started by another version of shop-dev than this one" if host.is_of_another_version else f"{host.trouble}"),
        actions=(
            "use the same version of shop-dev in both checkouts",
            f"in {paths.checkout}: `shop-dev down{flag(paths.name)}`, then `shop-dev up{flag(paths.name)}`",
        ),
    )
