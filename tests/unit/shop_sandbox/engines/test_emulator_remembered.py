"""What the emulator remembers is what MiniStack would have worked out."""

from __future__ import annotations

import time
from collections.abc import Iterator
from email.utils import formatdate, parsedate_to_datetime
from typing import Any

import pytest
from ministack import app
from ministack.services import dynamodb
from shop_sandbox.engines.embedded.emulator import remembered


@pytest.fixture
def own_check(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Remember as in the emulator, and give what MiniStack itself says of a condition."""
    check = dynamodb._condition_syntax_error
    monkeypatch.setattr(app, "formatdate", app.formatdate)  # it is there, and is put back
    monkeypatch.setattr(dynamodb, "_condition_syntax_error", check)
    remembered.hold()
    yield check


@pytest.mark.parametrize("condition", ["attribute_not_exists(pk)", "version = :before", "version = = :before", "a AND", "b ="])
def test_conditions_are_judged_as_before_however_often(own_check: Any, condition: str) -> None:
    for _ in range(2):
        assert dynamodb._condition_syntax_error(condition, "ConditionExpression") == own_check(condition, "ConditionExpression")


def test_a_fault_is_told_of_the_expression_that_it_is_in(own_check: Any) -> None:
    assert own_check("a AND", "ConditionExpression")
    for slot in ("ConditionExpression", "FilterExpression"):
        assert slot in dynamodb._condition_syntax_error("a AND", slot)


@pytest.mark.usefixtures("own_check")
def test_the_date_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    for second in (1_800_000_000.2, 1_800_000_000.9, 1_800_000_001.0, 1_900_000_000.0):
        monkeypatch.setattr(time, "time", lambda second=second: second)
        assert app.formatdate(usegmt=True) == formatdate(second, usegmt=True)
        assert parsedate_to_datetime(app.formatdate(usegmt=True)).timestamp() == int(second)
