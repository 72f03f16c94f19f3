"""The header Idempotency-Key: from a request to a claim, and from what became of the claim to an answer.

https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response

from shop_kit.errors import FieldFault
from shop_kit.http.access import caller
from shop_kit.http.problems import Problem
from shop_kit.idempotency import Answer, AnsweredBefore, Claim, InProgress, KeyReused

_KEY = re.compile(r'"?([!#-~](?:[ !#-~]{0,198}[!#-~])?)"?')
"""The pattern of the header in the contracts, which these lines keep to."""


async def once(request: Request, work: Callable[[Claim], Awaitable[Answer]]) -> Response:
    """Answer a request with what `work` makes of its claim, or as it was answered before. Raises Problem 400, 409, 422.

    `work` has its effect and keeps its answer in the service's store; it raises AnsweredBefore, KeyReused or InProgress.
    """
    claim = claim_from(request, subject=caller(request).subject, body=await request.body())
    try:
        return response(await work(claim))
    except AnsweredBefore as before:
        return response(before.answer, is_replay=True)
    except KeyReused as reused:
        raise Problem(
            422,
            "This idempotency key belongs to another request",
            kind="idempotency-key-reused",
            detail=f"Idempotency-Key {reused.key} came before with another body. Use a new key for a new request.",
        ) from reused
    except InProgress as busy:
        raise Problem(
            409,
            "The first request with this key is not answered yet",
            kind="idempotency-key-in-progress",
            detail=f"Idempotency-Key {busy.key} is in progress. Send the same request again in a moment.",
            headers={"retry-after": "1"},
        ) from busy


def response(answer: Answer, *, is_replay: bool = False) -> Response:
    """Return the HTTP response; a replay says so in a header."""
    headers = {**answer.headers, "idempotency-replayed": "true"} if is_replay else dict(answer.headers)
    return Response(answer.body, answer.status, headers=headers, media_type="application/json")


def key_of(request: Request) -> str:
    """Return the request's Idempotency-Key; quotes around it (the draft's own notation) do not belong to it. Raises Problem 400."""
    found = _KEY.fullmatch(request.headers.get("idempotency-key", "").strip())
    if found is None:
        raise Problem(
            400,
            "An Idempotency-Key is required",
            kind="idempotency-key-required",
            detail="Send a header Idempotency-Key with a fresh UUID, and the same one whenever you repeat this request.",
            errors=[FieldFault("Idempotency-Key", "is missing, longer than 200 characters, or not printable ASCII without quotes")],
        )
    return found[1]


def claim_from(request: Request, *, subject: str, body: bytes) -> Claim:
    """Return the claim of a request by `subject`. Raises Problem 400 without a usable Idempotency-Key."""
    return Claim(f"{subject} {request.method} {request.scope['path']}", key_of(request), hashlib.sha256(body).hexdigest())
