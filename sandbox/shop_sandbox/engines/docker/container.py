"""A container as the supervisor sees it: launched, watched, stopped, and swept when it has outlived its sandbox."""

from __future__ import annotations

import asyncio
import contextlib
import io
import signal
import tarfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from shop_sandbox.engines.docker import daemon
from shop_sandbox.engines.docker.network import LABEL, Network
from shop_sandbox.engines.handle import Exit, Host, StopOrder
from shop_sandbox.errors import ErrorCode, SandboxError
from shop_sandbox.paths import SandboxPaths

_SIGNALLED = 128
"""A shell's convention that Docker keeps to: what a signal has ended exits with 128 and its number."""
_LOOPBACK = "127.0.0.1"
DAEMON_COMES_BACK_SECONDS: Final = 60.0
"""So long a daemon may be away until what ran in it counts as lost: it is restarted after an update, say."""
_LOOK_SECONDS: Final = 0.5


@dataclass(frozen=True)
class Contained:
    """What runs in a container.

    `mounts` are files and folders of this machine, read only, by where they are inside; `writable` are those that it writes. With
    `is_guarded` it can write nowhere but there and in a /tmp of its own, and may do nothing special. `user` is the image's where
    it is None; `cpus` are processors.
    """

    image: str
    memory_mib: int
    command: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    mounts: Mapping[str, str] = field(default_factory=dict)
    writable: Mapping[str, str] = field(default_factory=dict)
    cpus: float | None = None
    user: str | None = None
    is_guarded: bool = False
    seconds_to_stop: int = 10

    def as_docker_takes_it(self) -> dict[str, Any]:
        """Return the arguments of `docker.models.containers.ContainerCollection.create`."""
        guarded: dict[str, Any] = {
            "read_only": True,
            "tmpfs": {"/tmp": ""},  # noqa: S108  # nosec B108 # inside a container
            "cap_drop": ["ALL"],
            "security_opt": ["no-new-privileges:true"],
        }
        binds = {
            **{source: {"bind": inside, "mode": "ro"} for inside, source in self.mounts.items()},
            **{source: {"bind": inside, "mode": "rw"} for inside, source in self.writable.items()},
        }
        return {
            "image": self.image,
            "command": list(self.command) or None,
            "environment": dict(self.environment),
            "volumes": binds,
            "mem_limit": f"{self.memory_mib}m",
            "healthcheck": {"test": ["NONE"]},  # the supervisor looks by itself
            **({"nano_cpus": int(self.cpus * 1e9)} if self.cpus is not None else {}),
            **({"user": self.user} if self.user is not None else {}),
            **(guarded if self.is_guarded else {}),
        }


@dataclass(frozen=True)
class ContainerLaunch:
    """Run something in a container. `published` maps ports inside to ports of this machine's loopback; in `network`, where there is
    one, others find it as `alias`."""

    docker: Mapping[str, str]
    name: str
    contained: Contained
    published: Mapping[int, int]
    labels: Mapping[str, str]
    network: Network | None = None
    alias: str = ""

    async def start(self, host: Host) -> ContainerHandle:
        """Bring it to life. Raises SandboxError (DOCKER_AWAY, PORT_TAKEN, RESOURCE_DIED)."""
        proof = {**self.docker, "name": self.name, "seconds": str(self.contained.seconds_to_stop)}
        if self.network is not None:
            proof["network"] = self.network.name
        host.record(f"{__name__}:sweep", proof)
        host.let_bind()
        await asyncio.to_thread(self._run)
        return ContainerHandle(self, host.output.write, host.output.finish)

    def _run(self) -> None:
        from docker.errors import APIError

        client = daemon.connect(self.docker)
        remove(client, self.name, seconds=self.contained.seconds_to_stop)
        try:
            made = self._create(client)
        except APIError as error:
            raise self._not_started(str(error.explanation or error)) from error
        try:
            made.start()
        except APIError as error:
            made.remove(force=True)
            raise self._not_started(str(error.explanation or error)) from error

    def _create(self, client: Any) -> Any:
        joined: dict[str, Any] = {}
        if self.network is not None:
            self.network.enter(client, self.name)
            joined = {
                "network": self.network.name,
                "networking_config": {self.network.name: client.api.create_endpoint_config(aliases=[self.alias])},
                "extra_hosts": {"host.docker.internal": "host-gateway"},
            }
        return client.containers.create(
            **self.contained.as_docker_takes_it(),
            **joined,
            name=self.name,
            ports={f"{inside}/tcp": (_LOOPBACK, outside) for inside, outside in self.published.items()},
            labels=dict(self.labels),
            detach=True,
        )

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
        if "no space left" in why:
            return SandboxError(
                ErrorCode.DISK_FULL,
                f"the disk of Docker's daemon is full: {self.name} cannot be started",
                actions=("docker system df", "docker system prune: what nothing uses goes"),
                retryable=True,
                detail={"container": self.name},
            )
        return SandboxError(
            ErrorCode.RESOURCE_DIED,
            f"Docker cannot start {self.name} from {self.contained.image}: {why}",
            actions=(f"docker run --rm {self.contained.image}",),
            detail={"container": self.name, "image": self.contained.image},
        )


