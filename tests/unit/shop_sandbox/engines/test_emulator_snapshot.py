"""What the emulator saved is used whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest
from shop_sandbox.engines.embedded.snapshot import Snapshot


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """State that was saved and sealed."""
    folder = tmp_path / "state"
    folder.mkdir()
    (folder / "dynamodb.json").write_text('{"tables": 1}')
    (folder / "sqs.json").write_text('{"queues": 1}')
    Snapshot(folder).seal()
    return folder


def test_a_sealed_save_is_used(folder: Path) -> None:
    Snapshot(folder).open()

    assert {file.name for file in folder.iterdir()} == {"dynamodb.json", "sqs.json"}


def test_a_run_that_was_killed_leaves_nothing_to_use(folder: Path) -> None:
    Snapshot(folder).open()  # and no seal at its end

    Snapshot(folder).open()

    assert list(folder.iterdir()) == []


def test_a_damaged_file_makes_the_whole_save_unusable_but_keeps_it_aside(folder: Path) -> None:
    (folder / "sqs.json").write_text('{"queues"')

    Snapshot(folder).open()

    assert list(folder.iterdir()) == []
    assert (folder.with_name("state.unsealed") / "dynamodb.json").exists()


def test_a_missing_file_makes_the_whole_save_unusable(folder: Path) -> None:
    (folder / "sqs.json").unlink()

    assert not Snapshot(folder).is_whole()


def test_a_first_run_starts_empty(tmp_path: Path) -> None:
    Snapshot(tmp_path / "data" / "state").open()

    assert list((tmp_path / "data" / "state").iterdir()) == []
