"""The supervisor with small real processes in place of Kafka and the rest: what it promises about processes, whoever they are."""

from __future__ import annotations

import concurrent.futures
import os
import random
import signal
import socket
import stat
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest
from fakes.sandbox import READY, SLEEP, FakeResource, describe
from fakes.sandbox_home import MARK, Home, eventually, pid_of, state_of
from shop_sandbox.client import SandboxClient, connect, start_or_attach
from shop_sandbox.ending import remove
from shop_sandbox.errors import ErrorCode, SandboxError
from shop_sandbox.events import (
    AnyEvent,
    CodeChanged,
    ResourceChanged,
    ResourceDied,
    ResourceState,
    SandboxFailed,
    SandboxReady,
    SandboxStopped,
    Swept,
)
from shop_sandbox.ownership import owner_of
from shop_sandbox.platform import here
from shop_sandbox.supervisor.fork_server.starting import NONCE_VARIABLE
from shop_sandbox.supervisor.protocol import ResourceStatus, SandboxState
from shop_sandbox.supervisor.silence import MOST_SILENT_PROBES

pytestmark = pytest.mark.integration

LOOP = "while :; do sleep 0.02; done"


def greeting(port: int) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        return connection.makefile("rb").readline()


def test_resources_start_after_what_they_need_and_side_by_side_otherwise(home: Home) -> None:
    describe(
        home.checkout,
        {
            "kafka": FakeResource(script=f"while [ ! -e go ]; do sleep 0.01; done; {READY}{SLEEP}"),
            "redis": FakeResource(script=f"touch go; {READY}{SLEEP}"),
            "topics": FakeResource(task=True, needs=("kafka",), script='[ -e "$RUN/../kafka/ready" ]'),
            "orders": FakeResource(needs=("topics", "redis")),
        },
    )

    _, events = home.up()

    ready = events[-1]
    assert isinstance(ready, SandboxReady), ready
    order = [(event.resource, event.state) for event in events if isinstance(event, ResourceChanged)]
    assert order.index(("kafka", ResourceState.READY)) < order.index(("topics", ResourceState.STARTING))
    assert order.index(("topics", ResourceState.DONE)) < order.index(("orders", ResourceState.STARTING))
    assert order.index(("redis", ResourceState.READY)) < order.index(("orders", ResourceState.STARTING))
    assert ready.critical_path[-1].resource == "orders"
    assert ready.generation == 1


def registry_of(client: SandboxClient) -> ResourceStatus:
    (found,) = [one for one in client.status().resources if one.name == "registry"]
    return found


def test_what_waits_by_itself_is_there_before_what_it_needs_and_ready_after_it(home: Home) -> None:
    comes_first = "while [ ! -e registry-came ]; do sleep 0.02; done; "
    registry = FakeResource(script="touch registry-came; " + READY + SLEEP, needs=("kafka",), waits_by_itself=True)
    describe(home.checkout, {"kafka": FakeResource(script=comes_first + READY + SLEEP), "registry": registry})

    _, events = home.up()

    assert isinstance(events[-1], SandboxReady), events[-1]
    ready = [event.resource for event in events if isinstance(event, ResourceChanged) and event.state is ResourceState.READY]
    assert ready == ["kafka", "registry"]
    assert [step.resource for step in events[-1].critical_path] == ["kafka", "registry"]


def test_what_waits_by_itself_says_what_has_failed_and_goes_on_when_that_comes_back(home: Home) -> None:
    (home.checkout / "broken").touch()
    kafka = FakeResource(script="[ -e broken ] && { echo 'Error: no disk'; exit 1; }; " + READY + SLEEP)
    describe(home.checkout, {"kafka": kafka, "registry": FakeResource(needs=("kafka",), waits_by_itself=True)})

    client, events = home.up()

    assert isinstance(events[-1], SandboxFailed)
    assert registry_of(client).waits_for == "kafka"
    (home.checkout / "broken").unlink()
    assert isinstance(list(client.restart("kafka"))[-1], SandboxReady)
    eventually(lambda: registry_of(client).state is ResourceState.READY, "the registry is ready")


