"""One connection of a Kafka client through the proxy."""

from __future__ import annotations

import asyncio
import struct

from shop_sandbox.chaos.active import Active, matches
from shop_sandbox.chaos.fault import Duplicate, Reorder
from shop_sandbox.chaos.kafka.answers import rewritten
from shop_sandbox.chaos.kafka.brokers import Brokers
from shop_sandbox.chaos.kafka.requests import Api, Request, request_of, with_correlation
from shop_sandbox.chaos.link import Link
from shop_sandbox.chaos.pipe import Pipe

MOST_BYTES = 128 << 20
"""Of one message; more is no Kafka."""
_TELLING_ADDRESSES = frozenset({Api.METADATA, Api.FIND_COORDINATOR, Api.DESCRIBE_CLUSTER})


class KafkaConversation:
    """Knows of each request that is under way what it asked for, since an answer says only its number."""

    def __init__(self, link: Link, active: Active, brokers: Brokers) -> None:
        self._link, self._active, self._brokers = link, active, brokers
        self._asked: dict[int, Request] = {}
        self._repeated: set[int] = set()
        self._next_repeat = -1

    async def forward(self, reader: asyncio.StreamReader, pipe: Pipe) -> None:
        """Hand on requests, some of them twice. Raises ValueError for what is no Kafka."""
        while (frame := await _frame(reader)) is not None:
            request = request_of(frame)
            if request.wants_answer:
                self._asked[request.correlation] = request
            await pipe.put(_framed(frame))
            if request.api == Api.PRODUCE and request.wants_answer and self._is_repeated():
                self._repeated.add(self._next_repeat)
                await pipe.put(_framed(with_correlation(frame, self._next_repeat)))
                self._next_repeat -= 1

    async def back(self, reader: asyncio.StreamReader, pipe: Pipe) -> None:
        """Hand back answers, those to repeated requests left out. Raises ValueError."""
        while (frame := await _frame(reader)) is not None:
            (correlation,) = struct.unpack(">i", frame[:4])
            if correlation in self._repeated:
                self._repeated.discard(correlation)
                continue
            request = self._asked.pop(correlation, None)
            if request is None:
                await pipe.put(_framed(frame))
                continue
            answer = await self._as_read_by_client(frame, request)
            await pipe.put(_framed(answer), delay=self._active.delay(self._link, request.name) + self._held_back(request))

    async def _as_read_by_client(self, answer: bytes, request: Request) -> bytes:
        if request.api not in _TELLING_ADDRESSES and request.api != Api.API_VERSIONS:
            return answer
        told: set[tuple[str, int]] = set()

        def noted(host: str, port: int) -> tuple[str, int]:
            told.add((host, port))
            return host, port

        rewritten(answer, request.api, request.version, noted)
        here = {address: await self._brokers.reached(*address) for address in sorted(told)}
        return rewritten(answer, request.api, request.version, lambda host, port: here[host, port])

    def _is_repeated(self) -> bool:
        faults = [one for one in self._active.on(self._link, Duplicate) if matches("Produce", one.operations)]
        return any(self._active.strikes(self._link, one, share=one.share) for one in faults)

    def _held_back(self, request: Request) -> float:
        if request.api != Api.FETCH:
            return 0.0
        faults = [one for one in self._active.on(self._link, Reorder) if self._active.strikes(self._link, one)]
        return sum(self._active.dice.uniform(0.0, one.milliseconds) / 1e3 for one in faults)


async def _frame(reader: asyncio.StreamReader) -> bytes | None:
    """Return the next message, None at the end. Raises EOFError within one, ValueError for one that is none."""
    try:
        (size,) = struct.unpack(">i", await reader.readexactly(4))
    except asyncio.IncompleteReadError as error:
        if error.partial:
            raise
        return None
    if not 4 <= size <= MOST_BYTES:
        raise ValueError(f"{size} bytes are no message of Kafka")
    return await reader.readexactly(size)


def _framed(frame: bytes) -> bytes:
    return struct.pack(">i", len(frame)) + frame
