"""What somebody seeks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Sort(StrEnum):
    """In which order what was found is shown."""

    RELEVANCE = "relevance"
    PRICE_UP = "price"
    PRICE_DOWN = "-price"
    TITLE = "title"


@dataclass(frozen=True, slots=True)
class Position:
    """Behind which product a page begins: its place in the order, and its id, which decides between equal places."""

    key: float | str
    product_id: str


@dataclass(frozen=True, slots=True)
class Wish:
    """Words in a language, and what narrows them down. Of several brands, or values of one option, any will do."""

    words: str = ""
    language: str = "en"
    currency: str = "EUR"
    category_id: str | None = None
    brands: Sequence[str] = ()
    options: Sequence[tuple[str, str]] = ()
    price_from: int | None = None
    price_to: int | None = None
    only_in_stock: bool = False
    sort: Sort = Sort.RELEVANCE
    limit: int = 20
    behind: Position | None = None

    @property
    def option_groups(self) -> Sequence[Sequence[tuple[str, str]]]:
        """Return the chosen values, those of one option together."""
        names = dict.fromkeys(name for name, _ in self.options)
        return [[one for one in self.options if one[0] == name] for name in names]

    @property
    def asks_for_prices(self) -> bool:
        """Return whether prices decide what is found, or in which order."""
        by_price = self.sort in {Sort.PRICE_UP, Sort.PRICE_DOWN}
        return by_price or self.price_from is not None or self.price_to is not None


# The languages that PostgreSQL brings stemmers for, https://www.postgresql.org/docs/18/textsearch-dictionaries.html
_CONFIGURATIONS = {
    "da": "danish",
    "de": "german",
    "en": "english",
    "es": "spanish",
    "fi": "finnish",
    "fr": "french",
    "hu": "hungarian",
    "it": "italian",
    "nl": "dutch",
    "no": "norwegian",
    "pt": "portuguese",
    "ro": "romanian",
    "ru": "russian",
    "sv": "swedish",
    "tr": "turkish",
}


def configuration_of(language: str) -> str:
    """Return the text search configuration of a language: words are found as they stand where nobody knows their stems."""
    return _CONFIGURATIONS.get(language, "simple")


def in_language(texts: dict[str, str], language: str) -> str:
    """Return a text in a language, else in English, else in any."""
    return texts.get(language) or texts.get("en") or next(iter(texts.values()), "")
