"""Event sourcing: an aggregate is kept as what happened to it, and its state is what that history folds into.

`EventCodec` says how events are stored and how old forms become new ones. `EventTable` gives the SQL of a table of events for a
service that writes them in one statement with much else, as orders does. `PostgresEventStore` is for all others: it loads and
appends, with outbox, inbox and snapshots.
"""

from shop_kit.event_sourcing.history import EventCodec, Fold, HistoryUnreadable, UnknownKind, Upcast, read_history
from shop_kit.event_sourcing.postgres import EventTable, Loaded, PostgresEventStore, Snapshots

__all__ = [
    "EventCodec",
    "EventTable",
    "Fold",
    "HistoryUnreadable",
    "Loaded",
    "PostgresEventStore",
    "Snapshots",
    "UnknownKind",
    "Upcast",
    "read_history",
]
