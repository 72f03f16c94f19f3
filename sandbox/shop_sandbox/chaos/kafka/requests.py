"""What a request asks for: its header, and of `Produce` whether it wants an answer."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum

from shop_sandbox.chaos.kafka.wire import Rewriter


class Api(IntEnum):
    """Requests that a proxy looks at, by their number."""

    PRODUCE = 0
    FETCH = 1
    METADATA = 3
    FIND_COORDINATOR = 10
    API_VERSIONS = 18
    DESCRIBE_CLUSTER = 60
    SHARE_FETCH = 78
    SHARE_ACKNOWLEDGE = 79


_NAMES = {
    0: "Produce",
    1: "Fetch",
    2: "ListOffsets",
    3: "Metadata",
    8: "OffsetCommit",
    9: "OffsetFetch",
    10: "FindCoordinator",
    11: "JoinGroup",
    12: "Heartbeat",
    13: "LeaveGroup",
    14: "SyncGroup",
    18: "ApiVersions",
    22: "InitProducerId",
    24: "AddPartitionsToTxn",
    25: "AddOffsetsToTxn",
    26: "EndTxn",
    28: "TxnOffsetCommit",
    60: "DescribeCluster",
}
_FIRST_FLEXIBLE_PRODUCE, _FIRST_TRANSACTIONAL_PRODUCE = 9, 3


@dataclass(frozen=True)
class Request:
    """A request's header."""

    api: int
    version: int
    correlation: int
    wants_answer: bool

    @property
    def name(self) -> str:
        return _NAMES.get(self.api, f"Api{self.api}")


def request_of(frame: bytes) -> Request:
    """Read a request's header. Raises ValueError for what is none."""
    reader = Rewriter(frame)
    api, version, correlation = reader.int16(), reader.int16(), reader.int32()
    return Request(api, version, correlation, wants_answer=api != Api.PRODUCE or _acknowledged(reader, version))


def with_correlation(frame: bytes, correlation: int) -> bytes:
    """Return the same request under another number."""
    return frame[:4] + struct.pack(">i", correlation) + frame[8:]


def _acknowledged(reader: Rewriter, version: int) -> bool:
    """Of a Produce request behind its number: client id, transactional id, acks."""
    flexible = version >= _FIRST_FLEXIBLE_PRODUCE
    reader.string(flexible=False)
    reader.tags(flexible=flexible)
    if version >= _FIRST_TRANSACTIONAL_PRODUCE:
        reader.string(flexible=flexible)
    return reader.int16() != 0
