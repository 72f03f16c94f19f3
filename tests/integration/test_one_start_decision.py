"""`up`, `restart` and a change of code meet in one decision: what is concerned is marked first, then started in the graph's
order."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable

import pytest
from fakes.sandbox import READY, SLEEP, FakeResource, describe
from fakes.sandbox_home import Home, eventually, pid_of, state_of
from shop_sandbox.client import SandboxClient, start_or_attach
from shop_sandbox.errors import ErrorCode
from shop_sandbox.events import CodeChanged, DownloadProgress, ResourceState, SandboxFailed, SandboxReady
from shop_sandbox.supervisor.protocol import ResourceStatus, SandboxState

pytestmark = pytest.mark.integration

FAILS_WHILE_BROKEN = "[ -e broken ] && { echo 'Error: it is broken'; exit 1; }; "
TABLES = 'test -e tables || { echo "relation gifts does not exist" >&2; exit 3; }; '


def resource(client: SandboxClient, name: str) -> ResourceStatus:
    return next(one for one in client.status().resources if one.name == name)


def is_in(client: SandboxClient, name: str, state: ResourceState) -> Callable[[], bool]:
    return lambda: resource(client, name).state is state


def edit_until(home: Home, file: str, condition: Callable[[], object]) -> None:
    """Save a file again and again until that is noticed: when exactly the watch begins is nobody's business."""
    (home.checkout / file).parent.mkdir(parents=True, exist_ok=True)
    deadline = time.monotonic() + 30
    number = 0
    while not condition():
        assert time.monotonic() < deadline, f"nobody took notice of {file}"
        number += 1
        (home.checkout / file).write_text(f"{number}\n")
        threading.Event().wait(0.5)


def test_up_does_not_tell_an_old_failure_again(home: Home) -> None:
    (home.checkout / "broken").touch()
    describe(home.checkout, {"redis": FakeResource(), "orders": FakeResource(script=FAILS_WHILE_BROKEN + READY + SLEEP)})
    client, first = home.up()

    of_another = list(client.up(("redis",)))
    (home.checkout / "broken").unlink()
    healed = list(client.restart("orders"))
    after_all_is_well = list(client.up())

    assert isinstance(first[-1], SandboxFailed)
    assert isinstance(of_another[-1], SandboxReady)
    assert isinstance(healed[-1], SandboxReady)
    assert isinstance(after_all_is_well[-1], SandboxReady)
    assert client.status().state is SandboxState.READY


def test_up_tries_what_has_failed_once_more(home: Home) -> None:
    (home.checkout / "broken").touch()
    describe(home.checkout, {"orders": FakeResource(script=FAILS_WHILE_BROKEN + READY + SLEEP)})
    client, _ = home.up()

    (home.checkout / "broken").unlink()

    assert isinstance(list(client.up())[-1], SandboxReady)


def test_restart_starts_what_is_needed_and_was_never_started(home: Home) -> None:
    describe(
        home.checkout,
        {
            "redis": FakeResource(),
            "kafka": FakeResource(),
            "topics": FakeResource(task=True, needs=("kafka",), script="exit 0"),
            "orders": FakeResource(needs=("topics",)),
        },
    )
    client, _ = home.ready("redis")

    events = list(client.restart("orders"))

    assert isinstance(events[-1], SandboxReady)
    assert {one.name: one.state for one in client.status().resources} == {
        "redis": ResourceState.READY,
        "kafka": ResourceState.READY,
        "topics": ResourceState.DONE,
        "orders": ResourceState.READY,
    }


def test_restart_of_what_is_never_ready_ends_with_its_own_deadline(home: Home) -> None:
    describe(home.checkout, {"orders": FakeResource(script=f"[ -e slow ] || {READY} {SLEEP}")})
    client, _ = home.ready()
    (home.checkout / "slow").touch()

    last = list(client.restart("orders", timeout_seconds=0.5))[-1]

    assert isinstance(last, SandboxFailed)
    assert last.code == ErrorCode.START_TIMED_OUT
    assert "orders is starting (no file `ready`)" in last.message


def test_the_deadline_of_an_up_holds_in_a_sandbox_that_runs(home: Home) -> None:
    describe(home.checkout, {"redis": FakeResource(), "orders": FakeResource(script=SLEEP)})
    client, _ = home.ready("redis")

    last = list(client.up(timeout_seconds=0.5))[-1]

    assert isinstance(last, SandboxFailed)
    assert last.code == ErrorCode.START_TIMED_OUT
    assert resource(client, "redis").state is ResourceState.READY


def test_what_has_to_be_downloaded_first_does_not_count_against_the_deadline(home: Home) -> None:
    describe(home.checkout, {"redis": FakeResource(downloads=True)})
    seconds = 2.0

    began: float | None = None
    for event in start_or_attach(home.settings).up(timeout_seconds=seconds):
        if isinstance(event, DownloadProgress):
            began = began or event.at
            if event.at - began > 1.5 * seconds:
                (home.checkout / "arrived").touch()
        last = event

    assert isinstance(last, SandboxReady), last


