"""A third engine: a runtime of its own, beside the supervisor, as Docker is one.

Its "containers" are processes that nobody of the sandbox is a parent of, known by a name to a registry of the runtime: a
folder with a file for each. Like Docker's they outlive whoever asked for them.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from shop_sandbox.engines.handle import Exit, Host, StopOrder
from shop_sandbox.health.not_ready import NotReady
from shop_sandbox.platform import here
from shop_sandbox.resources.model import Resource, ResourceKind
from shop_sandbox.run_context import RunContext
from shop_sandbox.state import Place
from shop_sandbox.supervisor.blueprint import Blueprint
from shop_sandbox.supervisor.settings import SupervisorSettings

REGISTRY = "toy-containers"
PROGRAM = """
import os, socket, sys
print("container of", sys.argv[1], flush=True)
server = socket.create_server(("127.0.0.1", int(os.environ["PORT"])))
while True:
    server.accept()[0].sendall(b"hello from a toy\\n")
"""
_POLL_SECONDS = 0.02


class ToyRuntime:
    """Runs containers by name."""

    def __init__(self, registry: Path) -> None:
        self._registry = registry

    def run(self, name: str, environment: Mapping[str, str], output: int) -> None:
        """Start one, as a child of nobody."""
        self._registry.mkdir(exist_ok=True)
        spawn = "import subprocess, sys; print(subprocess.Popen(sys.argv[1:], start_new_session=True, stdout=2, stderr=2).pid)"
        command = [sys.executable, "-I", "-S", "-c", spawn, sys.executable, "-I", "-S", "-c", PROGRAM, name]
        pid = int(subprocess.run(command, env=dict(environment), stdout=subprocess.PIPE, stderr=output, check=True).stdout)
        (self._registry / name).write_text(f"{pid} {here.start_time(pid)}")

    def runs(self, name: str) -> bool:
        """Return whether it runs."""
        return self.pid(name) is not None

    def pid(self, name: str) -> int | None:
        """Return the process inside, which only the runtime knows."""
        try:
            pid, start_time = (self._registry / name).read_text().split()
        except FileNotFoundError:
            return None
        return int(pid) if here.start_time(int(pid)) == start_time else None

    def kill(self, name: str) -> None:
        """End it, and return when it has given back what it held: its port is wanted at once."""
        if (pid := self.pid(name)) is not None:
            os.kill(pid, signal.SIGKILL)
        while self.runs(name):
            time.sleep(_POLL_SECONDS)


class ToyHandle:
    """A container that runs."""

    def __init__(self, runtime: ToyRuntime, name: str) -> None:
        self._runtime = runtime
        self._name = name
        self.ended: asyncio.Future[Exit] = asyncio.get_running_loop().create_future()
        self._watching = asyncio.create_task(self._watch())

    @property
    def pid(self) -> int | None:
        """None of this sandbox's."""
        return None

    async def stop(self, order: StopOrder) -> Exit:
        del order
        return await self.kill()

    async def kill(self) -> Exit:
        self._runtime.kill(self._name)
        return await self.ended

    def memory_bytes(self) -> int | None:
        pid = self._runtime.pid(self._name)
        return here.memory_bytes(pid) if pid is not None else None

    async def _watch(self) -> None:
        while self._runtime.runs(self._name):  # noqa: ASYNC110 - a runtime that tells nothing has to be asked
            await asyncio.sleep(_POLL_SECONDS)
        self.ended.set_result(Exit(code=None, signal=signal.SIGKILL))


@dataclass(frozen=True)
class ToyLaunch:
    """Run a container."""

    registry: Path
    name: str
    environment: Mapping[str, str]

    async def start(self, host: Host) -> ToyHandle:
        runtime = ToyRuntime(self.registry)
        host.record("fakes.toy_engine:sweep", {"registry": str(self.registry), "name": self.name})
        host.let_bind()
        reading, writing = os.pipe()
        try:
            await asyncio.to_thread(runtime.run, self.name, self.environment, writing)
        finally:
            os.close(writing)
        asyncio.get_running_loop().add_reader(reading, _pump, reading, host)
        return ToyHandle(runtime, self.name)


