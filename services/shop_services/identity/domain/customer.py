"""A customer: how to address and reach them, where to send things, and what they agreed to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType

from shop_kit.shared_kernel import NEW, Revision

MOST_ADDRESSES = 20


class Purpose(StrEnum):
    """What a customer may agree to."""

    NEWSLETTER = "newsletter"
    PERSONALISATION = "personalisation"


class NoSuchAddress(Exception):
    """The customer has no address of that id."""


class TooManyAddresses(Exception):
    """The customer has as many addresses as one may have."""


class Erased(Exception):
    """The customer was erased, and stays it: the same sign-in never becomes another customer."""


@dataclass(frozen=True, slots=True)
class Profile:
    """How to address a customer. `language` is a tag of BCP 47."""

    name: str
    language: str


@dataclass(frozen=True, slots=True)
class Address:
    """Where to send something. `country` is a code of ISO 3166-1."""

    id: str
    recipient: str
    lines: tuple[str, ...]
    postal_code: str
    city: str
    country: str


@dataclass(frozen=True, slots=True)
class Consent:
    """Whether a customer agrees, and since when (seconds since the epoch)."""

    is_given: bool
    since: float


@dataclass(frozen=True, slots=True)
class Customer:
    """Somebody with an account. Each change gives the customer as they are from then on; times are seconds since the epoch."""

    id: str
    email: str
    profile: Profile
    registered_at: float
    changed_at: float
    group: str = ""
    addresses: tuple[Address, ...] = ()
    consents: Mapping[Purpose, Consent] = field(default_factory=lambda: MappingProxyType({}))
    revision: Revision = NEW

    def introduced(self, profile: Profile, email: str, *, now: float) -> Customer:
        """Change name, language and the address that the sign-in has."""
        return self._changed(replace(self, profile=profile, email=email), now)

    def at(self, address: Address, *, now: float) -> Customer:
        """Add an address, or change the one of its id. Raises TooManyAddresses."""
        kept = tuple(address if one.id == address.id else one for one in self.addresses)
        if address not in kept:
            if len(kept) >= MOST_ADDRESSES:
                raise TooManyAddresses
            kept = (*kept, address)
        return self._changed(replace(self, addresses=kept), now)

    def no_longer_at(self, address_id: str, *, now: float) -> Customer:
        """Remove an address. Raises NoSuchAddress."""
        self.address(address_id)
        return self._changed(replace(self, addresses=tuple(one for one in self.addresses if one.id != address_id)), now)

    def address(self, address_id: str) -> Address:
        """Return the address. Raises NoSuchAddress."""
        for one in self.addresses:
            if one.id == address_id:
                return one
        raise NoSuchAddress(address_id)

    def agreeing(self, purpose: Purpose, *, is_given: bool, now: float) -> Customer:
        """Note what the customer agrees to from now on; saying it again does not move since when."""
        known = self.consents.get(purpose)
        if known is not None and known.is_given == is_given:
            return self
        return self._changed(replace(self, consents=MappingProxyType({**self.consents, purpose: Consent(is_given, now)})), now)

    def agreed_to(self) -> list[Purpose]:
        """Return what the customer agrees to now."""
        return sorted(purpose for purpose, consent in self.consents.items() if consent.is_given)

    def erased(self, *, now: float) -> ErasedCustomer:
        """Forget everything but that this customer was erased."""
        return ErasedCustomer(self.id, erased_at=now, may_sign_in=True, revision=self.revision)

    def _changed(self, after: Customer, now: float) -> Customer:
        return self if after == self else replace(after, changed_at=now)


@dataclass(frozen=True, slots=True)
class ErasedCustomer:
    """What is left: an id that nobody has any more, and since when. `may_sign_in` until the sign-in is removed as well."""

    id: str
    erased_at: float
    may_sign_in: bool
    revision: Revision = NEW


def register(customer_id: str, email: str, profile: Profile, *, now: float) -> Customer:
    """Return a new customer."""
    return Customer(customer_id, email, profile, registered_at=now, changed_at=now)
