"""`python -m shop_books open|close`: the shop's books before and after something happened, as its settings name it.

`open` prints them as JSON. `close` reads `{"opened": …, "visitors": {operation: {"calls": n, "failed": n}}}` from stdin, waits
until the shop has come to rest, and prints `{"wrong": [sentence, …], "counted": {…}}`. It finds the shop by a sandbox's variables.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections import Counter
from collections.abc import Mapping, Sequence

import msgspec
from confluent_kafka import KafkaException
from shop_kit.errors import KitError

from shop_books.entries import Calls, Opened
from shop_books.invariants import broken
from shop_books.log import LogUnreadable
from shop_books.reading import BooksUnreadable, reader


class _Asked(msgspec.Struct):
    opened: Opened
    visitors: dict[str, Calls] = {}


async def _open(environ: Mapping[str, str]) -> bytes:
    async with reader(environ) as books:
        return msgspec.json.encode(await books.open())


async def _close(environ: Mapping[str, str], asked: _Asked) -> bytes:
    async with reader(environ) as books:
        closed = await books.close(asked.opened)
    outcomes = Counter(outcome for order in closed.orders for outcome in order.outcomes)
    wrong = broken(asked.opened, closed, asked.visitors)
    return msgspec.json.encode({"wrong": wrong, "counted": {"orders": len(closed.orders), **outcomes}})


def main(arguments: Sequence[str], environ: Mapping[str, str]) -> int:
    """Read the books; return the exit status: 1 where they cannot be read, 2 for wrong use."""
    if arguments not in (["open"], ["close"]):
        print("usage: python -m shop_books open|close", file=sys.stderr)  # noqa: T201 - its answer
        return 2
    try:
        if arguments == ["open"]:
            told = asyncio.run(_open(environ))
        else:
            told = asyncio.run(_close(environ, msgspec.json.decode(sys.stdin.buffer.read(), type=_Asked)))
    except KeyError as error:
        print(f"{error.args[0]} is not set: does that part of the shop run?", file=sys.stderr)  # noqa: T201 - its answer
        return 1
    except (BooksUnreadable, KafkaException, KitError, LogUnreadable, OSError, msgspec.MsgspecError) as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)  # noqa: T201 - its answer
        return 1
    sys.stdout.buffer.write(told + b"\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
