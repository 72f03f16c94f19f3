"""JVM caches of versions and checkouts that nobody uses any more do not fill the user's disk."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from shop_sandbox.engines.embedded.aot import AotCache
from shop_sandbox.engines.embedded.java import Java

JAVA = Java(program=Path("java"), feature_version=25, identity="25")
DAY = 24 * 3600


@pytest.fixture
def made(tmp_path: Path) -> Path:
    file = tmp_path / "cache.aot"
    file.write_bytes(b"what a run has learned")
    return file


def cache_last_used(folder: Path, *, days_ago: int) -> Path:
    folder.mkdir()
    (folder / "cache.aot").write_bytes(b"old")
    then = time.time() - days_ago * DAY
    os.utime(folder, (then, then))
    return folder


def test_a_new_cache_removes_those_that_nobody_has_used_for_a_month(tmp_path: Path, made: Path) -> None:
    unused = cache_last_used(tmp_path / "kafka-aot-1", days_ago=31)
    used = cache_last_used(tmp_path / "kafka-aot-2", days_ago=29)
    of_another_kind = cache_last_used(tmp_path / "kafka-formatted-1", days_ago=31)

    AotCache(JAVA, tmp_path / "kafka-aot-3").adopt(made)

    assert not unused.exists()
    assert used.exists()
    assert of_another_kind.exists()


def test_a_start_with_a_cache_counts_as_use(tmp_path: Path, made: Path) -> None:
    cache = AotCache(JAVA, tmp_path / "kafka-aot-1")
    cache.adopt(made)
    long_ago = time.time() - 60 * DAY
    os.utime(tmp_path / "kafka-aot-1", (long_ago, long_ago))

    assert cache.flags_to_use() == (f"-XX:AOTCache={tmp_path / 'kafka-aot-1' / 'cache.aot'}",)

    assert (tmp_path / "kafka-aot-1").stat().st_mtime > long_ago + DAY
