"""A checkout whose sandbox consists of small real processes, and the ways to look at what runs there."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
from shop_sandbox.client import SandboxClient, start_or_attach
from shop_sandbox.events import AnyEvent, ResourceChanged, ResourceState, SandboxReady
from shop_sandbox.platform import here
from shop_sandbox.supervisor.settings import SupervisorSettings

MARK = "SHOP_TEST_MARK"


class Home:
    """A checkout with a fake sandbox in it, and the ways to look at what runs there."""

    def __init__(self, checkout: Path, cache: Path) -> None:
        self.checkout = checkout
        self.mark = checkout.name + os.urandom(4).hex()
        self.settings = SupervisorSettings(
            checkout=str(checkout),
            name="test",
            cache_root=str(cache),
            runtime_dir=str(checkout / "r"),
            service_globs=[],
            inherited={"PATH": os.environ["PATH"], "PYTHONPATH": str(Path(__file__).parents[1]), MARK: self.mark},
            start_timeout_seconds=30,
            blueprint="fakes.sandbox:blueprint",
        )
        self.paths = self.settings.paths

    def with_(self, **changes: object) -> SupervisorSettings:
        return msgspec.structs.replace(self.settings, **changes)

    def up(self, *names: str, atomic: bool = False) -> tuple[SandboxClient, list[AnyEvent]]:
        client = start_or_attach(self.settings)
        return client, list(client.up(names, atomic=atomic))

    def ready(self, *names: str) -> tuple[SandboxClient, SandboxReady]:
        client, events = self.up(*names)
        last = events[-1]
        assert isinstance(last, SandboxReady), last
        return client, last

    def alive(self) -> list[int]:
        """Every process that this sandbox has started, the supervisor included."""
        return here.processes_with(MARK, self.mark)


def eventually(condition: Callable[[], object], what: str, *, within: float = 20.0) -> None:
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline, f"not within {within} s: {what}"
        time.sleep(0.01)


def state_of(events: list[AnyEvent], resource: str) -> list[ResourceState]:
    return [event.state for event in events if isinstance(event, ResourceChanged) and event.resource == resource]


def pid_of(client: SandboxClient, resource: str) -> int:
    (found,) = [one.pid for one in client.status().resources if one.name == resource]
    assert found is not None
    return found
