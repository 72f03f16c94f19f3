"""A schema that is edited while the sandbox runs: generated, checked, registered, and only then restarted."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fakes.contract_repository import ContractRepository
from fakes.sandbox_home import eventually

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]

SCHEMA = "contracts/proto/tills/v1/sales.proto"
MODULE = "contracts/proto/tills/v1/sales_pb2.py"
PROGRAM = """\
import os, socket
from http.server import BaseHTTPRequestHandler, HTTPServer

from contracts.proto.tills.v1 import sales_pb2


class Till(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *words):
        pass


def main() -> None:
    print("fields", [field.name for field in sales_pb2.SaleClosed.DESCRIPTOR.fields], flush=True)
    server = HTTPServer(("127.0.0.1", 0), Till, bind_and_activate=False)
    server.socket = socket.socket(fileno=int(os.environ["SHOP_LISTEN_FD"]))
    server.serve_forever()
"""


class Tills:
    """The repository of the tills, and the command line in it."""

    def __init__(self, repository: ContractRepository) -> None:
        self.repository = repository

    def shop_dev(self, *words: str, status: int | None = 0) -> dict[str, Any]:
        command = [sys.executable, "-P", "-m", "shop_dev", *words, "--json"]
        done = subprocess.run(command, cwd=self.repository.root, capture_output=True, text=True, check=False)
        assert status is None or done.returncode == status, done.stdout + done.stderr
        document: dict[str, Any] = json.loads(done.stdout)
        return document

    def resource(self, name: str) -> dict[str, Any]:
        (found,) = [one for one in self.shop_dev("status")["data"]["resources"] if one["name"] == name]
        return dict(found)

    def status_in_words(self) -> str:
        command = [sys.executable, "-P", "-m", "shop_dev", "status"]
        return subprocess.run(command, cwd=self.repository.root, capture_output=True, text=True, check=False).stdout

    def said(self) -> str:
        return "\n".join(one["text"] for one in self.shop_dev("logs", "tills")["data"]["records"])

    def versions(self) -> list[int]:
        registry = self.resource("schema-registry")["endpoint"]
        return list(httpx.get(f"{registry}/subjects/tills.sales.v1-value/versions", timeout=10).json())


@pytest.fixture
def tills(tmp_path: Path) -> Iterator[Tills]:
    repository = ContractRepository.plant(tmp_path)
    repository.change("pyproject.toml", "[tool.shop-dev]", '[tool.shop-dev]\nshared-code = ["contracts"]')
    for place in ("tills/program.py", "services/tills/program.py"):  # where it runs, and where a manifest's module is looked for
        repository.write(place, PROGRAM)
    (tmp_path / "services/stock/service.yaml").unlink()
    (tmp_path / "contracts/proto/stock/v1/picking.proto").unlink()
    repository.change("services/tills/service.yaml", "contracts:\n  openapi: contracts/openapi/tills.yaml\n", "")
    (tmp_path / "contracts/openapi/tills.yaml").unlink()
    tills = Tills(repository)
    tills.shop_dev("contracts", "generate")
    tills.shop_dev("contracts", "release")
    yield tills
    tills.shop_dev("down", "--purge", status=None)


def test_an_edit_is_generated_checked_registered_and_restarted_or_refused_in_the_checks_words(tills: Tills) -> None:
    tills.shop_dev("up")
    assert tills.versions() == [1]

    tills.repository.change(SCHEMA, "  string email = 3;", "  string email = 3;\n  // The till.\n  string till = 4;")

    eventually(lambda: tills.versions() == [1, 2], "the new schema is registered", within=60)
    eventually(lambda: "'till'" in tills.said(), "the service runs with the new code", within=60)
    assert "till" in tills.repository.read(MODULE)

    was = tills.resource("tills")["pid"]
    tills.repository.change(SCHEMA, "  string email = 3;", "  int32 email = 3;")

    eventually(lambda: tills.resource("check-contracts")["state"] == "failed", "it is refused", within=60)
    failure = tills.resource("check-contracts")["failure"]
    assert SCHEMA in failure, failure
    assert "FIELD_WIRE_JSON_COMPATIBLE_TYPE" in failure, failure
    assert tills.versions() == [1, 2]
    assert tills.resource("tills")["waitsFor"] in ("provision-schemas", "check-contracts")
    assert "FIELD_WIRE_JSON_COMPATIBLE_TYPE" in tills.resource("tills")["failure"], "who waits says for what"

    tills.repository.change(SCHEMA, "  int32 email = 3;", "  string email = 3;")
    eventually(lambda: tills.resource("tills")["state"] == "ready", "the mended schema lets all go on", within=60)
    assert tills.resource("tills")["pid"] != was
    assert tills.versions() == [1, 2]

    tills.repository.change(SCHEMA, "  string email = 3;", "  string email = ;")
    eventually(lambda: SCHEMA in str(tills.resource("tills")["failure"]), "it says which file cannot be read", within=60)
    assert "Expected field number" in tills.status_in_words()

    tills.repository.change(SCHEMA, "  string email = ;", "  string email = 3;")
    eventually(lambda: tills.resource("tills")["state"] == "ready", "what was mended lets all go on again", within=60)
    assert tills.versions() == [1, 2]
