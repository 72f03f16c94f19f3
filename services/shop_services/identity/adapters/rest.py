"""Identity over HTTP: always the customer that the token names, never one that a request names."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, NoReturn, TypeVar

import msgspec
from shop_kit.http import GuardedRoute, Problem, Scope, caller, json, read_body
from shop_kit.http.etags import changed_meanwhile, etag_of, seen_version
from shop_kit.http.idempotency import once
from shop_kit.idempotency import Answer, Claim, IdempotencyKeys
from shop_kit.identifiers import identifier_from
from starlette.requests import Request
from starlette.responses import Response

from shop_services.identity.application import customers as use_cases
from shop_services.identity.application.customers import Change, NoSuchCustomer, Outdated
from shop_services.identity.application.ports import Clock, CustomerRepository, NoSuchSignIn, SignIns
from shop_services.identity.domain.customer import (
    MOST_ADDRESSES,
    Address,
    Customer,
    Erased,
    NoSuchAddress,
    Profile,
    Purpose,
    TooManyAddresses,
)

T = TypeVar("T")
READ, WRITE = "customers:read", "customers:write"
ME = "/v1/customers/me"

_ONE_LINE = r"^[^\x00-\x1f\x7f]*\Z"
Line = Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=_ONE_LINE)]
PostalCode = Annotated[str, msgspec.Meta(min_length=1, max_length=20, pattern=_ONE_LINE)]
Country = Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{2}\Z")]
Language = Annotated[str, msgspec.Meta(pattern=r"^[a-z]{2,3}(-[A-Z]{2})?\Z")]


class ProfileBody(msgspec.Struct, forbid_unknown_fields=True):
    """How a customer wants to be addressed."""

    name: Line
    language: Language = "en"


class AddressBody(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    """Where something may be sent."""

    recipient: Line
    lines: Annotated[list[Line], msgspec.Meta(min_length=1, max_length=3)]
    postal_code: PostalCode
    city: Line
    country: Country

    def address(self, address_id: str) -> Address:
        """Return the same in the domain's words."""
        return Address(address_id, self.recipient, tuple(self.lines), self.postal_code, self.city, self.country)


