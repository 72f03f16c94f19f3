"""A sandbox belongs to whom its folder belongs to: found from any shell, entered by nobody else, ended without its supervisor."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from fakes.sandbox import READY, SLEEP, FakeResource, describe
from fakes.sandbox_home import Home, eventually, pid_of
from shop_sandbox import client as clients
from shop_sandbox import records
from shop_sandbox.client import connect, start_or_attach, stop
from shop_sandbox.ending import remove, stop_by_force
from shop_sandbox.errors import ErrorCode, SandboxError
from shop_sandbox.events import SandboxFailed, SandboxReady, SandboxStopped, Swept
from shop_sandbox.ownership import Owner, owner_of
from shop_sandbox.paths import SandboxPaths
from shop_sandbox.platform import here
from shop_sandbox.supervisor import ledger

pytestmark = pytest.mark.integration
only_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can work as a second user")

NOBODY = 65534


def owner(home: Home) -> Owner:
    found = owner_of(home.paths)
    assert found is not None
    return found


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Frozen supervisors are recognised sooner than a user would want it on a busy machine."""
    monkeypatch.setattr(clients, "QUIET_SECONDS", 0.3)
    monkeypatch.setattr(clients, "ANSWERS_WITHIN_SECONDS", 2.0)
    monkeypatch.setattr(clients, "_UNREACHABLE_AFTER_SECONDS", 4.0)


@pytest.fixture
def frozen(home: Home) -> Iterator[Home]:
    """A sandbox that runs, and whose supervisor does not."""
    describe(home.checkout, {"postgres": FakeResource(stamped=True), "orders": FakeResource(needs=("postgres",))})
    home.ready()
    pid = owner(home).supervisor.pid
    os.kill(pid, signal.SIGSTOP)
    yield home
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGCONT)


# --- found from any shell ---------------------------------------------------------------------------------------------------------


def test_a_shell_with_another_runtime_folder_finds_the_sandbox_and_cannot_remove_it(home: Home, tmp_path: Path) -> None:
    describe(home.checkout, {"postgres": FakeResource(stamped=True)})
    first, _ = home.ready()
    elsewhere = home.with_(runtime_dir=str(tmp_path / "another"))

    second = start_or_attach(elsewhere)
    with pytest.raises(SandboxError, match="runs"):
        list(remove(elsewhere.paths))

    assert second.attached
    assert isinstance(list(second.up())[-1], SandboxReady)
    assert pid_of(second, "postgres") == pid_of(first, "postgres")
    assert (home.paths.data("postgres") / "stamp").exists()


def test_temporary_folders_may_be_cleaned_while_it_runs(home: Home, tmp_path: Path) -> None:
    describe(home.checkout, {"postgres": FakeResource()})
    client, _ = home.ready()
    before = pid_of(client, "postgres")

    shutil.rmtree(home.settings.runtime_dir, ignore_errors=True)

    assert pid_of(connect(home.paths), "postgres") == before


def test_a_checkout_with_too_long_a_path_for_a_socket_has_it_in_the_runtime_folder(home: Home) -> None:
    deep = home.checkout / ("d" * 60) / ("e" * 60)
    deep.mkdir(parents=True)
    describe(deep, {"postgres": FakeResource()})
    with tempfile.TemporaryDirectory(prefix="sd-") as short:
        settings = home.with_(checkout=str(deep), runtime_dir=f"{short}/r")

        events = list(start_or_attach(settings).up())
        again = connect(settings.paths)
        folder = Path(short, "r").stat()
        list(again.down())

        assert isinstance(events[-1], SandboxReady)
        assert stat.S_IMODE(folder.st_mode) == 0o700
        assert list(Path(short, "r").iterdir()) == []


def test_no_place_for_a_socket_is_said_before_anything_starts(home: Home) -> None:
    deep = home.checkout / ("d" * 100)
    deep.mkdir()

    with pytest.raises(SandboxError, match="too long") as refusal:
        start_or_attach(home.with_(checkout=str(deep), runtime_dir=str(deep / "r")))

    assert refusal.value.code is ErrorCode.FOLDER_UNUSABLE
    assert "SHOP_RUNTIME_DIR" in refusal.value.actions[0]
    assert not home.alive()


def test_what_lies_in_the_state_folder_is_kept_out_of_repositories(home: Home) -> None:
    subprocess.run(["git", "init", "-q", str(home.checkout)], check=True)
    describe(home.checkout, {"postgres": FakeResource()})
    home.ready()

    status = subprocess.run(
        ["git", "-C", str(home.checkout), "status", "--porcelain", "-uall"], capture_output=True, text=True, check=True
    )

    assert ".shop-dev" not in status.stdout


# --- entered by nobody else -------------------------------------------------------------------------------------------------------


