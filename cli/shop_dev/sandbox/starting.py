"""One `up` from the caller's side: follow the start to its end, and leave in order when the user does."""

from __future__ import annotations

import signal
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from shop_sandbox.events import AnyEvent, SandboxFailed, SandboxReady, SandboxStopped

from shop_dev import branches, sandbox
from shop_dev.errors import Failed, Failure, ShopDevError
from shop_dev.joined import forget
from shop_dev.output.sinks import Sink
from shop_dev.project import Project
from shop_dev.sandbox import registry
from shop_dev.sandbox.branching import stop_other_branches
from shop_dev.sandbox.emptying import Held, empty, held_by
from shop_dev.sandbox.following import until_ready
from shop_dev.sandbox.joining import join
from shop_dev.sandbox.manifests import services_of

if TYPE_CHECKING:
    from shop_sandbox.client import SandboxClient


@dataclass(frozen=True)
class Start:
    """A sandbox that is ready."""

    client: SandboxClient
    ready: SandboxReady
    attached: bool
    """True if it ran before this command."""


@dataclass(frozen=True)
class Lease:
    """The process that is to hold the sandbox, and where the evidence of its run goes."""

    owner: int
    evidence: Path | None = None


@dataclass(frozen=True)
class Wish:
    """What to start: everything where no resource is named, but for `without`.

    What is healthy runs on where something fails; with `atomic` it is stopped again.
    """

    resources: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    atomic: bool = False
    lease: Lease | None = None


@dataclass
class Leave:
    """What is to be left in order: the sandbox that a command has begun to start, once it has."""

    client: SandboxClient | None = None


def start(project: Project, wish: Wish, *, sink: Sink, reset: bool, leave: Leave) -> Start:
    """Start or attach, and return when everything asked for is ready. With `reset` stores begin empty: those of the services that
    are named, else all. Raises Failed, SandboxError, ShopDevError (usage_invalid, store_away)."""
    held = held_by(services_of(project), wish.resources) if reset and wish.resources else None
    if project.joined is not None:
        return _join(project, wish, held, sink=sink)
    if project.branch is not None and wish.lease is None:
        stop_other_branches(project, sink=sink)
    with interrupt_after():
        if wish.lease is None:
            client = leave.client = sandbox.start_or_attach(project, reset=reset and held is None)
        else:
            client = leave.client = sandbox.start_leased(project, owner=wish.lease.owner, evidence=wish.lease.evidence)
        registry.remember(project)
        if project.was_joined is not None:
            forget(project.own_paths)
        if project.branch is not None:
            branches.remember(project.paths.root, project.branch)
    if held is not None:
        empty(project, client, held, sink=sink)
    seconds = project.settings.start_timeout_seconds
    events = client.up(wish.resources, without=wish.without, timeout_seconds=seconds, atomic=wish.atomic)
    return Start(client=client, ready=until_ready(events, sink), attached=client.attached)


def _join(project: Project, wish: Wish, held: Held | None, *, sink: Sink) -> Start:
    client = sandbox.connect(project)
    if held is not None:
        empty(project, client, held, sink=sink)
    seconds = project.settings.start_timeout_seconds
    events = join(project, wish.resources, without=wish.without, timeout_seconds=seconds, atomic=wish.atomic, sink=sink)
    return Start(client=client, ready=until_ready(events, sink), attached=True)


@dataclass(frozen=True)
class Filled:
    """A sandbox that the project's own means were tried on: its variables, the facts that `seed` told, and what did not work."""

    environment: Mapping[str, str] = field(default_factory=dict)
    facts: Mapping[str, object] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


def seed_if_empty(start: Start, project: Project, *, sink: Sink) -> Filled:
    """Let the project's `seed` command fill a sandbox that is empty. One that cannot be filled is a warning: it runs."""
    settings = project.settings
    if settings.seed is None and settings.first_try is None:
        return Filled()
    environment = start.client.status(memory=False).environment
    if settings.seed is None or project.joined is not None or not set(settings.seed.needs) <= start.ready.endpoints.keys():
        return Filled(environment)
    from shop_dev.seeding import When, run_seed

    variables = {**project.inherited, **environment}
    try:
        seeded = run_seed(settings.seed, When.IF_EMPTY, checkout=project.checkout, environment=variables, say=sink.say)
    except ShopDevError as error:
        return Filled(environment, warnings=(f"Everything runs, and could not be filled: {error.message} Try `shop-dev seed`.",))
    return Filled(environment, seeded.facts)


def stay(start: Start, *, sink: Sink) -> None:
    """Show what happens until the sandbox stops. Raises Failed if it fails."""
    for event in start.client.follow():
        sink.announce(event)
        if isinstance(event, SandboxFailed):
            raise Failed(Failure.from_error(event))
        if isinstance(event, SandboxStopped):
            return


def stop(events: Iterable[AnyEvent], *, sink: Sink) -> SandboxStopped | None:
    """Follow a stop to its end. That a start under way fails through it is on the way, and no failure of the stop."""
    for event in events:
        sink.announce(event)
        if isinstance(event, SandboxStopped):
            return event
    return None


@contextmanager
def leaving_in_order(sink: Sink) -> Iterator[Leave]:
    """Let the first Ctrl-C stop a sandbox that this command started, and the second stop it at once; what ran before goes on.

    SIGTERM and SIGHUP count as Ctrl-C: a CI step that is cancelled, a terminal that is closed.
    """
    leave = Leave()
    try:
        with _ended_like_ctrl_c():
            yield leave
    except KeyboardInterrupt:
        client = leave.client
        if client is None:
            raise
        if client.attached:
            sink.say("Detached; the sandbox was running before and goes on.")
            raise
        try:
            with _ended_like_ctrl_c():
                sink.say("Stopping what this command started. Ctrl-C again stops it at once.")
                stop(client.down(), sink=sink)
        except KeyboardInterrupt:
            stop(client.down(force=True), sink=sink)
        raise


@contextmanager
def _ended_like_ctrl_c() -> Iterator[None]:
    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def interrupt_after() -> Iterator[None]:
    """Hold a Ctrl-C back until the block is through: between starting a supervisor and knowing it, there is nobody to stop it."""
    held: list[int] = []

    def hold(number: int, _frame: FrameType | None) -> None:
        held.append(number)

    before = {number: signal.signal(number, hold) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if held:
        signal.raise_signal(held[0])