def _pump(reading: int, host: Host) -> None:
    if output := os.read(reading, 4096):
        host.output.write(output)
        return
    asyncio.get_running_loop().remove_reader(reading)
    os.close(reading)


def sweep(proof: Mapping[str, str]) -> str | None:
    """End the container that a dead sandbox had started."""
    runtime = ToyRuntime(Path(proof["registry"]))
    if not runtime.runs(proof["name"]):
        return None
    runtime.kill(proof["name"])
    return f"container {proof['name']}"


class ToyDriver:
    """Runs resources in the toy runtime."""

    loses_state_when_killed = False
    takes_files_on_trust = False

    def prepare(self, resource: Resource, context: RunContext) -> None:
        """Nothing: the image is this file."""

    def launch(self, resource: Resource, context: RunContext) -> ToyLaunch:
        environment = {key: value for key, value in context.inherited.items() if key != "SHOP_SANDBOX_NONCE"}
        environment["PORT"] = str(context.endpoints.ports[resource.name])
        return ToyLaunch(context.paths.checkout / REGISTRY, f"{context.paths.name}-{resource.name}", environment)

    def probe(self, resource: Resource, context: RunContext) -> None:
        try:
            with socket.create_connection(("127.0.0.1", context.endpoints.ports[resource.name]), timeout=1) as connection:
                greeting = connection.recv(100)
        except OSError as error:
            raise NotReady(str(error)) from error
        if not greeting:
            raise NotReady("it says nothing")

    def recheck(self, resource: Resource, context: RunContext) -> None:
        """Nothing is taken on trust."""

    def background(self, resource: Resource, context: RunContext) -> None:
        """There is none."""


class Volumes:
    """Data of containers, in the runtime's own folders."""

    def is_there(self, proof: Mapping[str, str]) -> bool:
        return Path(proof["volume"]).is_dir()

    def remove(self, proof: Mapping[str, str]) -> None:
        shutil.rmtree(proof["volume"], ignore_errors=True)


volumes = Volumes()


class ToyStore(ToyDriver):
    """Runs stores in the toy runtime, each with a volume of its own."""

    def prepare(self, resource: Resource, context: RunContext) -> None:
        volume_of(context.paths.checkout, resource.name).mkdir(parents=True, exist_ok=True)

    def place(self, resource: Resource, context: RunContext) -> Place:
        volume = volume_of(context.paths.checkout, resource.name)
        return Place(keeper="fakes.toy_engine:volumes", proof={"volume": str(volume)})

    def read_stamp(self, resource: Resource, context: RunContext) -> str | None:
        stamp = volume_of(context.paths.checkout, resource.name) / "stamp"
        return stamp.read_text() if stamp.exists() else None

    def write_stamp(self, resource: Resource, context: RunContext, stamp: str) -> None:
        (volume_of(context.paths.checkout, resource.name) / "stamp").write_text(stamp)


def volume_of(checkout: Path, store: str) -> Path:
    """Return where the runtime keeps the data of a store."""
    return checkout / "toy-volumes" / store


def blueprint(settings: SupervisorSettings) -> Blueprint:
    """Two stores and a service that needs one of them, all in containers."""
    del settings
    return Blueprint(
        resources={
            "redis": Resource("redis", ResourceKind.REDIS, ports=("redis",)),
            "postgres": Resource("postgres", ResourceKind.POSTGRES, ports=("postgres",)),
            "orders": Resource("orders", ResourceKind.SERVICE, needs=("redis",), ports=("orders",)),
        },
        drivers={ResourceKind.REDIS: ToyStore(), ResourceKind.POSTGRES: ToyStore(), ResourceKind.SERVICE: ToyDriver()},
    )