@only_root
def test_a_runtime_folder_that_somebody_else_made_is_not_taken_over(home: Home) -> None:
    deep = home.checkout / ("d" * 60) / ("e" * 60)
    deep.mkdir(parents=True)
    describe(deep, {"postgres": FakeResource()})
    with tempfile.TemporaryDirectory(prefix="sd-") as short:
        theirs = Path(short, "r")
        theirs.mkdir(mode=0o777)
        os.chown(theirs, NOBODY, NOBODY)

        with pytest.raises(SandboxError, match="belongs to") as refusal:
            start_or_attach(home.with_(checkout=str(deep), runtime_dir=str(theirs)))

    assert refusal.value.code is ErrorCode.FOLDER_UNUSABLE
    eventually(lambda: not home.alive(), "the supervisor has ended")


BECOME_ANOTHER = (
    *("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"),
    # The interpreter of this test may lie in root's home: this right lets one read what others own, and change nothing.
    *("--inh-caps=-all,+dac_read_search", "--ambient-caps=-all,+dac_read_search"),
)
AS_ANOTHER = """
import json, sys
from shop_sandbox import client, ending
from shop_sandbox.errors import SandboxError
from shop_sandbox.events import SandboxReady
from shop_sandbox.supervisor.settings import SupervisorSettings
import msgspec

theirs, own = (msgspec.json.decode(text, type=SupervisorSettings) for text in sys.argv[1:])
said = {}
for name, attempt in {
    "connect": lambda: client.connect(theirs.paths),
    "up": lambda: client.start_or_attach(theirs),
    "down --force": lambda: list(ending.stop_by_force(theirs.paths)),
    "down --purge": lambda: list(ending.remove(theirs.paths)),
}.items():
    try:
        attempt()
        said[name] = "done"
    except SandboxError as error:
        said[name] = error.code
sandbox = client.start_or_attach(own)
*_, last = sandbox.up()
said["own"] = type(last).__name__
said["own endpoints"] = last.endpoints
said["own down"] = type(list(sandbox.down())[-1]).__name__
print(json.dumps(said))
"""


