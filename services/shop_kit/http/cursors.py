"""Cursors of lists: where the next page begins, in a form that nobody needs to understand."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping

import msgspec

from shop_kit.errors import FieldFault
from shop_kit.http.problems import Problem

Position = Mapping[str, str | int]
"""What a store needs to go on behind an item: its key."""


def cursor_of(position: Position) -> str:
    """Return a position as a text for URLs."""
    return base64.urlsafe_b64encode(msgspec.json.encode(position)).rstrip(b"=").decode()


def read_cursor(cursor: str) -> Position:
    """Return the position in a cursor. Raises Problem 400 for one that no list gave."""
    try:
        content = base64.b64decode(cursor.encode() + b"=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        return msgspec.json.decode(content, type=dict[str, str | int])
    except (binascii.Error, UnicodeError, msgspec.DecodeError) as error:
        raise no_such_cursor() from error


def no_such_cursor() -> Problem:
    """Return the answer to a cursor that this list never gave."""
    fault = FieldFault("cursor", "is not a nextCursor of this list")
    return Problem(400, "The query is not valid", kind="invalid-query", errors=[fault])