def test_naming_a_resource_starts_it_with_what_it_needs_and_a_second_up_adds_the_rest(home: Home) -> None:
    describe(home.checkout, {"kafka": FakeResource(), "redis": FakeResource(), "orders": FakeResource(needs=("kafka",))})

    client, _ = home.ready("orders")
    states = {one.name: one.state for one in client.status().resources}
    kafka = pid_of(client, "kafka")
    second, events = home.up()

    assert states == {"kafka": ResourceState.READY, "orders": ResourceState.READY, "redis": ResourceState.PENDING}
    assert (client.attached, second.attached) == (False, True)
    assert isinstance(events[-1], SandboxReady)
    assert pid_of(second, "redis")
    assert pid_of(second, "kafka") == kafka


def test_an_unknown_resource_is_refused_and_nothing_runs_on(home: Home) -> None:
    describe(home.checkout, {"kafka": FakeResource()})

    _, events = home.up("kafak")

    assert isinstance(events[-1], SandboxFailed)
    assert events[-1].code == ErrorCode.RESOURCE_UNKNOWN
    eventually(lambda: not home.alive(), "the supervisor has ended")


def test_an_unknown_resource_is_refused_by_a_sandbox_that_runs_and_goes_on(home: Home) -> None:
    describe(home.checkout, {"kafka": FakeResource()})
    client, _ = home.ready()
    before = pid_of(client, "kafka")

    _, events = home.up("kafak")

    assert isinstance(events[-1], SandboxFailed)
    assert events[-1].code == ErrorCode.RESOURCE_UNKNOWN
    assert not any(isinstance(event, SandboxReady) for event in events)
    assert pid_of(client, "kafka") == before


def test_up_starts_a_service_whose_manifest_came_after_the_sandbox_was_ready(home: Home) -> None:
    known = {"kafka": FakeResource(), "topics": FakeResource(task=True, needs=("kafka",), script="echo made")}
    describe(home.checkout, known)
    client, _ = home.ready()
    kafka = pid_of(client, "kafka")
    describe(home.checkout, {**known, "orders": FakeResource(needs=("topics",))})

    _, events = home.up("orders")

    assert isinstance(events[-1], SandboxReady), events[-1]
    assert "orders" in {one.name for one in client.status().resources if one.state is ResourceState.READY}
    assert home.paths.log("topics").read_text().count("made") == 2, "what the new manifest asks for is provisioned first"
    assert pid_of(client, "kafka") == kafka


def test_a_service_that_hangs_is_started_again(home: Home) -> None:
    describe(home.checkout, {"orders": FakeResource(script=f'rm -f "$RUN/hangs"; {READY}{SLEEP}')})
    client, _ = home.ready()
    before = pid_of(client, "orders")

    (home.paths.data("orders") / "hangs").touch()

    eventually(lambda: client.status().resources[0].restarts == 1 and client.status().state is SandboxState.READY, "it is back")
    assert pid_of(client, "orders") != before


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells who waits for a processor")
def test_a_service_that_has_no_processor_to_run_on_is_not_taken_for_one_that_hangs(home: Home) -> None:
    crowd = "import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))}); os.fork(); os.fork()\nwhile True: pass"
    describe(home.checkout, {"orders": FakeResource(script=f"{READY}exec $PYTHON -c '{crowd}'")})
    client, _ = home.ready()
    hangs, silent = (home.paths.data("orders") / name for name in ("hangs", "silent"))

    hangs.touch()
    eventually(lambda: silent.exists() and silent.stat().st_size > 2 * MOST_SILENT_PROBES, "it was silent for long")
    hangs.unlink()

    eventually(lambda: client.status().state is SandboxState.READY, "it is ready again")
    assert client.status().resources[0].restarts == 0