def test_what_waits_for_something_that_failed_says_so_at_once_and_goes_on_when_that_is_mended(home: Home) -> None:
    (home.checkout / "broken").touch()
    describe(
        home.checkout,
        {
            "postgres": FakeResource(stamped=True),
            "databases": FakeResource(
                task=True,
                needs=("postgres",),
                script="[ -e broken ] && { echo 'migration orders/0002_gift.sql: line 3: syntax error' >&2; exit 1; }; exit 0",
            ),
            "orders": FakeResource(needs=("databases",)),
            "redis": FakeResource(),
        },
    )

    client, events = home.up()
    failed, waiting = events[-1], resource(client, "orders")
    (home.checkout / "broken").unlink()
    mended = list(client.restart("databases"))

    assert isinstance(failed, SandboxFailed)
    assert failed.code == ErrorCode.PROVISION_FAILED
    assert failed.message == ("databases failed: migration orders/0002_gift.sql: line 3: syntax error. Waiting for it: orders")
    assert waiting.state is ResourceState.FAILED
    assert waiting.waits_for == "databases"
    assert waiting.failure == "orders waits for databases, which failed: migration orders/0002_gift.sql: line 3: syntax error"
    assert isinstance(mended[-1], SandboxReady)
    eventually(is_in(client, "orders", ResourceState.READY), "orders goes on by itself")


def test_restarting_what_waits_for_something_that_failed_tells_the_cause_at_once(home: Home) -> None:
    describe(
        home.checkout,
        {
            "databases": FakeResource(task=True, script="echo 'no such role' >&2; exit 1"),
            "orders": FakeResource(needs=("databases",)),
        },
    )
    client, _ = home.up()

    last = list(client.restart("orders"))[-1]

    assert isinstance(last, SandboxFailed)
    assert last.code == ErrorCode.PROVISION_FAILED
    assert "databases failed: no such role" in last.message


def test_an_edit_of_a_tasks_input_runs_the_task_before_the_service_starts_again(home: Home) -> None:
    migrations = FakeResource(task=True, script="sleep 0.3; touch tables", watched=("orders",), ignored=("*", "!*/", "!*.sql"))
    orders = FakeResource(script=TABLES + READY + SLEEP, needs=("databases",), watched=("orders",))
    (home.checkout / "orders").mkdir()
    describe(home.checkout, {"databases": migrations, "orders": orders})
    client, _ = home.ready()
    (home.checkout / "tables").unlink()
    began = time.time()

    edit_until(home, "orders/0002_gift.sql", lambda: any(isinstance(one, CodeChanged) for one in client.events(since=began)))
    eventually(lambda: client.status().state is SandboxState.READY and (home.checkout / "tables").exists(), "all is ready again")

    changed = next(one for one in client.events(since=began) if isinstance(one, CodeChanged))
    assert changed.resources == ("databases", "orders")
    assert resource(client, "orders").last_exit is None, "it never started without its tables"


def test_a_service_that_joins_a_running_sandbox_starts_after_its_tables_exist(home: Home) -> None:
    databases = FakeResource(task=True, script="[ -e joins ] && { sleep 0.3; touch tables; }; exit 0")
    known = {"databases": databases}
    describe(home.checkout, known)
    client, _ = home.ready()
    (home.checkout / "joins").touch()
    describe(home.checkout, {**known, "orders": FakeResource(needs=("databases",), script=TABLES + READY + SLEEP)})

    events = list(client.up())

    assert isinstance(events[-1], SandboxReady), events[-1]
    assert resource(client, "orders").last_exit is None


@pytest.mark.parametrize("before", ["a failed first up", "a failed second up", "a crash loop"])
def test_a_saved_fix_revives_a_service_whatever_came_before(home: Home, before: str) -> None:
    (home.checkout / "orders").mkdir()
    describe(
        home.checkout,
        {"orders": FakeResource(script=FAILS_WHILE_BROKEN + READY + SLEEP, watched=("orders",)), "redis": FakeResource()},
    )
    broken = home.checkout / "broken"
    if before == "a crash loop":
        client, _ = home.ready()
        broken.touch()
        os.kill(pid_of(client, "orders"), signal.SIGKILL)
    else:
        broken.touch()
        if before == "a failed second up":
            home.ready("redis")
        client, _ = home.up()
    eventually(is_in(client, "orders", ResourceState.FAILED), "orders has failed")

    broken.unlink()
    edit_until(home, "orders/app.py", is_in(client, "orders", ResourceState.READY))

    assert client.status().state is SandboxState.READY


