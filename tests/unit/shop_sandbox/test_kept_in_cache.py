"""The cache can be looked at and cleared without taking anything from who uses it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from shop_sandbox.downloads.lock import REDIS, locked
from shop_sandbox.kept_in_cache import kept, prune
from shop_sandbox.paths import CachePaths

DAY = 86_400.0


@pytest.fixture
def cache(tmp_path: Path) -> CachePaths:
    return CachePaths(tmp_path / "cache")


def made(folder: Path, *, days_ago: float, size: int = 100) -> Path:
    folder.mkdir(parents=True)
    (folder / "file").write_bytes(b"x" * size)
    then = time.time() - days_ago * DAY
    os.utime(folder, (then, then))
    return folder


def test_everything_is_listed_with_its_size_the_largest_first(cache: CachePaths) -> None:
    made(cache.derived / "java-1", days_ago=2, size=500)
    made(cache.derived / "kafka-aot-1", days_ago=1, size=700)
    made(cache.derived / "somebody-elses", days_ago=1)

    assert [(one.what, one.bytes) for one in kept(cache)] == [("Kafka's AOT cache", 700), ("Java runtime", 500)]


def test_an_empty_machine_has_nothing(cache: CachePaths) -> None:
    assert kept(cache) == ()
    assert prune(cache, unused_seconds=0) == ()


def test_what_nobody_has_used_for_long_goes_and_the_rest_stays(cache: CachePaths) -> None:
    unused = made(cache.derived / "postgres-1", days_ago=31)
    used = made(cache.derived / "postgres-2", days_ago=29)

    gone = prune(cache, unused_seconds=30 * DAY)

    assert [one.path for one in gone] == [str(unused)]
    assert used.exists()
    assert not unused.exists()


def test_what_a_running_process_was_started_from_stays(cache: CachePaths) -> None:
    java = made(cache.derived / "java-1", days_ago=90)
    with subprocess.Popen([sys.executable, "-c", "input()", str(java / "bin" / "java")], stdin=subprocess.PIPE) as process:
        gone = prune(cache, unused_seconds=0)
        process.communicate(b"\n")

    assert gone == ()
    assert java.exists()


def test_archives_of_this_version_stay_and_those_of_others_go(cache: CachePaths) -> None:
    (own,) = (cache.downloads / jar.path for jar in locked(REDIS).jars)
    other = own.with_name("embedded-redis-0.1.jar")
    for jar in (own, other):
        jar.parent.mkdir(parents=True, exist_ok=True)
        jar.write_bytes(b"x")

    prune(cache, unused_seconds=0)

    assert own.exists()
    assert not other.exists()


def test_bytecode_of_checkouts_that_are_gone_goes(cache: CachePaths, tmp_path: Path) -> None:
    there, gone = tmp_path / "there", tmp_path / "gone"
    there.mkdir()
    for source in (there, gone):
        folder = cache.bytecode.joinpath(*source.parts[1:])
        folder.mkdir(parents=True)
        (folder / "module.cpython-311.pyc").write_bytes(b"x")

    prune(cache, unused_seconds=30 * DAY)

    assert cache.bytecode.joinpath(*there.parts[1:]).exists()
    assert not cache.bytecode.joinpath(*gone.parts[1:]).exists()
