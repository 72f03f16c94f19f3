"""Answers that tell addresses of brokers, rewritten so that a client comes back to the proxy.

Each form of these answers is known up to a version; `ApiVersions` is rewritten so that no client asks for a newer one. Of `Produce`
and `Fetch` that is the last one without addresses (KIP-951).
"""

from __future__ import annotations

import struct

from shop_sandbox.chaos.kafka.requests import Api
from shop_sandbox.chaos.kafka.wire import Addressed, Rewriter, as_varint

NEWEST_KNOWN: dict[int, int] = {Api.METADATA: 13, Api.FIND_COORDINATOR: 6, Api.DESCRIBE_CLUSTER: 2, Api.PRODUCE: 9, Api.FETCH: 15}
NEVER_OFFERED = frozenset({Api.SHARE_FETCH, Api.SHARE_ACKNOWLEDGE})
_UNSUPPORTED_VERSION = 35


def rewritten(answer: bytes, api: int, version: int, addressed: Addressed) -> bytes:
    """Return the answer to a request of this kind and version as a client is to read it. Raises ValueError."""
    if api == Api.API_VERSIONS:
        return _api_versions(answer, version)
    rewriter = Rewriter(answer, addressed)
    if api == Api.METADATA:
        _metadata(rewriter, version)
    elif api == Api.FIND_COORDINATOR:
        _find_coordinator(rewriter, version)
    elif api == Api.DESCRIBE_CLUSTER:
        _describe_cluster(rewriter, version)
    return rewriter.finish()


def _metadata(answer: Rewriter, version: int) -> None:
    flexible = version >= 9
    _header(answer, flexible=flexible)
    if version >= 3:
        answer.int32()  # throttle time
    for _ in range(answer.count(flexible=flexible)):
        answer.int32()  # node id
        answer.address(flexible=flexible)
        if version >= 1:
            answer.string(flexible=flexible)  # rack
        answer.tags(flexible=flexible)


def _find_coordinator(answer: Rewriter, version: int) -> None:
    flexible = version >= 3
    _header(answer, flexible=flexible)
    if version >= 1:
        answer.int32()  # throttle time
    if version >= 4:
        for _ in range(answer.count(flexible=True)):
            answer.string(flexible=True)  # key
            answer.int32()  # node id
            answer.address(flexible=True)
            answer.int16()  # error
            answer.string(flexible=True)  # its message
            answer.tags(flexible=True)
        return
    answer.int16()  # error
    if version >= 1:
        answer.string(flexible=flexible)  # its message
    answer.int32()  # node id
    answer.address(flexible=flexible)


def _describe_cluster(answer: Rewriter, version: int) -> None:
    _header(answer, flexible=True)
    answer.int32()  # throttle time
    answer.int16()  # error
    answer.string(flexible=True)  # its message
    if version >= 1:
        answer.int8()  # kind of endpoint
    answer.string(flexible=True)  # cluster id
    answer.int32()  # controller
    for _ in range(answer.count(flexible=True)):
        answer.int32()  # node id
        answer.address(flexible=True)
        answer.string(flexible=True)  # rack
        if version >= 2:
            answer.int8()  # is fenced
        answer.tags(flexible=True)


def _api_versions(answer: bytes, version: int) -> bytes:
    """Its header has no tagged fields in any version; who asked for a version that the broker does not know is answered in the
    oldest form (KIP-511)."""
    reader = Rewriter(answer)
    correlation, error = reader.int32(), reader.int16()
    flexible = version >= 3 and error != _UNSUPPORTED_VERSION
    offered = []
    for _ in range(reader.count(flexible=flexible)):
        offered.append((reader.int16(), reader.int16(), reader.int16()))
        reader.tags(flexible=flexible)
    known = [(api, lowest, min(highest, NEWEST_KNOWN.get(api, highest))) for api, lowest, highest in offered]
    kept = [one for one in known if one[0] not in NEVER_OFFERED]
    end = b"\0" if flexible else b""
    size = as_varint(len(kept) + 1) if flexible else struct.pack(">i", len(kept))
    return struct.pack(">ih", correlation, error) + size + b"".join(struct.pack(">hhh", *one) + end for one in kept) + reader.left()


def _header(answer: Rewriter, *, flexible: bool) -> None:
    answer.int32()  # correlation
    answer.tags(flexible=flexible)
