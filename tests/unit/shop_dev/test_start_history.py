"""Timings of earlier starts."""

from __future__ import annotations

import json
from pathlib import Path

from shop_dev.start_history import earlier_starts, usual_seconds, usual_seconds_of


def written(folder: Path, *lines: object) -> Path:
    path = folder / "history.jsonl"
    path.write_text("".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines))
    return path


def start(at: float, seconds: float, **resources: float) -> dict[str, object]:
    return {"at": at, "seconds": seconds, "resources": resources, "generation": 1}


def test_the_usual_time_is_the_median_of_starts_of_the_same_resources(tmp_path: Path) -> None:
    path = written(tmp_path, start(1, 4.0, kafka=1.0), start(2, 9.0, kafka=1.0, orders=2.0), start(3, 6.0, kafka=3.0))

    earlier = earlier_starts(path, before=10.0)

    assert usual_seconds(earlier, resources=frozenset({"kafka"})) == 5.0
    assert usual_seconds_of(earlier, "kafka") == 1.0


def test_the_start_itself_is_not_among_the_earlier_ones(tmp_path: Path) -> None:
    path = written(tmp_path, start(1, 4.0, kafka=1.0), start(9, 5.0, kafka=1.0))

    assert [one.at for one in earlier_starts(path, before=9.0)] == [1.0]


def test_only_the_last_ten_count(tmp_path: Path) -> None:
    path = written(tmp_path, *(start(n, 100.0 if n < 5 else 1.0, kafka=1.0) for n in range(15)))

    assert usual_seconds(earlier_starts(path, before=99.0), resources=frozenset({"kafka"})) == 1.0


def test_without_a_history_nothing_is_usual(tmp_path: Path) -> None:
    assert earlier_starts(tmp_path / "none.jsonl", before=1.0) == []
    assert usual_seconds([], resources=frozenset()) is None
    assert usual_seconds_of([], "kafka") is None


def test_a_damaged_line_is_passed_over(tmp_path: Path) -> None:
    path = written(tmp_path, '{"at": 1, "sec', "[]", '{"at": "x", "seconds": 1, "resources": {}}', start(2, 3.0, kafka=1.0))

    assert [one.seconds for one in earlier_starts(path, before=9.0)] == [3.0]
