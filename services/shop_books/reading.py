"""Reading the books of a shop that runs, by the variables of its sandbox."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
from confluent_kafka import KafkaException
from shop_contracts.tokens import INTERNAL_AUDIENCE, ISSUER
from shop_kit.auth import TokenSigner, signing_key
from shop_kit.aws.client import AwsClient
from shop_kit.aws.secrets import read_secret
from shop_kit.errors import KitError
from shop_kit.settings import AwsSettings, read_settings

from shop_books.entries import Charge, Closed, Opened, Order, Stock
from shop_books.event_order import out_of_order
from shop_books.log import GROUPS, ORDERS, TOPICS, Log
from shop_books.orders import orders_in
from shop_books.outboxes import Outboxes

SETTLES_WITHIN_SECONDS = 120.0
_LOOK_AGAIN_SECONDS = 0.3
_ANSWER_SECONDS = 20.0
_AWAY_SECONDS = 60.0
_AT_ONCE = 8
_PAGE = 100
_SIGNING_SECRET = "edge-signing"  # noqa: S105  # nosec B105 # the name of a secret
_SCOPES = ("stock:read", "payments:read")
_KEPT = frozenset({"held", "captured"})


class BooksUnreadable(Exception):
    """A part of the shop does not say what stands in its books."""


@dataclass(frozen=True)
class Reader:
    """Asks the services as somebody who may read everything."""

    environ: Mapping[str, str]
    session: aiohttp.ClientSession
    log: Log
    outboxes: Outboxes

    async def open(self) -> Opened:
        """Read what there is before something happens. Raises BooksUnreadable."""
        ends = await asyncio.to_thread(self.log.ends, TOPICS)
        return Opened(await self._stock(), ends, await asyncio.to_thread(self.log.dead_letters))

    async def close(self, opened: Opened, *, settles_within_seconds: float = SETTLES_WITHIN_SECONDS) -> Closed:
        """Wait until the shop has come to rest, or long enough, and read everything. Raises BooksUnreadable."""
        unrest = await self._rest(opened, settles_within_seconds)
        orders = await self._orders(opened)
        free = asyncio.Semaphore(_AT_ONCE)
        charges = await asyncio.gather(*(self._charges(order, free) for order in orders))
        refunds = await self._get(f"{self.environ['SHOP_PAYMENTS_URL']}/v1/failed-refunds")
        return Closed(
            stock=await self._stock(),
            orders=orders,
            charges={order.id: found for order, found in zip(orders, charges, strict=True)},
            dead_letters=await asyncio.to_thread(self.log.dead_letters),
            failed_refunds=len(refunds["items"]),
            disorder=tuple(await asyncio.to_thread(self._disorder, opened)),
            unrest=tuple(unrest),
        )

    async def _rest(self, opened: Opened, seconds: float) -> list[str]:
        """Wait until nothing is under way; returns what still is when the time is over."""
        deadline = asyncio.get_running_loop().time() + seconds
        while restless := await self._under_way(opened):
            if asyncio.get_running_loop().time() > deadline:
                return [f"after {seconds:g} s {one}" for one in restless]
            await asyncio.sleep(_LOOK_AGAIN_SECONDS)
        return []

    async def _under_way(self, opened: Opened) -> list[str]:
        try:
            waiting = {name: count for name, count in (await self.outboxes.count()).items() if count}
            lags = {group: lag for group in GROUPS if (lag := await asyncio.to_thread(self.log.lag, group))}
            open_ones = [order.id for order in await self._orders(opened) if order.was_accepted and not order.outcomes]
        except (OSError, KitError, KafkaException, TimeoutError) as error:  # a store that comes back just now
            return [f"the books cannot be read: {type(error).__name__} {error}"]
        return [
            *(f"{count} messages wait in the outbox of {name}" for name, count in waiting.items()),
            *(f"{group} has {lag} messages ahead" for group, lag in lags.items()),
            *([f"{len(open_ones)} orders are under way, {open_ones[0]} for one"] if open_ones else []),
        ]

    async def _orders(self, opened: Opened) -> tuple[Order, ...]:
        return await asyncio.to_thread(lambda: orders_in(self.log.since(ORDERS, opened.ends[ORDERS])))

    def _disorder(self, opened: Opened) -> list[str]:
        return [wrong for topic in TOPICS for wrong in out_of_order(self.log.since(topic, opened.ends[topic]))]

    async def _stock(self) -> dict[str, Stock]:
        found: dict[str, Stock] = {}
        query = {"limit": str(_PAGE)}
        while True:
            page = await self._get(f"{self.environ['SHOP_INVENTORY_URL']}/v1/stock-items", **query)
            for one in page["items"]:
                found[one["sku"]] = Stock(one["free"], one["reserved"], one["sold"], one["stocked"])
            if not page.get("nextCursor"):
                return found
            query["cursor"] = page["nextCursor"]

    async def _charges(self, order: Order, free: asyncio.Semaphore) -> tuple[Charge, ...]:
        async with free:
            found = await self._get(f"{self.environ['SHOP_PSP_URL']}/v1/charges", reference=order.id)
        return tuple(_charge(line) for line in found["items"])

    async def _get(self, url: str, **query: str) -> dict[str, Any]:
        """Read something; again while the service says that it cannot answer now."""

        async def ask() -> dict[str, Any] | None:
            async with self.session.get(url, params=query) as answer:
                if answer.status == 503:
                    return None
                if answer.status != 200:
                    raise BooksUnreadable(f"{url} answers {answer.status}")
                return dict(await answer.json())

        return await _until(ask, url)


def _charge(line: Mapping[str, Any]) -> Charge:
    is_kept = line["status"] in _KEPT
    return Charge(int(line["amount"]["minorUnits"]) - int(line["refundedMinorUnits"]) if is_kept else 0, line["status"])


async def _until(ask: Callable[[], Awaitable[dict[str, Any] | None]], url: str) -> dict[str, Any]:
    deadline = asyncio.get_running_loop().time() + _AWAY_SECONDS
    while True:
        why = "is not able to answer"
        try:
            if (found := await ask()) is not None:
                return found
        except (aiohttp.ClientConnectionError, TimeoutError) as error:
            why = f"{type(error).__name__} {error}"
        if asyncio.get_running_loop().time() > deadline:
            raise BooksUnreadable(f"{url}: {why}")
        await asyncio.sleep(_LOOK_AGAIN_SECONDS)


@asynccontextmanager
async def reader(environ: Mapping[str, str]) -> AsyncIterator[Reader]:
    """Give a reader for the shop that these variables lead to. Raises KeyError, KitError."""
    aws = read_settings(AwsSettings, environ)
    async with AwsClient.connect(aws) as client:
        key = signing_key(await read_secret(client, _SIGNING_SECRET))
    token = TokenSigner(key, ISSUER).sign("book-keeper", audience=INTERNAL_AUDIENCE, scopes=_SCOPES, lifetime_seconds=3600)
    connector = aiohttp.TCPConnector(ssl=_shown(environ) or True)
    headers, timeout = {"Authorization": f"Bearer {token}"}, aiohttp.ClientTimeout(total=_ANSWER_SECONDS)
    async with aiohttp.ClientSession(headers=headers, connector=connector, timeout=timeout) as session:
        yield Reader(environ, session, Log(environ["KAFKA_BOOTSTRAP_SERVERS"]), Outboxes.of(environ, aws))


def _shown(environ: Mapping[str, str]) -> ssl.SSLContext | None:
    """What services are shown that answer known certificates only."""
    if "SHOP_TLS_AUTHORITY" not in environ:
        return None
    found = ssl.create_default_context(cafile=environ["SHOP_TLS_AUTHORITY"])
    found.load_cert_chain(environ["SHOP_TLS_CERTIFICATE"], environ["SHOP_TLS_KEY"])
    return found
