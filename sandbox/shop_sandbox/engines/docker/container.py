"""A container as the supervisor sees it: launched, watched, stopped, and swept when it has outlived its sandbox."""

from __future__ import annotations

import asyncio
import contextlib
import io
import signal
import tarfile
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from shop_sandbox.engines.docker import daemon
from shop_sandbox.engines.docker.stores import StoreContainer
from shop_sandbox.engines.handle import Exit, Host, StopOrder
from shop_sandbox.errors import ErrorCode, SandboxError

LABEL = "dev.shop-dev"
_SIGNALLED = 128
"""A shell's convention that Docker keeps to: what a signal has ended exits with 128 and its number."""
_LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class ContainerLaunch:
    """Run a store in a container. `published` maps ports inside to ports of this machine's loopback."""

    docker: Mapping[str, str]
    name: str
    volume: str
    store: StoreContainer
    published: Mapping[int, int]
    labels: Mapping[str, str]

    async def start(self, host: Host) -> ContainerHandle:
        """Bring it to life. Raises SandboxError (DOCKER_AWAY, PORT_TAKEN, RESOURCE_DIED)."""
        host.record(f"{__name__}:sweep", {**self.docker, "name": self.name})
        host.let_bind()
        await asyncio.to_thread(self._run)
        return ContainerHandle(self.docker, self.name, self.store, host.output.write, host.output.finish)

    def _run(self) -> None:
        from docker.errors import APIError

        client = daemon.connect(self.docker)
        _remove(client, self.name, seconds=self.store.seconds_to_stop)
        made = client.containers.create(
            str(self.store.image),
            list(self.store.command) or None,
            name=self.name,
            environment=dict(self.store.environment),
            ports={f"{inside}/tcp": (_LOOPBACK, outside) for inside, outside in self.published.items()},
            volumes={self.volume: {"bind": self.store.data, "mode": "rw"}},
            labels=dict(self.labels),
            mem_limit=f"{self.store.memory_mib}m",
            detach=True,
        )
        try:
            made.start()
        except APIError as error:
            made.remove(force=True)
            raise self._not_started(str(error.explanation or error)) from error

    def _not_started(self, why: str) -> SandboxError:
        if "already allocated" in why or "address already in use" in why:
            ports = ", ".join(str(port) for port in self.published.values())
            return SandboxError(
                ErrorCode.PORT_TAKEN,
                f"Docker cannot publish port {ports} for {self.name}: another program has it",
                actions=("stop what listens there, or set SHOP_<RESOURCE>_PORT to another port",),
                retryable=True,
                detail={"container": self.name, "ports": list(self.published.values())},
            )
        return SandboxError(
            ErrorCode.RESOURCE_DIED,
            f"Docker cannot start {self.name} from {self.store.image}: {why}",
            actions=(f"docker run --rm {self.store.image}",),
            detail={"container": self.name, "image": str(self.store.image)},
        )


