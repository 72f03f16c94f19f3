"""The shop in simulation: what its manifests name, put together over the models, and its processes started, killed and started
again.
"""

from __future__ import annotations

import asyncio
import functools
import importlib
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextvars import Context
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from fakes.quotes import QuoteSigner
from shop_kit.auth import TokenSigner
from shop_sandbox.manifest.loader import load_manifests
from shop_sandbox.manifest.names import dead_letter_topic, variable
from shop_services.orders.domain.quote import Quote

from simulation import seams
from simulation.faults import Blow, Moment
from simulation.history import COUPONS, PRICING
from simulation.models import http, kafka, postgres, provider, statements
from simulation.models.dynamo import DynamoModel
from simulation.outside import Outside, Process
from simulation.virtual_time import EPOCH

ROOT = Path(__file__).resolve().parents[2]
SERVICES = ("orders", "inventory", "payments", PRICING)


@dataclass(frozen=True, slots=True)
class Timing:
    """How patient the shop is; the names are those of orders' settings."""

    checkout_patience_seconds: float
    reservation_seconds: float
    ask_again_after_seconds: float
    ask_again_at_most_seconds: float
    sweep_every_seconds: float

    def environment(self) -> dict[str, str]:
        """Return it as variables."""
        return {name.upper(): f"{getattr(self, name):g}" for name in self.__slots__}


HURRIED = Timing(9.0, 40.0, 2.0, 8.0, 2.0)
"""Asks again so soon that most losses heal, which is the shop's own claim; and histories are short."""
PATIENT = Timing(60.0, 100.0, 30.0, 40.0, 3.0)
"""Asks again so late that nobody can mistake a loss for a delay."""


@functools.cache
def manifests() -> tuple[Any, ...]:
    """Return the manifests of the services that are simulated."""
    found = load_manifests(ROOT, ["services/shop_services/*/service.yaml"])
    return tuple(one for one in found if one.service.service in SERVICES)


@functools.cache
def entry_of(service: str) -> Callable[[], object]:
    """Return the function that a service's manifest names as its entry."""
    (manifest,) = [one for one in manifests() if one.service.service == service]
    module, _, name = manifest.service.runtime.python.partition(":")
    found: Callable[[], object] = getattr(importlib.import_module(module), name)
    return found


@functools.cache
def _key() -> tuple[TokenSigner, bytes]:
    signer = TokenSigner(Ed25519PrivateKey.from_private_bytes(b"simulated key, never used again!"), "shop-edge", _Epoch())
    return signer, msgspec.json.encode(signer.jwks())


class _Epoch:
    def now(self) -> float:
        return EPOCH


@functools.cache
def token(subject: str) -> str:
    """Return an internal token that may do everything."""
    scopes = (
        "orders:place",
        "orders:read",
        "orders:cancel",
        "stock:read",
        "stock:write",
        "payments:read",
        "payments:refund",
    )
    return _key()[0].sign(subject, audience="shop-internal", scopes=scopes, lifetime_seconds=365 * 24 * 3600.0)


@functools.cache
def _pricing_key() -> QuoteSigner:
    return QuoteSigner(Ed25519PrivateKey.from_private_bytes(b"simulated key, signs what it costs"[:32]), _Epoch())


@functools.cache
def sign(quote: Quote) -> str:
    """Return a quote's token, for anybody, and for longer than any history lasts: clocks jump here."""
    return _pricing_key().sign(quote, lifetime_seconds=365 * 24 * 3600.0)


def _pem() -> str:
    key = Ed25519PrivateKey.from_private_bytes(b"simulated key, signs what it costs"[:32])
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


_SIGNING_SECRET = msgspec.json.encode({"privateKeyPem": _pem()}).decode()
SUPERVISORS_PATIENCE_SECONDS = 10.0


class NoAnswer(Exception):
    """An HTTP request was not answered: nobody there, the process died, or the client's time was over."""


@dataclass(frozen=True)
class Reply:
    """An HTTP answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """Return the body, decoded; None when it is empty."""
        return msgspec.json.decode(self.body) if self.body else None


class Instance:
    """A named place for a process, such as payments-1: at most one life at a time."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.service = name.rpartition("-")[0]
        self.life = 0
        self.process: Process | None = None
        self.app: Any = None
        self.under_way = 0


