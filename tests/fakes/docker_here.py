"""What of Docker a machine has: the compose program, a daemon, images. Tests skip with the reason where one is missing."""

from __future__ import annotations

import lzma
import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from shop_sandbox.engines.docker import daemon
from shop_sandbox.errors import SandboxError
from shop_sandbox.paths import default_cache_root

CHECKOUT = Path(__file__).resolve().parents[2]
_SHARED = CHECKOUT.parent / "shared" / "tools" / "docker-compose-linux-amd64.xz"
_START_SECONDS = 30.0


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


@contextmanager
def daemon_address(place: Path) -> Iterator[str]:
    """Give where a daemon answers: the one there is, else one of our own where `dockerd` is installed, ended afterwards."""
    try:
        daemon.connect(os.environ)
    except SandboxError as away:
        program = shutil.which("dockerd")
        if program is None or os.getuid() != 0:
            pytest.skip(f"{away.message}, and none can be started: that takes root and dockerd")
        with _own_daemon(program, place) as address:
            yield address
    else:
        yield os.environ.get("DOCKER_HOST") or daemon.DEFAULT_SOCKET


@contextmanager
def _own_daemon(program: str, place: Path) -> Iterator[str]:
    """Images stay in the user's cache, so that stand-ins are built once."""
    images = default_cache_root(dict(os.environ)).with_name("shop-dev-tests") / "docker"
    address = f"unix://{place}/docker.sock"
    folders = ("--data-root", str(images), "--exec-root", str(place / "exec"), "--pidfile", str(place / "pid"))
    with (place / "dockerd.log").open("wb") as log:
        process = subprocess.Popen([program, *folders, "--host", address], stdout=log, stderr=log)
    try:
        _until_it_answers(process, address, place / "dockerd.log")
        yield address
    finally:
        process.terminate()
        process.wait(30)


def _until_it_answers(process: subprocess.Popen[bytes], address: str, log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while True:
        try:
            daemon.connect({"DOCKER_HOST": address})
        except SandboxError:
            if process.poll() is not None or time.monotonic() > deadline:
                pytest.skip(f"dockerd does not start here: {log.read_text(errors='replace').strip().splitlines()[-1]}")
            time.sleep(0.05)
        else:
            return


def ensure_images(address: str, images: Sequence[str]) -> None:
    """Have the images: there, pulled, or built as stand-ins (tests/containers/README.md)."""
    client = daemon.connect({"DOCKER_HOST": address})
    for image in images:
        if daemon.has_image(client, image):
            continue
        try:
            daemon.pull(client, image)
        except SandboxError as error:
            if shutil.which("debootstrap") is None or shutil.which("docker") is None:
                pytest.skip(f"{error.message}, and stand-ins take debootstrap and the docker program")
            build = ["bash", str(CHECKOUT / "tests" / "containers" / "build.sh")]
            subprocess.run(build, env={**os.environ, "DOCKER_HOST": address}, check=True, capture_output=True)
            return
