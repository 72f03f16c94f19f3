"""Request ids over gRPC: the same request sent twice has one effect and one answer, as with HTTP's Idempotency-Key.

https://google.aip.dev/155
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable

from google.protobuf.message import Message

from shop_kit.errors import FieldFault, Refused
from shop_kit.grpc.access import caller
from shop_kit.idempotency import Answer, AnsweredBefore, Claim, KeyReused

LONGEST_ID = 200


async def once(request: Message, work: Callable[[Claim], Awaitable[Answer]]) -> tuple[bytes, bool]:
    """Return the body of what `work` makes of the request's claim, and whether that was for the same request before.

    `request` has a field `request_id`; `work` has its effect and keeps its answer in the service's store. Raises Refused for an id
    that came with another request, or is too long; InProgress.
    """
    given = str(getattr(request, "request_id"))  # noqa: B009 # of which message this is a field, only the caller knows
    if len(given) > LONGEST_ID:
        faults = [FieldFault("request_id", f"has more than {LONGEST_ID} characters")]
        raise Refused("The request id is too long", kind="invalid-request-id", faults=faults)
    said = hashlib.sha256(request.SerializeToString(deterministic=True)).hexdigest()
    claim = Claim(f"{caller().subject} {request.DESCRIPTOR.full_name}", given, said)
    try:
        return (await work(claim)).body, False
    except AnsweredBefore as before:
        return before.answer.body, True
    except KeyReused as reused:
        raise Refused(
            "This idempotency key belongs to another request",
            kind="idempotency-key-reused",
            detail=f"{reused.key} came before with another body. Use a new key for a new request.",
        ) from reused
