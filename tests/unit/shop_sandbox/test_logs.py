"""Logs: what a process prints is found again, whole, wherever the disk and the rotation have put it."""

from __future__ import annotations

import itertools
import os
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shop_sandbox.logs import LogRecord, LogWriter, read
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


def test_records_of_one_request_are_found_across_resources(paths: SandboxPaths) -> None:
    write(paths, "edge", '{"correlation_id": "c-1", "message": "asked"}\n{"correlation_id": "c-2", "message": "other"}\n')
    write(paths, "orders", 'plain c-1\n{"correlation_id": "c-1", "message": "placed"}\n')

    found = list(read(paths, correlation="c-1"))

    assert [(record.resource, (record.fields or {})["message"]) for record in found] == [("edge", "asked"), ("orders", "placed")]


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
    following = read(paths, follow=True)
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


def test_a_record_without_json_has_no_correlation_id() -> None:
    assert LogRecord(0.0, "x", "text").correlation_id is None
    assert LogRecord(0.0, "x", "{}", {"correlation_id": 3}).correlation_id is None
