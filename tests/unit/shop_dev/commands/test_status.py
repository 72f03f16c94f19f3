"""`shop-dev status`, seen from the terminal."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

from fakes.command_line import ShopDev
from fakes.sandbox_client import FakeSandboxClient, resource_status, sandbox_status
from shop_dev.output.status_table import status_table
from shop_sandbox import records
from shop_sandbox.events import ResourceState, SandboxFailed
from shop_sandbox.ownership import Owner, Process
from shop_sandbox.supervisor.protocol import CpuLimit, LastExit, MemoryLimit, SandboxState

MIB = 2**20


def test_each_resource_has_a_line_with_where_it_is_or_why_it_is_not_ready(shop_dev: ShopDev, sandbox: FakeSandboxClient) -> None:
    sandbox.reported = sandbox_status(
        resource_status("kafka", pid=4101, pss_bytes=180 * MIB, seconds_to_ready=1.02, endpoint="127.0.0.1:9092"),
        resource_status("provision-topics", ResourceState.DONE, seconds_to_ready=0.31),
        resource_status("orders", ResourceState.BACKING_OFF, restarts=3, reason="exited with 1"),
        resource_status(
            "edge", ResourceState.STARTING, pid=4105, last_probe_error="orders does not answer", endpoint="http://127.0.0.1:8000"
        ),
    )

    said = shop_dev("status")

    assert said.status == 0
    assert [line.rstrip() for line in said.out.splitlines()] == [
        "Sandbox default in shop is degraded, 420 MiB in all (supervisor pid 4100).",
        "",
        "   RESOURCE          STATE         PID   MEMORY  READY IN  RESTARTS  WHERE",
        "✓  kafka             ready        4101  180 MiB    1.02 s            127.0.0.1:9092",
        "✓  provision-topics  done                          0.31 s",
        "↻  orders            backing-off                                  3  exited with 1",
        "·  edge              starting     4105                               orders does not answer",
        "",
        "✗ orders exited with 1",
        "  hint: shop-dev logs orders --tail 30",
    ]


def test_the_cause_stands_last_with_what_waits_for_it(shop_dev: ShopDev, sandbox: FakeSandboxClient) -> None:
    sandbox.reported = sandbox_status(
        resource_status("provision-databases", ResourceState.FAILED, failure="provision-databases failed: 0002_gift.sql: gone"),
        resource_status(
            "orders", ResourceState.FAILED, failure="orders waits for provision-databases", waits_for="provision-databases"
        ),
        resource_status("edge"),
        name="load",
    )

    said = shop_dev("status", "--name", "load")
    data = shop_dev("status", "--name", "load", "--json").document()["data"]

    assert said.out.splitlines()[-2:] == [
        "✗ provision-databases failed: 0002_gift.sql: gone (orders waits for it)",
        "  hint: shop-dev logs provision-databases --tail 30 --name load",
    ]
    assert "waits for provision-databases" in next(line for line in said.out.splitlines() if "orders " in line)
    assert data["state"] == "degraded"
    assert data["troubles"] == [
        {
            "resource": "provision-databases",
            "text": "provision-databases failed: 0002_gift.sql: gone (orders waits for it)",
            "blocks": ["orders"],
            "command": "shop-dev logs provision-databases --tail 30 --name load",
            "hints": [],
        }
    ]


def test_what_an_edit_has_begun_anew_is_starting_and_what_is_ready_no_more_is_degraded(
    shop_dev: ShopDev, sandbox: FakeSandboxClient
) -> None:
    waiting = resource_status("orders", ResourceState.PENDING, seconds_to_ready=0.3, is_wanted=True)
    kafka = resource_status("kafka", ResourceState.STARTING, is_wanted=True)
    sandbox.reported = sandbox_status(waiting, kafka, state=SandboxState.DEGRADED)
    assert shop_dev("status").out.startswith("Sandbox default in shop is starting")

    hangs = resource_status("kafka", ResourceState.STARTING, seconds_to_ready=1.2, is_wanted=True)
    sandbox.reported = sandbox_status(waiting, hangs, state=SandboxState.DEGRADED)
    assert shop_dev("status").out.startswith("Sandbox default in shop is degraded")


def test_what_a_task_says_helps_stands_below_what_it_refuses(shop_dev: ShopDev, sandbox: FakeSandboxClient) -> None:
    ended = LastExit(at=time.time(), code=1, signal=None, line="0002_gift.sql: gone", hints=("bring the file back",))
    sandbox.reported = sandbox_status(
        resource_status("provision-databases", ResourceState.FAILED, failure="provision-databases failed: gone", last_exit=ended)
    )

    assert shop_dev("status").out.splitlines()[-2:] == [
        "  hint: bring the file back",
        "  hint: shop-dev logs provision-databases --tail 30",
    ]
    said = shop_dev("wait", "provision-databases")
    assert said.status == 18
    assert said.err.index("hint: bring the file back") < said.err.index("hint: shop-dev logs provision-databases")


def test_a_crash_loop_looks_like_one_also_while_the_process_is_up(shop_dev: ShopDev, sandbox: FakeSandboxClient) -> None:
    ended = LastExit(at=time.time() - 2, code=3, signal=None, line="RuntimeError: no table")
    sandbox.reported = sandbox_status(resource_status("orders", crashes_in_a_row=4, last_exit=ended, restarts=4))

    said = shop_dev("status")

    assert "is degraded" in said.out.splitlines()[0]
    assert "↻  orders    crashing" in said.out
    assert said.out.splitlines()[-2] == "✗ orders crashed 2 s ago, exit 3, 4th time: RuntimeError: no table"


def test_what_somebody_has_stopped_is_not_called_crashing_for_what_came_before(
    shop_dev: ShopDev, sandbox: FakeSandboxClient
) -> None:
    ended = LastExit(at=time.time() - 86, code=None, signal=9, line="a message waits")
    sandbox.reported = sandbox_status(
        resource_status("orders", ResourceState.STOPPED, crashes_in_a_row=2, last_exit=ended, reason="stop was asked for")
    )

    said = shop_dev("status").out

    assert "is degraded" not in said
    assert "crash" not in said


def owned_by(checkout: Path, name: str, supervisor: Process) -> None:
    (folder := checkout / ".shop-dev" / name).mkdir(parents=True)
    owner = Owner(protocol="1", nonce="n", supervisor=supervisor, spawner=supervisor, socket=str(folder / "s"))
    records.write(folder / "owner.json", owner)


def test_what_runs_beside_it_in_this_checkout_is_named_with_how_to_look(
    shop_dev: ShopDev, sandbox: FakeSandboxClient, checkout: Path
) -> None:
    sandbox.reported = sandbox_status(resource_status("kafka"))
    alive = Process.of(os.getpid())
    owned_by(checkout, "default", alive)
    owned_by(checkout, "load", alive)
    owned_by(checkout, "gone", Process(pid=alive.pid, start_time="another process had this number"))

    said = shop_dev("status")

    assert said.out.splitlines()[-1] == "Beside it in this checkout: load (`shop-dev status --name load`)."
    assert shop_dev("status", "--json").document()["data"]["siblings"] == ["load"]


def test_what_a_resource_may_use_stands_beside_what_it_uses_and_reached(shop_dev: ShopDev, sandbox: FakeSandboxClient) -> None:
    used: dict[str, Any] = {"pss_bytes": 40 * MIB, "peak_pss_bytes": 55 * MIB, "cpus": 0.1, "peak_cpus": 0.4}
    limited: dict[str, Any] = {
        "memory_limit": MemoryLimit(bytes=64 * MIB, kept_by="supervisor"),
        "cpu_limit": CpuLimit(cpus=0.5, kept_by=None),
    }
    kept: dict[str, Any] = {"cpu_limit": CpuLimit(cpus=2, kept_by="kernel")}
    sandbox.reported = sandbox_status(
        resource_status("orders", **used, **limited), resource_status("edge", **used, **kept), resource_status("redis")
    )

    said = shop_dev("status")

    assert said.out.splitlines()[-2:] == [
        "orders uses 40 MiB of 64 MiB (at most 55 MiB so far) and 0.10 of 0.5 CPUs "
        "(at most 0.40 so far; nothing here can enforce that).",
        "edge uses 0.10 of 2 CPUs (at most 0.40 so far).",
    ]


def test_what_a_process_said_cannot_steer_the_terminal(shop_dev: ShopDev, sandbox: FakeSandboxClient) -> None:
    sandbox.reported = sandbox_status(resource_status("orders", ResourceState.FAILED, reason="\x1b[2Jgone\nand more"))

    assert "\x1b" not in shop_dev("status").out


def test_colours_are_for_terminals(sandbox: FakeSandboxClient) -> None:
    page = status_table(sandbox_status(resource_status("orders", ResourceState.FAILED)))

    assert "\x1b[1;31mfailed" in page.text(colours=True)
    assert "\x1b" not in page.text()


def test_scripts_get_bytes_and_seconds(shop_dev: ShopDev, sandbox: FakeSandboxClient) -> None:
    sandbox.reported = sandbox_status(
        resource_status("kafka", pid=4101, pss_bytes=180 * MIB, peak_pss_bytes=190 * MIB, ports={"kafka": 9092})
    )

    data = shop_dev("status", "--json").document()["data"]

    assert (data["state"], data["totalPssBytes"], data["supervisorPssBytes"]) == ("ready", 420 * MIB, 20 * MIB)
    assert data["resources"] == [
        {
            "name": "kafka",
            "kind": "service",
            "state": "ready",
            "needs": [],
            "engine": "embedded",
            "pid": 4101,
            "ports": {"kafka": 9092},
            "endpoint": None,
            "uptimeSeconds": None,
            "secondsToReady": None,
            "restarts": 0,
            "pssBytes": 180 * MIB,
            "peakPssBytes": 190 * MIB,
            "cpus": None,
            "peakCpus": None,
            "limits": {"memoryBytes": None, "memoryKeptBy": None, "cpus": None, "cpusKeptBy": None},
            "lastProbeError": None,
            "reason": None,
            "failure": None,
            "waitsFor": None,
            "isSwapped": False,
            "crashesInARow": 0,
            "lastExit": None,
            "logPath": "logs/kafka.log",
        }
    ]


def test_nothing_running_is_exit_status_7(shop_dev: ShopDev, no_sandbox: None) -> None:
    said = shop_dev("status")

    assert (said.status, said.out) == (7, "")
    assert said.err == "error: No sandbox named default runs in this checkout. [not_running]\n  hint: shop-dev up\n"


def test_a_sandbox_that_has_failed_says_what_to_do(shop_dev: ShopDev, sandbox: FakeSandboxClient) -> None:
    lost = SandboxFailed(
        at=4e9, code="emulator_state_lost", message="aws was killed", actions=("`shop-dev up --reset` begins anew",)
    )
    sandbox.reported = sandbox_status(resource_status("aws", ResourceState.FAILED), state=SandboxState.FAILED, failure=lost)

    said = shop_dev("status")

    assert said.err == "warning: aws was killed. `shop-dev up --reset` begins anew\n"
    document = shop_dev("status", "--json").document()
    assert document["data"]["failure"]["code"] == "emulator_state_lost"
    assert document["data"]["failure"]["actions"] == [
        {"text": "`shop-dev up --reset` begins anew", "command": "shop-dev up --reset"}
    ]
