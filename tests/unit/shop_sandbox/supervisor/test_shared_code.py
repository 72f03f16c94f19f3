"""Shared code that was imported ahead is used as long as it is what a service would import by itself."""

from __future__ import annotations

import importlib
import os
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from shop_sandbox.supervisor.fork_server.shared_code import SharedCode


@pytest.fixture
def name() -> Iterator[str]:
    """Of a package that nobody else has."""
    name = f"our_kit_{uuid.uuid4().hex[:8]}"
    yield name
    for module in [module for module in sys.modules if module.partition(".")[0] == name]:
        del sys.modules[module]


def kit(root: Path, name: str, edition: str = "first") -> Path:
    """Make a package of two modules, written some time ago; its folder."""
    folder = root / name
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text("")
    (folder / "part.py").write_text(f"EDITION = {edition!r}\n")
    for file in folder.iterdir():
        os.utime(file, (time.time() - 60, time.time() - 60))
    return folder


def loaded(root: Path, name: str) -> SharedCode:
    shared = SharedCode()
    shared.load([f"{name}.part"], [str(root)])
    return shared


def edition_for_a_child(shared: SharedCode, name: str, root: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.syspath_prepend(root)
    shared.forget_if_edited()
    edition: str = importlib.import_module(f"{name}.part").EDITION
    return edition


def test_it_is_used_while_nothing_was_edited(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    kit(tmp_path, name)
    shared = loaded(tmp_path, name)
    ahead = sys.modules[f"{name}.part"]

    assert edition_for_a_child(shared, name, tmp_path, monkeypatch) == "first"
    assert sys.modules[f"{name}.part"] is ahead
    assert str(tmp_path) not in sys.path[1:]


def test_an_edit_an_older_file_and_a_removed_one_are_noticed(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    part = kit(tmp_path, name) / "part.py"
    shared = loaded(tmp_path, name)

    part.write_text("EDITION = 'other'\n")
    os.utime(part, (time.time() - 3600, time.time() - 3600))
    assert edition_for_a_child(shared, name, tmp_path, monkeypatch) == "other"

    part.unlink()
    with pytest.raises(ModuleNotFoundError):
        edition_for_a_child(shared, name, tmp_path, monkeypatch)


def test_a_child_that_finds_another_package_of_that_name_has_its_own(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    kit(tmp_path / "ours", name)
    kit(tmp_path / "theirs", name, "theirs")
    shared = loaded(tmp_path / "ours", name)

    assert edition_for_a_child(shared, name, tmp_path / "theirs", monkeypatch) == "theirs"


def test_what_is_written_while_it_is_imported_is_not_relied_upon(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    part = kit(tmp_path, name) / "part.py"
    os.utime(part, (time.time() + 60, time.time() + 60))
    shared = loaded(tmp_path, name)
    ahead = sys.modules[f"{name}.part"]

    edition_for_a_child(shared, name, tmp_path, monkeypatch)

    assert sys.modules[f"{name}.part"] is not ahead


def test_what_cannot_be_imported_stops_nobody(tmp_path: Path, name: str) -> None:
    (kit(tmp_path, name) / "broken.py").write_text("this is no Python")

    SharedCode().load([f"{name}.broken", f"{name}.part", "not.there"], [str(tmp_path)])

    assert f"{name}.part" in sys.modules
