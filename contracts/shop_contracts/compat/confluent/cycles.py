"""Which imported messages contain each other, directly or by way of others."""

from __future__ import annotations

from collections.abc import Iterator

from shop_contracts.compat.elements import Message


def cycles(messages: list[Message]) -> dict[int, int]:
    """Return for each message, by its `id()`, the number of the group it is in; two in one group contain each other.

    Strongly connected components after Tarjan, without recursion: a chain of messages may be as long as the file.
    """
    order: dict[int, int] = {}
    lowest: dict[int, int] = {}
    open_ones: list[int] = []
    group: dict[int, int] = {}
    for start in messages:
        if id(start) in order:
            continue
        work: list[tuple[int, Iterator[Message]]] = []
        _open(start, order, lowest, open_ones, work)
        while work:
            here, inside = work[-1]
            for other in inside:
                if id(other) not in order:
                    _open(other, order, lowest, open_ones, work)
                    break
                if id(other) not in group:
                    lowest[here] = min(lowest[here], order[id(other)])
            else:
                work.pop()
                if work:
                    lowest[work[-1][0]] = min(lowest[work[-1][0]], lowest[here])
                if lowest[here] == order[here]:
                    _close(here, open_ones, group)
    return group


def _open(
    message: Message,
    order: dict[int, int],
    lowest: dict[int, int],
    open_ones: list[int],
    work: list[tuple[int, Iterator[Message]]],
) -> None:
    order[id(message)] = lowest[id(message)] = len(order)
    open_ones.append(id(message))
    work.append((id(message), _contained(message)))


def _close(root: int, open_ones: list[int], group: dict[int, int]) -> None:
    while True:
        member = open_ones.pop()
        group[member] = root
        if member == root:
            return


def _contained(message: Message) -> Iterator[Message]:
    yield from message.messages
    for field in message.fields:
        if (held := field.message) is not None:
            yield held
