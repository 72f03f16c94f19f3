"""A real Kafka broker for these tests, by the embedded engine: started, killed and started again on the same data."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient
from shop_sandbox.credentials import Credentials
from shop_sandbox.endpoints import Endpoints
from shop_sandbox.engines.embedded.kafka import KafkaDriver
from shop_sandbox.paths import CachePaths, SandboxPaths, default_cache_root
from shop_sandbox.platform import here
from shop_sandbox.resources.model import Resource, ResourceKind
from shop_sandbox.run_context import RunContext

READY_SECONDS = 60


class Broker:
    """One broker in `home`; `address` stays the same over restarts."""

    def __init__(self, home: Path, environ: Mapping[str, str]) -> None:
        ports = {"kafka": free_port(), "kafka.controller": free_port()}
        inherited = {name: environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR", "JAVA_HOME") if name in environ}
        self._driver = KafkaDriver()
        self._resource = Resource("kafka", ResourceKind.KAFKA, ports=tuple(ports))
        self._context = RunContext(
            paths=SandboxPaths(home, "test", home / "run"),
            cache=CachePaths(
                Path(environ.get("SHOP_TEST_CACHE") or environ.get("SHOP_CACHE_DIR") or default_cache_root(dict(environ)))
            ),
            endpoints=Endpoints(ports),
            credentials=Credentials(secret="5e" * 32),
            resources={"kafka": self._resource},
            environment=dict,
            inherited=inherited,
            announce=lambda _: None,
        )
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        return self._context.endpoints.address("kafka")

    def start(self) -> None:
        """Start it and wait until it answers. Raises SandboxError where it cannot be had."""
        self._driver.prepare(self._resource, self._context)
        launch = self._driver.launch(self._resource, self._context)
        log = self._context.paths.log("kafka")
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                launch.argv,
                env=dict(launch.environment),
                cwd=launch.cwd,
                stdout=output,
                stderr=output,
                start_new_session=True,
                preexec_fn=lambda: here.die_with_parent(signal.SIGKILL),  # noqa: PLW1509 - one call to the kernel, no lock is taken
            )
        self._wait_until_ready()

    def _wait_until_ready(self) -> None:
        admin = AdminClient({"bootstrap.servers": self.address, "reconnect.backoff.max.ms": 100, "log_level": 0})
        deadline = time.monotonic() + READY_SECONDS
        while True:
            assert self._process is not None
            assert self._process.poll() is None, f"Kafka ended with {self._process.returncode}: {self._context.paths.log('kafka')}"
            try:
                if admin.list_topics(timeout=0.5).brokers:
                    return
            except KafkaException as error:
                assert time.monotonic() < deadline, f"Kafka is not ready: {error}"

    def kill(self) -> None:
        """SIGKILL it, as a crash would."""
        self._end(signal.SIGKILL)

    def pause(self) -> None:
        """Freeze it: connections stay open and nothing answers."""
        assert self._process is not None
        os.kill(self._process.pid, signal.SIGSTOP)

    def resume(self) -> None:
        """Let a frozen one go on."""
        assert self._process is not None
        os.kill(self._process.pid, signal.SIGCONT)

    def stop(self) -> None:
        """End it; safe to call twice."""
        self._end(signal.SIGTERM)

    def _end(self, number: signal.Signals) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(number)
            try:
                self._process.wait(15)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait(15)


def free_port() -> int:
    """A loopback port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
