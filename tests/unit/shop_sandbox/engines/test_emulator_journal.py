"""The emulator's journal gives back every frame that was acknowledged, whatever ended the process, or says that it cannot."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shop_sandbox.engines.embedded.emulator import journal as journals
from shop_sandbox.engines.embedded.emulator.journal import Journal, Unreadable


def frames(folder: Path) -> list[bytes]:
    return list(Journal(folder).read())


def begun(folder: Path, *appended: bytes) -> Journal:
    journal = Journal(folder)
    list(journal.read())
    for frame in appended:
        journal.append(frame)
    return journal


def newest(folder: Path) -> Path:
    return max(folder.glob("*.journal"))


def test_what_was_appended_is_there_without_an_orderly_end(tmp_path: Path) -> None:
    begun(tmp_path, b"one", b"two")

    assert frames(tmp_path) == [b"one", b"two"]


def test_each_start_goes_on_behind_the_frames_of_the_last(tmp_path: Path) -> None:
    begun(tmp_path, b"one")
    begun(tmp_path, b"two")
    begun(tmp_path)

    assert frames(tmp_path) == [b"one", b"two"]


def test_only_its_owner_can_read_it(tmp_path: Path) -> None:
    journal = begun(tmp_path / "journal", b"secret")
    list(journal.rewrite([b"secret"]))

    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "journal").iterdir()} == {0o600}


@given(kept=st.lists(st.binary(min_size=1, max_size=40), max_size=5), torn=st.binary(min_size=1, max_size=40), data=st.data())
def test_a_frame_of_which_only_a_part_arrived_does_not_count_and_hinders_nobody(
    kept: list[bytes], torn: bytes, data: st.DataObject
) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        begun(folder, *kept, torn)
        path = newest(folder)
        whole = path.stat().st_size
        path.open("r+b").truncate(whole - data.draw(st.integers(1, len(torn) + 7)))

        assert frames(folder) == kept
        begun(folder, b"after")
        assert frames(folder) == [*kept, b"after"]


def test_a_tail_of_zeros_is_what_a_power_cut_leaves(tmp_path: Path) -> None:
    begun(tmp_path, b"one")
    with newest(tmp_path).open("ab") as file:
        file.write(bytes(100))

    assert frames(tmp_path) == [b"one"]


def test_a_damaged_frame_with_whole_ones_behind_it_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    begun(tmp_path, b"one", b"two")
    path = newest(tmp_path)
    damaged = path.read_bytes().replace(b"one", b"0ne")
    path.write_bytes(damaged)

    with pytest.raises(Unreadable, match="damaged at byte"):
        frames(tmp_path)

    assert path.read_bytes() == damaged


def test_damage_anywhere_but_in_the_newest_file_is_never_taken_for_a_torn_end(tmp_path: Path) -> None:
    begun(tmp_path, b"one")
    older = newest(tmp_path)
    begun(tmp_path, b"two")
    older.open("r+b").truncate(older.stat().st_size - 1)

    with pytest.raises(Unreadable):
        frames(tmp_path)


def test_another_form_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun(tmp_path, b"one")
    monkeypatch.setattr(journals, "FORM", 2)

    with pytest.raises(Unreadable, match="form 1, and this version reads form 2"):
        frames(tmp_path)


def test_a_rewrite_leaves_the_base_and_what_came_meanwhile(tmp_path: Path) -> None:
    journal = begun(tmp_path, b"old", b"older")

    for number, _ in enumerate(journal.rewrite([b"base 0", b"base 1"])):
        journal.append(b"meanwhile %d" % number)
    journal.append(b"after")

    assert frames(tmp_path) == [b"base 0", b"base 1", b"meanwhile 0", b"meanwhile 1", b"after"]
    assert len(list(tmp_path.iterdir())) == 2


@given(steps=st.integers(0, 3))
def test_a_rewrite_that_was_broken_off_changes_nothing(steps: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        journal = begun(folder, b"one", b"two")
        rewriting = journal.rewrite([b"base 0", b"base 1", b"base 2", b"base 3"])
        for _ in range(steps):
            next(rewriting)
        journal.append(b"three")

        copy = folder / "as-the-kill-left-it"
        copy.mkdir()
        for path in folder.glob("*.journal"):
            (copy / path.name).write_bytes(path.read_bytes())

        assert frames(copy) == [b"one", b"two", b"three"]
        assert frames(copy) == [b"one", b"two", b"three"], "and what was broken off is cleared away"
        rewriting.close()


def test_a_kill_between_a_whole_base_and_the_removal_of_what_it_replaces_counts_nothing_twice(tmp_path: Path) -> None:
    journal = begun(tmp_path, b"old")
    replaced = newest(tmp_path)
    content = replaced.read_bytes()
    list(journal.rewrite([b"base"]))
    replaced.write_bytes(content)

    assert frames(tmp_path) == [b"base"]
    assert not replaced.exists()


def test_it_wants_to_be_rewritten_when_most_of_it_does_not_count_any_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journals, "REWRITTEN_AT_BYTES", 1_000)
    journal = begun(tmp_path, b"x" * 900)
    assert not journal.wants_rewriting

    journal.append(b"x" * 200)

    assert journal.wants_rewriting
    assert begun(tmp_path).wants_rewriting, "the next start sees it as well"
    list(journal.rewrite([b"x" * 400]))
    journal.append(b"x" * 1_000)
    assert not journal.wants_rewriting, "three times the base may lie behind it"
