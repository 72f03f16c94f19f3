"""`python -m shop_sandbox.engines.embedded.kafka_training CACHE`: run a broker once, so that a JVM cache of it can be kept.

The JVM needs about 8 s to write the cache when the broker ends, so this is done once, in the background or by `shop-dev fetch`.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess  # nosec B404 # the broker is a program
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from shop_sandbox.downloads.locking import workplace
from shop_sandbox.engines.embedded import kafka, kafka_home
from shop_sandbox.engines.embedded.java import find_java
from shop_sandbox.errors import ErrorCode, SandboxError
from shop_sandbox.health import kafka as health
from shop_sandbox.health.not_ready import NotReady
from shop_sandbox.paths import CachePaths
from shop_sandbox.platform import here

_START_SECONDS = 60.0
_WRITE_SECONDS = 120.0
_POLL_SECONDS = 0.1


def train(cache: CachePaths, inherited: Mapping[str, str]) -> None:
    """Make the AOT cache of the broker if there is none. Needs the archives and takes about 15 s.

    Raises SandboxError(RESOURCE_DIED) when the broker ends early, and START_TIMED_OUT when it does not get ready.
    """
    java = find_java(inherited, cache)
    aot = kafka.aot_cache(java, cache)
    cache.derived.mkdir(parents=True, exist_ok=True)
    with workplace(cache.derived, "kafka-training") as home:
        if aot.exists():
            return
        template = kafka_home.formatted_template(java, kafka.class_path(cache), cache, inherited, lambda _: None)
        made = home / "cache.aot"
        port, controller_port = _free_ports()
        kafka_home.format_from(template, home)
        kafka_home.write_settings(home, listeners=[kafka_home.host_listener(port)], controller_port=controller_port)
        _run_once(kafka.broker_command(java, cache, home, aot.flags_to_make(made)), home, port, inherited)
        if made.exists():
            aot.adopt(made)


def _run_once(command: tuple[str, ...], home: Path, port: int, inherited: Mapping[str, str]) -> None:
    with (home / "output.log").open("wb") as output:
        broker = subprocess.Popen(  # nosec B603 # our own argument list, no shell
            command,
            env=dict(inherited),
            cwd=home,
            stdout=output,
            stderr=subprocess.STDOUT,
            preexec_fn=lambda: here.die_with_parent(signal.SIGKILL),  # noqa: PLW1509 - no threads run here yet
        )
        try:
            _wait_until_ready(broker, port, home)
            health.exercise(port)
            broker.terminate()
            broker.wait(_WRITE_SECONDS)
        finally:
            broker.kill()
            broker.wait()


def _wait_until_ready(broker: subprocess.Popen[bytes], port: int, home: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    reason, probe = "", health.Probe()
    while time.monotonic() < deadline:
        if broker.poll() is not None:
            last_lines = (home / "output.log").read_text(errors="replace").splitlines()[-20:]
            raise SandboxError(
                ErrorCode.RESOURCE_DIED,
                f"the broker of the training run ended with status {broker.returncode}",
                detail={"resource": "kafka", "lastLines": last_lines},
            )
        try:
            probe.ask(port)
        except NotReady as not_yet:
            reason = str(not_yet)
            time.sleep(_POLL_SECONDS)
        else:
            return
    raise SandboxError(
        ErrorCode.START_TIMED_OUT, f"the broker of the training run is not ready after {_START_SECONDS:.0f} s: {reason}"
    )


def _free_ports() -> tuple[int, int]:
    """Two loopback ports nobody uses now; should another program take one first, the training fails and is done another time."""
    with socket.socket() as one, socket.socket() as other:
        one.bind(("127.0.0.1", 0))
        other.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1]), int(other.getsockname()[1])


def main() -> int:
    """Train for the cache named on the command line; say on one line why not, where it fails."""
    try:
        train(CachePaths(Path(sys.argv[1])), dict(os.environ))
    except SandboxError as error:
        sys.stderr.write(f"{error.code}: {error.message}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