class Shop:
    """Orders, inventory, payments and perhaps pricing, each once or twice, over one Kafka, one DynamoDB and one PostgreSQL."""

    def __init__(self, outside: Outside, *, instances: Mapping[str, int], static_members: bool, timing: Timing) -> None:
        self.outside = outside
        self._static_members = static_members
        self.timing = timing
        self.had_to_be_killed: list[str] = []
        self.left_behind: list[str] = []
        """What the only instance of a service left in its outbox when it had stopped as it was told."""
        self.dynamo = DynamoModel(lambda: outside.now)
        self.kafka = kafka.Broker(outside)
        self.database = postgres.Database(outside, statements.TABLES)
        self.provider = provider.Provider(outside)
        self.net = http.Internet(outside, self.dynamo)
        self.net.hosts[http.EDGE] = _edge
        self.net.hosts[http.PRICING] = _pricing
        self.instances = {
            f"{service}-{number + 1}": Instance(f"{service}-{number + 1}")
            for service in SERVICES
            for number in range(instances.get(service, 0 if service == PRICING else 1))
        }
        self._environment: dict[str, dict[str, str]] = {}
        self.outbox_tables: list[str] = []
        for manifest in manifests():
            self._provide(manifest.service)
        kafka.use(self.kafka)
        postgres.use(self.database)
        http.use(self.net)
        provider.use(self.provider)
        seams.serve_with(self._serve)

    def _provide(self, document: Any) -> None:
        needs, service = document.needs, document.service
        found = {
            "KAFKA_BOOTSTRAP_SERVERS": "kafka.sim:9092",
            "SCHEMA_REGISTRY_URL": f"http://{http.REGISTRY}",
            "AWS_REGION": "eu-central-1",
            "AWS_ENDPOINT_URL": f"http://{http.AWS}",
            "AWS_ACCESS_KEY_ID": "simulated",
            "AWS_SECRET_ACCESS_KEY": "simulated",
            "DATABASE_URL": "postgresql://postgres.sim/shop",
            "SHOP_EDGE_URL": f"http://{http.EDGE}",
            "SHOP_PRICING_URL": f"http://{http.PRICING}",
            "SHOP_PSP_URL": "http://psp",
            **self.timing.environment(),
        }
        found["SHOP_RESILIENCE"] = msgspec.json.encode(document.resilience).decode()
        found |= {variable("PORT", name): "1" for name in document.runtime.ports}
        for table in needs.tables:
            parts = [table.key.partition.name, *([table.key.sort.name] if table.key.sort else [])]
            indexes = {
                index.name: (index.key.partition.name, *([index.key.sort.name] if index.key.sort else []))
                for index in table.indexes
            }
            made = self.dynamo.make(table.name, *parts)
            made.indexes = indexes
            found[variable("SHOP_TABLE", table.name)] = table.name
            if table.name.endswith("-outbox"):
                self.outbox_tables.append(table.name)
        for topic in needs.topics.produces:
            self.kafka.make(topic.name, 2)
        for topic in needs.topics.consumes:
            self.kafka.make(topic.name, 2)
            if topic.dead_letter:
                self.kafka.make(dead_letter_topic(topic.name, topic.group), 1)
        for secret in needs.secrets:
            found[variable("SHOP_SECRET", secret.name)] = secret.name
            self.net.secrets[secret.name] = _SIGNING_SECRET if secret.generate == "ed25519" else "a secret of the simulation"
        self._environment[service] = found

    def offer_coupons(self) -> None:
        """Put the coupons of every history into pricing's table, never used."""
        for code, limits in COUPONS.items():
            document = msgspec.json.encode({"promotionId": "ten-off", **limits})
            item = {"pk": "coupons", "sk": code, "document": document, "version": 1, "used": 0}
            self.dynamo.tables["pricing"].put(("coupons", code), item)

    # Processes.

    def start_all(self) -> None:
        """Start every instance, at nearly the same time."""
        for instance in self.instances.values():
            self.outside.loop.call_later(self.outside.random.uniform(0.0, 0.05), self.start, instance)

    def start(self, instance: Instance) -> None:
        """Begin a new life."""
        if instance.process is not None and instance.process.is_alive:
            return
        instance.life += 1
        process = instance.process = Process(self.outside, instance.name, instance.life)
        self.outside.processes[process.loop] = process
        environment = dict(self._environment[instance.service])
        if self._static_members:
            environment["SHOP_INSTANCE"] = instance.name
        process.at_death.append(lambda: self._has_died(instance, process))
        main = seams.main_of(entry_of(instance.service), environment)
        # A life begins with nothing in its context: not the deadline of the call that the one before died over.
        process.loop.call_soon(self._begin, process, main, context=Context())

    def _begin(self, process: Process, main: Any) -> None:
        task = process.loop.create_task(main, name=process.name)
        task.add_done_callback(lambda done: self._has_ended(process, done))
        process.main = task  # type: ignore[attr-defined]

    def _has_ended(self, process: Process, task: asyncio.Task[None]) -> None:
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self.outside.tell(f"{process.name} ends: {type(error).__name__}: {error}.")
        elif f"{process.service}-2" not in self.instances:
            held = [left for name, left in self._in_outboxes() if name.startswith(process.service)]
            self.left_behind += [f"{process.name} was told to stop, and {left}" for left in held]
        process.die()

    def _has_died(self, instance: Instance, process: Process) -> None:
        instance.app = None
        wait = 0.2 + process.random.random() * 2.0
        self.outside.loop.call_later(wait, self.start, instance)

    async def _serve(self, app: Any, *, stop: asyncio.Event, grace_seconds: float) -> None:
        process = self.outside.process()
        instance = self.instances[process.name]
        instance.app = app
        await stop.wait()
        instance.app = None
        ends = self.outside.now + grace_seconds
        while instance.under_way and self.outside.now < ends:
            await asyncio.sleep(0.05)

    def blow(self, moment: Moment) -> None:
        """Let something happen to a process."""
        instance = self.instances.get(moment.process)
        if instance is None:
            return
        process = instance.process
        is_alive = process is not None and process.is_alive
        if not is_alive and moment.blow in {Blow.KILL, Blow.STOP, Blow.STALL}:
            return
        self.outside.fired.add(moment)
        self.outside.tell(str(moment))
        match moment.blow:
            case Blow.KILL if process:
                process.die()
            case Blow.STOP if process:
                handler = process.loop.signal_handlers.get(signal.SIGTERM)
                if handler:
                    process.loop.call_soon(handler)
                self.outside.loop.call_later(SUPERVISORS_PATIENCE_SECONDS, self._kill_after_all, process)
            case Blow.STALL if process:
                process.loop.stall()
                self.outside.loop.call_later(moment.amount, process.loop.resume)
                for member in [one for group in self.kafka.groups.values() for one in group.members if one.process is process]:
                    if moment.amount > member.session_seconds:
                        self.outside.loop.call_later(member.session_seconds, member.end_session)
            case Blow.CLOCK:
                self.outside.clock_offsets[instance.name] = self.outside.clock_offsets.get(instance.name, 0.0) + moment.amount
                if process:
                    process.loop.clock_offset += moment.amount
            case Blow.REBALANCE:
                self.kafka.group(instance.service).shuffle()
            case Blow.REWIND:
                self.kafka.group(instance.service).rewind(int(moment.amount))

    def _kill_after_all(self, process: Process) -> None:
        if process.is_alive:
            if process.loop.stalled is None:
                self.had_to_be_killed.append(process.name)
            process.die()

    # HTTP.

    def pick(self, service: str) -> Instance | None:
        """Return one of the service's instances that take requests."""
        ready = [one for one in self.instances.values() if one.service == service and one.app is not None]
        return ready[self.outside.random.randrange(len(ready))] if ready else None

    async def request(
        self,
        service: str,
        method: str,
        path: str,
        *,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        subject: str = "ann",
        seconds: float = 10.0,
        instance: Instance | None = None,
    ) -> Reply:
        """Return the answer of one of the service's instances, or of this one. Raises NoAnswer."""
        instance = instance or self.pick(service)
        if instance is None:
            await asyncio.sleep(0.2)
            raise NoAnswer(f"no {service} is there")
        process = instance.process
        assert process is not None
        content = body if isinstance(body, bytes) else msgspec.json.encode(body) if body is not None else b""
        given = {
            "authorization": f"Bearer {token(subject)}",
            "content-type": "application/json",
            "content-length": str(len(content)),
            "x-deadline-ms": str(int(seconds * 1000)),
            **(headers or {}),
        }
        fault = self.outside.draw_fault(process, "request")
        answer: asyncio.Future[Reply] = self.outside.loop.create_future()
        process.at_death.append(lambda: _fail(answer, "the process died"))
        process.loop.call_soon(self._handle, instance, process, method, path, given, content, answer, context=Context())
        try:
            async with asyncio.timeout(seconds):
                found = await answer
        except TimeoutError:
            raise NoAnswer("no answer in time") from None
        if fault is not None:
            self.outside.tell(f"The answer of {process.name} to {method} {path} ({found.status}) is lost.")
            raise NoAnswer("the answer was lost")
        return found

    def _handle(
        self,
        instance: Instance,
        process: Process,
        method: str,
        path: str,
        headers: Mapping[str, str],
        content: bytes,
        answer: asyncio.Future[Reply],
    ) -> None:
        plain, _, query = path.partition("?")
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "path": plain,
            "raw_path": plain.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "scheme": "http",
            "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 2),
        }
        parts: list[bytes] = []
        start: dict[str, Any] = {}
        sent = False

        async def receive() -> dict[str, Any]:
            nonlocal sent
            if sent:
                await process.never()
            sent = True
            return {"type": "http.request", "body": content, "more_body": False}

        async def send(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
            else:
                parts.append(message.get("body", b""))

        async def serve() -> None:
            instance.under_way += 1
            try:
                await instance_app(scope, receive, send)
            finally:
                instance.under_way -= 1
            found = {name.decode(): value.decode() for name, value in start.get("headers", ())}
            reply = Reply(start.get("status", 500), found, b"".join(parts))
            self.outside.loop.call_later(0.001, _give, answer, reply)

        instance_app = instance.app
        if instance_app is None:
            _fail(answer, "the service has gone")
            return
        process.loop.create_task(serve())

    # What is left to do.

    def unfinished(self) -> Sequence[str]:
        """Return what the shop still has to do, in sentences; nothing when it has come to rest."""
        found = [
            f"order {key} is {row['stage']}"
            for key, row in self.database.tables["orders"].items()
            if row["stage"] not in {"completed", "rejected", "cancelled"} and row["customer_id"] != "a newer version"
        ]
        pending = [item for item in self.dynamo.tables["payments"].items.values() if item.get("open_refund") == "pending"]
        found += [f"payment {item['id']} has a refund without an outcome" for item in pending]
        found += [left for _name, left in self._in_outboxes()]
        for name, group in self.kafka.groups.items():
            if lag := group.lag():
                found.append(f"group {name} has {lag} records before it")
        return found

    def _in_outboxes(self) -> Iterator[tuple[str, str]]:
        for name in self.outbox_tables:
            yield from ((name, f"{name} holds {key[0]} {key[1]}") for key in self.dynamo.tables[name].items)
        for row in self.database.tables["outbox"].values():
            yield "orders", f"the outbox of orders holds {row['key']} to {row['topic']}"


def _fail(answer: asyncio.Future[Reply], reason: str) -> None:
    if not answer.done():
        answer.set_exception(NoAnswer(reason))


def _give(answer: asyncio.Future[Reply], reply: Reply) -> None:
    if not answer.done():
        answer.set_result(reply)


async def _edge(net: http.Internet, _method: str, _path: str, _headers: Any, _body: bytes, seconds: float) -> http.ModelResponse:
    del seconds
    return http.ModelResponse(200, _key()[1])


async def _pricing(net: http.Internet, _method: str, _path: str, _headers: Any, _body: bytes, seconds: float) -> http.ModelResponse:
    del net, seconds
    return http.ModelResponse(200, msgspec.json.encode(_pricing_key().jwks()))
