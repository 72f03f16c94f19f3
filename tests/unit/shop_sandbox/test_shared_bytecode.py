"""A new work tree does not compile packages that another one has compiled."""

from __future__ import annotations

import os
import sysconfig
from pathlib import Path

import pytest
from shop_sandbox import bytecode
from shop_sandbox.paths import CachePaths


@pytest.fixture
def cache(tmp_path: Path) -> CachePaths:
    return CachePaths(tmp_path / "cache")


def installed(folder: Path, package: str = "asyncpg", *, version: str = "1.0", at: int = 1_000, by: str = "uv") -> Path:
    metadata = folder / f"{package}-{version}.dist-info" / "METADATA"
    metadata.parent.mkdir(parents=True)
    metadata.touch()
    os.utime(metadata, (at, at))
    metadata.with_name("INSTALLER").write_text(by)
    return folder


def compiled(packages: Path, cache: CachePaths, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a process of this work tree keeps the bytecode of packages."""
    monkeypatch.setattr(sysconfig, "get_path", lambda _name: str(packages))
    return bytecode.prefix(cache).joinpath(*packages.parts[1:]).resolve()


def test_work_trees_with_the_same_files_share_their_bytecode(
    tmp_path: Path, cache: CachePaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = compiled(installed(tmp_path / "one"), cache, monkeypatch)
    other = compiled(installed(tmp_path / "other"), cache, monkeypatch)

    assert one == other
    assert one.is_dir()


@pytest.mark.parametrize("changes", [{"version": "2.0"}, {"at": 2_000}])
def test_others_do_not(tmp_path: Path, cache: CachePaths, monkeypatch: pytest.MonkeyPatch, changes: dict[str, object]) -> None:
    one = compiled(installed(tmp_path / "one"), cache, monkeypatch)
    other = compiled(installed(tmp_path / "other", **changes), cache, monkeypatch)  # type: ignore[arg-type]  # as given above

    assert one != other


def test_the_uv_that_pip_wrote_for_each_of_them_does_not_part_them(
    tmp_path: Path, cache: CachePaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = (
        compiled(installed(installed(tmp_path / name), "uv", at=at, by="pip"), cache, monkeypatch)
        for name, at in (("one", 2_000), ("other", 3_000))
    )

    assert one == other


def test_packages_that_pip_wrote_are_shared_with_nobody(tmp_path: Path, cache: CachePaths, monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = (
        compiled(installed(tmp_path / name, at=at, by="pip"), cache, monkeypatch) for name, at in (("one", 2_000), ("other", 3_000))
    )

    assert one != other


def test_packages_that_were_exchanged_lead_elsewhere(tmp_path: Path, cache: CachePaths, monkeypatch: pytest.MonkeyPatch) -> None:
    packages = installed(tmp_path / "one")
    before = compiled(packages, cache, monkeypatch)
    installed(packages, version="2.0")

    assert compiled(packages, cache, monkeypatch) != before


def test_a_cache_that_cannot_be_written_costs_time_only(tmp_path: Path, cache: CachePaths, monkeypatch: pytest.MonkeyPatch) -> None:
    cache.root.write_text("in the way")

    assert compiled(installed(tmp_path / "one"), cache, monkeypatch).is_relative_to(cache.root)
