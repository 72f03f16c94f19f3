"""Logs: what a process prints is found again, whole, wherever the disk and the rotation have put it."""

from __future__ import annotations

import itertools
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shop_sandbox.logs import LogWriter, files, follow, read
from shop_sandbox.logs.stamps import stamp
from shop_sandbox.paths import SandboxPaths


@pytest.fixture
def paths(tmp_path: Path) -> SandboxPaths:
    return SandboxPaths(checkout=tmp_path, name="test", runtime_dir=tmp_path)


def write(paths: SandboxPaths, resource: str, text: str) -> None:
    log = LogWriter(paths.log(resource))
    log.write(text.encode())
    log.close()


def texts(paths: SandboxPaths, **choice: object) -> list[str]:
    return [record.text for record in read(paths, **choice)]  # type: ignore[arg-type]  # the tests' own choices


def test_lines_come_back_with_their_resource_and_time(paths: SandboxPaths) -> None:
    write(paths, "kafka", "one\ntwo\n")

    first, second = read(paths)

    assert (first.resource, first.text, second.text) == ("kafka", "one", "two")
    assert first.at <= second.at


def test_a_last_line_without_an_end_is_kept(paths: SandboxPaths) -> None:
    write(paths, "kafka", "one\ntw")

    assert texts(paths) == ["one", "tw"]


@given(chunks=st.lists(st.binary(max_size=20), max_size=20))
def test_however_output_is_cut_its_lines_are_the_same(chunks: list[bytes], tmp_path_factory: pytest.TempPathFactory) -> None:
    whole = b"".join(chunks)
    expected = [line.decode(errors="replace").rstrip("\r") for line in whole.split(b"\n") if line.strip()]
    log = LogWriter(tmp_path_factory.mktemp("log") / "x.log")

    for chunk in chunks:
        log.write(chunk)
    log.close()

    assert list(log.last_lines(1000)) == expected[-200:]


def test_a_traceback_belongs_to_the_line_before_it(paths: SandboxPaths) -> None:
    write(
        paths,
        "orders",
        'started\nTraceback (most recent call last):\n  File "a.py", line 1, in <module>\n    f()\nValueError: no\nnext\n',
    )

    assert texts(paths) == [
        'started\nTraceback (most recent call last):\n  File "a.py", line 1, in <module>\n    f()\nValueError: no',
        "next",
    ]


def test_a_java_stack_is_one_record(paths: SandboxPaths) -> None:
    write(paths, "kafka", "ERROR broken\n\tat a.b.C\nCaused by: x\n\t... 3 more\nINFO fine\n")

    assert texts(paths) == ["ERROR broken\n\tat a.b.C\nCaused by: x\n\t... 3 more", "INFO fine"]


def test_what_stands_after_a_json_record_is_no_part_of_it(paths: SandboxPaths) -> None:
    traceback = "Traceback (most recent call last):\n  File\nKeyError: 1"
    write(paths, "orders", f'{{"message": "started"}}\n  indented\n{traceback}\n{{"message": "x"}}\n')

    assert texts(paths) == ['{"message": "started"}', f"  indented\n{traceback}", '{"message": "x"}']


def test_lines_without_a_time_stand_where_they_were_said(paths: SandboxPaths) -> None:
    write(paths, "supervisor", "one\n")
    with paths.log("supervisor").open("a") as log:
        log.write("said by the interpreter\n")
    (first, second) = read(paths, since=0.0)

    assert (first.text, second.text) == ("one", "said by the interpreter")
    assert second.at == first.at


PRINTED = st.text(st.characters(codec="utf-8", exclude_characters="\n\r"), max_size=30) | st.sampled_from(
    ["", " indented", "{}", '{"a": 1}', "{", "}", "Traceback (most recent call last):", "KeyError: 1", "panic: no", "\tat a.B"]
)


