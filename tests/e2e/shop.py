"""A private sandbox, and its shop as visitors and book-keepers see it.

Visitors come through the front door only. Book-keepers read what no visitor may: all stock levels, and the provider's ledger.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import httpx
import psutil
from confluent_kafka import OFFSET_BEGINNING, Consumer, ConsumerGroupTopicPartitions, Message, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from shop_contracts.tokens import INTERNAL_AUDIENCE, ISSUER
from shop_kit.auth import TokenSigner, private_key
from shop_kit.aws.client import AwsClient
from shop_kit.aws.secrets import read_secret
from shop_kit.settings import AwsSettings
from shop_seeding.shelf import shown

CHECKOUT = Path(__file__).resolve().parents[2]
FINAL = {"completed", "rejected", "cancelled"}
PRICE = 5_000
"""Of one article, tax included, in cents: from this worth on shipping is free, so an order costs what its articles cost."""
PRICE_LIST = "e2e-eur"

T = TypeVar("T")


class CommandFailed(AssertionError):
    """A command of the CLI ended with an error; the message holds what it said."""


class TooLate(AssertionError):
    """Something did not come true within its deadline."""


def until(describe: str, look: Callable[[], T | None], *, seconds: float = 60.0) -> T:
    """Return what `look` gives as soon as it gives something true. Raises TooLate."""
    deadline = time.monotonic() + seconds
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() > deadline:
            raise TooLate(f"{describe}: not within {seconds:g} s")
        time.sleep(0.1)


@dataclass
class Sandbox:
    """A sandbox of this checkout under a name of its own, driven through the CLI."""

    name: str
    seen: dict[int, float] = field(default_factory=dict)
    """Every process that was ever reported as part of it, with the time it was created."""

    @classmethod
    def leased(cls) -> Sandbox:
        """A sandbox that is up, under a name that nobody else has, and ends with this process. Raises CommandFailed."""
        return cls(str(_shop_dev("up", "--lease", str(os.getpid()))["name"]))

    def cli(self, *arguments: str) -> dict[str, Any]:
        """Run a command with `--json` and return its data. Raises CommandFailed."""
        return _shop_dev(*arguments, "--name", self.name)

    def status(self) -> dict[str, Any]:
        """What `status` reports; the processes it names are remembered."""
        status = self.cli("status")
        for pid in [status["supervisorPid"], *(resource["pid"] for resource in status["resources"])]:
            self._remember(pid)
        return status

    def resource(self, name: str) -> dict[str, Any]:
        """What `status` reports of one resource."""
        return next(dict(resource) for resource in self.status()["resources"] if resource["name"] == name)

    def kill(self, name: str) -> int:
        """Kill a resource's process with SIGKILL, as `status` names it. Returns its pid."""
        pid = int(self.resource(name)["pid"])
        psutil.Process(pid).kill()
        return pid

    def until_restarted(self, name: str, *, was: int) -> None:
        """Return when the resource runs as another process and is ready."""

        def is_back() -> bool:
            now = self.resource(name)
            return now["state"] == "ready" and now["pid"] not in {None, was}

        until(f"{name} is back after its death as pid {was}", is_back, seconds=60)

    def survivors(self) -> list[str]:
        """Processes of this sandbox that still run."""
        left = []
        for process in psutil.process_iter(["pid", "create_time", "cmdline", "status"]):
            if process.info["status"] == psutil.STATUS_ZOMBIE:
                continue  # ended; whoever adopted it (a container's first process, often) has not noticed yet
            started = self.seen.get(process.pid)
            was_ours = started is not None and abs(started - process.info["create_time"]) < 0.01
            if was_ours or any(f"/.shop-dev/{self.name}" in part for part in process.info["cmdline"] or ()):
                left.append(f"{process.pid}: {' '.join(process.info['cmdline'] or ())[:200]}")
        return left

    def _remember(self, pid: int | None) -> None:
        try:
            if pid:
                process = psutil.Process(pid)
                self.seen[pid] = process.create_time()
                self.seen.update({child.pid: child.create_time() for child in process.children(recursive=True)})
        except psutil.NoSuchProcess:
            return


def _shop_dev(*arguments: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "shop_dev", *arguments, "--json"]
    run = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False, timeout=300)
    try:
        envelope: dict[str, Any] = json.loads(run.stdout)
    except ValueError as error:
        raise CommandFailed(f"{arguments}: exit {run.returncode}, no envelope\n{run.stdout}\n{run.stderr}") from error
    if run.returncode != 0:
        raise CommandFailed(f"{arguments}: exit {run.returncode}\n{json.dumps(envelope['error'], indent=2)}\n{run.stderr[-4000:]}")
    return dict(envelope["data"])


