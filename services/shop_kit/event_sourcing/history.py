"""How events are stored and read back, old forms included, and how a history becomes a state.

An event is stored as a kind and a JSON body, for ever. What only adds a field with a default needs nothing. What changes the
meaning of a body gets a kind of its own, and an upcast from the old kind: events are changed when they are read, never where they
are stored (Greg Young, Versioning in an Event Sourced System).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar

import msgspec

from shop_kit.errors import KitError

E = TypeVar("E")
S = TypeVar("S")

Body = dict[str, Any]
"""What JSON can hold."""

Fold = Callable[[str, S | None, Iterable[tuple[E, datetime]]], S]
"""Given the id of an aggregate, a state it had (None: none yet) and what happened since, oldest first: its state after that.

Raises ValueError for a history that no such aggregate has.
"""


class UnknownKind(KitError):
    """The store holds a kind of event that this version of the service does not know: a newer version wrote it."""


class HistoryUnreadable(KitError):
    """The history of one aggregate cannot be read: a newer version of this service wrote it, or it is damaged."""

    def __init__(self, stream_id: str, reason: str) -> None:
        super().__init__(f"the history of {stream_id} cannot be read: {reason}")
        self.stream_id = stream_id


@dataclass(frozen=True, slots=True)
class Upcast:
    """What makes of an old kind's body that of the kind which came after it."""

    kind: str
    change: Callable[[Body], Body]


@dataclass(frozen=True)
class EventCodec(Generic[E]):
    """Takes events apart into kind and body, and puts them together again. `upcasts` are by the old kind.

    `put_together` raises UnknownKind; of a body that does not fit its kind it may raise LookupError, TypeError or ValueError.
    """

    take_apart: Callable[[E], tuple[str, Body]]
    put_together: Callable[[str, Body], E]
    upcasts: Mapping[str, Upcast] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Raise ValueError for upcasts that lead back to where they began."""
        for kind in self.upcasts:
            seen = {kind}
            step = self.upcasts.get(kind)
            while step is not None:
                if step.kind in seen:
                    raise ValueError(f"the upcasts of {kind} go round in a circle")
                seen.add(step.kind)
                step = self.upcasts.get(step.kind)

    def store(self, event: E) -> tuple[str, str]:
        """Return the kind of an event and its body as JSON text."""
        kind, body = self.take_apart(event)
        return kind, msgspec.json.encode(body).decode()

    def restore(self, kind: str, text: str) -> E:
        """Return the event that was stored so, in its newest form. Raises UnknownKind, and what `put_together` raises."""
        body: Body = msgspec.json.decode(text)
        while (upcast := self.upcasts.get(kind)) is not None:
            kind, body = upcast.kind, upcast.change(body)
        return self.put_together(kind, body)


def read_history(
    stream_id: str,
    rows: Iterable[tuple[str, str, datetime]],
    *,
    codec: EventCodec[E],
    fold: Fold[S, E],
    since: S | None = None,
) -> S:
    """Return what `rows` (kind, body and moment of each event, oldest first) make of `since`. Raises HistoryUnreadable."""
    try:
        return fold(stream_id, since, [(codec.restore(kind, body), at) for kind, body, at in rows])
    except (UnknownKind, msgspec.MsgspecError, ValueError, LookupError, TypeError) as fault:
        raise HistoryUnreadable(stream_id, f"{type(fault).__name__}: {fault}") from fault
