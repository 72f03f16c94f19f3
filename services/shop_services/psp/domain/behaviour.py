"""How the provider misbehaves, until it is told to stop."""

from __future__ import annotations

from dataclasses import dataclass

EVERY_ISSUER = "*"


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What happens to calls about the cards of one issuer, or of every issuer.

    `latency_seconds` comes before the answer; `fails_before` answers 503 and does nothing, `fails_after` does what was asked and
    answers 503 all the same, `never_answers` does it and lets the caller wait. `decline_code` declines every new charge.
    """

    latency_seconds: float = 0.0
    fails_before: bool = False
    fails_after: bool = False
    never_answers: bool = False
    decline_code: str | None = None


GOOD = Behaviour()


def issuer_of(method_token: str) -> str:
    """Return who issued the card: the word behind `tok_`."""
    return method_token.removeprefix("tok_").partition("_")[0] or "unknown"