USES_SHARED_CODE = """
import os, pathlib, time, our_kit
def main():
    told = f"{our_kit.EDITION} {'ahead' if our_kit.IMPORTED_BY != os.getpid() else 'by itself'}"
    pathlib.Path(os.environ["RUN"], "told").write_text(told)
    pathlib.Path(os.environ["RUN"], "ready").touch()
    time.sleep(600)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere services are not forked")
def test_shared_code_is_imported_ahead_and_what_was_edited_since_by_each_service_itself(home: Home) -> None:
    kit = home.checkout / "our_kit.py"
    kit.write_text("import os\nIMPORTED_BY = os.getpid()\nEDITION = 'first'\n")
    (home.checkout / "stock.py").write_text(USES_SHARED_CODE)
    describe(home.checkout, {"stock": FakeResource(target="stock:main")})
    home.settings = home.with_(preload=["our_kit", "not_there"])
    told = home.paths.data("stock") / "told"

    client, _ = home.ready()
    assert told.read_text() == "first ahead"

    assert isinstance(list(client.restart("stock"))[-1], SandboxReady)
    assert told.read_text() == "first ahead"

    kit.write_text(kit.read_text().replace("first", "second"))
    assert isinstance(list(client.restart("stock"))[-1], SandboxReady)
    assert told.read_text() == "second by itself"


def test_up_stops_a_service_whose_manifest_is_gone(home: Home) -> None:
    describe(home.checkout, {"kafka": FakeResource(), "orders": FakeResource()})
    client, _ = home.ready()
    describe(home.checkout, {"kafka": FakeResource()})

    _, events = home.up()

    assert isinstance(events[-1], SandboxReady), events[-1]
    assert [one.name for one in client.status().resources] == ["kafka"]


def test_the_seconds_to_ready_are_those_of_the_life_that_runs(home: Home) -> None:
    slow_first = f'[ -e "$RUN/again" ] || sleep 3; touch "$RUN/again"; {READY}{SLEEP}'
    describe(home.checkout, {"orders": FakeResource(script=slow_first)})
    client, _ = home.ready()
    (first,) = client.status().resources

    os.kill(pid_of(client, "orders"), signal.SIGKILL)

    eventually(lambda: client.status().resources[0].restarts == 1 and client.status().state is SandboxState.READY, "it is back")
    (second,) = client.status().resources
    assert first.seconds_to_ready is not None
    assert second.seconds_to_ready is not None
    assert second.seconds_to_ready < first.seconds_to_ready, "the second life waits for nothing"


def test_a_state_folder_that_cannot_be_written_is_named_with_what_to_do(home: Home) -> None:
    describe(home.checkout, {"kafka": FakeResource()})
    (home.checkout / ".shop-dev").write_text("in the way")

    with pytest.raises(SandboxError) as refusal:
        start_or_attach(home.settings)

    assert refusal.value.code is ErrorCode.FOLDER_UNUSABLE
    assert ".shop-dev" in refusal.value.actions[0]
    assert any("shop-dev doctor" in action for action in refusal.value.actions)
    assert not home.alive()


def test_whatever_keeps_a_supervisor_from_preparing_is_told_and_it_ends(home: Home) -> None:
    describe(home.checkout, {"kafka": FakeResource()})

    events = list(start_or_attach(home.with_(blueprint="fakes.sandbox:no_such_function")).up())

    assert isinstance(events[-1], SandboxFailed)
    assert "no_such_function" in events[-1].message
    eventually(lambda: not home.alive(), "the supervisor has ended")


def test_down_leaves_nothing_running_and_the_next_up_goes_on_from_the_state(home: Home) -> None:
    describe(
        home.checkout,
        {
            "postgres": FakeResource(stamped=True, port=True),
            "aws": FakeResource(stamped=True, emulator=True),
            "orders": FakeResource(needs=("postgres",)),
        },
    )
    client, first = home.ready()

    stopped = list(client.down())
    left = home.alive()
    _, second = home.ready()

    assert isinstance(stopped[-1], SandboxStopped)
    assert left == []
    assert second.endpoints == first.endpoints
    assert (first.generation, second.generation) == (1, 2)


def test_dependents_stop_before_what_they_need(home: Home) -> None:
    orders = f"trap 'sleep 0.2; [ -e $RUN/../kafka/alive ] && touch kafka-was-there; exit 0' TERM; {READY}{LOOP}"
    kafka = f"touch $RUN/alive; trap 'rm $RUN/alive; exit 0' TERM; {READY}{LOOP}"
    describe(home.checkout, {"kafka": FakeResource(script=kafka), "orders": FakeResource(needs=("kafka",), script=orders)})
    client, _ = home.ready()

    events = list(client.down())

    order = [(event.resource, event.state) for event in events if isinstance(event, ResourceChanged)]
    assert order.index(("orders", ResourceState.STOPPED)) < order.index(("kafka", ResourceState.STOPPING))
    assert (home.checkout / "kafka-was-there").exists()


def test_down_waits_for_the_whole_group_and_forces_what_does_not_listen(home: Home) -> None:
    describe(
        home.checkout,
        {"deaf": FakeResource(script=f"trap '' TERM; sleep 600 & {READY} while :; do sleep 1; done", grace_seconds=0.2)},
    )
    client, _ = home.ready()

    list(client.down())

    assert home.alive() == []


def test_a_grandchild_that_left_its_group_does_not_outlive_down(home: Home) -> None:
    program = "import os, time; os.setsid(); open(os.environ['RUN'] + '/ready', 'w'); time.sleep(600)"
    describe(home.checkout, {"daemon": FakeResource(script=f'"$PYTHON" -I -S -c "{program}" & {SLEEP}')})
    client, _ = home.ready()

    list(client.down())

    eventually(lambda: not home.alive(), "the daemon has ended")


def test_other_users_of_the_machine_cannot_read_a_sandbox(home: Home) -> None:
    describe(home.checkout, {"postgres": FakeResource(stamped=True)})
    home.ready()

    assert stat.S_IMODE(home.paths.root.stat().st_mode) == 0o700
    owner = owner_of(home.paths)
    assert owner is not None
    assert stat.S_IMODE(Path(owner.socket).parent.stat().st_mode) == 0o700


def test_purge_removes_the_state(home: Home) -> None:
    describe(home.checkout, {"postgres": FakeResource(stamped=True)})
    client, _ = home.ready()

    list(client.down(purge=True))

    assert not home.paths.root.exists()


def test_a_service_that_crashes_at_start_is_told_with_its_last_lines_and_the_rest_runs_on(home: Home) -> None:
    describe(home.checkout, {"kafka": FakeResource(), "orders": FakeResource(needs=("kafka",), target="fakes.programs:crash")})

    client, events = home.up()

    died = next(event for event in events if isinstance(event, ResourceDied))
    failed = events[-1]
    assert isinstance(failed, SandboxFailed)
    assert failed.code == ErrorCode.RESOURCE_DIED
    assert failed.message == "orders ended before it was ready (exited with status 1): RuntimeError: no such table: orders"
    assert died.last_lines[0] == "about to connect"
    assert died.last_lines[-1] == "RuntimeError: no such table: orders"
    assert died.log_path == str(home.paths.log("orders"))
    states = {one.name: one.state for one in client.status().resources}
    assert states == {"kafka": ResourceState.READY, "orders": ResourceState.FAILED}
    assert client.status().state is SandboxState.DEGRADED


def test_an_atomic_first_up_in_which_a_service_crashes_leaves_nothing(home: Home) -> None:
    describe(home.checkout, {"kafka": FakeResource(), "orders": FakeResource(needs=("kafka",), target="fakes.programs:crash")})

    _, events = home.up(atomic=True)

    assert isinstance(events[-1], SandboxFailed)
    eventually(lambda: not home.alive(), "nothing is left of the failed start")


def test_a_store_that_dies_at_its_start_is_checked_and_tried_once_more(home: Home) -> None:
    describe(home.checkout, {"postgres": FakeResource(stamped=True, script=f"[ -e broken-files ] && exit 1; {READY}{SLEEP}")})
    (home.checkout / "broken-files").touch()

    home.ready()


def test_a_store_that_dies_again_after_the_check_fails_the_start(home: Home) -> None:
    describe(home.checkout, {"postgres": FakeResource(stamped=True, script="echo try >> tries; exit 1")})

    _, events = home.up()

    assert isinstance(events[-1], SandboxFailed)
    assert events[-1].code == ErrorCode.RESOURCE_DIED
    assert (home.checkout / "tries").read_text() == "try\ntry\n"


def test_a_start_that_takes_too_long_says_what_is_late_and_why(home: Home) -> None:
    describe(home.checkout, {"kafka": FakeResource(script=SLEEP), "orders": FakeResource(needs=("kafka",))})
    client = start_or_attach(home.with_(start_timeout_seconds=0.5))

    events = list(client.up())

    assert isinstance(events[-1], SandboxFailed)
    assert events[-1].code == ErrorCode.START_TIMED_OUT
    assert "kafka is starting (no file `ready`)" in events[-1].message


def test_a_failed_task_fails_the_start(home: Home) -> None:
    script = "echo no broker >&2; echo '  hint: start one' >&2; exit 4"
    describe(home.checkout, {"topics": FakeResource(task=True, script=script), "orders": FakeResource(needs=("topics",))})

    client, events = home.up()

    assert isinstance(events[-1], SandboxFailed)
    assert events[-1].code == ErrorCode.PROVISION_FAILED
    assert events[-1].message == "topics failed: no broker. Waiting for it: orders"
    assert events[-1].actions[0] == "start one"
    assert events[-1].detail["lastLines"] == ["no broker", "  hint: start one"]
    (topics,) = [one for one in client.status().resources if one.name == "topics"]
    assert topics.last_exit is not None
    assert topics.last_exit.hints == ("start one",)


def test_a_task_that_is_started_anew_while_it_works_ends_and_does_its_work_again(home: Home) -> None:
    """As in a change of branches, whose edits come in two lots."""
    describe(home.checkout, {"topics": FakeResource(task=True, script="while [ ! -e go ]; do sleep 0.02; done")})
    (home.checkout / "go").touch()
    client, _ = home.ready()
    (home.checkout / "go").unlink()
    working = next(
        event.pid
        for event in client.restart("topics")
        if isinstance(event, ResourceChanged) and event.state is ResourceState.STARTING and event.pid is not None
    )

    again = connect(client.paths).restart("topics", timeout_seconds=20)
    newer = next(
        event.pid
        for event in again
        if isinstance(event, ResourceChanged) and event.state is ResourceState.STARTING and event.pid not in {None, working}
    )
    (home.checkout / "go").touch()

    assert newer is not None
    assert here.start_time(working or 0) is None, "the former process is gone"
    eventually(lambda: client.status().resources[0].state is ResourceState.DONE, "topics is done again")


def test_a_killed_service_is_started_again_and_its_port_never_refuses(home: Home) -> None:
    describe(home.checkout, {"orders": FakeResource(target="fakes.programs:serve", port=True)})
    client, _ = home.ready()
    port = client.status().ports["orders"]
    before = pid_of(client, "orders")

    os.kill(before, signal.SIGKILL)
    answers = [greeting(port) for _ in range(50)]

    assert b"hello from %d\n" % before not in answers
    eventually(lambda: client.status().state is SandboxState.READY, "the sandbox is ready again")
    assert pid_of(client, "orders") != before
    assert [one.restarts for one in client.status().resources] == [1]


def test_a_crash_loop_ends_and_a_restart_tries_again(home: Home) -> None:
    describe(home.checkout, {"orders": FakeResource(script=f"[ -e broken ] && {{ echo it is broken; exit 1; }}; {READY}{SLEEP}")})
    client, _ = home.ready()

    began = time.time()
    (home.checkout / "broken").touch()
    os.kill(pid_of(client, "orders"), signal.SIGKILL)
    eventually(lambda: client.status().resources[0].state is ResourceState.FAILED, "it is given up")
    events = list(client.events(since=began))
    (home.checkout / "broken").unlink()
    healed = list(client.restart("orders"))

    assert ResourceState.BACKING_OFF in state_of(events, "orders")
    assert [event.last_lines for event in events if isinstance(event, ResourceDied)][1:] == [("it is broken",)] * 6
    assert isinstance(healed[-1], SandboxReady)
    assert state_of(healed, "orders")[-1] is ResourceState.READY


def test_ready_then_not_ready_any_more_shows(home: Home) -> None:
    describe(home.checkout, {"orders": FakeResource()})
    client, _ = home.ready()

    (home.paths.data("orders") / "ready").unlink()

    eventually(lambda: client.status().state is SandboxState.DEGRADED, "the sandbox is degraded")
    (found,) = client.status().resources
    assert found.reason == "not ready any more: no file `ready`"


def test_the_emulator_killed_in_a_running_sandbox_stops_what_needs_it_and_offers_a_reset(home: Home) -> None:
    describe(
        home.checkout,
        {
            "postgres": FakeResource(stamped=True),
            "aws": FakeResource(stamped=True, emulator=True),
            "tables": FakeResource(task=True, needs=("aws",), script="exit 0"),
            "orders": FakeResource(needs=("tables",)),
        },
    )
    client, _ = home.ready()

    os.kill(pid_of(client, "aws"), signal.SIGKILL)
    eventually(lambda: client.status().state is SandboxState.FAILED, "the sandbox says so")
    eventually(
        lambda: {one.name: one.state for one in client.status().resources}["orders"] is ResourceState.STOPPED, "orders is stopped"
    )

    failure = client.status().failure
    assert failure is not None
    assert failure.code == ErrorCode.EMULATOR_STATE_LOST
    assert "--reset" in failure.actions[0]
    assert pid_of(client, "postgres")
    again = list(client.up())
    assert isinstance(again[-1], SandboxFailed)
    with pytest.raises(SandboxError, match="keeps nothing"):
        list(client.restart("aws"))
    fresh = list(start_or_attach(home.with_(reset=True)).up())
    assert isinstance(fresh[-1], SandboxReady)
    assert fresh[-1].generation == 1


def test_a_store_that_comes_up_empty_beside_others_with_data_stops_the_start(home: Home) -> None:
    describe(
        home.checkout,
        {
            "postgres": FakeResource(stamped=True),
            "aws": FakeResource(stamped=True, emulator=True),
            "orders": FakeResource(needs=("aws",)),
        },
    )
    client, _ = home.ready()
    list(client.down())
    (home.paths.data("aws") / "stamp").unlink()

    _, events = home.up()

    failed = events[-1]
    assert isinstance(failed, SandboxFailed)
    assert failed.code == ErrorCode.STATE_INCOMPLETE
    assert (failed.detail["missing"], failed.detail["present"]) == (["aws"], ["postgres"])
    assert ResourceState.STARTING not in state_of(events, "orders")


def test_a_taken_port_names_who_holds_it_before_anything_starts(home: Home) -> None:
    describe(home.checkout, {"redis": FakeResource(port=True, script="touch started; exec sleep 600")})
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        events = list(start_or_attach(home.with_(ports={"redis": port})).up())

    failed = events[-1]
    assert isinstance(failed, SandboxFailed)
    assert failed.code == ErrorCode.PORT_TAKEN
    assert failed.detail["pid"] == os.getpid()
    assert f"(pid {os.getpid()})" in failed.message
    assert "SHOP_REDIS_PORT" in failed.actions[0]
    assert not (home.checkout / "started").exists()


def test_a_port_is_held_while_its_program_listens_there(home: Home) -> None:
    program = (
        "import os, socket; s = socket.create_server(('127.0.0.1', int(os.environ['PORT'])));"
        " open(os.environ['RUN'] + '/ready', 'w'); s.accept(); import time; time.sleep(600)"
    )
    describe(home.checkout, {"redis": FakeResource(port=True, script=f'exec "$PYTHON" -I -S -c "{program}"')})

    client, events = home.up()

    assert isinstance(events[-1], SandboxReady)
    with pytest.raises(OSError, match="Address already in use"), socket.socket() as other:
        other.bind(("127.0.0.1", client.status().ports["redis"]))


def test_of_many_that_start_the_same_sandbox_at_once_one_does_and_all_see_it_ready(home: Home) -> None:
    describe(home.checkout, {"kafka": FakeResource(script=f"echo started >> starts; {READY}{SLEEP}")})
    program = "; ".join(
        (
            "import sys, msgspec",
            "from shop_sandbox.client import start_or_attach",
            "from shop_sandbox.supervisor.settings import SupervisorSettings",
            "client = start_or_attach(msgspec.json.decode(sys.stdin.buffer.read(), type=SupervisorSettings))",
            "print(client.attached, type(list(client.up())[-1]).__name__)",
        )
    )

    def race(_: int) -> str:
        return subprocess.run(
            [sys.executable, "-c", program], input=msgspec.json.encode(home.settings), capture_output=True, check=True, timeout=60
        ).stdout.decode()

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        outcomes = sorted(pool.map(race, range(4)))

    assert outcomes == ["False SandboxReady\n", "True SandboxReady\n", "True SandboxReady\n", "True SandboxReady\n"]
    assert (home.checkout / "starts").read_text() == "started\n"


def test_a_change_restarts_what_watches_the_file_and_nothing_else(home: Home) -> None:
    (home.checkout / "orders").mkdir()
    (home.checkout / "payments").mkdir()
    describe(home.checkout, {"orders": FakeResource(watched=("orders",)), "payments": FakeResource(watched=("payments",))})
    client, _ = home.ready()
    before = {one.name: one.pid for one in client.status().resources}
    following = client.follow()
    seen: list[AnyEvent] = []

    def edit_until_noticed() -> None:
        number = 0
        while not any(isinstance(event, CodeChanged) for event in seen):
            number += 1
            (home.checkout / "orders" / "app.py").write_text(f"version = {number}\n")
            time.sleep(0.3)

    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        editing = pool.submit(edit_until_noticed)
        for event in following:
            seen.append(event)
            if (
                any(isinstance(one, CodeChanged) for one in seen)
                and isinstance(event, ResourceChanged)
                and event.state is ResourceState.READY
            ):
                break
        editing.result()
    following.close()  # type: ignore[attr-defined]  # it is a generator

    changed = next(event for event in seen if isinstance(event, CodeChanged))
    assert changed.files == ("orders/app.py",)
    assert changed.resources == ("orders",)
    after = {one.name: one.pid for one in client.status().resources}
    assert after["payments"] == before["payments"]
    assert after["orders"] != before["orders"]


def test_background_work_starts_after_ready_and_ends_with_down(home: Home) -> None:
    describe(home.checkout, {"kafka": FakeResource(background=f"touch trained; {SLEEP}")})
    client, _ = home.ready()
    eventually((home.checkout / "trained").exists, "the background work has begun")

    list(client.down())

    assert home.alive() == []


def test_a_disk_without_room_for_logs_costs_lines_and_not_the_service(home: Home) -> None:
    describe(home.checkout, {"orders": FakeResource(script=f"{READY} while :; do echo line; sleep 0.01; done")})
    home.paths.logs.mkdir(parents=True)
    home.paths.log("orders").symlink_to("/dev/full")

    client, events = home.up()
    eventually(lambda: client.status().warnings, "the status warns")

    assert isinstance(events[-1], SandboxReady)
    assert "No space left on device" in client.status().warnings[0]
    assert client.status().state is SandboxState.READY


def test_forced_down_collapses_the_wait_of_a_down_that_is_under_way(home: Home) -> None:
    describe(home.checkout, {"deaf": FakeResource(script=f"trap '' TERM; {READY} while :; do sleep 0.05; done", grace_seconds=600)})
    client, _ = home.ready()
    first = client.down()
    next(event for event in first if isinstance(event, ResourceChanged) and event.state is ResourceState.STOPPING)

    last = list(client.down(force=True))[-1]

    assert isinstance(last, SandboxStopped)
    assert isinstance(list(first)[-1], SandboxStopped)


def test_the_supervisor_asked_by_a_signal_stops_everything(home: Home) -> None:
    describe(
        home.checkout, {"kafka": FakeResource(), "orders": FakeResource(needs=("kafka",), target="fakes.programs:serve", port=True)}
    )
    client, _ = home.ready()

    os.kill(client.status().supervisor_pid, signal.SIGTERM)

    eventually(lambda: not home.alive(), "everything has ended")
    with pytest.raises(SandboxError) as refused:
        connect(home.paths)
    assert refused.value.code is ErrorCode.NOT_RUNNING


def test_a_killed_supervisor_lets_stores_save_and_the_next_up_names_what_it_removed(home: Home) -> None:
    saving = f"trap 'sleep 0.2; echo saved > saved; exit 0' TERM; {READY} while :; do sleep 0.01; done"
    describe(
        home.checkout,
        {"aws": FakeResource(emulator=True, stamped=True, death_signal=15, script=saving), "orders": FakeResource(needs=("aws",))},
    )
    client, _ = home.ready()

    os.kill(client.status().supervisor_pid, signal.SIGKILL)
    eventually(lambda: not home.alive(), "nothing has survived")
    _, events = home.up()

    assert (home.checkout / "saved").read_text() == "saved\n"
    assert [event.what for event in events if isinstance(event, Swept)] == ["ledger"]
    assert isinstance(events[-1], SandboxReady)


def test_what_outlived_supervisor_and_spawner_is_swept_by_the_next_up(home: Home) -> None:
    describe(home.checkout, {"kafka": FakeResource()})
    client, _ = home.ready()
    status = client.status()
    stray = subprocess.Popen(["sleep", "600"], env={NONCE_VARIABLE: _nonce(home), MARK: home.mark}, start_new_session=True)
    os.kill(status.supervisor_pid, signal.SIGSTOP)
    for pid in here.children(status.supervisor_pid):
        os.kill(pid, signal.SIGKILL)
    os.kill(status.supervisor_pid, signal.SIGKILL)
    eventually(lambda: home.alive() == [stray.pid], "only the stray is left")

    _, events = home.up()

    assert next((event.what, event.pid) for event in events if isinstance(event, Swept)) == ("process outside its group", stray.pid)
    assert stray.wait(timeout=10) == -signal.SIGKILL


def test_purging_a_dead_sandbox_sweeps_it_first(home: Home) -> None:
    describe(home.checkout, {"kafka": FakeResource()})
    client, _ = home.ready()
    os.kill(client.status().supervisor_pid, signal.SIGKILL)
    eventually(lambda: not home.alive(), "nothing has survived")

    events = list(remove(home.paths))

    assert [event.what for event in events if isinstance(event, Swept)] == ["ledger"]
    assert not home.paths.root.exists()


@pytest.mark.parametrize("seed", range(20))
def test_a_supervisor_killed_at_a_random_moment_of_up_or_down_leaves_no_survivor(home: Home, seed: int) -> None:
    describe(
        home.checkout,
        {
            "kafka": FakeResource(stamped=True, death_signal=15, script=f"sleep 0.1; {READY} sleep 600 & wait"),
            "aws": FakeResource(
                stamped=True, emulator=True, death_signal=15, script=f"trap 'exit 0' TERM; {READY} while :; do sleep 0.02; done"
            ),
            "topics": FakeResource(task=True, needs=("kafka",), script="sleep 0.05"),
            "orders": FakeResource(needs=("topics", "aws"), script=f"sleep 0.05; {READY}{SLEEP}"),
            "payments": FakeResource(needs=("aws",), script=f"(setsid sleep 600 &); {READY}{SLEEP}"),
        },
    )
    moment = random.Random(seed)
    client = start_or_attach(home.settings)
    supervisor = client.status().supervisor_pid
    events = client.up() if seed % 2 else client.down() if list(client.up()) else iter(())
    enough = moment.randrange(1, 14 if seed % 2 else 8)
    try:
        for count, _ in enumerate(events, start=1):
            if count == enough:
                time.sleep(moment.random() * 0.02)
                os.kill(supervisor, signal.SIGKILL)
    except (SandboxError, ProcessLookupError):
        pass  # the supervisor went away in the middle of an answer, or had ended before it was killed

    eventually(lambda: not home.alive(), "nobody has survived")
    again = list(start_or_attach(home.settings).up())
    assert isinstance(again[-1], SandboxReady), again[-1]


def _nonce(home: Home) -> str:
    from shop_sandbox.supervisor import ledger

    contents = ledger.read(home.paths.ledger)
    assert contents is not None
    return contents.nonce
