"""A registry process of its own: started, killed and started again on one port."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from shop_sandbox.platform import here

READY_SECONDS = 30


class RegistryProcess:
    """The real thing, as the supervisor would run it; `url` stays the same over restarts."""

    def __init__(self, log: Path, *, kafka: str, port: int, topic: str) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self._log = log
        names = ("PATH", "HOME", "LANG", "TMPDIR")
        inherited = {name: os.environ[name] for name in names if name in os.environ}
        self._environment = inherited | {"KAFKA_BOOTSTRAP_SERVERS": kafka, "PORT": str(port), "SHOP_REGISTRY_TOPIC": topic}
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, *, until: str = "/ready") -> None:
        """Start it and wait until `until` answers 200."""
        with self._log.open("ab") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "shop_contracts.registry"],
                env=self._environment,
                stdout=output,
                stderr=output,
                preexec_fn=lambda: here.die_with_parent(signal.SIGKILL),  # noqa: PLW1509 - one call to the kernel, no lock is taken
            )
        self.wait_for(until)

    def wait_for(self, path: str) -> None:
        """Wait until the path answers 200."""
        deadline = time.monotonic() + READY_SECONDS
        while self.call("GET", path)[0] != 200:
            assert self._process is not None
            assert self._process.poll() is None, (
                f"the registry ended with {self._process.returncode}: {self._log.read_text()[-2000:]}"
            )
            assert time.monotonic() < deadline, f"{path} did not answer 200: {self._log.read_text()[-2000:]}"
            time.sleep(0.02)  # between probes

    def kill(self) -> None:
        """SIGKILL it, as a crash would; nothing happens where it does not run."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)

    def stop(self) -> int:
        """SIGTERM it; gives the exit status. Safe to call twice."""
        assert self._process is not None
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        return self._process.wait(10)

    def call(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        """Status and decoded body; status 0 when nobody answers."""
        sent = json.dumps(body).encode() if body is not None else None
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(self.url + path, sent, headers, method=method)  # noqa: S310 - an http URL of ours
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310 - an http URL of ours
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read())
        except OSError:
            return 0, None

    def register(self, subject: str, schema: str, **more: object) -> tuple[int, Any]:
        """Register a Protobuf schema."""
        return self.call("POST", f"/subjects/{subject}/versions", {"schema": schema, "schemaType": "PROTOBUF", **more})
