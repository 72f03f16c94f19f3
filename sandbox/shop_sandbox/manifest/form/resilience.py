"""How a service bears that others are slow, away or too many."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from shop_sandbox.manifest.form.values import Form, PartName, PositiveInt, ServiceName

Seconds = Annotated[float, Meta(gt=0, le=60)]
Percent = Annotated[int, Meta(ge=0, le=100)]
OperationId = Annotated[str, Meta(pattern="^[a-z][A-Za-z0-9]*$", description="An `operationId` of its OpenAPI document.")]


class CallPolicy(Form, frozen=True, kw_only=True):
    """How somebody is called: one of `needs.services`, or, for the keys that prove tokens, one of `needs.issuers` or the pool of
    `gateway`."""

    service: ServiceName
    timeout_seconds: Annotated[Seconds, Meta(description="How long an answer may take, with all tries.")] = 5.0
    attempts: Annotated[int, Meta(ge=1, le=10, description="Tries, the first included, of what may be repeated.")] = 3
    retry_percent: Annotated[Percent, Meta(description="The budget: so many more tries than calls, in the long run.")] = 20
    reads_at_once: Annotated[PositiveInt, Meta(description="Places for calls that read.")] = 256
    writes_at_once: Annotated[PositiveInt, Meta(description="Places for calls that change something.")] = 256
    waits_at_once: Annotated[PositiveInt, Meta(description="Places for calls that wait on purpose.")] = 1024
    failure_percent: Annotated[Percent, Meta(description="When so many of the last calls failed, the breaker opens.")] = 50
    open_seconds: Annotated[Seconds, Meta(description="How long an open breaker refuses before single calls find out.")] = 2.0


class RateLimit(Form, frozen=True, kw_only=True):
    """How often one client may use some operations, together. Beyond that it is answered 429 with Retry-After."""

    name: PartName
    operations: Annotated[tuple[OperationId, ...], Meta(min_length=1, description="What is counted together.")]
    per_second: Annotated[float, Meta(gt=0, le=10_000, description="Requests a second, on average.")]
    burst: Annotated[PositiveInt, Meta(description="Requests at once.")]


class Shedding(Form, frozen=True, kw_only=True):
    """What is refused first when there is too much to do: 503 with Retry-After, from half of `atOnce` on for what is `first`, from
    four fifths on for the rest, and at `atOnce` for what is `last`."""

    at_once: Annotated[PositiveInt, Meta(description="Requests under way in one process.")]
    first: Annotated[tuple[OperationId, ...], Meta(description="Refused first: who asks can come back.")] = ()
    last: Annotated[tuple[OperationId, ...], Meta(description="Refused last: who asks may not come back.")] = ()
    apart: Annotated[tuple[OperationId, ...], Meta(description="Not counted: they wait on purpose, in places of their own.")] = ()


class Resilience(Form, frozen=True, kw_only=True):
    """What the service is told in `SHOP_RESILIENCE`, as JSON. What is left out is as the kit has it."""

    calls: Annotated[
        tuple[CallPolicy, ...],
        Meta(description="How others are called. On the kit nobody else is."),
    ] = ()
    rate_limits: Annotated[tuple[RateLimit, ...], Meta(description="How often a client may use operations.")] = ()
    shedding: Shedding | None = None
