"""MiniStack's application with the journal behind it: no answer leaves before what it acknowledges is kept."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Iterable, Iterator, MutableMapping
from contextlib import contextmanager, suppress
from typing import Any, Final

from shop_sandbox.engines.embedded.emulator.kept import LONGEST_LAG_SECONDS, MOST_OF_THE_TIME, KeptState

EXIT_NOT_KEPT: Final = 4
LOOKS_BY_ITSELF_SECONDS: Final = 2.0
"""Between looks for changes that no request has made: of schedules, and of functions that a queue or a stream has called."""

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Message, Receive, Send], Awaitable[None]]

_DYNAMODB: Final = b"DynamoDB_20120810."
_ON_ITEMS: Final = frozenset(
    (
        *(b"GetItem", b"PutItem", b"UpdateItem", b"DeleteItem", b"Query", b"Scan"),
        *(b"BatchGetItem", b"BatchWriteItem", b"TransactGetItems", b"TransactWriteItems"),
        *(b"ExecuteStatement", b"BatchExecuteStatement", b"ExecuteTransaction"),
    )
)


class Kept:
    """An ASGI application that keeps what the one inside it does."""

    def __init__(self, inside: Application, state: KeptState) -> None:
        self._inside = inside
        self._state = state
        self._followed: asyncio.TimerHandle | None = None
        self._rewriting: asyncio.Task[None] | None = None

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            self._follow_after(LOOKS_BY_ITSELF_SECONDS)
        if scope["type"] != "http":
            await self._inside(scope, receive, send)
            return
        operation = dynamodb_operation(scope["headers"])

        async def send_once_kept(message: Message) -> None:
            if message["type"] == "http.response.start":
                with or_the_end():
                    self._state.commit()
            await send(message)

        await self._inside(scope, receive, send_once_kept)
        if operation not in _ON_ITEMS:
            if operation is not None:
                self._state.note_tables()
            lag = max(LONGEST_LAG_SECONDS, self._state.seconds_to_follow / MOST_OF_THE_TIME)
            self._follow_after(lag)
        if self._state.wants_rewriting and self._rewriting is None:
            self._rewriting = asyncio.create_task(self._rewrite())

    def _follow_after(self, seconds: float) -> None:
        """See to it that the journal follows at the latest after so many seconds."""
        loop = asyncio.get_running_loop()
        if self._followed is not None:
            if self._followed.when() <= loop.time() + seconds:
                return
            self._followed.cancel()
        self._followed = loop.call_later(seconds, self._follow)

    def _follow(self) -> None:
        self._followed = None
        with or_the_end():
            self._state.follow()
        self._follow_after(LOOKS_BY_ITSELF_SECONDS)

    async def _rewrite(self) -> None:
        with or_the_end():
            for _ in self._state.rewrite():
                await asyncio.sleep(0)
        self._rewriting = None


@contextmanager
def or_the_end() -> Iterator[None]:
    """Do what keeps state; where that fails, end this process at once.

    What it holds in memory is then more than what is kept, and must not be seen by anybody: the next start goes on from what was
    acknowledged.
    """
    try:
        yield
    except OSError as error:
        with suppress(OSError):  # its log may lie on the same full disk
            sys.stderr.write(f"the emulator's state cannot be kept: {error.strerror or error}\n")
            sys.stderr.flush()
        os._exit(EXIT_NOT_KEPT)


def operation_on_items(scope: Message) -> bytes | None:
    """Return the operation of DynamoDB on items that a request asks for, None for any other request."""
    if scope["method"] != "POST" or scope["path"] != "/" or scope["query_string"]:
        return None
    operation = dynamodb_operation(scope["headers"])
    return operation if operation in _ON_ITEMS else None


def dynamodb_operation(headers: Iterable[tuple[bytes, bytes]]) -> bytes | None:
    """Return the operation of DynamoDB that a request asks for, None for one of any other service."""
    for name, value in headers:
        if name == b"x-amz-target":
            return value[len(_DYNAMODB) :] if value.startswith(_DYNAMODB) else None
    return None
