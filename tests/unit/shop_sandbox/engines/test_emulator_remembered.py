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

OF_NUMBERS = ("_number_error", "_number_size_bytes", "_ddb_canonicalize_number")


@pytest.fixture
def own(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """Remember as in the emulator, and give MiniStack's own functions by name."""
    monkeypatch.setattr(app, "formatdate", app.formatdate)  # it is there, and is put back
    functions = {name: getattr(dynamodb, name) for name in ("_condition_syntax_error", "_tokenize", *OF_NUMBERS)}
    for name, function in functions.items():
        monkeypatch.setattr(dynamodb, name, function)
    remembered.hold()
    yield functions


@pytest.fixture
def own_check(own: dict[str, Any]) -> Any:
    """What MiniStack itself says of a condition."""
    return own["_condition_syntax_error"]


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


@pytest.mark.parametrize("expression", ["attribute_not_exists(pk)", "SET a = :after ADD #free :added", "#a BETWEEN :b AND :c"])
def test_whoever_takes_an_expression_apart_harms_nobody_else(own: dict[str, Any], expression: str) -> None:
    for _ in range(2):
        tokens = dynamodb._tokenize(expression)
        assert tokens == own["_tokenize"](expression)
        tokens.clear()


@pytest.mark.parametrize("name", OF_NUMBERS)
@pytest.mark.parametrize("value", ["0", "-1", "007", "1.50", "1e3", "1E-131", "9" * 39, "", " 1", "nan", 1, 1.5, None, True])
def test_numbers_are_judged_as_before_whatever_stands_where_one_belongs(own: dict[str, Any], name: str, value: Any) -> None:
    for _ in range(2):
        assert getattr(dynamodb, name)(value) == own[name](value)


@pytest.mark.usefixtures("own")
@pytest.mark.parametrize("value", [["1"], {"N": "1"}])
def test_what_is_no_text_is_refused_as_a_number(value: Any) -> None:
    assert "cannot be converted" in dynamodb._number_error(value)
    assert dynamodb._ddb_canonicalize_number(value) is None