def test_a_crash_loop_looks_like_one_while_the_service_is_up_again(home: Home) -> None:
    dies = f"{READY} [ -e dies ] || exec sleep 600; sleep 0.3; echo 'Error: out of luck' >&2; exit 3"
    describe(home.checkout, {"orders": FakeResource(script=dies)})
    client, _ = home.ready()
    (home.checkout / "dies").touch()
    os.kill(pid_of(client, "orders"), signal.SIGKILL)

    eventually(lambda: resource(client, "orders").crashes_in_a_row >= 3, "it has died three times")
    found = resource(client, "orders")
    degraded = client.status().state

    assert degraded is SandboxState.DEGRADED
    assert found.last_exit is not None
    assert (found.last_exit.code, found.last_exit.line) == (3, "Error: out of luck")
    assert time.time() - found.last_exit.at < 60


def test_a_first_up_in_which_one_fails_waits_for_the_others(home: Home) -> None:
    describe(
        home.checkout,
        {"orders": FakeResource(script="exit 1"), "kafka": FakeResource(script=f"sleep 0.5; {READY}{SLEEP}")},
    )

    client, events = home.up()

    assert isinstance(events[-1], SandboxFailed)
    assert "orders ended before it was ready" in events[-1].message
    assert resource(client, "kafka").state is ResourceState.READY


def test_an_atomic_up_in_a_running_sandbox_stops_only_what_it_began(home: Home) -> None:
    describe(home.checkout, {"redis": FakeResource(), "kafka": FakeResource(), "orders": FakeResource(script="exit 1")})
    client, _ = home.ready("redis")

    last = list(client.up(atomic=True))[-1]

    assert isinstance(last, SandboxFailed)
    assert resource(client, "redis").state is ResourceState.READY
    assert resource(client, "kafka").state in {ResourceState.STOPPED, ResourceState.PENDING}
    assert client.status().state is SandboxState.READY


def test_two_requests_at_once_each_hear_of_their_own_outcome(home: Home) -> None:
    describe(
        home.checkout,
        {"redis": FakeResource(), "slow": FakeResource(script=f"sleep 1; {READY}{SLEEP}"), "orders": FakeResource(script="exit 1")},
    )
    client, _ = home.ready("redis")
    outcomes: dict[str, object] = {}

    def ask(name: str) -> None:
        outcomes[name] = list(client.up((name,)))[-1]

    threads = [threading.Thread(target=ask, args=(name,)) for name in ("slow", "orders")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert isinstance(outcomes["slow"], SandboxReady)
    assert isinstance(outcomes["orders"], SandboxFailed)


def test_up_without_leaves_something_out(home: Home) -> None:
    describe(home.checkout, {"redis": FakeResource(), "orders": FakeResource()})
    client = start_or_attach(home.settings)

    last = list(client.up(without=("orders",)))[-1]

    assert isinstance(last, SandboxReady)
    assert resource(client, "orders").pid is None


def test_stopping_one_leaves_the_rest_and_up_starts_it_again(home: Home) -> None:
    describe(
        home.checkout, {"kafka": FakeResource(), "orders": FakeResource(needs=("kafka",)), "edge": FakeResource(uses=("orders",))}
    )
    client, _ = home.ready()

    events = list(client.stop("orders"))
    state_without = client.status().state
    again = list(client.up())

    assert state_of(events, "orders")[-1] is ResourceState.STOPPED
    assert state_without is SandboxState.READY, "nobody misses what was stopped on purpose"
    assert isinstance(again[-1], SandboxReady)
    assert resource(client, "orders").state is ResourceState.READY


def test_stopping_with_dependents_stops_them_first(home: Home) -> None:
    describe(home.checkout, {"kafka": FakeResource(), "orders": FakeResource(needs=("kafka",)), "redis": FakeResource()})
    client, _ = home.ready()

    list(client.stop("kafka", dependents=True))

    states = {one.name: one.state for one in client.status().resources}
    assert states == {"kafka": ResourceState.STOPPED, "orders": ResourceState.STOPPED, "redis": ResourceState.READY}


def test_several_are_restarted_at_once(home: Home) -> None:
    describe(home.checkout, {"kafka": FakeResource(), "orders": FakeResource(), "payments": FakeResource()})
    client, _ = home.ready()
    before = {one.name: one.pid for one in client.status().resources}

    last = list(client.restart("orders", "payments"))[-1]

    after = {one.name: one.pid for one in client.status().resources}
    assert isinstance(last, SandboxReady)
    assert {name for name in before if before[name] != after[name]} == {"orders", "payments"}


def test_restarts_that_overtake_each_other_leave_one_of_it_running(home: Home) -> None:
    slow_to_stop = "trap 'sleep 0.02; exit 0' TERM; "
    describe(
        home.checkout,
        {"redis": FakeResource(), "orders": FakeResource(script=f"{slow_to_stop}{READY}while :; do sleep 0.01; done")},
    )
    client, _ = home.ready()
    outcomes: list[object] = []

    def restart_often() -> None:
        outcomes.extend(list(client.restart("orders"))[-1] for _ in range(8))

    threads = [threading.Thread(target=restart_often) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert [type(outcome) for outcome in outcomes] == [SandboxReady] * 32
    assert resource(client, "redis").restarts == 0
    assert client.status().state is SandboxState.READY