class ContainerHandle:
    """A container that runs. A thread of its own follows what it prints, to its end."""

    def __init__(
        self,
        docker: Mapping[str, str],
        name: str,
        store: StoreContainer,
        write: Callable[[bytes], None],
        finish: Callable[[], None],
    ) -> None:
        self._docker, self._name, self._store = docker, name, store
        self._loop = asyncio.get_running_loop()
        self._write, self._finish = write, finish
        self.ended: asyncio.Future[Exit] = self._loop.create_future()
        threading.Thread(target=self._follow, name=f"follows {name}", daemon=True).start()

    @property
    def pid(self) -> int | None:
        """None: its processes are the daemon's."""
        return None

    async def stop(self, order: StopOrder) -> Exit:
        """Ask it to end, and force it after its grace, or at once where the order says so."""
        if order.discard or order.forced.is_set():
            return await self.kill()
        asking = asyncio.create_task(asyncio.to_thread(self._end, self._store.seconds_to_stop))
        forced = asyncio.create_task(order.forced.wait())
        try:
            await asyncio.wait({asking, forced}, return_when=asyncio.FIRST_COMPLETED)
            return await (asyncio.shield(self.ended) if asking.done() else self.kill())
        finally:
            forced.cancel()

    async def kill(self) -> Exit:
        """End it at once."""
        await asyncio.to_thread(self._end, 0)
        return await asyncio.shield(self.ended)

    def memory_bytes(self) -> int | None:
        """Return what its control group counts, without the page cache that can be had back."""
        try:
            found = (
                daemon.connect(self._docker).containers.get(self._name).stats(stream=False, one_shot=True).get("memory_stats", {})
            )
        except daemon.failures():
            return None
        inactive = found.get("stats", {}).get("total_inactive_file", found.get("stats", {}).get("inactive_file", 0))
        return int(found["usage"]) - int(inactive) if "usage" in found else None

    def _end(self, seconds: int) -> None:
        with contextlib.suppress(*daemon.failures()):  # who follows it sees the daemon go, too
            container = _get(daemon.connect(self._docker), self._name)
            if container is not None:
                container.stop(timeout=seconds)

    def _follow(self) -> None:
        """Hand on what it prints until it has ended, then remove it: its data is in the volume."""
        try:
            ended = self._until_ended()
        except daemon.failures() as error:
            ended = Exit(code=None, signal=signal.SIGKILL, reason=f"Docker's daemon went away: {error}")
        self._loop.call_soon_threadsafe(self._done, ended)

    def _until_ended(self) -> Exit:
        client = daemon.connect(self._docker, waits=True)
        container = client.containers.get(self._name)
        for output in container.logs(stream=True, follow=True):
            self._loop.call_soon_threadsafe(self._write, output)
        container.wait()
        container.reload()
        state = container.attrs["State"]
        container.remove(force=True)
        return _exit(state, self._store.memory_mib)

    def _done(self, ended: Exit) -> None:
        self._finish()
        self.ended.set_result(ended)


def _exit(state: Mapping[str, Any], memory_mib: int) -> Exit:
    code = int(state["ExitCode"])
    reason = f"used more memory than its {memory_mib} MiB" if state.get("OOMKilled") else None
    if code > _SIGNALLED:
        return Exit(code=None, signal=code - _SIGNALLED, reason=reason)
    return Exit(code=code, signal=None, reason=reason)


def sweep(proof: Mapping[str, str]) -> str | None:
    """End the container that a dead sandbox had started, and remove it. Its data stays. Raises SandboxError (DOCKER_AWAY)."""
    name = proof["name"]
    return f"container {name}" if _remove(daemon.connect(proof), name, seconds=10) else None


def _remove(client: Any, name: str, *, seconds: int) -> bool:
    container = _get(client, name)
    if container is None:
        return False
    container.stop(timeout=seconds)
    container.remove(force=True)
    return True


def _get(client: Any, name: str) -> Any:
    from docker.errors import NotFound

    try:
        return client.containers.get(name)
    except NotFound:
        return None


def read_file(docker: Mapping[str, str], name: str, path: str) -> str | None:
    """Return a small file of a container, None where it is not there."""
    from docker.errors import NotFound

    try:
        chunks, _ = daemon.connect(docker).containers.get(name).get_archive(path)
    except NotFound:
        return None
    with tarfile.open(fileobj=io.BytesIO(b"".join(chunks))) as archive:
        member = archive.extractfile(archive.getmembers()[0])
        return member.read().decode() if member is not None else None


def write_file(docker: Mapping[str, str], name: str, folder: str, file: str, text: str) -> None:
    """Put a small file into a folder of a container."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        entry = tarfile.TarInfo(file)
        entry.size, entry.mode = len(text.encode()), 0o644
        archive.addfile(entry, io.BytesIO(text.encode()))
    daemon.connect(docker).containers.get(name).put_archive(folder, packed.getvalue())