@dataclass(frozen=True)
class Ordered:
    """An order as a visitor knows it: its id, and the token that reads it."""

    id: str
    token: str
    answer: httpx.Response


class Shop:
    """The shop of a running sandbox."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.endpoints: dict[str, str] = sandbox.status()["endpoints"]
        self.environment: dict[str, str] = sandbox.cli("env")
        self.http = httpx.Client(timeout=40, limits=httpx.Limits(max_connections=40), verify=shown(self.environment) or True)
        signer = TokenSigner(private_key(asyncio.run(_signing_key(self.environment))), ISSUER)
        self.book_keeper = _bearer(_internal(signer, "book-keeper", *BOOK_KEEPERS_SCOPES))
        self._has_price_list = False

    def through(self, door: str) -> Shop:
        """The same shop for visitors who come in at another URL, such as API Gateway's."""
        found = copy(self)
        found.endpoints = {**self.endpoints, "edge": door}
        return found

    # Visitors.

    def ask_for_a_quote(
        self, *lines: tuple[str, int], token: str | None = None, coupons: Sequence[str] = (), country: str = "DE"
    ) -> httpx.Response:
        """Ask what a cart costs and return the answer as it is."""
        body = {
            "lines": [{"sku": sku, "quantity": quantity} for sku, quantity in lines],
            "currency": "EUR",
            "country": country,
            "shippingMethod": "standard",
            "couponCodes": list(coupons),
        }
        headers = {"idempotency-key": str(uuid.uuid4()), **_bearer(token)}
        return self.http.post(f"{self.endpoints['edge']}/v1/quotes", json=body, headers=headers)

    def quote(self, *lines: tuple[str, int], token: str | None = None, coupons: Sequence[str] = ()) -> dict[str, Any]:
        """Return what a cart costs, signed; ask again while the shop is not able to say."""
        answer = self._answered(
            f"the shop says what {lines} cost", lambda: self.ask_for_a_quote(*lines, token=token, coupons=coupons)
        )
        assert answer.status_code == 201, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def order(
        self,
        quote: str,
        *,
        card: str = "tok_visa",
        key: str | None = None,
        token: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> httpx.Response:
        """Place an order through the front door, with a quote's token, and return its answer as it is."""
        body = {"quote": quote, "payment": {"methodToken": card}}
        sent = {"idempotency-key": key or str(uuid.uuid4()), **(headers or {}), **_bearer(token)}
        return self.http.post(f"{self.endpoints['edge']}/v1/orders", json=body, headers=sent)

    def place(
        self,
        *lines: tuple[str, int],
        card: str = "tok_visa",
        key: str | None = None,
        token: str | None = None,
        quote: str | None = None,
        coupons: Sequence[str] = (),
    ) -> Ordered:
        """Place an order that must be accepted; try the same request again while the shop is not able to take it."""
        key, quote = key or str(uuid.uuid4()), quote or str(self.quote(*lines, token=token, coupons=coupons)["token"])
        answer = self._answered(f"the shop takes an order for {lines}", lambda: self.order(quote, card=card, key=key, token=token))
        assert answer.status_code == 202, answer.text
        return Ordered(answer.json()["id"], token or answer.json()["guestToken"], answer)

    def _answered(self, what: str, ask: Callable[[], httpx.Response]) -> httpx.Response:
        def attempt() -> httpx.Response | None:
            try:
                answer = ask()
            except httpx.TransportError:
                return None
            return None if answer.status_code in {502, 503, 504} else answer

        return until(what, attempt, seconds=90)

    def read(self, order: Ordered, *, wait: float = 0, token: str | None = None) -> httpx.Response:
        """Read an order through the front door."""
        url = f"{self.endpoints['edge']}/v1/orders/{order.id}"
        return self.http.get(url, params={"wait": wait} if wait else {}, headers=_bearer(token or order.token))

    def outcome(self, order: Ordered, *, seconds: float = 150) -> dict[str, Any]:
        """The order once it is final. Raises TooLate."""

        def look() -> dict[str, Any] | None:
            try:
                answer = self.read(order, wait=10)
            except httpx.TransportError:
                return None
            if answer.status_code != 200:
                assert answer.status_code in {502, 503, 504}, answer.text
                return None
            found: dict[str, Any] = answer.json()
            return found if found["status"] in FINAL else None

        return until(f"{order.id} is final", look, seconds=seconds)

    def cancel(self, order: Ordered, *, token: str | None = None) -> httpx.Response:
        """Ask to cancel an order."""
        url = f"{self.endpoints['edge']}/v1/orders/{order.id}/cancellations"
        headers = {"idempotency-key": str(uuid.uuid4()), **_bearer(token or order.token)}
        return self.http.post(url, json={"reason": "changed my mind"}, headers=headers)

    def trace(self, order: Ordered) -> list[dict[str, Any]]:
        """The spans of the order's trace that have arrived, causes first; none while no service has sent its own yet."""
        try:
            return _spans_of(self.sandbox.cli("trace", order.id)["roots"])
        except CommandFailed as error:
            if "trace_not_found" in str(error):
                return []
            raise

    # Book-keepers.

    def new_article(self, *, stock: int | None, price: int = PRICE) -> str:
        """Give an article that nobody else knows a price, put it on the shelf unless `stock` is None, and return its SKU."""
        sku = f"E2E-{uuid.uuid4().hex[:10].upper()}"
        self.set_price(sku, price)
        if stock is not None:
            self._put("inventory", f"/v1/stock-items/{sku}", {"stocked": stock})
        return sku

    def set_price(self, sku: str, price: int, *, etag: str | None = None) -> str:
        """Let an article cost so much from now on; returns the entity tag of its prices, which the next setting names."""
        if not self._has_price_list:
            self._put("pricing", f"/v1/price-lists/{PRICE_LIST}", {"currency": "EUR"})
            self._has_price_list = True
        body = {"prices": [{"priceListId": PRICE_LIST, "amount": {"currency": "EUR", "minorUnits": price}}]}
        answer = self._put("pricing", f"/v1/prices/{sku}", body, **({"if-match": etag} if etag else {"if-none-match": "*"}))
        return str(answer.headers["etag"])

    def new_coupon(self, *, most_uses: int, basis_points: int = 2_000) -> str:
        """Make a coupon that takes a part of all articles off, so many times in all, and return its code."""
        code = f"E2E{uuid.uuid4().hex[:10].upper()}"
        reward = {"kind": "percentage", "basisPoints": basis_points}
        promotion = {"name": f"With {code}", "reward": reward, "needsCoupon": True}
        new = {"if-none-match": "*"}
        self._put("pricing", f"/v1/promotions/{code.lower()}", promotion, **new)
        self._put("pricing", f"/v1/coupons/{code}", {"promotionId": code.lower(), "mostUses": most_uses}, **new)
        return code

    def new_promotion(self, sku: str, *, basis_points: int) -> None:
        """Take a part of an article's price off for everybody."""
        reward = {"kind": "percentage", "basisPoints": basis_points}
        promotion = {"name": f"Cheaper {sku}", "reward": reward, "skus": [sku]}
        self._put("pricing", f"/v1/promotions/{uuid.uuid4().hex[:12]}", promotion, **{"if-none-match": "*"})

    def coupon_uses(self, code: str) -> int:
        """How many orders a coupon is used for now."""
        return int(self._read("pricing", f"/v1/coupons/{code}")["used"])

    def _read(self, service: str, path: str, **query: str) -> dict[str, Any]:
        """Read a service's books; again while it says that it cannot answer now, as its 503 asks for."""

        def answered() -> httpx.Response | None:
            answer = self.http.get(f"{self.endpoints[service]}{path}", params=query, headers=self.book_keeper)
            return answer if answer.status_code != 503 else None

        answer = until(f"{service} answers {path}", answered)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def _put(self, service: str, path: str, body: object, **headers: str) -> httpx.Response:
        """Set something, again while the service is away: what is as it is wanted already may be set under any version."""
        url = f"{self.endpoints[service]}{path}"
        answer = self._answered(url, lambda: self.http.put(url, json=body, headers={**self.book_keeper, **headers}))
        assert answer.status_code == 200, answer.text
        return answer

    def stock(self, sku: str) -> tuple[int, int, int]:
        """Units free, reserved and sold."""
        item = self._read("inventory", f"/v1/stock-items/{sku}")
        return item["free"], item["reserved"], item["sold"]

    def ledger(self, order_id: str) -> list[dict[str, Any]]:
        """The payment provider's lines for an order."""
        found: list[dict[str, Any]] = self._read("psp", "/v1/charges", reference=order_id)["items"]
        return found

    def failed_refunds(self) -> list[dict[str, Any]]:
        """Refunds that the provider refused for good, of which a person has to take care."""
        found: list[dict[str, Any]] = self._read("payments", "/v1/failed-refunds")["items"]
        return found

    def dead_letters(self) -> dict[str, int]:
        """How many messages nobody could handle, by dead-letter topic; topics without any are left out."""
        counts = {topic: len(self.records(topic)) for topic in self._topics() if topic.endswith(".dlq")}
        return {topic: count for topic, count in counts.items() if count}

    def records(self, *topics: str) -> list[Message]:
        """Every record of these topics, partition by partition in the order of the log."""
        found: list[Message] = []
        with self._reader() as consumer:
            for topic in topics:
                for partition in consumer.list_topics(topic, timeout=10).topics[topic].partitions:
                    found += _read_to_its_end(consumer, TopicPartition(topic, partition, OFFSET_BEGINNING))
        return found

    def publish_again(self, records: Iterable[Message]) -> None:
        """Put records into their topics once more, byte for byte."""
        producer = Producer({"bootstrap.servers": self.endpoints["kafka"], "enable.idempotence": True})
        for record in records:
            producer.produce(str(record.topic()), record.value(), record.key(), headers=record.headers())
        assert producer.flush(30) == 0

    def until_all_is_consumed(self, *groups: str) -> None:
        """Return when these consumer groups have handled everything there is for them."""
        until(f"{groups} have consumed everything", lambda: all(self._lag(group) == 0 for group in groups), seconds=60)

    def _lag(self, group: str) -> int:
        admin = AdminClient({"bootstrap.servers": self.endpoints["kafka"]})
        committed = admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions(group)])[group].result(10).topic_partitions
        with self._reader() as consumer:
            return sum(consumer.get_watermark_offsets(one, timeout=10)[1] - max(one.offset, 0) for one in committed)

    @contextmanager
    def _reader(self) -> Iterator[Consumer]:
        consumer = Consumer({"bootstrap.servers": self.endpoints["kafka"], "group.id": "book-keeper", "enable.auto.commit": False})
        try:
            yield consumer
        finally:
            consumer.close()

    def _topics(self) -> list[str]:
        admin = AdminClient({"bootstrap.servers": self.endpoints["kafka"]})
        return sorted(admin.list_topics(timeout=10).topics)

    def charged(self, order_id: str) -> int:
        """What the provider has taken for an order and not given back, in minor units; held money counts as well."""
        return sum(kept_of(line) for line in self.ledger(order_id))


