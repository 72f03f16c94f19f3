"""Nothing is signalled that the ledger does not prove to be ours, and nothing that is ours stays."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator

import msgspec
import pytest
from shop_sandbox.platform import here
from shop_sandbox.supervisor import ladder
from shop_sandbox.supervisor.ledger import Entry


@pytest.fixture
def started() -> Iterator[list[subprocess.Popen[bytes]]]:
    processes: list[subprocess.Popen[bytes]] = []
    yield processes
    for process in processes:
        process.kill()
        process.wait()


def start(started: list[subprocess.Popen[bytes]], script: str) -> Entry:
    process = subprocess.Popen(["/bin/sh", "-c", f"{script}"], start_new_session=True, stdout=subprocess.PIPE)
    started.append(process)
    assert process.stdout is not None
    assert process.stdout.readline() == b"go\n"
    start_time = here.start_time(process.pid)
    assert start_time is not None
    return Entry(resource="x", pid=process.pid, start_time=start_time, death_signal=signal.SIGTERM, grace_seconds=5.0)


def reap(started: list[subprocess.Popen[bytes]]) -> list[int]:
    return [process.wait(timeout=10) for process in started]


def test_a_process_of_the_ledger_is_asked_and_ends(started: list[subprocess.Popen[bytes]]) -> None:
    entry = start(started, "trap 'exit 7' TERM; echo go; while :; do sleep 0.01; done")

    assert ladder.end_all([entry]) == [entry]
    assert reap(started) == [7]


def test_one_that_does_not_listen_is_killed_after_its_grace(started: list[subprocess.Popen[bytes]]) -> None:
    entry = start(started, "trap '' TERM; echo go; while :; do sleep 0.01; done")

    ladder.end_all([msgspec.structs.replace(entry, grace_seconds=0.1)])

    assert reap(started) == [-signal.SIGKILL]


def test_a_recycled_pid_is_never_signalled(started: list[subprocess.Popen[bytes]]) -> None:
    entry = start(started, "echo go; exec sleep 600")

    ended = ladder.end_all([msgspec.structs.replace(entry, start_time="another process, long ago")])

    assert ended == []
    assert started[0].poll() is None


def test_a_process_that_is_gone_is_no_trouble(started: list[subprocess.Popen[bytes]]) -> None:
    entry = start(started, "echo go; exec sleep 600")
    started[0].kill()
    reap(started)

    assert ladder.end_all([entry]) == []


def test_strays_are_found_by_what_they_were_started_with(started: list[subprocess.Popen[bytes]]) -> None:
    token = os.urandom(8).hex()
    started.append(subprocess.Popen(["sleep", "600"], env={"SHOP_SANDBOX_NONCE": token}, start_new_session=True))
    started.append(subprocess.Popen(["sleep", "600"], env={"SHOP_SANDBOX_NONCE": "other"}, start_new_session=True))

    found = ladder.end_everything_started_with("SHOP_SANDBOX_NONCE", token)

    assert found == [started[0].pid]
    assert started[0].wait(timeout=10) == -signal.SIGKILL
    assert started[1].poll() is None
