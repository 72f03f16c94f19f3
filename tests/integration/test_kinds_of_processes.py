"""All kinds of processes that a manifest can describe, run by a real sandbox: each is ready when, and only when, it says so."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from shop_sandbox.client import SandboxClient, start_or_attach
from shop_sandbox.errors import ErrorCode, SandboxError
from shop_sandbox.events import AnyEvent, ResourceState, SandboxReady
from shop_sandbox.paths import default_cache_root
from shop_sandbox.supervisor.settings import SupervisorSettings

pytestmark = pytest.mark.integration

INHERITED = ("PATH", "HOME", "LANG", "TMPDIR", "JAVA_HOME", "HTTPS_PROXY", "https_proxy", "NO_PROXY", "SSL_CERT_FILE")
HEAD = "schemaVersion: 1\nsummary: A service of a test\nowner: tests\n"

DESK = f"""\
{HEAD}service: desk
runtime:
  command: [./bin/desk]
  build: {{command: [sh, make.sh], inputs: [desk.py, make.sh], outputs: [bin/desk]}}
  ports: [admin]
  passThrough: [FRANKING_KEY]
  ignore: ["*.env", franked, hangs]
workers:
  - name: sorter
    runtime: {{command: [sh, -c, "env > sorter.env; exec sleep 600"], health: {{kind: none}}, watch: [make.sh]}}
  - name: franker
    runtime:
      command: [sh, -c, "sleep 0.3; touch franked; exec sleep 600"]
      health: {{kind: command, command: [sh, -c, "test -e franked || {{ echo not franked yet; exit 1; }}"]}}
      watch: [make.sh]
  - name: counter
    runtime: {{command: [{sys.executable}, counter.py], health: {{kind: tcp}}, watch: [counter.py]}}
"""

MAKE = f"""\
mkdir -p bin
{{ echo "#!{sys.executable}"; cat desk.py; }} > ../desk.new
chmod +x ../desk.new
mv ../desk.new bin/desk  # whole or not at all, as linkers write
"""

ANSWERING = """\
import json, os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Desk(BaseHTTPRequestHandler):
    def do_GET(self):
        hangs = os.path.exists("hangs") and self.path in ("/health", "/ready")
        body = json.dumps({"greeting": "GREETING", "environment": dict(os.environ)}).encode()
        self.send_response(503 if hangs else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words):
        pass


def main():
    if os.path.exists("hangs"):
        os.remove("hangs")
    ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Desk).serve_forever()
"""

COUNTER = """\
import os, socket, time
listener = socket.create_server(("127.0.0.1", int(os.environ["PORT"])))
while True:
    listener.accept()[0].close()
