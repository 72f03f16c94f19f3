"""The guide to moving schemas, done as it is written: each command, and what it prints."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path

import httpx
from fakes.command_line import ShopDev
from fakes.registry_server import served_registry
from fakes.sandbox_client import FakeSandboxClient, sandbox_status

GUIDE = Path(__file__).parents[3] / "docs/guides/move-schemas.md"
CONSOLE = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)
THEIRS, OURS = "https://schemas.example.com", "http://127.0.0.1:8081"
CUSTOMER = 'syntax = "proto3"; message Customer { string id = 1; }'
ORDER = 'syntax = "proto3"; import "customer.proto"; message Order { Customer customer = 1; }'


def steps() -> list[tuple[str, str]]:
    """Commands of the guide, each with what it is said to print."""
    found = []
    for block in CONSOLE.findall(GUIDE.read_text(encoding="utf-8")):
        for step in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, said = step.partition("\n")
            found.append((command, said))
    return found


def fill(url: str) -> None:
    references = [{"name": "customer.proto", "subject": "customer", "version": 1}]
    for subject, schema, needed in (
        ("customer", CUSTOMER, []),
        ("orders", ORDER, references),
        ("orders", ORDER.replace("1; }", "1; string note = 2; }"), references),
        ("payments", CUSTOMER.replace("Customer", "Payment"), []),
    ):
        body = {"schemaType": "PROTOBUF", "schema": schema, "references": needed}
        assert httpx.post(f"{url}/subjects/{subject}/versions", json=body).status_code == 200
    httpx.put(f"{url}/config/orders", json={"compatibility": "FULL"})
    httpx.delete(f"{url}/subjects/payments")


def test_the_guide_is_true(shop_dev: ShopDev, sandbox: FakeSandboxClient) -> None:
    with served_registry() as theirs, served_registry() as ours:
        fill(theirs)
        sandbox.reported = sandbox_status(environment={"SCHEMA_REGISTRY_URL": ours})
        for command, said in steps():
            real = command.replace(THEIRS, theirs)
            if real.startswith("shop-dev "):
                answer = shop_dev(*shlex.split(real)[1:])
                printed, is_refused = answer.out, "cannot come" in said
                assert answer.status == (1 if is_refused else 0), answer
            else:
                done = subprocess.run(
                    ["bash", "-c", real],
                    env={"PATH": "/usr/bin:/bin", "SCHEMA_REGISTRY_URL": ours},
                    check=True,
                    capture_output=True,
                    text=True,
                )
                printed = done.stdout
            assert printed.replace(theirs, THEIRS).replace(ours, OURS) == said, command
    assert len(steps()) == 10
