"""The commands over a real supervisor with small real processes: what a user sees, and what is left behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from fakes.sandbox import READY, SLEEP, FakeResource, describe

pytestmark = pytest.mark.integration

TESTS = Path(__file__).resolve().parents[2]
NEVER_READY = "trap '' TERM; sleep 600 & wait; " + SLEEP


class Terminal:
    """A checkout with a sandbox of its own, and commands typed in it."""

    def __init__(self, folder: Path, *, checkout: str = "shop") -> None:
        self.checkout = folder / checkout
        self.checkout.mkdir()
        (self.checkout / "pyproject.toml").write_text("[tool.shop-dev]\nservices = []\n")
        kept = {name: value for name, value in os.environ.items() if not name.startswith("SHOP_")}
        self._environment = {
            **kept,
            "PYTHONPATH": str(TESTS),
            "XDG_CACHE_HOME": str(folder / "cache"),
            "XDG_STATE_HOME": str(folder / "state"),
            "XDG_RUNTIME_DIR": str(folder / "run"),
        }

    def start(self, *words: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "fakes.scripted_shop_dev", *words],
            cwd=self.checkout,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *words: str) -> tuple[int, str, str]:
        process = self.start(*words)
        out, err = process.communicate(timeout=60)
        return process.returncode, out, err

    def json(self, *words: str) -> Any:
        return json.loads(self.run(*words, "--json")[1])

    def processes(self) -> list[psutil.Process]:
        """Every process that belongs to this checkout: started in it."""
        return [process for process in psutil.process_iter(["cwd"]) if process.info["cwd"] == str(self.checkout)]


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    terminal = Terminal(tmp_path)
    yield terminal
    terminal.run("down")


def test_a_day_of_work(terminal: Terminal) -> None:
    describe(
        terminal.checkout,
        {"kafka": FakeResource(port=True), "orders": FakeResource(needs=("kafka",), script=f"echo hello; {READY}{SLEEP}")},
    )

    started = terminal.json("up")
    before = terminal.json("status")["data"]
    again = terminal.json("up")
    restarted = terminal.json("restart", "orders")
    after = terminal.json("status")["data"]
    waited = terminal.run("wait", "orders", "--timeout", "20")
    logged = terminal.json("logs", "orders")["data"]["records"]
    exported = terminal.json("env")["data"]
    stopped = terminal.run("down")
    second_stop = terminal.run("down")

    assert (started["status"], started["data"]["attached"], again["data"]["attached"]) == ("ok", False, True)
    assert [step["resource"] for step in started["data"]["criticalPath"]] == ["kafka", "orders"]
    assert restarted["data"]["resources"] == ["orders"]
    assert pid(before, "orders") != pid(after, "orders")
    assert pid(before, "kafka") == pid(after, "kafka")
    assert waited[0] == 0
    assert [record["text"] for record in logged] == ["hello", "hello"]
    assert exported["KAFKA_BOOTSTRAP_SERVERS"] == started["data"]["endpoints"]["kafka"].removeprefix("http://")
    assert (stopped[0], second_stop[0]) == (0, 7)
    assert terminal.processes() == []


def test_ctrl_c_in_the_middle_of_a_start_leaves_nothing_behind(terminal: Terminal) -> None:
    describe(terminal.checkout, {"kafka": FakeResource(), "orders": FakeResource(needs=("kafka",), script=SLEEP)})
    process = terminal.start("up")
    until(lambda: any("sleep" in child.name() for child in terminal.processes()))

    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)

    assert (process.returncode, err) == (130, "error: Interrupted. [interrupted]\n")
    assert "Stopping what this command started." in out
    assert terminal.run("status")[0] == 7
    until(lambda: terminal.processes() == [])


def test_a_second_ctrl_c_does_not_wait_for_a_process_that_will_not_go(terminal: Terminal) -> None:
    describe(terminal.checkout, {"stubborn": FakeResource(script=NEVER_READY, grace_seconds=600)})
    process = terminal.start("up")
    until(lambda: any("sleep" in child.name() for child in terminal.processes()))

    process.send_signal(signal.SIGINT)
    read_until(process, "Stopping what this command started.")
    process.send_signal(signal.SIGINT)

    assert process.wait(timeout=60) == 130
    until(lambda: terminal.processes() == [])


def test_ctrl_c_leaves_a_sandbox_alone_that_ran_before(terminal: Terminal) -> None:
    describe(terminal.checkout, {"kafka": FakeResource()})
    terminal.run("up")
    process = terminal.start("up", "--attach")
    read_until(process, "Everything is ready")

    process.send_signal(signal.SIGINT)

    assert process.wait(timeout=60) == 130
    assert terminal.run("status")[0] == 0


def test_a_service_that_crashes_at_its_start_is_told_at_once_with_its_last_words(terminal: Terminal) -> None:
    describe(terminal.checkout, {"orders": FakeResource(script="echo KeyError: PORT; exit 3")})

    answer = terminal.json("up")
    status, out, err = terminal.run("up")

    assert (status, answer["error"]["code"]) == (18, "resource_died")
    assert "| KeyError: PORT" in out
    assert err.startswith("error: orders ended before it was ready (exited with status 3): KeyError: PORT")


def test_a_service_that_fails_leaves_the_rest_up_and_every_word_about_it_names_the_cause(terminal: Terminal) -> None:
    describe(
        terminal.checkout,
        {
            "kafka": FakeResource(),
            "provision": FakeResource(task=True, needs=("kafka",), script="echo 'error: 0002_gift.sql is gone'; exit 4"),
            "orders": FakeResource(needs=("provision",)),
        },
    )

    started = terminal.run("up")
    status = terminal.json("status")["data"]
    shown = terminal.run("status")[1]
    waited = terminal.run("wait", "orders", "--timeout", "600")
    restarted = terminal.run("restart", "orders", "--timeout", "600")

    assert (started[0], waited[0], restarted[0]) == (18, 18, 18)
    assert started[2].splitlines()[0].startswith("error: provision failed: error: 0002_gift.sql is gone")
    assert {one["name"]: one["state"] for one in status["resources"]} == {
        "kafka": "ready",
        "provision": "failed",
        "orders": "failed",
    }
    assert "is degraded" in shown.splitlines()[0]
    assert "✗ provision failed: error: 0002_gift.sql is gone (orders waits for it)" in shown.splitlines()
    assert waited[2].startswith("error: orders waits for provision, which failed: error: 0002_gift.sql is gone")
    assert "0002_gift.sql is gone" in restarted[2].splitlines()[0]


def test_a_first_start_that_must_be_whole_leaves_nothing_behind(terminal: Terminal) -> None:
    describe(terminal.checkout, {"kafka": FakeResource(), "orders": FakeResource(script="exit 3")})

    failed = terminal.run("up", "--atomic")

    assert failed[0] == 18
    assert terminal.run("status")[0] == 7
    until(lambda: terminal.processes() == [])


def test_one_resource_stops_and_comes_back_and_the_rest_runs_on(terminal: Terminal) -> None:
    describe(terminal.checkout, {"kafka": FakeResource(), "orders": FakeResource(needs=("kafka",)), "edge": FakeResource()})
    terminal.run("up", "--without", "edge")

    before = terminal.json("status")["data"]
    stopped = terminal.json("stop", "orders")["data"]
    without = terminal.json("status")["data"]
    waited = terminal.json("wait", "--timeout", "30")["data"]["resources"]
    again = terminal.run("up", "orders")
    happened = terminal.json("events")["data"]["events"]

    states = {one["name"]: one["state"] for one in before["resources"]}
    assert states == {"kafka": "ready", "orders": "ready", "edge": "pending"}
    assert stopped == {"stopped": ["orders"]}
    assert (without["state"], pid(without, "orders")) == ("ready", None)
    assert waited == {"kafka": "ready"}
    assert again[0] == 0
    assert [event["reason"] for event in happened if event.get("state") == "stopped"] == ["stop was asked for"]


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGHUP])
def test_a_cancelled_ci_step_or_a_closed_terminal_stops_what_it_started(ending: signal.Signals, terminal: Terminal) -> None:
    describe(terminal.checkout, {"kafka": FakeResource()})
    process = terminal.start("up", "--attach")
    read_until(process, "Everything is ready")

    process.send_signal(ending)

    assert process.wait(timeout=60) == 130
    assert terminal.run("status")[0] == 7
    until(lambda: terminal.processes() == [])


def test_sandboxes_are_listed_and_stopped_from_anywhere(terminal: Terminal, tmp_path: Path) -> None:
    describe(terminal.checkout, {"kafka": FakeResource(), "orders": FakeResource(needs=("kafka",))})
    terminal.run("up")
    terminal.run("up", "kafka", "--name", "load")
    elsewhere = Terminal(tmp_path, checkout="elsewhere")

    listed = elsewhere.json("ls")["data"]["sandboxes"]
    shown = elsewhere.run("ls")[1].splitlines()
    stopped = elsewhere.json("down", "--all")["data"]["stopped"]

    assert [(one["name"], one["checkout"], one["state"]) for one in listed] == [
        ("default", str(terminal.checkout), "ready"),
        ("load", str(terminal.checkout), "ready"),
    ]
    assert [line.split()[:5] for line in shown[1:]] == [["default", "ready", "2", "of", "2"], ["load", "ready", "1", "of", "1"]]
    assert [(one["name"], one["error"]) for one in stopped] == [("default", None), ("load", None)]
    assert elsewhere.run("ls")[1] == "No sandbox runs.\n"
    until(lambda: terminal.processes() == [])


def test_ones_own_process_takes_the_place_of_a_service_and_gives_it_back(terminal: Terminal) -> None:
    describe(terminal.checkout, {"kafka": FakeResource(), "orders": FakeResource(needs=("kafka",), port=True)})
    terminal.run("up")
    before = pid(terminal.json("status")["data"], "orders")
    exported = terminal.json("env", "--service", "orders")["data"]

    swap = terminal.start("swap", "orders", "--", "sh", "-c", f"echo mine at $PORT; {READY}{SLEEP}")
    read_until(swap, f"mine at {exported['PORT']}")
    read_until(swap, "orders is ready: your process answers.")
    meanwhile = terminal.json("status")["data"]
    swap.send_signal(signal.SIGTERM)
    out, _ = swap.communicate(timeout=60)
    waited = terminal.run("wait", "orders", "--timeout", "60")
    until(lambda: pid(terminal.json("status")["data"], "orders") is not None)

    assert next(one["isSwapped"] for one in meanwhile["resources"] if one["name"] == "orders")
    assert pid(meanwhile, "orders") is None
    assert out.splitlines()[-1] == "orders runs by itself again."
    assert waited[0] == 0
    assert pid(terminal.json("status")["data"], "orders") != before


def test_a_place_that_a_resource_cannot_use_is_named_with_what_to_do(terminal: Terminal) -> None:
    describe(terminal.checkout, {"kafka": FakeResource()})
    data = terminal.checkout / ".shop-dev" / "default" / "data"
    data.mkdir(parents=True)
    (data / "kafka").write_text("no folder")

    failed = terminal.json("up")["error"]

    assert (failed["code"], failed["detail"]["path"]) == ("folder_unusable", str(data / "kafka"))
    assert failed["message"] == f"kafka cannot be started: {data / 'kafka'}: File exists"
    assert failed["actions"][1]["command"] == "shop-dev doctor"


def pid(status: Any, resource: str) -> int | None:
    found: int | None = next(one["pid"] for one in status["resources"] if one["name"] == resource)
    return found


def until(condition: Callable[[], bool], *, seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come true"
        time.sleep(0.02)


def read_until(process: subprocess.Popen[str], text: str) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        if text in line:
            return
    raise AssertionError(f"{text!r} was never printed")
