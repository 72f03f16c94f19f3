"""A large change of a document takes time in proportion to its size."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from fakes.counted import growth
from fakes.openapi import Json, request
from shop_contracts.openapi_diff import Report, diff, open_api


def branch(name: str, limit: int = 9) -> Json:
    return {"type": "object", "required": [name], "properties": {name: {"type": "string", "maxLength": limit}}}


def strings(size: int) -> tuple[Json, Json]:
    return {"type": "string", "enum": [f"v{n}" for n in range(size)]}, {"type": "string", "enum": [f"w{n}" for n in range(size)]}


def objects(size: int) -> tuple[Json, Json]:
    return {"enum": [{"k": n} for n in range(size)]}, {"enum": [{"q": n} for n in range(size)]}


def extensible(size: int) -> tuple[Json, Json]:
    before, after = ([f"{letter}{n}" for n in range(size)] for letter in "vw")
    return {"type": "string", "x-extensible-enum": before}, {"type": "string", "x-extensible-enum": after}


def no_branch_left(size: int) -> tuple[Json, Json]:
    return {"oneOf": [branch(f"a{n}") for n in range(size)]}, {"oneOf": [branch(f"b{n}") for n in range(size)]}


def one_branch_narrower(size: int) -> tuple[Json, Json]:
    before, after = [branch(f"a{n}") for n in range(size)], [branch(f"a{n}") for n in reversed(range(size - 1))]
    return {"oneOf": before}, {"oneOf": [branch(f"a{size - 1}", 8), *after]}


CHANGES = {
    "strings": strings,
    "objects": objects,
    "extensible": extensible,
    "no oneOf left": no_branch_left,
    "one of oneOf narrower": one_branch_narrower,
}


def judged(change: str, size: int) -> Callable[[], Report]:
    old, new = (
        open_api(Path(f"{name}.json"), text=json.dumps(request(schema)))
        for name, schema in zip(("old", "new"), CHANGES[change](size), strict=True)
    )
    return lambda: diff(old, new)


@pytest.mark.parametrize("change", CHANGES)
def test_four_times_the_change_is_four_times_the_work(change: str) -> None:
    # More than 400 branches are not multiplied out, whose budget would hide how matching them grows.
    assert growth(lambda size: judged(change, size), size=401 if "Of" in change else 50) < 6


def test_a_sentence_names_fifty_values_and_says_how_many_there_are() -> None:
    report = judged("strings", 1_000)()

    assert len(report.breaking) == 1_000
    assert max(len(finding.message) for finding in report.findings) < 1_000


def test_a_branch_that_moved_among_many_is_still_the_same_branch() -> None:
    (finding,) = judged("one of oneOf narrower", 100)().breaking

    assert finding.id == "request-property-max-length-decreased"
    assert "a99" in finding.where
