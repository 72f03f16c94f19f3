"""What of Docker a machine has: the compose program and a daemon that answers. Tests skip with the reason where one is missing."""

from __future__ import annotations

import lzma
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from shop_sandbox.engines.docker import daemon
from shop_sandbox.errors import SandboxError

CHECKOUT = Path(__file__).resolve().parents[2]
_SHARED = CHECKOUT.parent / "shared" / "tools" / "docker-compose-linux-amd64.xz"


def compose_program(place: Path) -> list[str]:
    """Return how Docker Compose is called: the plugin, the program on PATH, or the one kept for tests, unpacked into `place`."""
    plugin = shutil.which("docker")
    if plugin and subprocess.run([plugin, "compose", "version"], capture_output=True, check=False).returncode == 0:
        return [plugin, "compose"]
    if found := shutil.which("docker-compose"):
        return [found]
    if not _SHARED.exists():
        pytest.skip("there is no Docker Compose on this machine")
    program = place / "docker-compose"
    program.write_bytes(lzma.decompress(_SHARED.read_bytes()))
    program.chmod(0o755)
    return [str(program)]


def address_of_daemon() -> str:
    """Return where a daemon answers."""
    try:
        daemon.connect(os.environ)
    except SandboxError as error:
        pytest.skip(f"no Docker daemon: {error.message}")
    return os.environ.get("DOCKER_HOST") or daemon.DEFAULT_SOCKET