class ContainerHandle:
    """A container that runs. A thread of its own follows what it prints, to its end."""

    def __init__(self, launch: ContainerLaunch, write: Callable[[bytes], None], finish: Callable[[], None]) -> None:
        self._docker, self._name, self._contained, self._network = launch.docker, launch.name, launch.contained, launch.network
        self._loop = asyncio.get_running_loop()
        self._write, self._finish = write, finish
        self._let_go = threading.Event()
        self.ended: asyncio.Future[Exit] = self._loop.create_future()
        threading.Thread(target=self._follow, name=f"follows {launch.name}", daemon=True).start()

    @property
    def pid(self) -> int | None:
        """None: its processes are the daemon's."""
        return None

    async def stop(self, order: StopOrder) -> Exit:
        """Ask it to end, and force it after its grace, or at once where the order says so."""
        if order.discard or order.forced.is_set():
            return await self.kill()
        asking = asyncio.create_task(asyncio.to_thread(self._end, self._contained.seconds_to_stop))
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
        try:
            container = _get(daemon.connect(self._docker), self._name)
            if container is not None:
                container.stop(timeout=seconds)
        except daemon.failures():  # what the next start sweeps
            self._let_go.set()

    def _follow(self) -> None:
        """Hand on what it prints until it has ended, then remove it: its data is in the volume.

        A daemon that goes away in between may come back, with the container or without.
        """
        seen = 0
        gone_since: float | None = None
        while True:
            try:
                ended = self._until_ended(since=seen)
                break
            except daemon.failures() as error:
                seen = int(time.time())
                gone_since = gone_since or time.monotonic()
                if time.monotonic() - gone_since > DAEMON_COMES_BACK_SECONDS or self._let_go.wait(_LOOK_SECONDS):
                    ended = Exit(code=None, signal=signal.SIGKILL, reason=f"Docker's daemon went away: {error}")
                    break
        if self._network is not None:  # however it ended: a network that nobody leaves is never removed
            with contextlib.suppress(*daemon.failures()):
                self._network.leave(daemon.connect(self._docker), self._name)
        self._loop.call_soon_threadsafe(self._done, ended)

    def _until_ended(self, *, since: int) -> Exit:
        client = daemon.connect(self._docker, waits=True)
        container = _get(client, self._name)
        if container is None:
            return Exit(code=None, signal=signal.SIGKILL, reason="somebody removed its container")
        for output in container.logs(stream=True, follow=True, **({"since": since} if since else {})):
            self._loop.call_soon_threadsafe(self._write, output)
        container.wait()
        container.reload()
        state = container.attrs["State"]
        container.remove(force=True)
        return _exit(state, self._contained.memory_mib)

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
    """End the container that a dead sandbox had started, and remove it, with the network where it was the last. Its data stays.

    Raises SandboxError (DOCKER_AWAY).
    """
    name, client = proof["name"], daemon.connect(proof)
    removed = remove(client, name, seconds=int(proof.get("seconds", 10)))
    if "network" in proof:
        Network(proof["network"], {}).leave(client, name)
    return f"container {name}" if removed else None


def sweep_left(paths: SandboxPaths, inherited: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """End by their labels what no ledger tells of: one was lost, or the daemon was away. Gives resource and name of each.

    A daemon that is away is told of when something is started.
    """
    with contextlib.suppress(*daemon.failures()):
        client = daemon.connect(inherited)
        whose = [f"{LABEL}.checkout={paths.checkout}", f"{LABEL}.sandbox={paths.name}"]
        for left in client.containers.list(all=True, filters={"label": whose}, ignore_removed=True):
            remove(client, left.name, seconds=10)
            yield left.labels[f"{LABEL}.resource"], str(left.name)


def remove(client: Any, name: str, *, seconds: int) -> bool:
    """Stop and remove a container. Returns whether there was one."""
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