class ConsentBody(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    """Whether a customer agrees."""

    is_given: bool


class AddressView(msgspec.Struct, rename="camel"):
    """An address of a customer."""

    id: str
    recipient: str
    lines: list[str]
    postal_code: str
    city: str
    country: str


class ConsentView(msgspec.Struct, rename="camel"):
    """What a customer agrees to, or does not any more."""

    purpose: str
    is_given: bool
    since: str


class CustomerView(msgspec.Struct, rename="camel"):
    """A customer."""

    id: str
    email: str
    name: str
    language: str
    addresses: list[AddressView]
    consents: list[ConsentView]
    registered_at: str
    changed_at: str


@dataclass(frozen=True)
class IdentityApi:
    """The routes of identity."""

    customers: CustomerRepository
    sign_ins: SignIns
    keys: IdempotencyKeys
    clock: Clock

    def routes(self) -> list[GuardedRoute]:
        """Return all paths and what serves them."""
        read, write = Scope(READ), Scope(WRITE)
        one_address = f"{ME}/addresses/{{address_id}}"
        return [
            GuardedRoute(ME, self.show, access=read),
            GuardedRoute(ME, self.introduce, methods=["PUT"], access=write),
            GuardedRoute(ME, self.erase, methods=["DELETE"], access=write),
            GuardedRoute(f"{ME}/addresses", self.add_address, methods=["POST"], access=write),
            GuardedRoute(one_address, self.show_address, access=read),
            GuardedRoute(one_address, self.put_address, methods=["PUT"], access=write),
            GuardedRoute(one_address, self.remove_address, methods=["DELETE"], access=write),
            GuardedRoute(f"{ME}/consents/{{purpose}}", self.put_consent, methods=["PUT"], access=write),
        ]

    async def show(self, request: Request) -> Response:
        """Answer with the customer."""
        return _answer(await _told(use_cases.living(caller(request).subject, self.customers)))

    async def introduce(self, request: Request) -> Response:
        """Register the customer, or change how they are addressed."""
        body, seen = await read_body(request, ProfileBody), seen_version(request)
        introduced = use_cases.introduce(
            caller(request).subject,
            Profile(body.name, body.language),
            seen=seen,
            customers=self.customers,
            sign_ins=self.sign_ins,
            clock=self.clock,
        )
        return _answer(await _told(introduced), 200 if seen else 201)

    async def erase(self, request: Request) -> Response:
        """Forget the customer, here and through what others hear of it."""
        erasing = use_cases.erase(caller(request).subject, customers=self.customers, sign_ins=self.sign_ins, clock=self.clock)
        await _told(erasing)
        return Response(status_code=204)

    async def add_address(self, request: Request) -> Response:
        """Add an address, once for each idempotency key."""
        body, subject = await read_body(request, AddressBody), caller(request).subject

        async def add(claim: Claim) -> Answer:
            # The id follows from the claim: whoever repeats this after a crash writes the same address.
            address_id = identifier_from("adr", claim.scope, claim.key)
            customer = await self._change(subject, lambda one: one.at(body.address(address_id), now=self.clock.now()))
            place = {"location": f"{ME}/addresses/{address_id}", "etag": etag_of(customer.revision.version)}
            return Answer(201, msgspec.json.encode(_address(customer.address(address_id))), place)

        return await once(request, lambda claim: self.keys.once(claim, lambda: add(claim)))

    async def show_address(self, request: Request) -> Response:
        """Answer with one address."""
        customer = await _told(use_cases.living(caller(request).subject, self.customers))
        return _one_address(customer, request.path_params["address_id"])

    async def put_address(self, request: Request) -> Response:
        """Change an address that is as it was seen."""
        body, seen = await read_body(request, AddressBody), seen_version(request)
        address_id = request.path_params["address_id"]

        def at(one: Customer) -> Customer:
            one.address(address_id)
            return one.at(body.address(address_id), now=self.clock.now())

        return _one_address(await self._change(caller(request).subject, at, seen=seen), address_id)

    async def remove_address(self, request: Request) -> Response:
        """Remove an address that is as it was seen."""
        seen, address_id = seen_version(request), request.path_params["address_id"]
        subject = caller(request).subject
        await self._change(subject, lambda one: one.no_longer_at(address_id, now=self.clock.now()), seen=seen)
        return Response(status_code=204)

    async def put_consent(self, request: Request) -> Response:
        """Note what the customer agrees to."""
        try:
            purpose = Purpose(request.path_params["purpose"])
        except ValueError as error:
            raise Problem(404, "There is nothing of this name to agree to", kind="purpose-not-found") from error
        body = await read_body(request, ConsentBody)
        subject = caller(request).subject
        agreeing = self._change(subject, lambda one: one.agreeing(purpose, is_given=body.is_given, now=self.clock.now()))
        return _answer(await agreeing)

    async def _change(self, customer_id: str, decide: Change, *, seen: int | None = None) -> Customer:
        return await _told(use_cases.change(customer_id, decide, customers=self.customers, seen=seen))


async def _told(work: Awaitable[T]) -> T:
    """Return what the work does. Raises the Problem that tells of what is in its way."""
    try:
        return await work
    except Outdated as outdated:
        raise changed_meanwhile(outdated.version) from outdated
    except (NoSuchCustomer, NoSuchSignIn) as error:
        _refuse(error, 404, "You are not registered", "customer-not-found", "PUT /v1/customers/me with If-None-Match: * does it.")
    except Erased as error:
        _refuse(error, 410, "This customer was erased", "customer-erased", "It stays so. Sign up anew to be a customer again.")
    except NoSuchAddress as error:
        _refuse(error, 404, "There is no such address", "address-not-found", f"id {error}")
    except TooManyAddresses as error:
        _refuse(error, 422, "There are too many addresses", "too-many-addresses", f"A customer has {MOST_ADDRESSES} at most.")


def _refuse(error: Exception, status: int, title: str, kind: str, detail: str) -> NoReturn:
    raise Problem(status, title, kind=kind, detail=detail) from error


def _answer(customer: Customer, status: int = 200) -> Response:
    return json(_view(customer), status, {"etag": etag_of(customer.revision.version), "cache-control": "no-store"})


def _one_address(customer: Customer, address_id: str) -> Response:
    headers = {"etag": etag_of(customer.revision.version), "cache-control": "no-store"}
    try:
        return json(_address(customer.address(address_id)), headers=headers)
    except NoSuchAddress as error:
        _refuse(error, 404, "There is no such address", "address-not-found", f"id {error}")


def _view(customer: Customer) -> CustomerView:
    return CustomerView(
        id=customer.id,
        email=customer.email,
        name=customer.profile.name,
        language=customer.profile.language,
        addresses=[_address(one) for one in customer.addresses],
        consents=[ConsentView(purpose.value, one.is_given, _moment(one.since)) for purpose, one in customer.consents.items()],
        registered_at=_moment(customer.registered_at),
        changed_at=_moment(customer.changed_at),
    )


def _address(one: Address) -> AddressView:
    return AddressView(one.id, one.recipient, list(one.lines), one.postal_code, one.city, one.country)


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
