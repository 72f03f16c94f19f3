"""`shop-dev up`, seen from the terminal."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest
from fakes.command_line import ShopDev
from fakes.sandbox_client import FakeSandboxClient, sandbox_status
from shop_dev.project import open_project
from shop_dev.sandbox import supervisor_settings
from shop_sandbox.events import (
    CriticalStep,
    DownloadFinished,
    ProbeFailed,
    ResourceChanged,
    ResourceDied,
    ResourceState,
    SandboxFailed,
    SandboxReady,
    SandboxStopped,
    Swept,
)

T0 = 4e9
STARTING = ResourceChanged(at=T0, resource="kafka", state=ResourceState.STARTING)
READY = ResourceChanged(at=T0 + 1.02, resource="kafka", state=ResourceState.READY, seconds=1.02, endpoint="127.0.0.1:9092")
DONE = SandboxReady(
    at=T0 + 1.5,
    seconds=1.5,
    critical_path=(CriticalStep("kafka", None, 1.02), CriticalStep("orders", "kafka", 0.48)),
    endpoints={"kafka": "127.0.0.1:9092", "orders": "http://127.0.0.1:8001"},
    generation=1,
)


def test_a_start_is_told_in_lines_and_ends_with_endpoints_and_critical_path(shop_dev: ShopDev, sandbox: FakeSandboxClient) -> None:
    sandbox.up_script = (Swept(at=T0, what="process", resource="redis", pid=77), STARTING, STARTING, READY, DONE)

    said = shop_dev("up")

    assert (said.status, said.err) == (0, "")
    assert said.out == (
        "redis                removed what a dead sandbox left: process (pid 77)\n"
        "kafka                starting\n"
        "kafka                ready in 1.02 s 127.0.0.1:9092\n"
        "Everything is ready in 1.5 s.\n"
        "\n"
        "  kafka                127.0.0.1:9092\n"
        "  orders               http://127.0.0.1:8001\n"
        "\n"
        "What the time went into, each step waiting for the one above:\n"
        "  kafka                 1.02 s\n"
        "  orders                0.48 s\n"
    )


def test_resources_that_are_named_are_asked_for(shop_dev: ShopDev, sandbox: FakeSandboxClient) -> None:
    sandbox.up_script = (DONE,)

    shop_dev("up", "kafka", "orders")

    assert sandbox.asked == ["up kafka orders"]


def test_what_runs_under_a_debugger_is_left_out(shop_dev: ShopDev, sandbox: FakeSandboxClient) -> None:
    sandbox.up_script = (DONE,)

    shop_dev("up", "--without", "orders", "--without", "edge", "--atomic", "--timeout", "4")

    assert sandbox.terms == {"without": ("orders", "edge"), "timeout_seconds": 4.0, "atomic": True}


def test_ci_sees_a_start_as_lines_of_json_and_the_document_last(shop_dev: ShopDev, sandbox: FakeSandboxClient) -> None:
    sandbox.up_script = (STARTING, READY, DONE)

    lines = [json.loads(line) for line in shop_dev("up", "--json", "--progress", "json").out.splitlines()]

    assert [line.get("event") for line in lines] == ["resource-changed", "resource-changed", "sandbox-ready", None]
    assert (lines[1]["resource"], lines[1]["state"], lines[-1]["status"]) == ("kafka", "ready", "ok")
    assert shop_dev("up", "--progress", "json").status == 2


def test_plain_progress_beside_a_document_goes_to_stderr(shop_dev: ShopDev, sandbox: FakeSandboxClient) -> None:
    sandbox.up_script = (STARTING, READY, DONE)

    said = shop_dev("up", "--json", "--progress", "plain")

    assert said.document()["status"] == "ok"
    assert said.err.startswith("kafka                starting\n")


def test_many_downloads_are_one_line(shop_dev: ShopDev, sandbox: FakeSandboxClient) -> None:
    archives = [DownloadFinished(at=T0 + n / 100, artifact=f"a-{n}.jar", total_bytes=1_000_000, seconds=0.1) for n in range(46)]
    sandbox.up_script = (*archives, STARTING, READY, DONE)

    told = [line for line in shop_dev("up").out.splitlines() if "archive" in line]

    assert told == ["downloaded           1 archive, 1.0 MB", "downloaded           45 archives, 45.0 MB"]


def test_a_start_is_compared_with_the_ones_before(checkout: Path, shop_dev: ShopDev, sandbox: FakeSandboxClient) -> None:
    history = checkout / ".shop-dev" / "default" / "history.jsonl"
    history.parent.mkdir(parents=True)
    earlier = [{"at": T0 - 100 * n, "seconds": 1.0 + n, "resources": {"kafka": 0.9 + n, "orders": 0.1}} for n in (3, 2, 1)]
    newest = {"at": T0 + 1.5, "seconds": 1.5, "resources": {"kafka": 1.02, "orders": 0.48}}
    history.write_text("".join(json.dumps(line) + "\n" for line in [*earlier, newest]) + '{"torn\n')
    sandbox.up_script = (DONE,)

    said = shop_dev("up")

    assert "Everything is ready in 1.5 s (usually 3.0 s).\n" in said.out
    assert "  kafka                 1.02 s  (usually 2.90 s)\n" in said.out


def test_a_start_of_some_resources_is_not_compared_with_one_of_all(
    checkout: Path, shop_dev: ShopDev, sandbox: FakeSandboxClient
) -> None:
    history = checkout / ".shop-dev" / "default" / "history.jsonl"
    history.parent.mkdir(parents=True)
    of_all = {"at": T0 - 100, "seconds": 5.2, "resources": {"kafka": 2.0, "orders": 0.1, "redis": 0.1}}
    newest = {"at": T0 + 1.5, "seconds": 1.5, "resources": {"kafka": 1.02, "orders": 0.48}}
    history.write_text("".join(json.dumps(line) + "\n" for line in [of_all, newest]))
    sandbox.up_script = (DONE,)

    said = shop_dev("up", "orders")

    assert said.out.startswith("Everything is ready in 1.5 s.\n")


def test_a_glob_that_finds_no_manifest_is_warned_of(
    monkeypatch: pytest.MonkeyPatch, shop_dev: ShopDev, sandbox: FakeSandboxClient
) -> None:
    monkeypatch.setenv("SHOP_SERVICES", "servises/*/service.yaml")
    sandbox.up_script = (DONE,)

    said = shop_dev("up")

    assert said.status == 0
    assert "warning: No service manifest matches 'servises/*/service.yaml' in " in said.err


def test_a_fixed_port_that_comes_too_late_is_warned_of(
    monkeypatch: pytest.MonkeyPatch, shop_dev: ShopDev, sandbox: FakeSandboxClient
) -> None:
    monkeypatch.setenv("SHOP_KAFKA_PORT", "19092")
    sandbox.attached = True
    sandbox.up_script = (DONE,)

    said = shop_dev("up")

    assert "warning: kafka stays at 127.0.0.1:9092: port 19092 is used when the sandbox starts again" in said.err


def test_json_is_one_document_with_the_facts(shop_dev: ShopDev, sandbox: FakeSandboxClient) -> None:
    sandbox.up_script = (STARTING, READY, DONE)

    said = shop_dev("up", "--json")

    assert (said.status, said.err) == (0, "")
    assert said.document()["data"] == {
        "name": "default",
        "attached": False,
        "seconds": 1.5,
        "usualSeconds": None,
        "generation": 1,
        "endpoints": {"kafka": "127.0.0.1:9092", "orders": "http://127.0.0.1:8001"},
        "criticalPath": [
            {"resource": "kafka", "waitedFor": None, "seconds": 1.02, "usualSeconds": None},
            {"resource": "orders", "waitedFor": "kafka", "seconds": 0.48, "usualSeconds": None},
        ],
        "tryNext": None,
    }


def test_a_second_up_says_that_the_sandbox_was_running(shop_dev: ShopDev, sandbox: FakeSandboxClient) -> None:
    sandbox.attached = True
    sandbox.up_script = (DONE,)

    said = shop_dev("up")

    assert said.out.startswith("Everything is ready; the sandbox was running before (it had started in 1.5 s).\n")


def test_a_crash_is_told_with_its_last_lines_and_exit_status_18(shop_dev: ShopDev, sandbox: FakeSandboxClient) -> None:
    sandbox.up_script = (
        STARTING,
        ResourceDied(at=T0, resource="kafka", exit_code=1, signal=None, last_lines=("no space", "bye"), log_path="logs/kafka.log"),
        SandboxFailed(at=T0, code="resource_died", message="kafka exited with 1.", actions=("shop-dev logs kafka",)),
    )

    said = shop_dev("up")

    assert said.status == 18
    assert said.out == (
        "kafka                starting\n"
        "kafka                exited with 1; its log is logs/kafka.log\n"
        "                     | no space\n"
        "                     | bye\n"
    )
    assert said.err == "error: kafka exited with 1. [resource_died]\n  hint: shop-dev logs kafka\n"


def test_what_a_probe_sees_is_told_once_it_takes_long(shop_dev: ShopDev, sandbox: FakeSandboxClient) -> None:
    sandbox.up_script = (
        STARTING,
        ProbeFailed(at=T0 + 0.1, resource="kafka", reason="connection refused"),
        ProbeFailed(at=T0 + 9.0, resource="kafka", reason="0 of 3 topics exist"),
        READY,
        DONE,
    )

    said = shop_dev("up")

    assert "connection refused" not in said.out
    assert "kafka                not ready: 0 of 3 topics exist\n" in said.out


def test_ctrl_c_stops_what_this_up_started(shop_dev: ShopDev, sandbox: FakeSandboxClient) -> None:
    sandbox.up_script = (STARTING, KeyboardInterrupt())

    said = shop_dev("up")

    assert (said.status, sandbox.asked) == (130, ["up", "down"])
    assert said.out == (
        "kafka                starting\nStopping what this command started. Ctrl-C again stops it at once.\nStopped in 0.4 s.\n"
    )


def test_a_second_ctrl_c_collapses_the_wait(shop_dev: ShopDev, sandbox: FakeSandboxClient) -> None:
    sandbox.up_script = (STARTING, KeyboardInterrupt())
    sandbox.down_script = (KeyboardInterrupt(),)

    said = shop_dev("up")

    assert (said.status, sandbox.asked) == (130, ["up", "down", "down force"])


def test_ctrl_c_leaves_a_sandbox_alone_that_ran_before(shop_dev: ShopDev, sandbox: FakeSandboxClient) -> None:
    sandbox.attached = True
    sandbox.up_script = (KeyboardInterrupt(),)

    said = shop_dev("up")

    assert (said.status, sandbox.asked) == (130, ["up"])


def test_attached_in_the_foreground_it_shows_what_happens_until_the_sandbox_stops(
    shop_dev: ShopDev, sandbox: FakeSandboxClient
) -> None:
    sandbox.up_script = (DONE,)
    sandbox.follow_script = (STARTING, READY, SandboxStopped(at=T0, seconds=0.5))

    said = shop_dev("up", "--attach")

    assert said.status == 0
    assert said.out.endswith(
        "  orders                0.48 s\n"
        "kafka                starting\n"
        "kafka                ready in 1.02 s 127.0.0.1:9092\n"
        "Stopped in 0.5 s.\n"
    )


def test_a_sandbox_that_fails_later_ends_the_foreground(shop_dev: ShopDev, sandbox: FakeSandboxClient) -> None:
    sandbox.up_script = (DONE,)
    sandbox.follow_script = (
        SandboxFailed(at=T0, code="emulator_state_lost", message="The AWS emulator was killed.", actions=("shop-dev up --reset",)),
    )

    said = shop_dev("up", "--attach")

    assert (said.status, said.err) == (
        1,
        "error: The AWS emulator was killed. [emulator_state_lost]\n  hint: shop-dev up --reset\n",
    )


SEEDED = """\
[tool.shop-dev]
services = ["services/*/service.yaml"]

