"""What `doctor` says of Docker: whether it is there, what it can, and what sandboxes that are gone have left in it."""

from __future__ import annotations

import platform
import shutil
import subprocess  # nosec B404 # Compose is asked for its version
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from shop_sandbox.engines.docker import daemon
from shop_sandbox.engines.docker.network import LABEL
from shop_sandbox.engines.findings import Finding, fail, ok, told, warn
from shop_sandbox.errors import SandboxError

_OLDEST_COMPOSE: Final = (2, 20)
"""Dependencies that need not be there (`required: false`) came with it."""
_COMFORTABLE_BYTES: Final = 3 << 30
"""The whole shop in containers weighs 1.2 GiB, and building its images takes as much again."""
_SECONDS = 10


def examine(inherited: Mapping[str, str], *, is_needed: bool) -> list[Finding]:
    """Look at Docker. Where no engine of this project needs it, that it is away is no fault."""
    try:
        client = daemon.connect(inherited)
        facts = client.info()
    except SandboxError as error:
        if is_needed:
            return [told("docker", error)]
        return [ok("docker", f"{error.message}; only `--engine mixed`, `--engine docker` and compose.yaml need it")]
    except daemon.failures() as error:
        return [fail("docker", f"the daemon answers and then fails: {error}", "restart Docker")]
    return [_daemon(facts), _cgroups(facts), _memory(facts), *_architecture(facts), _compose(inherited), *_left(client)]


def _daemon(facts: Mapping[str, Any]) -> Finding:
    return ok("docker", f"{facts.get('ServerVersion')} on {facts.get('OperatingSystem')}, {facts.get('Driver')}")


def _cgroups(facts: Mapping[str, Any]) -> Finding:
    found = f"control groups v{facts.get('CgroupVersion', '1')} by {facts.get('CgroupDriver')}"
    if facts.get("MemoryLimit") is False:
        return warn("docker limits", f"{found}: memory of containers is not limited", "boot with cgroup v2, or enable `memory`")
    return ok("docker limits", found)


def _memory(facts: Mapping[str, Any]) -> Finding:
    size = int(facts.get("MemTotal", 0))
    found = f"{size / (1 << 30):.1f} GiB for {facts.get('NCPU')} processors"
    if size < _COMFORTABLE_BYTES:
        return warn("docker memory", found, "give Docker 4 GiB: Docker Desktop has it under Settings, Resources")
    return ok("docker memory", found)


def _architecture(facts: Mapping[str, Any]) -> Iterator[Finding]:
    """Apple silicon above all: its virtual machine is arm64, and runs other images slowly."""
    found = str(facts.get("Architecture", ""))
    if found in ("aarch64", "arm64"):
        host = "Apple silicon" if platform.system() == "Darwin" else "arm64"
        yield ok("docker platform", f"{host}: images for linux/arm64 are taken; one that has none is emulated, and slow")


def _compose(inherited: Mapping[str, str]) -> Finding:
    """Compose is for compose.yaml alone: `up` does without."""
    version = _compose_version(inherited)
    if version is None:
        return ok("docker compose", "is not installed; only compose.yaml needs it")
    if _numbers(version) < _OLDEST_COMPOSE:
        return warn(
            "docker compose", f"{version} is older than 2.20, which compose.yaml needs", "install Docker Compose 2.20 or newer"
        )
    return ok("docker compose", version)


def _compose_version(inherited: Mapping[str, str]) -> str | None:
    path = inherited.get("PATH")
    plugin, alone = shutil.which("docker", path=path), shutil.which("docker-compose", path=path)
    for command in ([plugin, "compose"] if plugin else None, [alone] if alone else None):
        if command is None:
            continue
        try:
            answer = subprocess.run(  # nosec B603 # a program on PATH, and fixed words
                [*command, "version", "--short"], capture_output=True, text=True, timeout=_SECONDS, check=False
            )
        except (OSError, subprocess.TimeoutExpired):
            continue
        if answer.returncode == 0 and answer.stdout.strip():
            return answer.stdout.strip().removeprefix("v")
    return None


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("-", maxsplit=1)[0].split("+", maxsplit=1)[0].split(".")[:2] if part.isdigit())


def _left(client: Any) -> Iterator[Finding]:
    """What checkouts that are gone have left: nobody sweeps it any more."""
    ours = {"label": f"{LABEL}.checkout"}
    try:
        found = {
            "rm --force": [
                one for one in client.containers.list(all=True, filters=ours, ignore_removed=True) if _is_left(one.labels)
            ],
            "network rm": [one for one in client.networks.list(filters=ours) if _is_left(one.attrs.get("Labels"))],
            "volume rm": [one for one in client.volumes.list(filters=ours) if _is_left(one.attrs.get("Labels"))],
        }
    except daemon.failures():
        return
    for command, left in found.items():
        if left:
            names = " ".join(sorted(str(one.name) for one in left))
            yield warn("docker left", f"{len(left)} of checkouts that are gone", f"docker {command} {names}")


def _is_left(labels: Mapping[str, str] | None) -> bool:
    checkout = (labels or {}).get(f"{LABEL}.checkout")
    return checkout is not None and not Path(checkout).is_dir()
