"""Cursors of lists: where the next page begins, in a form that nobody needs to understand."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from typing import Annotated

import msgspec

from shop_kit.errors import FieldFault
from shop_kit.http.problems import Problem

Position = Mapping[str, str | int]
"""What a store needs to go on behind an item: its key."""


class PageQuery(msgspec.Struct):
    """Which page of a list."""

    limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = 20
    cursor: Annotated[str, msgspec.Meta(max_length=400)] | None = None


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


def cursor_behind(last_id: str | None) -> str | None:
    """Return the cursor of what stands behind the item with this id; None where nothing does."""
    return cursor_of({"id": last_id}) if last_id is not None else None


def id_in_cursor(cursor: str | None, is_id: Callable[[str], bool]) -> str | None:
    """Return the id behind which a page begins; None at the beginning. Raises Problem 400 for what `is_id` does not take."""
    if cursor is None:
        return None
    found = read_cursor(cursor).get("id")
    if not isinstance(found, str) or not is_id(found):
        raise no_such_cursor()
    return found


def no_such_cursor() -> Problem:
    """Return the answer to a cursor that this list never gave."""
    fault = FieldFault("cursor", "is not a nextCursor of this list")
    return Problem(400, "The query is not valid", kind="invalid-query", errors=[fault])
