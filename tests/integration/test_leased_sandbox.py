"""A leased sandbox belongs to a process: it ends with it, watches nothing, takes no pins, and leaves its evidence."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import msgspec
import pytest
from fakes.sandbox import READY, SLEEP, FakeResource, describe
from fakes.sandbox_home import Home, eventually, pid_of
from shop_sandbox import lease
from shop_sandbox.client import start_or_attach
from shop_sandbox.errors import SandboxError
from shop_sandbox.events import SandboxReady
from shop_sandbox.supervisor.protocol import SandboxState

pytestmark = pytest.mark.integration

HOLDS = "; ".join(
    (
        "import os, sys, msgspec, time",
        "from pathlib import Path",
        "from shop_sandbox.lease import leased",
        "from shop_sandbox.supervisor.settings import SupervisorSettings",
        "settings = msgspec.json.decode(sys.stdin.buffer.read(), type=SupervisorSettings)",
        "holding = leased(settings, evidence=Path(sys.argv[1]))",
        "held = holding.__enter__()",
        "print(held.client.paths.name, held.client.status().supervisor_pid, flush=True)",
        "time.sleep(600)",
    )
)


def shop(home: Home) -> None:
    (home.checkout / "orders").mkdir(exist_ok=True)
    (home.checkout / "orders" / "app.py").write_text("version = 1\n")
    describe(
        home.checkout,
        {
            "postgres": FakeResource(stamped=True, port=True),
            "orders": FakeResource(needs=("postgres",), script=f"echo here I am; {READY}{SLEEP}", watched=("orders",)),
        },
    )


def own_folders(home: Home) -> list[str]:
    return [folder.name for folder in (home.checkout / ".shop-dev").glob("lease-*")]


def document(folder: Path, name: str) -> dict[str, object]:
    found: dict[str, object] = json.loads((folder / f"{name}.json").read_text())
    return found


def holder(home: Home, evidence: Path) -> tuple[subprocess.Popen[bytes], str, int]:
    """A process that holds a leased sandbox, the sandbox's name, and its supervisor."""
    process = subprocess.Popen([sys.executable, "-c", HOLDS, str(evidence)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(msgspec.json.encode(home.settings))
    process.stdin.close()
    name, supervisor = process.stdout.readline().decode().split()
    return process, name, int(supervisor)


def test_it_lasts_as_long_as_its_block_and_leaves_evidence_and_nothing_else(home: Home, tmp_path: Path) -> None:
    shop(home)
    evidence = tmp_path / "evidence"

    with lease.leased(home.settings, evidence=evidence) as held:
        assert held.client.status().state is SandboxState.READY
        eventually(lambda: (evidence / "inputs.json").exists() and (evidence / "versions.json").exists(), "inputs are written down")

    eventually(lambda: not home.alive(), "nothing of it runs")
    assert own_folders(home) == []
    assert "here I am" in (evidence / "logs" / "orders.log").read_text()
    events = [json.loads(line)["event"] for line in (evidence / "events.jsonl").read_text().splitlines()]
    assert events[-1] == "sandbox-stopped"
    assert "sandbox-ready" in events
    assert "orders/app.py" in msgspec.convert(document(evidence, "inputs")["files"], dict[str, str])
    assert document(evidence, "versions")["python"]
    assert document(evidence, "outcome")["event"] == "sandbox-ready"
    assert document(evidence, "status")["environment"] == {}


def test_it_ends_with_its_owner_also_when_that_is_killed(home: Home, tmp_path: Path) -> None:
    shop(home)
    evidence = tmp_path / "evidence"
    process, name, _ = holder(home, evidence)

    process.kill()
    process.wait()

    eventually(lambda: not home.alive(), "nothing of it runs")
    eventually(lambda: name not in own_folders(home), "its data is gone")
    assert document(evidence, "status")["name"] == name
    assert "here I am" in (evidence / "logs" / "orders.log").read_text()


def test_a_killed_supervisor_leaves_the_evidence_too_and_the_next_lease_clears_away_the_rest(home: Home, tmp_path: Path) -> None:
    shop(home)
    evidence = tmp_path / "evidence"
    process, name, supervisor = holder(home, evidence)

    os.kill(supervisor, signal.SIGKILL)
    process.kill()
    process.wait()
    eventually(lambda: not home.alive(), "the guardian has ended all")
    left = own_folders(home)
    with lease.leased(home.settings, evidence=tmp_path / "second"):
        pass

    assert left == [name]
    assert own_folders(home) == []
    assert "here I am" in (evidence / "logs" / "orders.log").read_text()
    assert "sandbox-ready" in (evidence / "events.jsonl").read_text()
    assert document(evidence, "outcome")["event"] == "sandbox-ready"


def test_a_start_that_fails_leaves_its_evidence(home: Home, tmp_path: Path) -> None:
    describe(home.checkout, {"orders": FakeResource(script="echo 'Error: no luck'; exit 1")})
    evidence = tmp_path / "evidence"

    with pytest.raises(SandboxError, match="no luck"), lease.leased(home.settings, evidence=evidence):
        pass

    eventually(lambda: not home.alive(), "nothing of it runs")
    assert document(evidence, "outcome")["code"] == "resource_died"
    assert "no luck" in (evidence / "logs" / "orders.log").read_text()


def test_the_digest_of_the_inputs_changes_when_one_of_them_does(home: Home, tmp_path: Path) -> None:
    shop(home)
    digests = []
    for number, text in enumerate(("version = 1", "version = 1", "version = 2")):
        (home.checkout / "orders" / "app.py").write_text(text)
        evidence = tmp_path / str(number)
        with lease.leased(home.settings, evidence=evidence):
            eventually((evidence / "inputs.json").exists, "inputs are written down")
        digests.append(document(evidence, "inputs")["digest"])

    assert digests[0] == digests[1] != digests[2]


def test_it_watches_nothing_and_takes_no_pins_and_those_beside_it_are_not_disturbed(home: Home, tmp_path: Path) -> None:
    shop(home)
    pinned = home.with_(ports={"postgres": 23_456})
    developers = start_or_attach(pinned)
    assert isinstance(list(developers.up())[-1], SandboxReady)
    second = start_or_attach(home.with_(name="second"))
    assert isinstance(list(second.up())[-1], SandboxReady)

    with lease.leased(pinned, evidence=tmp_path / "evidence") as held:
        port = held.client.status().ports["postgres"]
        orders = pid_of(held.client, "orders")
        before = developers.status().resources[1].pid
        number = 0
        while developers.status().resources[1].pid in {before, None}:
            number += 1
            (home.checkout / "orders" / "app.py").write_text(f"version = {number}\n")
            threading.Event().wait(0.5)
        untouched = pid_of(held.client, "orders")

    assert port != 23_456
    assert untouched == orders, "an edit restarts the developer's services, not those under test"
    assert developers.status().ports["postgres"] == 23_456
    eventually(lambda: developers.status().state is SandboxState.READY, "the developer's sandbox runs on", within=90)
    eventually(lambda: second.status().state is SandboxState.READY, "and so does the second", within=90)
    list(second.down())