@only_root
@pytest.mark.skipif(shutil.which("setpriv") is None, reason="there is no setpriv here")
def test_two_users_of_one_machine_do_not_disturb_each_other(bytecode: Path) -> None:
    shared = Path(tempfile.mkdtemp(prefix="sd-"))
    shared.chmod(0o755)
    ours, theirs, cache = (shared / name for name in ("ours", "theirs", "cache"))
    for folder in (ours, theirs, cache):
        folder.mkdir()
    for folder in (theirs, cache):
        os.chown(folder, NOBODY, NOBODY)
    home = Home(ours, bytecode)
    describe(ours, {"postgres": FakeResource(stamped=True, port=True)})
    describe(theirs, {"postgres": FakeResource(stamped=True, port=True)})
    own = home.with_(checkout=str(theirs), cache_root=str(cache), runtime_dir=str(theirs / "r"))
    try:
        client, ready = home.ready()
        before = pid_of(client, "postgres")

        answer = subprocess.run(
            [*BECOME_ANOTHER, sys.executable, "-P", "-c", AS_ANOTHER, msgspec.json.encode(home.settings), msgspec.json.encode(own)],
            cwd=theirs,
            env={"PATH": os.environ["PATH"], "HOME": str(theirs), "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

        assert answer.returncode == 0, answer.stderr
        said = msgspec.json.decode(answer.stdout)
        assert {said.pop(name) for name in ("connect", "up", "down --force", "down --purge")} == {"folder_unusable"}
        assert said.pop("own endpoints") != ready.endpoints
        assert said == {"own": "SandboxReady", "own down": "SandboxStopped"}
        assert pid_of(client, "postgres") == before
    finally:
        for settings in (home.settings, own):
            with contextlib.suppress(SandboxError):
                list(stop_by_force(settings.paths))
        shutil.rmtree(shared)
    assert home.alive() == []


# --- ended without its supervisor -------------------------------------------------------------------------------------------------


def test_a_frozen_supervisor_is_named_by_every_command_instead_of_waited_for(frozen: Home, impatient: None) -> None:
    client = connect(frozen.paths)

    attempts = (client.status, lambda: list(client.down()), lambda: list(client.up()), lambda: start_or_attach(frozen.settings))
    for attempt in attempts:
        with pytest.raises(SandboxError, match="does not answer") as refusal:
            attempt()
        assert refusal.value.code is ErrorCode.SUPERVISOR_UNREACHABLE
        assert refusal.value.actions[0].startswith("`shop-dev down --force --name test`")


def test_a_frozen_sandbox_is_stopped_by_force_and_keeps_its_state(frozen: Home, impatient: None) -> None:
    events = list(stop_by_force(frozen.paths))

    assert isinstance(events[-1], SandboxStopped)
    assert frozen.alive() == []
    _, ready = frozen.ready()
    assert ready.generation == 2


def test_force_also_ends_a_guardian_that_is_frozen_too(frozen: Home, impatient: None) -> None:
    os.kill(owner(frozen).spawner.pid, signal.SIGSTOP)

    list(stop_by_force(frozen.paths))

    assert frozen.alive() == []


def test_force_and_purge_leave_nothing_of_a_frozen_sandbox(frozen: Home, impatient: None) -> None:
    list(stop_by_force(frozen.paths, purge=True))

    assert frozen.alive() == []
    assert not frozen.paths.root.exists()


def test_a_purge_that_takes_its_time_is_seen_to_its_end(home: Home, impatient: None) -> None:
    describe(home.checkout, {"postgres": FakeResource(script=f"trap 'sleep 1; exit 0' TERM; {READY}while :; do sleep 0.02; done")})
    client, _ = home.ready()
    stopping = client.down()
    next(stopping)

    home.paths.owner.unlink()  # as a purge removes it, before it is through with the rest

    assert isinstance(list(stopping)[-1], SandboxStopped)


def test_there_is_nothing_to_force_where_nothing_runs(home: Home) -> None:
    with pytest.raises(SandboxError) as refusal:
        list(stop_by_force(home.paths))

    assert refusal.value.code is ErrorCode.NOT_RUNNING


# --- generations of shop-dev ------------------------------------------------------------------------------------------------------


def start_as_another_version(home: Home, **changes: object) -> None:
    describe(home.checkout, {"postgres": FakeResource(stamped=True)})
    home.ready()
    record = msgspec.json.decode(home.paths.owner.read_bytes())
    home.paths.owner.write_bytes(msgspec.json.encode({**record, **changes}))


@pytest.mark.parametrize("changes", [{"protocol": "of last year"}, {"version": 99, "socket": None}])
def test_a_supervisor_of_another_version_is_named_and_can_be_stopped(home: Home, changes: dict[str, object]) -> None:
    start_as_another_version(home, **changes)

    with pytest.raises(SandboxError) as refusal:
        start_or_attach(home.settings)
    stopped = list(stop(home.paths))

    assert refusal.value.code is ErrorCode.SUPERVISOR_OF_ANOTHER_VERSION
    assert refusal.value.actions == ("`shop-dev down --name test`, then `shop-dev up --name test`",)
    assert isinstance(stopped[-1], SandboxStopped)
    assert home.alive() == []


def test_what_another_version_runs_is_purged_when_its_stop_is_told(home: Home) -> None:
    start_as_another_version(home, protocol="of last year")

    events = stop(home.paths, purge=True)

    assert any(isinstance(event, SandboxStopped) for event in events)  # who listens goes away then
    assert not home.paths.root.exists()


def kill_supervision(home: Home) -> None:
    """End supervisor and spawner at once, so that nobody clears away after them; what runs has asked to survive that."""
    found = owner(home)
    for process in (found.spawner, found.supervisor):
        os.kill(process.pid, signal.SIGKILL)
    eventually(lambda: not found.supervisor.runs and not found.spawner.runs, "supervision is gone")


SURVIVOR = FakeResource(script=f'trap "" TERM; {READY}{SLEEP}', death_signal=signal.SIGTERM, grace_seconds=0.2)


def test_a_ledger_that_cannot_be_read_is_not_taken_for_an_empty_one(home: Home) -> None:
    describe(home.checkout, {"postgres": SURVIVOR})
    client, _ = home.ready()
    survivor = pid_of(client, "postgres")
    kill_supervision(home)
    assert here.start_time(survivor) is not None
    home.paths.ledger.write_text("{")

    _, events = home.up()

    assert any(isinstance(event, Swept) and event.pid == survivor for event in events), "the owner record proves whose it was"
    assert isinstance(events[-1], SandboxReady)


def test_without_ledger_and_owner_nothing_is_touched_and_the_start_is_refused(home: Home) -> None:
    describe(home.checkout, {"postgres": SURVIVOR})
    client, _ = home.ready()
    survivor = pid_of(client, "postgres")
    kill_supervision(home)
    whole = ledger.read(home.paths.ledger)
    assert whole is not None
    home.paths.ledger.write_text("{")
    home.paths.owner.unlink()

    _, events = home.up()

    assert isinstance(events[-1], SandboxFailed)
    assert events[-1].code == ErrorCode.LEDGER_UNREADABLE
    assert here.start_time(survivor) is not None
    eventually(lambda: home.alive() == [survivor], "the supervisor has ended")
    records.write(home.paths.ledger, whole)
    list(remove(home.paths))
    assert home.alive() == []


def test_a_second_owner_never_gets_the_lock_of_a_folder_that_is_removed(tmp_path: Path) -> None:
    from shop_sandbox import ownership, state

    paths = SandboxPaths(checkout=tmp_path, name="test", runtime_dir=tmp_path / "r")
    ownership.make_home(paths)
    held = ownership.try_lock(paths)
    assert held is not None
    assert ownership.try_lock(paths) is None

    state.remove_all(paths)

    with pytest.raises(FileNotFoundError):
        ownership.try_lock(paths)
    ownership.make_home(paths)
    fresh = ownership.try_lock(paths)
    assert fresh is not None
    held.release()
    assert ownership.try_lock(paths) is None, "the old lock says nothing about the new folder"
    fresh.release()
