"""What a resource may use at most: set in `service.yaml` or in the settings, kept, and shown with what was reached."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fakes.sandbox_home import eventually

pytestmark = pytest.mark.integration

MANIFEST = f"""\
schemaVersion: 1
owner: tests
summary: A service that takes as much memory as it is asked to
service: glutton
runtime:
  command: [{sys.executable}, -S, -u, glutton.py]
  health: {{kind: tcp}}
  limits: {{memoryMiB: 60, cpus: 0.5}}
"""

GLUTTON = """\
import os
from http.server import BaseHTTPRequestHandler, HTTPServer

eaten = []


class Glutton(BaseHTTPRequestHandler):
    def do_GET(self):
        eaten.append(b"x" * (int(self.path[1:]) << 20))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *words):
        pass


HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Glutton).serve_forever()
"""


class Checkout:
    """A repository with one service, and the command line in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.settings('services = ["services/*/service.yaml"]')
        service = folder / "services" / "glutton"
        service.mkdir(parents=True)
        (service / "service.yaml").write_text(MANIFEST)
        (service / "glutton.py").write_text(GLUTTON)

    def settings(self, text: str) -> None:
        (self.folder / "shop-dev.toml").write_text(text)

    def shop_dev(self, *words: str, status: int = 0) -> dict[str, Any]:
        command = [sys.executable, "-P", "-m", "shop_dev", *words, "--json"]
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, check=False)
        assert done.returncode == status, done.stdout + done.stderr
        document: dict[str, Any] = json.loads(done.stdout)
        return document

    def text(self, *words: str) -> str:
        command = [sys.executable, "-P", "-m", "shop_dev", *words]
        return subprocess.run(command, cwd=self.folder, capture_output=True, text=True, check=True).stdout

    def glutton(self) -> dict[str, Any]:
        resources = self.shop_dev("status")["data"]["resources"]
        (found,) = [one for one in resources if one["name"] == "glutton"]
        return dict(found)

    def eat(self, mebibytes: int) -> None:
        httpx.get(f"{self.glutton()['endpoint']}/{mebibytes}", timeout=10).raise_for_status()


@pytest.fixture
def checkout(tmp_path: Path) -> Iterator[Checkout]:
    found = Checkout(tmp_path)
    yield found
    subprocess.run([sys.executable, "-P", "-m", "shop_dev", "down", "--purge"], cwd=tmp_path, capture_output=True, check=False)


def test_what_takes_more_memory_than_its_limit_is_ended_started_again_and_told(checkout: Checkout) -> None:
    checkout.shop_dev("up")
    first = checkout.glutton()
    checkout.eat(20)
    assert first["limits"] == {"memoryBytes": 60 << 20, "memoryKeptBy": "supervisor", "cpus": 0.5, "cpusKeptBy": None}

    with contextlib.suppress(httpx.TransportError):  # it may be ended before it has answered
        checkout.eat(100)

    eventually(lambda: checkout.glutton()["restarts"] == 1 and checkout.glutton()["state"] == "ready", "it runs again")
    again = checkout.glutton()
    assert again["pid"] != first["pid"]
    assert again["pssBytes"] < 60 << 20
    told = again["lastExit"]["line"]
    assert told.startswith("used 1"), told
    assert told.endswith(" MiB of memory, more than its 60 MiB"), told
    assert told in checkout.text("events")
    checkout.eat(20)  # what stays below is left alone
    assert "glutton uses " in checkout.text("status")
    assert " of 60 MiB (at most " in checkout.text("status")
    assert "nothing here can enforce that" in checkout.text("status")


def test_a_limit_of_the_settings_wins_and_one_that_a_start_cannot_keep_is_why_it_fails(checkout: Checkout) -> None:
    checkout.settings('services = ["services/*/service.yaml"]\n[limits]\nglutton = { memory-mib = 300 }')
    checkout.shop_dev("up")

    checkout.eat(100)

    assert checkout.glutton()["limits"]["memoryBytes"] == 300 << 20
    assert checkout.glutton()["limits"]["cpus"] == 0.5
    checkout.shop_dev("down")
    glutton = checkout.folder / "services/glutton/glutton.py"
    glutton.write_text("import time\neaten = b'x' * (400 << 20)\ntime.sleep(600)\n")
    error = checkout.shop_dev("up", status=18)["error"]
    assert "glutton ended before it was ready (used 4" in error["message"]
    assert "more than its 300 MiB" in error["message"]


def test_a_limit_of_what_is_not_there_is_refused_with_its_near_name(checkout: Checkout) -> None:
    checkout.settings('services = ["services/*/service.yaml"]\n[limits]\ngluton = { cpus = 2 }')

    error = checkout.shop_dev("up", status=2)["error"]

    assert error["code"] == "resource_unknown"
    assert "did you mean 'glutton'" in error["message"]


def test_doctor_says_who_keeps_limits(checkout: Checkout) -> None:
    document = checkout.shop_dev("doctor")

    (found,) = [one for one in document["data"]["findings"] if one["check"] == "limits"]
    assert found["message"].startswith("memory is kept by the ")
