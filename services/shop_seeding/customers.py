"""Customers of the seeded shop: invented people with addresses and what they agreed to, the same ones for the same seed."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

COUNT = 10
PASSWORD = "Buy-a-kettle-2026!"  # noqa: S105  # nosec B105 # of invented people, in sandboxes only
_NAMES = ("Ada", "Ben", "Cleo", "Dana", "Emil", "Frida", "Goran", "Hanna", "Ivo", "Jule", "Karl", "Lena", "Milan", "Nora", "Oskar")
_FAMILIES = ("Ahrens", "Brandt", "Conrad", "Dahl", "Engel", "Falk", "Graf", "Holm", "Iversen", "Jansen", "Kern", "Lind")
_STREETS = ("Mill Lane", "Market Square", "Station Road", "Harbour Street", "Orchard Way", "Bridge Street")
_CITIES = (
    ("DE", "04109", "Leipzig"),
    ("DE", "20095", "Hamburg"),
    ("AT", "1010", "Wien"),
    ("FR", "69001", "Lyon"),
    ("NL", "3511", "Utrecht"),
)
_LANGUAGES = {"DE": "de", "AT": "de"}


@dataclass(frozen=True)
class Customer:
    """Somebody who can sign in with their e-mail address and PASSWORD. Addresses are as identity takes them."""

    name: str
    email: str
    language: str
    addresses: tuple[Mapping[str, object], ...]
    consents: Mapping[str, bool]


def customers(*, seed: int, count: int = COUNT) -> Iterator[Customer]:
    """Yield the first `count` customers of a seed; their e-mail addresses are unique."""
    return (_customer(seed, number) for number in range(1, count + 1))


def _customer(seed: int, number: int) -> Customer:
    chance = random.Random(f"customer {seed} {number}")  # noqa: S311  # nosec B311 # invented people, not secrets
    first, family = chance.choice(_NAMES), chance.choice(_FAMILIES)
    addresses = tuple(_address(chance, f"{first} {family}") for _ in range(chance.choice((1, 1, 2))))
    return Customer(
        name=f"{first} {family}",
        email=f"{first}.{family}.{number}@shop.example".lower(),
        language=_LANGUAGES.get(str(addresses[0]["country"]), "en"),
        addresses=addresses,
        consents={purpose: chance.random() < 0.5 for purpose in ("newsletter", "personalisation")},
    )


def _address(chance: random.Random, recipient: str) -> Mapping[str, object]:
    country, postal_code, city = chance.choice(_CITIES)
    line = f"{chance.randint(1, 120)} {chance.choice(_STREETS)}"
    return {"recipient": recipient, "lines": [line], "postalCode": postal_code, "city": city, "country": country}
