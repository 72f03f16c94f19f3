"""A sandbox of small real processes: each resource is a shell script, described in `fake-sandbox.json` of the checkout."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from pathlib import Path

import msgspec
from shop_sandbox.engines.driver import ExecLaunch, ForkLaunch
from shop_sandbox.engines.handle import Launch
from shop_sandbox.events import DownloadFinished, DownloadProgress
from shop_sandbox.health.not_ready import NotAlive, NotReady
from shop_sandbox.resources.model import Resource, ResourceKind
from shop_sandbox.run_context import RunContext
from shop_sandbox.supervisor.blueprint import Blueprint
from shop_sandbox.supervisor.settings import SupervisorSettings

DESCRIPTION = "fake-sandbox.json"
READY = 'touch "$RUN/ready"; '
"""Put this into a script where the resource is to count as ready."""
SLEEP = "exec sleep 600"


class FakeResource(msgspec.Struct, kw_only=True):
    """`script` runs under sh with RUN naming a folder of its own; `target` (package.module:function) runs in the fork server
    instead.

    The probe passes when the file `ready` is in that folder. `stamped` stores keep their stamp in the file `stamp` beside it,
    which the script may lose.
    """

    script: str = READY + SLEEP
    target: str | None = None
    needs: tuple[str, ...] = ()
    uses: tuple[str, ...] = ()
    waits_by_itself: bool = False
    task: bool = False
    port: bool = False
    stamped: bool = False
    emulator: bool = False
    grace_seconds: float = 5.0
    saves: bool = False
    death_signal: int = 9
    watched: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    background: str | None = None
    downloads: bool = False
    """Its preparation takes until a file `arrived` is in the checkout."""


def describe(checkout: Path, resources: Mapping[str, FakeResource]) -> None:
    """Write what the sandbox of this checkout consists of."""
    (checkout / DESCRIPTION).write_bytes(msgspec.json.encode(resources))


class FakeDriver:
    """Runs the scripts. Readiness, stamps and state are files, so that tests can look at them and take them away."""

    def __init__(self, fakes: Mapping[str, FakeResource], *, emulator: bool) -> None:
        self._fakes = fakes
        self.loses_state_when_killed = emulator
        self.takes_files_on_trust = isinstance(self, FakeStore)

    def prepare(self, resource: Resource, context: RunContext) -> None:
        """Make the folder, and forget the readiness of an earlier process."""
        context.paths.data(resource.name).mkdir(parents=True, exist_ok=True)
        if self._fakes[resource.name].downloads:
            while not (context.paths.checkout / "arrived").exists():
                context.announce(DownloadProgress(at=time.time(), artifact="a.jar", received_bytes=1, total_bytes=2))
                time.sleep(0.05)
            context.announce(DownloadFinished(at=time.time(), artifact="a.jar", total_bytes=2, seconds=1.0))

    def launch(self, resource: Resource, context: RunContext) -> Launch:
        """The script, or the target."""
        fake = self._fakes[resource.name]
        folder = context.paths.data(resource.name)
        (folder / "ready").unlink(missing_ok=True)
        environment = {**context.inherited, "RUN": str(folder), "PYTHON": sys.executable}
        if resource.ports:
            environment["PORT"] = str(context.endpoints.ports[resource.name])
        if fake.target is not None:
            listener = resource.name if resource.ports else None
            return ForkLaunch(
                fake.target, environment, context.paths.checkout, inherit_listener=listener, stop_grace_seconds=fake.grace_seconds
            )
        return ExecLaunch(
            ("/bin/sh", "-c", fake.script),
            environment,
            context.paths.checkout,
            stop_grace_seconds=fake.grace_seconds,
            saves_at_stop=fake.saves,
            death_signal=fake.death_signal,  # type: ignore[arg-type]  # a number is what the kernel wants
        )

    def probe(self, resource: Resource, context: RunContext) -> None:
        """Pass when the script says so; with a file `hangs` it does not even live, and `silent` has a byte for each time."""
        if (context.paths.data(resource.name) / "hangs").exists():
            with (context.paths.data(resource.name) / "silent").open("a") as silent:
                silent.write(".")
            raise NotAlive("a file `hangs`")
        if not (context.paths.data(resource.name) / "ready").exists():
            raise NotReady("no file `ready`")

    def recheck(self, resource: Resource, context: RunContext) -> None:
        """Take away what the script took for its files."""
        (context.paths.checkout / "broken-files").unlink(missing_ok=True)

    def background(self, resource: Resource, context: RunContext) -> ExecLaunch | None:
        """The background script, where there is one."""
        script = self._fakes[resource.name].background
        if script is None:
            return None
        environment = {**context.inherited, "RUN": str(context.paths.data(resource.name))}
        return ExecLaunch(("/bin/sh", "-c", script), environment, context.paths.checkout)


class FakeStore(FakeDriver):
    """A driver whose resources carry a stamp."""

    def read_stamp(self, resource: Resource, context: RunContext) -> str | None:
        """The content of the file, if there is one."""
        path = context.paths.data(resource.name) / "stamp"
        return path.read_text() if path.exists() else None

    def write_stamp(self, resource: Resource, context: RunContext, stamp: str) -> None:
        """Write the file."""
        (context.paths.data(resource.name) / "stamp").write_text(stamp)


def blueprint(settings: SupervisorSettings) -> Blueprint:
    """What the checkout describes."""
    checkout = Path(settings.checkout)
    fakes = msgspec.json.decode((checkout / DESCRIPTION).read_bytes(), type=dict[str, FakeResource])
    resources = {
        name: Resource(
            name,
            _kind(fake),
            needs=fake.needs,
            uses=fake.uses,
            ports=(name,) if fake.port else (),
            watched=tuple(checkout / folder for folder in fake.watched),
            ignored=fake.ignored,
        )
        for name, fake in fakes.items()
    }
    return Blueprint(
        resources=resources,
        drivers={
            ResourceKind.SERVICE: FakeDriver(fakes, emulator=False),
            ResourceKind.PROVISION: FakeDriver(fakes, emulator=False),
            ResourceKind.SCHEMA_REGISTRY: FakeDriver(fakes, emulator=False),
            ResourceKind.POSTGRES: FakeStore(fakes, emulator=False),
            ResourceKind.AWS: FakeStore(fakes, emulator=True),
        },
    )


def _kind(fake: FakeResource) -> ResourceKind:
    if fake.task:
        return ResourceKind.PROVISION
    if fake.waits_by_itself:
        return ResourceKind.SCHEMA_REGISTRY
    if fake.emulator:
        return ResourceKind.AWS
    return ResourceKind.POSTGRES if fake.stamped else ResourceKind.SERVICE
