"""A service that nobody here has written is loaded by its OpenAPI document alone."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from fakes.embedded_store import free_ports, wait_until

pytestmark = pytest.mark.integration

DOCUMENT = """
openapi: 3.0.3
info: {title: Kettles, version: "1"}
paths:
  /kettles:
    post:
      operationId: boil
      requestBody:
        required: true
        content: {application/json: {example: {litres: 2}}}
      responses: {"201": {description: Hot}}
  /kettles/{kettleId}:
    get:
      operationId: look
      parameters: [{name: kettleId, in: path, required: true, schema: {type: string}}]
      responses: {"200": {description: Steam}}
  /motto:
    get:
      operationId: motto
      responses: {"200": {description: Text}}
  /secret:
    get:
      operationId: secret
      security: [{key: []}]
      responses: {"200": {description: Hidden}}
"""


class Kettles(ThreadingHTTPServer):
    """A small stranger: it makes kettles, and knows only those that it has made."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Request)
        self.heard: Counter[str] = Counter()
        self.made = 0


class _Request(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Kettles

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.server.heard["boil"] += 1
        self.server.made += 1
        self._answer(201 if body == {"litres": 2} else 422, json.dumps({"id": f"k{self.server.made}"}))

    def do_GET(self) -> None:
        what = self.path.split("/")[1]
        self.server.heard[what] += 1
        known = self.path == "/motto" or (what == "kettles" and self.path.split("/")[2][1:].isdigit())
        self._answer(200 if known else 404, "Keep calm" if what == "motto" else "{}")

    def _answer(self, status: int, text: str) -> None:
        self.send_response(status)
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, format: str, *args: object) -> None:
        """Quietly."""


@pytest.fixture
def kettles() -> Iterator[Kettles]:
    with Kettles() as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield server
        server.shutdown()


def test_each_operation_with_examples_is_called_and_the_others_are_told(kettles: Kettles, tmp_path: Path) -> None:
    document = tmp_path / "kettles.yaml"
    document.write_text(DOCUMENT)
    target = f"http://127.0.0.1:{kettles.server_port}"

    told = _load(tmp_path, "--openapi", str(document), "--target", target, "--rate", "20", "--duration", "2")

    calls = {one["operation"]: one["calls"] for one in told["data"]["operations"]}
    assert set(calls) == {"boil", "look", "motto"}
    assert [one for one in told["data"]["operations"] if one["failures"]] == []
    assert told["data"]["generator"]["faults"] == []
    assert kettles.heard == {"boil": calls["boil"], "kettles": calls["look"], "motto": calls["motto"]}
    assert told["warnings"] == ["secret is not called: it asks for credentials."]


def test_a_document_that_says_nothing_callable_is_refused(tmp_path: Path) -> None:
    document = tmp_path / "nothing.yaml"
    document.write_text('{"openapi": "3.1.0", "paths": {"/x/{id}": {"get": {"operationId": "look", "responses": {}}}}}')

    told = _load(tmp_path, "--openapi", str(document), "--target", "http://127.0.0.1:1")

    assert told["error"]["code"] == "openapi_invalid"
    assert "look: its path has a parameter without an example" in told["error"]["message"]


def test_workers_elsewhere_make_the_visits_of_a_master(kettles: Kettles, tmp_path: Path) -> None:
    document = tmp_path / "kettles.yaml"
    document.write_text(DOCUMENT)
    place = f"127.0.0.1:{free_ports(1)[0]}"
    target = f"http://127.0.0.1:{kettles.server_port}"
    command = [sys.executable, "-m", "shop_dev", "load", "worker", "--join", place, "--json"]
    with ExitStack() as stack:
        workers: list[subprocess.Popen[bytes]] = []

        def join() -> None:
            wait_until(lambda: _listens(place))
            workers.extend(stack.enter_context(subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE)) for _ in range(2))

        joining = threading.Thread(target=join)
        joining.start()
        asked = ("--rate", "20", "--duration", "2", "--expect-workers", "2", "--bind", place)
        told = _load(tmp_path, "--openapi", str(document), "--target", target, *asked)
        joining.join()

        assert told["data"]["workers"] == 2
        assert sum(one["calls"] for one in told["data"]["operations"]) == kettles.heard.total() > 0
        assert [worker.wait(30) for worker in workers] == [0, 0]


def test_a_worker_without_a_master_says_so(tmp_path: Path) -> None:
    told = _load(tmp_path, "worker", "--join", f"127.0.0.1:{free_ports(1)[0]}")

    assert told["error"]["code"] == "workers_missing"


def _listens(place: str) -> bool:
    """Whether the master is there; this look costs it a worker that says nothing, which it does not take."""
    with socket.socket() as probe:
        return probe.connect_ex((place.rpartition(":")[0], int(place.rpartition(":")[2]))) == 0


def _load(folder: Path, *arguments: str) -> dict[str, Any]:
    """What `load` says in a folder that is no project."""
    command = [sys.executable, "-m", "shop_dev", "load", *arguments, "--json"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=120)
    return dict(json.loads(done.stdout))
