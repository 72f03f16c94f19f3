"""Faults as data: what is done to whom, from when on, for how long."""

from __future__ import annotations

from typing import Annotated

import msgspec

Share = Annotated[float, msgspec.Meta(gt=0, le=1)]
_Positive = Annotated[float, msgspec.Meta(gt=0)]
_NotNegative = Annotated[float, msgspec.Meta(ge=0)]

EVERY = ("*",)


class Fault(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True, tag_field="kind"):
    """What all have: `target` is a part of the sandbox (`kafka`: all that call it), or one caller's way to it (`orders->payments`).

    It begins `start` seconds after the storm has, and lasts `seconds`. Where a fault has `operations`, these are patterns of names:
    Kafka's requests (`Produce`), AWS's (`PutItem`), or `METHOD /path` of HTTP.
    """

    target: str
    start: _NotNegative = 0.0
    seconds: _NotNegative = 0.0


class Latency(Fault, frozen=True, tag="latency"):
    """Answers come so many milliseconds later, plus a random part of `jitter`."""

    milliseconds: _Positive
    jitter: _NotNegative = 0.0
    operations: tuple[str, ...] = EVERY


class Bandwidth(Fault, frozen=True, tag="bandwidth"):
    """So many KiB a second in each direction of a connection, and no more."""

    kib_per_second: _Positive


class Reset(Fault, frozen=True, tag="reset"):
    """Connections are reset: those that are open when it begins, and each new one until it ends."""


class Duplicate(Fault, frozen=True, tag="duplicate"):
    """A part of the requests arrives twice; of Kafka's only `Produce`. The caller hears one answer."""

    share: Share = 1.0
    operations: tuple[str, ...] = EVERY


class Reorder(Fault, frozen=True, tag="reorder"):
    """Kafka's `Fetch` answers wait up to so long, each its own time: what was written first may be read after what came later."""

    milliseconds: _Positive


class Status(Fault, frozen=True, tag="status"):
    """HTTP answers with this status in place of the real one. With `lost_answer` the callee does its work before."""

    status: Annotated[int, msgspec.Meta(ge=400, le=599)] = 503
    share: Share = 1.0
    operations: tuple[str, ...] = EVERY
    lost_answer: bool = False


class Throttle(Fault, frozen=True, tag="throttle"):
    """AWS refuses a part of the calls of these operations, as it does whoever asks too often."""

    share: Share = 1.0
    operations: tuple[str, ...] = EVERY


class Kill(Fault, frozen=True, tag="kill"):
    """SIGKILL to the part's process; the supervisor starts it again."""


class Pause(Fault, frozen=True, tag="pause"):
    """SIGSTOP to the part's processes, and SIGCONT after `seconds`."""


ProxyFault = Latency | Bandwidth | Reset | Duplicate | Reorder | Status | Throttle
AnyFault = ProxyFault | Kill | Pause