def all_at_once(tasks: Sequence[Callable[[], T]], *, workers: int = 8) -> list[T]:
    """Run tasks side by side and return their results in order."""
    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(lambda task: task(), tasks))


def _spans_of(roots: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """All spans of a trace as `trace --json` reports it, causes before what they caused."""
    return [span for root in roots for span in (root, *_spans_of(root["children"]))]


def _read_to_its_end(consumer: Consumer, begin: TopicPartition) -> list[Message]:
    first, end = consumer.get_watermark_offsets(begin, timeout=10)
    consumer.assign([begin])
    found: list[Message] = []
    position = first
    while position < end:
        message = consumer.poll(10)
        assert message is not None, f"{begin.topic}[{begin.partition}] ends at {end} and gives nothing after {position}"
        if message.error() is None:
            found.append(message)
            position = (message.offset() or 0) + 1
    return found


def kept_of(line: Mapping[str, Any]) -> int:
    """What the provider keeps of a charge, in minor units; held money counts as well."""
    if line["status"] not in {"held", "captured"}:
        return 0
    return int(line["amount"]["minorUnits"]) - int(line["refundedMinorUnits"])


def _bearer(token: str | None) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"} if token else {}


def aws_of(environment: Mapping[str, str]) -> AwsSettings:
    """Where a sandbox's AWS is, and the keys it takes, from what `shop-dev env` says."""
    return AwsSettings(
        aws_region=environment["AWS_REGION"],
        aws_endpoint_url=environment["AWS_ENDPOINT_URL"],
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
    )


BOOK_KEEPERS_SCOPES = ("stock:read", "stock:write", "payments:read", "pricing:read", "pricing:write")


async def _signing_key(environment: Mapping[str, str]) -> str:
    """The key that the edge signs with: whoever may read the sandbox's secret may do everything in it."""
    async with AwsClient.connect(aws_of(environment)) as aws:
        return str(json.loads(await read_secret(aws, "edge-signing"))["privateKeyPem"])


def _internal(signer: TokenSigner, subject: str, *scopes: str) -> str:
    """A token as the edge signs them for services."""
    return signer.sign(subject, audience=INTERNAL_AUDIENCE, scopes=scopes, lifetime_seconds=3600)