"""

SCRIBE = f"""\
{HEAD}service: scribe
runtime: {{python: "scribe:main", interpreter: .venv/bin/python}}
needs: {{services: [desk]}}
"""


class Town:
    """Two checkouts: that of the desk, and another one whose scribe calls it."""

    def __init__(self, root: Path) -> None:
        self.checkout, self.other, self.run = root / "town", root / "other", root / "run"
        self.write("town/services/desk/service.yaml", DESK)
        self.write("town/services/desk/desk.py", f"{ANSWERING}\n\nmain()\n".replace("GREETING", "Good day"))
        self.write("town/services/desk/make.sh", MAKE)
        self.write("town/services/desk/counter.py", COUNTER)
        self.write("other/.git/HEAD", "")
        self.write("other/scribe/service.yaml", SCRIBE)
        self.write("other/scribe/scribe.py", ANSWERING.replace("GREETING", "I write"))

    def write(self, name: str, text: str) -> None:
        file = self.checkout.parent / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")

    @property
    def desk(self) -> Path:
        return self.checkout / "services/desk"

    def settings(self, **further: object) -> SupervisorSettings:
        given: dict[str, object] = {
            "checkout": str(self.checkout),
            "name": "kinds",
            "cache_root": str(os.environ.get("SHOP_TEST_CACHE") or default_cache_root(dict(os.environ))),
            "runtime_dir": str(self.run),
            "service_globs": ["services/*/service.yaml", "../other/*/service.yaml"],
            "inherited": {name: os.environ[name] for name in INHERITED if name in os.environ},
            "shell_variables": {"FRANKING_KEY": "secret", "UNASKED": "x"},
            **further,
        }
        return SupervisorSettings(**given)  # type: ignore[arg-type]  # as its fields say


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    town = Town(tmp_path)
    python = town.other / "scribe/.venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(python)], check=True)
    yield town
    try:
        for _ in start_or_attach(town.settings()).down(purge=True):
            pass
    except SandboxError as error:
        assert error.code is ErrorCode.NOT_RUNNING


def last(events: Iterator[AnyEvent]) -> AnyEvent:
    *_, event = events
    return event


def started(town: Town) -> tuple[SandboxClient, dict[str, str]]:
    client = start_or_attach(town.settings())
    ready = last(client.up())
    assert isinstance(ready, SandboxReady), ready
    return client, ready.endpoints


def until(holds: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + 40
    while not holds():
        assert time.monotonic() < deadline, what
        time.sleep(0.1)


def greeting(url: str) -> str:
    try:
        return str(httpx.get(f"{url}/").json()["greeting"])
    except httpx.TransportError:
        return "nothing"


def test_every_kind_becomes_ready_in_its_own_way(town: Town) -> None:
    client, endpoints = started(town)

    states = {one.name: one.state for one in client.status().resources}
    assert states == {
        "telemetry": ResourceState.READY,
        "build-desk": ResourceState.DONE,
        **dict.fromkeys(("desk", "desk-sorter", "desk-franker", "desk-counter", "scribe"), ResourceState.READY),
    }
    assert "desk-sorter" not in endpoints
    desk = httpx.get(f"{endpoints['desk']}/").json()
    assert desk["greeting"] == "Good day"
    assert (desk["environment"]["FRANKING_KEY"], "UNASKED" in desk["environment"]) == ("secret", False)


def test_a_service_of_another_checkout_runs_in_its_own_python_and_finds_those_it_calls(town: Town) -> None:
    _, endpoints = started(town)

    scribe = httpx.get(f"{endpoints['scribe']}/").json()

    assert scribe["greeting"] == "I write"
    assert scribe["environment"]["SHOP_DESK_URL"] == endpoints["desk"]
    assert scribe["environment"]["SHOP_DESK_ADMIN_ADDRESS"].startswith("127.0.0.1:")
    assert "FRANKING_KEY" not in scribe["environment"]


def test_a_worker_shares_what_its_service_owns_and_has_no_port(town: Town) -> None:
    started(town)

    variables = dict(line.partition("=")[::2] for line in (town.desk / "sorter.env").read_text().splitlines())

    assert (variables["SHOP_SERVICE"], variables["OTEL_SERVICE_NAME"], "PORT" in variables) == ("desk", "desk-sorter", False)


def test_an_edit_is_built_and_started_and_disturbs_nobody_else(town: Town) -> None:
    client, endpoints = started(town)
    before = {one.name: one.pid for one in client.status().resources}

    edited = town.checkout.parent / "desk.py"
    edited.write_text((town.desk / "desk.py").read_text().replace("Good day", "Good evening"), encoding="utf-8")
    edited.replace(town.desk / "desk.py")

    until(lambda: greeting(endpoints["desk"]) == "Good evening", "the edit is there")
    until(lambda: all(one.state in ("ready", "done") for one in client.status().resources), "all is ready again")
    built = {one.name: one for one in client.status().resources}
    untouched = ("scribe", "desk-sorter", "desk-franker", "desk-counter")
    assert [name for name in untouched if built[name].pid != before[name]] == []


def test_a_process_that_hangs_is_started_again(town: Town) -> None:
    client, endpoints = started(town)

    (town.desk / "hangs").touch()

    until(lambda: {one.name: one.restarts for one in client.status().resources}["desk"] >= 1, "it was started again")
    until(lambda: greeting(endpoints["desk"]) == "Good day", "it answers")


def test_kafka_tells_containers_an_address_that_they_can_reach(town: Town) -> None:
    from confluent_kafka.admin import AdminClient

    client = start_or_attach(town.settings(viewers=["container"], service_globs=[]))
    assert isinstance(last(client.up(("kafka",))), SandboxReady)
    ports = client.status().ports

    seen = {}
    for key in ("kafka", "kafka.container"):
        (broker,) = AdminClient({"bootstrap.servers": f"127.0.0.1:{ports[key]}"}).list_topics(timeout=20).brokers.values()
        seen[key] = f"{broker.host}:{broker.port}"

    assert seen == {"kafka": f"127.0.0.1:{ports['kafka']}", "kafka.container": f"host.docker.internal:{ports['kafka.container']}"}
