"""Customers as the front door asks for them: the one that the token names, changed only as seen, and forgotten for good."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from opentelemetry import trace
from shop_contracts.proto.identity.v1.customers_pb2 import CustomerEvent
from shop_kit.auth import StaticKeys, TokenSigner, TokenVerifier
from shop_kit.http.app import create_app
from shop_kit.metrics import Metrics
from shop_kit.testing.aggregates import AggregateTable
from shop_kit.testing.clock import HandClock
from shop_kit.testing.event_log import received
from shop_kit.testing.idempotency import InMemoryKeys
from shop_services.identity.adapters.in_memory import InMemoryCustomerRepository, InMemorySignIns
from shop_services.identity.adapters.rest import IdentityApi
from shop_services.identity.adapters.sweeper import removal
from shop_services.identity.application.ports import Known

pytestmark = pytest.mark.anyio
KEY = Ed25519PrivateKey.generate()
ANN, BOB, EVE = (f"cus_{number:026d}" for number in (1, 2, 3))
HOME = {"recipient": "Ann", "lines": ["1 Market Square"], "postalCode": "04109", "city": "Leipzig", "country": "DE"}
NEW = {"if-none-match": "*"}


@dataclass
class Identity:
    """Identity in process."""

    table: AggregateTable[Known] = field(default_factory=AggregateTable)
    sign_ins: InMemorySignIns = field(default_factory=lambda: InMemorySignIns({ANN: "ann@shop.example", BOB: "bob@shop.example"}))
    clock: HandClock = field(default_factory=HandClock)

    def __post_init__(self) -> None:
        self.customers = InMemoryCustomerRepository(self.table)
        api = IdentityApi(self.customers, self.sign_ins, InMemoryKeys(), self.clock)
        tokens = TokenVerifier(StaticKeys(KEY.public_key()), issuer="edge", audience="services")
        app = create_app(api.routes(), readiness={}, tracer=trace.get_tracer("test"), metrics=Metrics(), tokens=tokens)
        self.http = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://identity")

    async def ask(
        self,
        method: str,
        path: str = "",
        body: Any = None,
        *,
        customer: str = ANN,
        scopes: str = "customers:read customers:write",
        **headers: str,
    ) -> httpx.Response:
        signer = TokenSigner(KEY, "edge")
        token = signer.sign(customer, audience="services", scopes=scopes.split(), lifetime_seconds=600)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.http.request(
            method, f"/v1/customers/me{path}", json=body, headers={"authorization": f"Bearer {token}", **named}
        )

    async def register(self, customer: str = ANN, name: str = "Ann") -> httpx.Response:
        return await self.ask("PUT", body={"name": name}, customer=customer, if_none_match="*")

    def told(self) -> list[tuple[str, int, str | None]]:
        events = [received(one, CustomerEvent).event for one in self.table.log.messages]
        return [(event.customer_id, event.version, event.WhichOneof("kind")) for event in events]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def identity() -> AsyncIterator[Identity]:
    identity = Identity()
    async with identity.http:
        yield identity


def told_of(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].removeprefix("/problems/")


async def test_somebody_who_signed_in_registers_with_the_address_of_their_sign_in(identity: Identity) -> None:
    unknown = await identity.ask("GET")
    registered = await identity.register()
    read = await identity.ask("GET")

    assert told_of(unknown) == (404, "customer-not-found")
    assert (registered.status_code, registered.headers["etag"], registered.json()) == (201, '"1"', read.json())
    assert (read.json()["id"], read.json()["email"], read.json()["name"]) == (ANN, "ann@shop.example", "Ann")
    assert identity.told() == [(ANN, 1, "customer_registered")]


async def test_whom_nobody_signs_in_as_does_not_register(identity: Identity) -> None:
    assert told_of(await identity.register(EVE)) == (404, "customer-not-found")


@pytest.mark.parametrize(
    ("headers", "refusal"),
    [
        ({}, (428, "precondition-required")),
        ({"if_match": '"7"'}, (412, "stale-etag")),
        ({"if_match": '"1"', "if_none_match": "*"}, (428, "precondition-required")),
        ({"if_match": "1"}, (400, "invalid-precondition")),
        ({"if_none_match": "*"}, (412, "stale-etag")),
    ],
)
async def test_a_customer_is_changed_only_as_seen(identity: Identity, headers: dict[str, str], refusal: tuple[int, str]) -> None:
    await identity.register()

    assert told_of(await identity.ask("PUT", body={"name": "Anna"}, **headers)) == refusal
    assert (await identity.ask("GET")).json()["name"] == "Ann"


async def test_of_two_who_saw_the_same_one_changes_it(identity: Identity) -> None:
    await identity.register()

    answers = await asyncio.gather(*(identity.ask("PUT", body={"name": name}, if_match='"1"') for name in ("Anna", "Anne")))

    assert sorted(answer.status_code for answer in answers) == [200, 412]


async def test_saying_what_is_so_already_tells_nobody(identity: Identity) -> None:
    await identity.register()

    again = await identity.ask("PUT", body={"name": "Ann"}, if_match='"1"')

    assert (again.status_code, again.headers["etag"]) == (200, '"1"')
    assert len(identity.told()) == 1


async def test_an_address_is_added_once_changed_and_removed(identity: Identity) -> None:
    await identity.register()

    added = await identity.ask("POST", "/addresses", HOME, idempotency_key="k-1")
    again = await identity.ask("POST", "/addresses", HOME, idempotency_key="k-1")
    place = f"/addresses/{added.json()['id']}"
    moved = await identity.ask("PUT", place, {**HOME, "city": "Halle"}, if_match=added.headers["etag"])
    stale = await identity.ask("PUT", place, HOME, if_match=added.headers["etag"])
    read = await identity.ask("GET", place)
    removed = await identity.ask("DELETE", place, if_match=moved.headers["etag"])

    assert (added.status_code, added.headers["location"]) == (201, f"/v1/customers/me{place}")
    assert (again.status_code, again.json(), again.headers["idempotency-replayed"]) == (201, added.json(), "true")
    assert (moved.status_code, read.json()["city"], told_of(stale)) == (200, "Halle", (412, "stale-etag"))
    assert (removed.status_code, told_of(await identity.ask("GET", place))) == (204, (404, "address-not-found"))


async def test_a_key_that_comes_with_another_address_is_refused(identity: Identity) -> None:
    await identity.register()
    await identity.ask("POST", "/addresses", HOME, idempotency_key="k-1")

    other = await identity.ask("POST", "/addresses", {**HOME, "city": "Halle"}, idempotency_key="k-1")

    assert told_of(other) == (422, "idempotency-key-reused")


async def test_nobody_has_more_than_twenty_addresses(identity: Identity) -> None:
    await identity.register()
    answers = [await identity.ask("POST", "/addresses", HOME, idempotency_key=f"k-{number}") for number in range(21)]

    assert [answer.status_code for answer in answers[:20]] == [201] * 20
    assert told_of(answers[20]) == (422, "too-many-addresses")


async def test_bobs_address_is_not_there_for_ann(identity: Identity) -> None:
    await identity.register()
    await identity.register(BOB, "Bob")
    bobs = (await identity.ask("POST", "/addresses", HOME, customer=BOB, idempotency_key="k-1")).json()["id"]

    answers = [
        await identity.ask("GET", f"/addresses/{bobs}"),
        await identity.ask("PUT", f"/addresses/{bobs}", HOME, if_match='"1"'),
        await identity.ask("DELETE", f"/addresses/{bobs}", if_match='"1"'),
    ]

    assert [told_of(answer) for answer in answers] == [(404, "address-not-found")] * 3


async def test_consent_is_noted_with_its_moment_and_told(identity: Identity) -> None:
    await identity.register()
    since = identity.clock.now()
    await identity.ask("PUT", "/consents/newsletter", {"isGiven": True})
    identity.clock.pass_by(60)
    again = await identity.ask("PUT", "/consents/newsletter", {"isGiven": True})

    (consent,) = again.json()["consents"]
    assert (consent["purpose"], consent["isGiven"], since) == ("newsletter", True, 1_800_000_000.0)
    assert consent["since"] == "2027-01-15T08:00:00.000Z"
    assert [kind for _, _, kind in identity.told()] == ["customer_registered", "customer_changed"]
    assert told_of(await identity.ask("PUT", "/consents/everything", {"isGiven": True})) == (404, "purpose-not-found")


async def test_who_is_erased_is_gone_cannot_sign_in_and_never_comes_back(identity: Identity) -> None:
    await identity.register()
    await identity.ask("POST", "/addresses", HOME, idempotency_key="k-1")

    erased = [await identity.ask("DELETE"), await identity.ask("DELETE")]

    assert [answer.status_code for answer in erased] == [204, 204]
    assert told_of(await identity.ask("GET")) == (410, "customer-erased")
    assert (await identity.register()).status_code in {404, 410}
    assert ANN not in identity.sign_ins.emails
    assert identity.told()[-1] == (ANN, 3, "customer_erased")
    assert "Leipzig" not in repr(identity.table.stored)
    assert "ann@" not in repr(identity.table.stored)


async def test_a_sign_in_that_could_not_be_removed_is_removed_later(identity: Identity) -> None:
    await identity.register()
    identity.sign_ins.is_away = True
    assert (await identity.ask("DELETE")).status_code == 204
    assert ANN in identity.sign_ins.emails

    identity.sign_ins.is_away = False
    swept = await removal(identity.customers, identity.sign_ins, identity.clock).sweep()
    again = await removal(identity.customers, identity.sign_ins, identity.clock).sweep()

    assert (swept, again) == (1, 0)
    assert ANN not in identity.sign_ins.emails


@pytest.mark.parametrize(
    "wrong",
    [{**HOME, "country": "Germany"}, {**HOME, "lines": []}, {**HOME, "floor": 3}, {**HOME, "city": "a\nb"}, {"recipient": "Ann"}],
)
async def test_an_address_with_a_fault_is_refused_with_each_named(identity: Identity, wrong: dict[str, Any]) -> None:
    await identity.register()

    answer = await identity.ask("POST", "/addresses", wrong, idempotency_key="k-1")

    assert told_of(answer) == (422, "invalid-body")
    assert answer.json()["errors"]


async def test_who_may_only_read_changes_nothing(identity: Identity) -> None:
    refused = [
        await identity.ask("PUT", body={"name": "Ann"}, scopes="customers:read", if_none_match="*"),
        await identity.ask("DELETE", scopes="customers:read"),
        await identity.ask("GET", scopes="orders:read"),
    ]

    assert [told_of(answer) for answer in refused] == [(403, "not-allowed")] * 3
