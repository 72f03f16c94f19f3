"""Products in bulk as they travel: JSON, or NDJSON with a product on each line (https://github.com/ndjson/ndjson-spec)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import msgspec
from shop_kit.http import FieldFault, Problem
from shop_kit.http.bodies import decode
from starlette.requests import Request

from shop_services.catalog.adapters.bodies import ImportedProduct, RefusedLineView
from shop_services.catalog.application.importing import Line

NDJSON = "application/x-ndjson"
MOST_LINES = 200


class _ImportBody(msgspec.Struct, forbid_unknown_fields=True):
    items: Annotated[list[msgspec.Raw], msgspec.Meta(min_length=1, max_length=MOST_LINES)]


async def read_lines(request: Request) -> tuple[Sequence[Line], Sequence[RefusedLineView]]:
    """Return the lines of an import, and those that are none: each with everything that is wrong with it.

    Raises Problem 415, 400, 422 for a body that has no lines at all.
    """
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    body = await request.body()
    if media_type == NDJSON:
        texts: Sequence[bytes | msgspec.Raw] = [line for line in body.splitlines() if line.strip()]
        if not 1 <= len(texts) <= MOST_LINES:
            fault = FieldFault("$", f"has {len(texts)} lines; 1 to {MOST_LINES} are taken")
            raise Problem(422, "The body is not valid", kind="invalid-body", errors=[fault])
    elif media_type == "application/json":
        texts = decode(body, _ImportBody).items
    else:
        detail = f"content-type is {media_type or 'missing'}; application/json and {NDJSON} are taken"
        raise Problem(415, "The body must be JSON", kind="unsupported-media-type", detail=detail)
    return _told_apart(texts)


def written_lines(items: Sequence[ImportedProduct]) -> bytes:
    """Return products as NDJSON."""
    return msgspec.json.Encoder().encode_lines(items)


def _told_apart(texts: Sequence[bytes | msgspec.Raw]) -> tuple[Sequence[Line], Sequence[RefusedLineView]]:
    good: dict[str, Line] = {}
    refused = []
    for number, text in enumerate(texts, start=1):
        try:
            line = decode(bytes(text), ImportedProduct).line(number)
        except Problem as problem:
            errors = [*problem.errors] or [FieldFault("$", problem.detail or problem.title)]
            refused.append(RefusedLineView(number, None, 0, errors))
            continue
        if line.product_id in good:
            fault = FieldFault("$.id", f"stands on line {good[line.product_id].number} already")
            refused.append(RefusedLineView(number, line.product_id, 0, [fault]))
        else:
            good[line.product_id] = line
    return [*good.values()], refused
