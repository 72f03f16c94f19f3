"""Entity tags of what people edit: who writes says what they saw, and is refused when it is so no more.

https://www.rfc-editor.org/rfc/rfc9110#section-13
"""

from __future__ import annotations

import re

from starlette.requests import Request

from shop_kit.errors import FieldFault
from shop_kit.http.problems import Problem

_TAGS = re.compile(r'(?:W/)?"[!#-~]*"(?:\s*,\s*(?:W/)?"[!#-~]*")*')
_VERSION = re.compile(r'"([1-9][0-9]{0,17})"')


def etag_of(version: int) -> str:
    """Return the entity tag of a thing at this version: how often it was written, from 1 on."""
    return f'"{version}"'


def seen_version(request: Request) -> int:
    """Return the version that whoever writes has seen, by `If-Match`; 0 for nothing, by `If-None-Match: *`.

    Raises Problem 428 when the request has neither, 400 for what is no entity tag, and 412 for tags that no thing here has.
    """
    match, none_match = request.headers.get("if-match"), request.headers.get("if-none-match")
    if match is None and none_match == "*":
        return 0
    if match is None or none_match is not None:
        raise Problem(
            428,
            "Say what you have seen",
            kind="precondition-required",
            detail="Send If-Match with the ETag of what you read, or If-None-Match: * to make what is not there yet.",
            errors=[FieldFault("If-Match", "is required, and alone")],
        )
    if not _TAGS.fullmatch(match.strip()):
        fault = FieldFault("If-Match", 'is no entity tag, such as "3"')
        raise Problem(400, "The precondition is not valid", kind="invalid-precondition", errors=[fault])
    found = _VERSION.fullmatch(match.strip())
    if found is None:
        raise changed_meanwhile(None)
    return int(found[1])


def changed_meanwhile(version: int | None) -> Problem:
    """Return the answer to who has seen another version than this one (None: than any)."""
    headers = {"etag": etag_of(version)} if version else {}
    return Problem(
        412,
        "This was changed meanwhile",
        kind="stale-etag",
        detail="It is not as you saw it. Read it again, then decide again what it shall be.",
        headers=headers,
    )
