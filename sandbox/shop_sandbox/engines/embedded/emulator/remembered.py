"""What MiniStack works out for every request though it is the same as for the one before: remembered, a seventh of its CPU.

It holds on to MiniStack at two places, both of the version that the lock pins, and a test fails where one of them is gone.
"""

from __future__ import annotations

import time
from email.utils import formatdate
from functools import lru_cache

from ministack import app
from ministack.services import dynamodb

_CONDITIONS = 1024
"""Services write their conditions by hand and pass values beside them: there are some dozens."""


def hold() -> None:
    """Take the place of MiniStack's own functions. Before it starts to serve."""
    app.formatdate = date_header
    dynamodb._condition_syntax_error = lru_cache(_CONDITIONS)(dynamodb._condition_syntax_error)


def date_header(*, usegmt: bool) -> str:
    """Return the date and time of now as HTTP has them."""
    return _date(int(time.time()), usegmt)


@lru_cache(1)
def _date(second: int, usegmt: bool) -> str:
    return formatdate(second, usegmt=usegmt)
