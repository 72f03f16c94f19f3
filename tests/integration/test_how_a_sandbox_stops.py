"""A stop has an outcome: who ended by itself, who was forced, and what was lost by that."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from fakes.sandbox import READY, SLEEP, FakeResource, describe
from fakes.sandbox_home import Home
from shop_sandbox.events import AnyEvent, ResourceChanged, ResourceState, SandboxStopped

pytestmark = pytest.mark.integration

DEAF = f"trap '' TERM; {READY} while :; do sleep 0.05; done"
SAVES = (
    f"save() {{ n=0; while [ $n -lt 150000 ]; do n=$((n+1)); done; echo saved > saved; exit 0; }}; trap save TERM; {READY}"
    " while :; do sleep 0.02; done"
)
"""Is busy for about a second once it is asked to end, then has saved."""


def stopped(events: Iterator[AnyEvent]) -> SandboxStopped:
    last = list(events)[-1]
    assert isinstance(last, SandboxStopped)
    return last


def test_a_stop_in_which_all_end_by_themselves_forces_and_loses_nothing(home: Home) -> None:
    describe(home.checkout, {"aws": FakeResource(emulator=True, stamped=True, script=SAVES, saves=True), "orders": FakeResource()})
    client, _ = home.ready()

    outcome = stopped(client.down())

    assert (outcome.forced, outcome.lost) == ((), ())


def test_who_does_not_end_in_its_grace_is_named(home: Home) -> None:
    describe(home.checkout, {"deaf": FakeResource(script=DEAF, grace_seconds=0.2), "orders": FakeResource()})
    client, _ = home.ready()

    outcome = stopped(client.down())

    assert (outcome.forced, outcome.lost) == (("deaf",), ())


def test_a_store_that_was_killed_before_it_had_saved_is_told_as_lost(home: Home) -> None:
    describe(home.checkout, {"aws": FakeResource(emulator=True, stamped=True, script=DEAF, grace_seconds=0.2, saves=True)})
    client, _ = home.ready()

    outcome = stopped(client.down())

    assert (outcome.forced, outcome.lost) == (("aws",), ("aws",))


def test_a_store_that_says_it_could_not_save_is_told_as_lost(home: Home) -> None:
    script = f"trap 'exit 4' TERM; {READY} while :; do sleep 0.02; done"
    describe(home.checkout, {"aws": FakeResource(emulator=True, stamped=True, script=script)})
    client, _ = home.ready()

    outcome = stopped(client.down())

    assert (outcome.forced, outcome.lost) == ((), ("aws",))


@pytest.mark.parametrize("force", [False, True])
def test_no_stop_kills_what_is_still_saving_however_urgent_it_is(home: Home, *, force: bool) -> None:
    describe(
        home.checkout,
        {"aws": FakeResource(emulator=True, stamped=True, script=SAVES, saves=True, grace_seconds=0.3), "orders": FakeResource()},
    )
    client, _ = home.ready()

    outcome = stopped(client.down(force=force))

    assert outcome.lost == ()
    assert "aws" not in outcome.forced
    assert (home.checkout / "saved").exists()


def test_a_purge_waits_for_no_save(home: Home) -> None:
    describe(home.checkout, {"aws": FakeResource(emulator=True, stamped=True, script=SAVES, saves=True)})
    client, _ = home.ready()

    outcome = stopped(client.down(purge=True))

    assert (outcome.forced, outcome.lost) == ((), ())
    assert not (home.checkout / "saved").exists()
    assert not Path(home.paths.root).exists()


def test_a_second_down_that_is_forced_does_not_wait_for_what_does_not_save(home: Home) -> None:
    describe(home.checkout, {"deaf": FakeResource(script=DEAF, grace_seconds=600), "orders": FakeResource(script=READY + SLEEP)})
    client, _ = home.ready()
    first = client.down()
    next(event for event in first if isinstance(event, ResourceChanged) and event.state is ResourceState.STOPPING)

    outcome = stopped(client.down(force=True))

    assert outcome.forced == ("deaf",)


def test_a_supervisor_whose_folder_was_removed_under_it_ends_when_it_is_told_to(home: Home) -> None:
    describe(home.checkout, {"kafka": FakeResource(), "orders": FakeResource(needs=("kafka",))})
    client, _ = home.ready()
    supervisor = psutil.Process(client.status().supervisor_pid)
    children = supervisor.children(recursive=True)

    shutil.rmtree(client.paths.root)
    supervisor.terminate()

    _, alive = psutil.wait_procs([supervisor, *children], timeout=30)
    assert alive == []
