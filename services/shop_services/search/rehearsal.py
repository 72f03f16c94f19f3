"""Search over a database that takes everything, for the proofs of its contracts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from shop_kit.messages import Received, Subscription
from shop_kit.projections import Feed
from shop_kit.rehearsal import Rehearsal

from shop_services.search.adapters.projection import PROJECTION, apply

if TYPE_CHECKING:
    from shop_kit.postgres import Connection


class _Tables:
    """Tables that keep nothing: what reaches them was read from its event and put into the form that PostgreSQL takes."""

    async def execute(self, _statement: str, *_arguments: object) -> str:
        return "INSERT 0 1"

    async def fetch(self, _statement: str, *_arguments: object) -> list[object]:
        return []


def rehearsal() -> Rehearsal:
    """Search's handling of everything that it hears; it sends nothing."""
    return Rehearsal(hears=lambda _kind: [_subscription(feed) for feed in PROJECTION.feeds])


def _subscription(feed: Feed) -> Subscription[Any]:
    async def handle(message: Received[Any]) -> None:
        await apply(cast("Connection", _Tables()), [message])

    return Subscription(feed.topic, cast("Any", feed.event_type), handle)
