"""One real store of the embedded engine, started and stopped by a test through its driver alone."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from shop_sandbox.credentials import Credentials
from shop_sandbox.endpoints import Endpoints
from shop_sandbox.engines.driver import Driver, ExecLaunch, ForkLaunch
from shop_sandbox.engines.embedded import drivers
from shop_sandbox.events import Event
from shop_sandbox.health.not_ready import NotReady
from shop_sandbox.paths import CachePaths, SandboxPaths
from shop_sandbox.platform import here
from shop_sandbox.resources.model import Resource, ResourceKind
from shop_sandbox.run_context import RunContext
from shop_sandbox.state import Stamped

READY_SECONDS = 90.0
INHERITED = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}


@dataclass
class Store:
    """One store of a sandbox of its own, started and stopped by the test."""

    name: str
    context: RunContext
    events: list[Event] = field(default_factory=list)
    process: subprocess.Popen[bytes] | None = None

    @property
    def resource(self) -> Resource:
        return self.context.resources[self.name]

    @cached_property
    def driver(self) -> Driver:
        return drivers()[self.resource.kind]

    @property
    def stamped(self) -> Stamped:
        driver = self.driver
        assert isinstance(driver, Stamped)
        return driver

    @property
    def port(self) -> int:
        return self.context.endpoints.ports[self.name]

    @property
    def log(self) -> Path:
        return self.context.paths.log(self.name)

    def start(self) -> None:
        """Prepare, start and wait until the probe passes."""
        self.driver.prepare(self.resource, self.context)
        launch = self._launch()
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                launch.argv if isinstance(launch, ExecLaunch) else called(launch),
                env=dict(launch.environment),
                cwd=launch.cwd,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                process_group=0,
                preexec_fn=lambda: here.die_with_parent(signal.SIGKILL),  # noqa: PLW1509 - one call to the kernel, no lock is taken
            )
        wait_until(self._is_ready)

    def _launch(self) -> ExecLaunch | ForkLaunch:
        launch = self.driver.launch(self.resource, self.context)
        assert isinstance(launch, ExecLaunch | ForkLaunch)
        return launch

    def _is_ready(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.log.read_text()
        try:
            self.driver.probe(self.resource, self.context)
        except NotReady:
            return False
        return True

    def stop(self) -> int:
        assert self.process is not None
        self.process.send_signal(self._launch().stop_signal)
        return self.process.wait(30)

    def kill(self) -> None:
        """SIGKILL to the whole group, and wait until its last member is gone."""
        assert self.process is not None
        group = self.process.pid
        os.killpg(group, signal.SIGKILL)
        self.process.wait(30)
        wait_until(lambda: not here.group_members(group))


def called(launch: ForkLaunch) -> tuple[str, ...]:
    """The same program without a fork server."""
    return (sys.executable, "-m", "shop_sandbox.supervisor.call", launch.target)


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.03)


def free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [int(one.getsockname()[1]) for one in sockets]
    for one in sockets:
        one.close()
    return ports


@contextmanager
def store_of(name: str, checkout: Path, cache: CachePaths) -> Iterator[Store]:
    keys = ("kafka", "kafka.controller") if name == "kafka" else (name,)
    resource = Resource(name, ResourceKind(name), ports=keys)
    events: list[Event] = []
    context = RunContext(
        paths=SandboxPaths(checkout, "main", checkout),
        cache=cache,
        endpoints=Endpoints(dict(zip(keys, free_ports(len(keys)), strict=True))),
        credentials=Credentials(secret="5e" * 32),
        resources={name: resource},
        environment=dict,
        inherited=INHERITED,
        announce=events.append,
    )
    store = Store(name, context, events)
    try:
        yield store
    finally:
        if store.process is not None and store.process.poll() is None:
            store.kill()
