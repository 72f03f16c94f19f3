"""Archives arrive whole and as pinned, whatever the network, the cache or another process does."""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from fakes.maven_repository import MavenRepository, ensure_from, serving
from shop_sandbox.downloads.fetch import are_fetched, ensure_jars, recheck_jars
from shop_sandbox.downloads.lock import GROUPS, LOCK_FILE, JarGroup, LockedJar, locked, render
from shop_sandbox.downloads.repository import Repositories, user_repositories
from shop_sandbox.errors import ErrorCode, SandboxError
from shop_sandbox.events import DownloadFinished, DownloadProgress, Event
from shop_sandbox.paths import CachePaths

CONTENT = {f"part-{number}": bytes([number]) * 50_000 for number in range(1, 4)}
GROUP = JarGroup(
    "test",
    tuple(
        LockedJar(f"org.example:{name}:1.0", hashlib.sha256(content).hexdigest(), len(content)) for name, content in CONTENT.items()
    ),
)


def url_path(jar: LockedJar) -> str:
    return f"/{jar.path}"


@dataclass
class Machine:
    """A user's cache and the repository it is filled from."""

    cache: CachePaths
    repository: MavenRepository
    local: Path
    events: list[Event] = field(default_factory=list)

    def ensure(self, *addresses: str) -> tuple[Path, ...]:
        repositories = Repositories(addresses or (self.repository.address,), self.local)
        return ensure_jars(GROUP, self.cache, {}, self.events.append, repositories=lambda _: repositories)

    def path(self, jar: LockedJar) -> Path:
        return self.cache.downloads / jar.path

    def part(self, jar: LockedJar) -> Path:
        path = self.path(jar)
        return path.with_name(f"{path.name}.part")


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    repository = MavenRepository()
    repository.files = {url_path(jar): CONTENT[jar.coordinates.split(":")[1]] for jar in GROUP.jars}
    with serving(repository):
        yield Machine(CachePaths(tmp_path / "cache"), repository, tmp_path / "m2")


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "sleep", lambda seconds: None)


def test_every_archive_of_the_group_arrives_as_pinned(machine: Machine) -> None:
    paths = machine.ensure()

    assert [path.read_bytes() for path in paths] == list(CONTENT.values())
    assert are_fetched(GROUP, machine.cache)


def test_progress_and_end_of_each_download_are_announced(machine: Machine) -> None:
    machine.ensure()

    finished = {event.artifact: event.total_bytes for event in machine.events if isinstance(event, DownloadFinished)}
    assert finished == {jar.file_name: jar.size for jar in GROUP.jars}
    assert any(isinstance(event, DownloadProgress) and event.total_bytes == 50_000 for event in machine.events)


def test_what_is_there_is_neither_asked_for_nor_hashed_again(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    machine.ensure()
    machine.repository.requests.clear()
    monkeypatch.setattr("shop_sandbox.downloads.verified.sha256_of", lambda path: pytest.fail(f"{path} was hashed"))

    machine.ensure()

    assert machine.repository.requests == []


def test_a_broken_download_goes_on_where_it_broke(machine: Machine) -> None:
    machine.repository.break_after = 20_000

    machine.ensure()

    ranges = {wanted for _, wanted in machine.repository.requests if wanted}
    assert ranges == {"bytes=20000-"}
    assert are_fetched(GROUP, machine.cache)


def test_what_an_earlier_run_left_half_done_is_continued(machine: Machine) -> None:
    jar = GROUP.jars[0]
    machine.part(jar).parent.mkdir(parents=True)
    machine.part(jar).write_bytes(CONTENT["part-1"][:30_000])

    machine.ensure()

    assert (url_path(jar), "bytes=30000-") in machine.repository.requests
    assert machine.path(jar).read_bytes() == CONTENT["part-1"]


def test_a_half_done_file_of_other_bytes_is_thrown_away_and_fetched_whole(machine: Machine) -> None:
    jar = GROUP.jars[0]
    machine.part(jar).parent.mkdir(parents=True)
    machine.part(jar).write_bytes(b"x" * 30_000)

    machine.ensure()

    assert machine.path(jar).read_bytes() == CONTENT["part-1"]


def test_a_server_without_ranges_sends_the_file_anew(machine: Machine) -> None:
    jar = GROUP.jars[0]
    machine.repository.ignores_ranges = True
    machine.part(jar).parent.mkdir(parents=True)
    machine.part(jar).write_bytes(CONTENT["part-1"][:30_000])

    machine.ensure()

    assert machine.path(jar).read_bytes() == CONTENT["part-1"]


def test_a_busy_server_is_asked_again(machine: Machine) -> None:
    machine.repository.statuses = {url_path(GROUP.jars[0]): [503, 429]}

    machine.ensure()

    assert are_fetched(GROUP, machine.cache)


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda path: path.write_bytes(path.read_bytes()[:100]), id="cut short"),
        pytest.param(lambda path: path.write_bytes(b"\0" + path.read_bytes()[1:]), id="one byte changed"),
        pytest.param(lambda path: path.unlink(), id="removed"),
    ],
)
def test_a_damaged_archive_is_found_and_fetched_again(machine: Machine, damage: Callable[[Path], object]) -> None:
    jar = GROUP.jars[1]
    machine.ensure()
    damage(machine.path(jar))
    machine.repository.requests.clear()

    machine.ensure()

    assert machine.path(jar).read_bytes() == CONTENT["part-2"]
    assert machine.repository.requests == [(url_path(jar), None)]


