"""The kit's root errors, in words that a caller can act on and that belong to no transport: HTTP, gRPC and the consumer of
messages each turn them into their own at their edge.

| error | means | HTTP | gRPC | a message whose handler raises it |
|---|---|---|---|---|
| `Unavailable` | a dependency is away | 503 | UNAVAILABLE | waits |
| `Overloaded` | somebody has as much to do as they can take | 503 | RESOURCE_EXHAUSTED | waits |
| `Conflict` | others are changing the same thing | 409 | ABORTED | waits |
| `Invalid` | what was sent is wrong and stays wrong | 422 | INVALID_ARGUMENT | goes to the dead letters at once |
| `Refused` | the same, with a kind and each fault | 422 | INVALID_ARGUMENT and details | goes to the dead letters at once |
| `auth.NotAuthenticated` | no token, or one that does not hold | 401 | UNAUTHENTICATED | (has no caller) |
| `auth.NotAllowed` | the token does not reach so far | 403 | PERMISSION_DENIED | (has no caller) |
| any other | nobody knows | 500 | INTERNAL | is tried for long, then parked |
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec


class KitError(Exception):
    """Root of all that the kit raises on purpose."""


class Transient(KitError):
    """What passes by itself: the same may well work when it is tried again later."""

    def __init__(self, subject: str, reason: str, *, sentence: str) -> None:
        super().__init__(f"{subject} {sentence}: {reason}")
        self.subject = subject
        self.reason = reason


class Unavailable(Transient):
    """A dependency could not be reached, did not answer in time, or cannot do its work now."""

    def __init__(self, dependency: str, reason: str) -> None:
        super().__init__(dependency, reason, sentence="is unavailable")

    @property
    def dependency(self) -> str:
        """Return what is away."""
        return self.subject


class Overloaded(Transient):
    """A limit is reached: of a dependency (it throttles), or of our own (a full bulkhead). Come back more slowly."""

    def __init__(self, subject: str, reason: str) -> None:
        super().__init__(subject, reason, sentence="is overloaded")


class Conflict(Transient):
    """Others were changing the same thing and were faster: nothing was done."""

    def __init__(self, subject: str, reason: str) -> None:
        super().__init__(subject, reason, sentence="is contended")


class Invalid(KitError):
    """A request or message is wrong: it will fail for ever, however often it is tried. Its sender must change it."""


class FieldFault(msgspec.Struct, frozen=True):
    """One thing wrong with a request: where (`$.lines[0].quantity`, or a header or parameter by name) and what."""

    field: str
    message: str


class Refused(Invalid):
    """A request that the rules of a service turn away, in words for programs and people, the same over HTTP and gRPC.

    `kind` is a slug that programs can test (`coupon-not-valid`), `title` says the same to people, and `detail` what it is about.
    """

    def __init__(self, title: str, *, kind: str, detail: str | None = None, faults: Sequence[FieldFault] = ()) -> None:
        super().__init__(f"{title}: {detail}" if detail else title)
        self.title = title
        self.kind = kind
        self.detail = detail
        self.faults = tuple(faults)
