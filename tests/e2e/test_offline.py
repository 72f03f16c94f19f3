"""After `fetch`, the sandbox needs no network at all."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import uuid
from pathlib import Path

import pytest

pytestmark = pytest.mark.e2e

CHECKOUT = Path(__file__).resolve().parents[2]

WITHOUT_NETWORK = """
import fcntl, socket, struct, subprocess, sys

SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 0x1
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as link:
    request = struct.pack("16sh", b"lo", 0)
    name, flags = struct.unpack("16sh", fcntl.ioctl(link, SIOCGIFFLAGS, request))
    fcntl.ioctl(link, SIOCSIFFLAGS, struct.pack("16sh", name, flags | IFF_UP))

assert [name for _, name in socket.if_nameindex()] == ["lo"], "the namespace is not cut"
sandbox = sys.argv[1]
cli = [sys.executable, "-m", "shop_dev"]
up = subprocess.run([*cli, "up", "--name", sandbox, "--json"], stdout=subprocess.PIPE)
status = subprocess.run([*cli, "status", "--name", sandbox, "--json"], stdout=subprocess.PIPE)
down = subprocess.run([*cli, "down", "--purge", "--name", sandbox, "--json"], stdout=subprocess.PIPE)
sys.stdout.buffer.write(status.stdout)
sys.exit(up.returncode or status.returncode or down.returncode)
"""


def unshare_command() -> list[str]:
    """The command that gives a child a network namespace of its own; skips, with the reason, where the machine refuses one."""
    if shutil.which("unshare") is None:
        pytest.skip("there is no `unshare` here, so the network cannot be cut")
    for flags in (["--net"], ["--net", "--map-root-user"]):
        if subprocess.run(["unshare", *flags, "true"], capture_output=True, check=False).returncode == 0:
            return ["unshare", *flags]
    pytest.skip("this machine does not allow network namespaces")


def test_up_works_with_the_network_cut_once_everything_is_fetched() -> None:
    unshare = unshare_command()
    subprocess.run([sys.executable, "-m", "shop_dev", "fetch", "--json"], cwd=CHECKOUT, check=True, capture_output=True)

    run = subprocess.run(
        [*unshare, sys.executable, "-c", WITHOUT_NETWORK, f"offline-{uuid.uuid4().hex[:6]}"],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert run.returncode == 0, run.stdout + run.stderr
    states = {resource["name"]: resource["state"] for resource in json.loads(run.stdout)["data"]["resources"]}
    assert states
    assert set(states.values()) <= {"ready", "done"}