[tool.shop-dev.seed]
command = ["${PYTHON}", "seed.py"]
needs = ["inventory"]

[tool.shop-dev.first-try]
say = "Try an order:"
command = "curl -s ${SHOP_EDGE_URL}/v1/orders -d '{\\"sku\\": \\"${SKU}\\"}'"
answer = '{"id": "ord_…"}'
then = ["shop-dev trace ord_…"]
"""

SEED = """\
import json, os, pathlib
shop = pathlib.Path("filled")
if os.environ["SHOP_SEED"] == "always" or not shop.exists():
    print("Filling the empty shop from", os.environ["SHOP_INVENTORY_URL"])
    shop.touch()
print(json.dumps({"sku": "GAR-1"}))
"""

WHOLE_SHOP = SandboxReady(
    at=T0,
    seconds=4.0,
    critical_path=(),
    endpoints={"edge": "http://127.0.0.1:8000", "inventory": "http://127.0.0.1:8002"},
    generation=1,
)


@pytest.fixture
def whole_shop(sandbox: FakeSandboxClient, checkout: Path) -> FakeSandboxClient:
    """A shop that runs, of a project that says how it is filled and what to try."""
    (checkout / "pyproject.toml").write_text(SEEDED, encoding="utf-8")
    (checkout / "seed.py").write_text(SEED, encoding="utf-8")
    sandbox.up_script = (WHOLE_SHOP,)
    sandbox.reported = sandbox_status(
        environment={"SHOP_EDGE_URL": "http://127.0.0.1:8000", "SHOP_INVENTORY_URL": "http://127.0.0.1:8002"}
    )
    return sandbox


def test_an_empty_shop_is_filled_and_an_order_suggested(shop_dev: ShopDev, whole_shop: FakeSandboxClient) -> None:
    said = shop_dev("up")

    assert (said.status, said.err) == (0, "")
    assert said.out.startswith("Filling the empty shop from http://127.0.0.1:8002\n")
    assert said.out.endswith(
        "Try an order:\n"
        '  $ curl -s http://127.0.0.1:8000/v1/orders -d \'{"sku": "GAR-1"}\'\n'
        '  {"id": "ord_…"}\n'
        "and then:\n"
        "  $ shop-dev trace ord_…\n"
        "Stop with `shop-dev down`; the data stays for the next `up`.\n"
    )


def test_a_shop_with_products_is_left_as_it_is(shop_dev: ShopDev, whole_shop: FakeSandboxClient, checkout: Path) -> None:
    (checkout / "filled").touch()

    said = shop_dev("up", "--json")

    assert said.err == ""
    assert said.document()["data"]["tryNext"] == 'curl -s http://127.0.0.1:8000/v1/orders -d \'{"sku": "GAR-1"}\''


def test_a_shop_that_cannot_be_filled_is_a_warning(shop_dev: ShopDev, whole_shop: FakeSandboxClient, checkout: Path) -> None:
    (checkout / "seed.py").write_text("import sys\nsys.exit('inventory does not answer.')\n", encoding="utf-8")

    said = shop_dev("up")

    assert said.status == 0
    assert said.err == "warning: Everything runs, and could not be filled: inventory does not answer. Try `shop-dev seed`.\n"
    assert "Try an order" not in said.out


def test_nothing_is_filled_while_what_it_needs_does_not_run(
    shop_dev: ShopDev, whole_shop: FakeSandboxClient, checkout: Path
) -> None:
    whole_shop.up_script = (msgspec.structs.replace(WHOLE_SHOP, endpoints={"edge": "http://127.0.0.1:8000"}),)

    said = shop_dev("up")

    assert (said.status, said.err) == (0, "")
    assert not (checkout / "filled").exists()


def test_the_engine_is_chosen_by_flag_variable_or_setting(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert supervisor_settings(open_project(), reset=False).engine == "embedded"
    assert supervisor_settings(open_project(engine="mixed"), reset=False).engine == "mixed"

    monkeypatch.setenv("SHOP_ENGINE", "docker")
    assert supervisor_settings(open_project(), reset=False).engine == "docker"


def test_an_engine_that_there_is_not_is_told_with_those_that_are(shop_dev: ShopDev, sandbox: FakeSandboxClient) -> None:
    said = shop_dev("up", "--engine", "podman", "--json")

    assert (said.status, said.document()["error"]["code"]) == (2, "settings_invalid")
    assert "--engine = 'podman': takes embedded or mixed or docker" in said.document()["error"]["message"]
