"""What an Idempotency-Key claims, and how a claim can end (https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from starlette.requests import Request
from starlette.responses import Response

from shop_kit.errors import KitError
from shop_kit.http.problems import FieldFault, Problem

LIFETIME_SECONDS = 24 * 3600.0
"""How long a key is remembered."""

LEASE_SECONDS = 60.0
"""How long a request may hold a key in progress before another one may take it over: longer than any request may run."""

_KEY = re.compile(r'"?([!#-~](?:[ !#-~]{0,198}[!#-~])?)"?')
"""The pattern of the header in the contracts, which these lines keep to."""


class KeyState(StrEnum):
    """Where a key is in its life."""

    IN_PROGRESS = "in-progress"
    COMPLETED = "completed"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Claim:
    """A key as one caller uses it for one operation (`scope`), with the fingerprint of the request it came with."""

    scope: str
    key: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Answer:
    """A response that can be given again: the first time and every time."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)

    def response(self, *, is_replay: bool = False) -> Response:
        """Return the HTTP response; a replay says so in a header."""
        headers = {**self.headers, "idempotency-replayed": "true"} if is_replay else dict(self.headers)
        return Response(self.body, self.status, headers=headers, media_type="application/json")


class AnsweredBefore(KitError):
    """This very request was answered before; `answer` is what it got."""

    def __init__(self, answer: Answer) -> None:
        super().__init__("the request was answered before")
        self.answer = answer


class KeyReused(Problem):
    """The key came before with another request."""

    def __init__(self, claim: Claim) -> None:
        super().__init__(
            422,
            "This idempotency key belongs to another request",
            kind="idempotency-key-reused",
            detail=f"Idempotency-Key {claim.key} came before with another body. Use a new key for a new request.",
        )


class InProgress(Problem):
    """A request with this key is being worked on."""

    def __init__(self, claim: Claim) -> None:
        super().__init__(
            409,
            "The first request with this key is not answered yet",
            kind="idempotency-key-in-progress",
            detail=f"Idempotency-Key {claim.key} is in progress. Send the same request again in a moment.",
            headers={"retry-after": "1"},
        )


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
