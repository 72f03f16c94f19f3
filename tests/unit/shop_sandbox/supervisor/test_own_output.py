"""A program that writes into its own folder while it starts is not restarted for ever."""

from __future__ import annotations

import subprocess
from pathlib import Path

from shop_sandbox.supervisor.ignoring import is_kept_by_git
from shop_sandbox.supervisor.own_output import MOST_STARTS_SPOILT, OwnOutput

OUTPUT = Path("orders/generated/wire.go")
EDIT = Path("orders/main.go")


def test_what_changes_in_every_start_is_the_starts_own_output() -> None:
    output = OwnOutput()

    told = [output.notice([OUTPUT], while_starting=True) for _ in range(MOST_STARTS_SPOILT + 3)]

    assert told == [(OUTPUT,)] * (MOST_STARTS_SPOILT - 1) + [()] * 4
    assert output.notice([OUTPUT, EDIT], while_starting=True) == (EDIT,)


def test_starts_that_are_spoilt_again_and_again_are_left_alone_for_longer_and_longer() -> None:
    output = OwnOutput()

    delays = []
    for number in range(8):
        output.notice([Path(f"orders/{number}")], while_starting=True)
        delays.append(output.delay_seconds)

    assert delays[:2] == [0.0, 0.0]
    assert delays == sorted(delays)
    assert delays[-1] > 10


def test_edits_of_a_service_that_runs_never_wait_however_many_they_are() -> None:
    output = OwnOutput()
    for _ in range(20):
        assert output.notice([EDIT], while_starting=False) == (EDIT,)

    assert output.delay_seconds == 0.0


def test_a_start_that_was_asked_for_watches_everything_again() -> None:
    output = OwnOutput()
    for _ in range(MOST_STARTS_SPOILT):
        output.notice([OUTPUT], while_starting=True)

    output.forget()

    assert output.notice([OUTPUT], while_starting=True) == (OUTPUT,)


def test_a_source_is_an_edit_however_often_an_editor_saves_it_during_starts() -> None:
    output = OwnOutput(lambda file: file == EDIT)

    told = [output.notice([EDIT, OUTPUT], while_starting=True) for _ in range(MOST_STARTS_SPOILT + 3)]

    assert all(EDIT in edits for edits in told)
    assert OUTPUT not in told[-1]


def test_git_knows_which_files_people_write(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    for name in ("main.go", "wire.go"):
        (tmp_path / name).write_text("package main\n")
    subprocess.run(["git", "-C", str(tmp_path), "add", "main.go"], check=True)

    assert is_kept_by_git(tmp_path / "main.go")
    assert not is_kept_by_git(tmp_path / "wire.go")
    assert not is_kept_by_git(tmp_path / "nowhere" / "main.go")