def test_damage_behind_unchanged_size_time_and_inode_is_found_by_a_full_check(machine: Machine) -> None:
    jar = GROUP.jars[0]
    machine.ensure()
    path = machine.path(jar)
    before = path.stat()
    with path.open("r+b") as file:
        file.write(b"\xff")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))

    assert recheck_jars(GROUP, machine.cache) == (jar,)
    machine.ensure()
    assert path.read_bytes() == CONTENT["part-1"]


def test_a_repository_that_serves_another_file_is_refused_and_nothing_of_it_kept(machine: Machine) -> None:
    jar = GROUP.jars[0]
    machine.repository.files[url_path(jar)] = b"z" * jar.size

    with pytest.raises(SandboxError) as caught:
        machine.ensure()

    assert caught.value.code is ErrorCode.DOWNLOAD_CORRUPT
    assert caught.value.detail["expected"] == jar.sha256
    assert not machine.path(jar).exists()
    assert not machine.part(jar).exists()


def test_a_file_longer_than_pinned_does_not_fill_the_disk(machine: Machine) -> None:
    jar = GROUP.jars[0]
    machine.repository.files[url_path(jar)] = b"z" * (jar.size + 1)

    with pytest.raises(SandboxError) as caught:
        machine.ensure()

    assert caught.value.code is ErrorCode.DOWNLOAD_CORRUPT


def test_without_a_network_the_error_says_fetch(machine: Machine) -> None:
    with pytest.raises(SandboxError) as caught:
        machine.ensure("http://127.0.0.1:1")

    assert caught.value.code is ErrorCode.OFFLINE_AND_NOT_FETCHED
    assert "shop-dev fetch" in caught.value.actions[0]


def test_a_missing_file_is_a_failed_download(machine: Machine) -> None:
    machine.repository.files.clear()

    with pytest.raises(SandboxError) as caught:
        machine.ensure()

    assert caught.value.code is ErrorCode.DOWNLOAD_FAILED
    assert "404" in caught.value.message


def test_the_next_repository_is_asked_when_the_first_does_not_answer(machine: Machine) -> None:
    machine.ensure("http://127.0.0.1:1", machine.repository.address)

    assert are_fetched(GROUP, machine.cache)


def test_the_users_own_maven_repository_is_used_without_a_network(machine: Machine) -> None:
    for jar in GROUP.jars:
        file = machine.local / jar.path
        file.parent.mkdir(parents=True)
        file.write_bytes(CONTENT[jar.coordinates.split(":")[1]])

    machine.ensure("http://127.0.0.1:1")

    assert machine.repository.requests == []
    assert are_fetched(GROUP, machine.cache)


def test_a_wrong_file_in_the_users_own_repository_is_passed_over(machine: Machine) -> None:
    jar = GROUP.jars[0]
    file = machine.local / jar.path
    file.parent.mkdir(parents=True)
    file.write_bytes(b"y" * jar.size)

    machine.ensure()

    assert machine.path(jar).read_bytes() == CONTENT["part-1"]


def test_two_processes_at_once_download_each_archive_once(machine: Machine) -> None:
    context = multiprocessing.get_context("spawn")
    arguments = (machine.cache, machine.repository.address, machine.local, GROUP)
    processes = [context.Process(target=ensure_from, args=arguments) for _ in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)

    assert [process.exitcode for process in processes] == [0, 0]
    assert sorted(path for path, _ in machine.repository.requests) == sorted(url_path(jar) for jar in GROUP.jars)


def test_a_full_disk_is_named(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Path, *arguments: object, **options: object) -> object:
        raise OSError(28, "No space left on device")

    (machine.cache.downloads).mkdir(parents=True)
    monkeypatch.setattr(Path, "open", full)

    with pytest.raises(SandboxError) as caught:
        machine.ensure()

    assert caught.value.code is ErrorCode.DISK_FULL
    assert str(machine.cache.downloads) in caught.value.message


def test_the_users_mirror_is_asked_before_the_public_repository(tmp_path: Path) -> None:
    settings = tmp_path / ".config" / "jgo.conf"
    settings.parent.mkdir()
    settings.write_text("[repositories]\ncompany = http://mirror.example/maven/\n")

    found = user_repositories({"HOME": str(tmp_path)})

    assert found.addresses[0] == "http://mirror.example/maven"
    assert len(found.addresses) == 2
    assert found.local == tmp_path / ".m2" / "repository"


def test_the_lock_file_is_as_the_tool_writes_it_and_names_no_host() -> None:
    groups = {name: locked(name).jars for name in GROUPS}

    assert LOCK_FILE.read_bytes() == render(dict(groups))
    assert b"://" not in LOCK_FILE.read_bytes()


@pytest.mark.parametrize(("group", "coordinates"), [(group, one) for group, wanted in GROUPS.items() for one in wanted])
def test_what_the_engine_asks_for_is_locked(group: str, coordinates: str) -> None:
    assert coordinates in {jar.coordinates for jar in locked(group).jars}
