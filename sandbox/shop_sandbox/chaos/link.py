"""A caller's way to something it calls, and the protocol spoken on it."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from shop_sandbox.chaos.fault import AnyFault


class Protocol(StrEnum):
    """What a proxy understands of what goes through it; a stream is only delayed, slowed and reset."""

    STREAM = "stream"
    KAFKA = "kafka"
    HTTP = "http"
    AWS = "aws"


class Link(msgspec.Struct, frozen=True):
    """`caller` reaches `callee` (a key of an endpoint: `inventory`, `inventory.grpc`) through `port`; it really is at `upstream`.

    Both are ports of this machine's loopback.
    """

    caller: str
    callee: str
    protocol: Protocol
    port: int
    upstream: int

    @property
    def name(self) -> str:
        return f"{self.caller}->{self.callee}"

    def is_meant_by(self, fault: AnyFault) -> bool:
        """True for a fault of the callee as a whole, or of this caller's way to it."""
        caller, arrow, callee = fault.target.rpartition("->")
        return callee in {self.callee, self.callee.partition(".")[0]} and (not arrow or caller == self.caller)