@given(printed=st.lists(PRINTED, max_size=30))
def test_whatever_is_printed_every_line_is_found_once_and_in_order(
    printed: list[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("shop")
    paths = SandboxPaths(checkout=folder, name="test", runtime_dir=folder)
    write(paths, "orders", "".join(f"{line}\n" for line in printed))

    assert "\n".join(texts(paths)).split("\n") == (printed or [""])


def written_at(paths: SandboxPaths, resource: str, moments: list[int], *, rotate_every: int) -> None:
    """A log with one line at each of these moments (seconds), over as many files as it takes."""
    paths.logs.mkdir(parents=True, exist_ok=True)
    chunks = [moments[start : start + rotate_every] for start in range(0, len(moments), rotate_every)]
    for age, chunk in enumerate(reversed(chunks)):
        path = files.rotated(paths.log(resource), age) if age else paths.log(resource)
        path.write_bytes(b"".join(stamp(at) + b" at %d\n" % at for at in chunk))
        os.utime(path, (chunk[-1], chunk[-1]))


@given(
    moments=st.lists(st.integers(1_000_000_000, 1_000_100_000), min_size=1, max_size=60).map(sorted),
    rotate_every=st.integers(6, 60),
    since=st.integers(999_999_990, 1_000_100_010),
    newest=st.none() | st.integers(0, 40),
)
def test_a_search_by_time_finds_what_reading_everything_finds(
    moments: list[int], rotate_every: int, since: int, newest: int | None, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("shop")
    paths = SandboxPaths(checkout=folder, name="test", runtime_dir=folder)
    written_at(paths, "orders", moments, rotate_every=rotate_every)
    wanted = [f"at {at}" for at in moments if at >= since]

    found = texts(paths, since=since, newest=newest)

    assert found == (wanted if newest is None else wanted[-newest:] if newest else [])


def test_old_files_are_not_read_for_what_is_new(paths: SandboxPaths, monkeypatch: pytest.MonkeyPatch) -> None:
    written_at(paths, "orders", list(range(1_000_000_000, 1_000_200_000)), rotate_every=100_000)
    taken: list[bytes] = []
    lines = files.Stretch.lines

    def noted(stretch: files.Stretch) -> Iterator[bytes]:
        for line in lines(stretch):
            taken.append(line)
            yield line

    monkeypatch.setattr(files.Stretch, "lines", noted)

    assert len(texts(paths, since=1_000_199_990.0)) == 10
    assert len(texts(paths, newest=10)) == 10
    assert len(taken) < 5_000  # of 200,000


def test_the_newest_are_counted_among_those_that_were_asked_for(paths: SandboxPaths) -> None:
    write(paths, "orders", "".join(f"{'wanted' if number % 1000 == 0 else 'other'} {number}\n" for number in range(20_000)))

    assert texts(paths, newest=2, keep=lambda record: record.text.startswith("wanted")) == ["wanted 18000", "wanted 19000"]


def test_only_the_named_resources_and_only_since(paths: SandboxPaths) -> None:
    write(paths, "edge", "a\n")
    write(paths, "orders", "b\n")
    (record,) = read(paths, resources=("edge",))

    assert record.text == "a"
    assert texts(paths, since=record.at + 3600) == []


def test_rotation_keeps_the_newest_files_and_reading_goes_through_all_of_them(paths: SandboxPaths) -> None:
    log = LogWriter(paths.log("kafka"), rotate_at_bytes=300, kept_files=3)
    for number in range(40):
        log.write(b"line %d\n" % number)
    log.close()

    kept = texts(paths)

    files = sorted(path.name for path in paths.logs.iterdir())
    assert files in (["kafka.log", "kafka.log.1", "kafka.log.2"], ["kafka.log.1", "kafka.log.2"])
    assert kept == [f"line {number}" for number in range(40 - len(kept), 40)]
    assert 10 < len(kept) < 40


def test_a_follower_sees_what_is_written_later_also_over_a_rotation(paths: SandboxPaths) -> None:
    log = LogWriter(paths.log("kafka"), rotate_at_bytes=400)
    log.write(b"line 0\n")
    following = follow(paths, newest=1)
    seen = [next(following).text]

    def write_on() -> None:
        for number in range(1, 30):
            log.write(b"line %d\n" % number)
            if number % 10 == 0:
                threading.Event().wait(0.25)  # a few polls of the follower between rotations

    writer = threading.Thread(target=write_on)
    writer.start()
    seen += [record.text for record in itertools.islice(following, 29)]
    writer.join()
    log.close()

    assert seen == [f"line {number}" for number in range(30)]


def test_a_full_disk_loses_lines_tells_once_and_tells_of_the_recovery(tmp_path: Path) -> None:
    path = tmp_path / "x.log"
    path.symlink_to("/dev/full")
    troubles: list[str | None] = []
    log = LogWriter(path, on_trouble=troubles.append)

    log.write(b"one\ntwo\n")
    log.write(b"three\n")
    dropped = log.dropped_lines
    os.dup2(os.open(tmp_path / "room", os.O_WRONLY | os.O_CREAT), log._descriptor or -1)
    log.write(b"four\n")

    assert dropped == 3
    assert log.last_lines() == ("one", "two", "three", "four")
    assert len(troubles) == 2
    assert "No space left on device" in (troubles[0] or "")
    assert troubles[1] is None
    assert (tmp_path / "room").read_text().endswith("four\n")


def test_a_follower_begins_with_what_is_said_from_now_on(paths: SandboxPaths) -> None:
    write(paths, "orders", "before\n")

    following = follow(paths)
    write(paths, "orders", "after\n")
    write(paths, "edge", "a newcomer\n")

    assert {record.text for record in itertools.islice(following, 2)} == {"after", "a newcomer"}


def test_a_follower_loses_nothing_when_the_log_rotates_several_times_between_two_looks(paths: SandboxPaths) -> None:
    log = LogWriter(paths.log("kafka"), rotate_at_bytes=300)
    log.write(b"line 0\n")
    following = follow(paths, newest=1)
    assert next(following).text == "line 0"

    for number in range(1, 25):
        log.write(b"line %d\n" % number)
    log.close()

    assert not paths.log("kafka").with_name("kafka.log.3").exists()
    assert [record.text for record in itertools.islice(following, 24)] == [f"line {number}" for number in range(1, 25)]
