"""The kit's root errors: what every adapter may raise, in words that a caller can act on."""

from __future__ import annotations


class KitError(Exception):
    """Root of all that the kit raises on purpose."""


class Unavailable(KitError):
    """A dependency could not be reached or did not answer in time: trying again later may well work.

    A message whose handler raises it is retried for ever (its partition waits); an HTTP request is answered with 503.
    """

    def __init__(self, dependency: str, reason: str) -> None:
        super().__init__(f"{dependency} is unavailable: {reason}")
        self.dependency = dependency
        self.reason = reason
