"""A product: what it is called, what a buyer chooses by, and the articles that there are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from shop_kit.shared_kernel import NEW, Revision

from shop_services.catalog.domain.faults import Fault, NotAccepted

MOST_OPTIONS = 3
MOST_VALUES = 40
MOST_VARIANTS = 36
MOST_CATEGORIES = 5
"""Together with the number of variants it keeps every change of a product within what DynamoDB writes at once: 100 items."""
MOST_PICTURES = 20

Texts = Mapping[str, str]
"""A text by language (ISO 639-1)."""


class Status(StrEnum):
    """Whether visitors see a product."""

    DRAFT = "draft"
    PUBLISHED = "published"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Option:
    """Something that a buyer chooses, with what there is to choose from."""

    name: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Variant:
    """An article: one choice of every option of its product, and what else is to be known of it."""

    sku: str
    options: Mapping[str, str] = field(default_factory=dict)
    attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that was looked at: `content_type` is what its bytes say, `size` is in bytes."""

    id: str
    content_type: str
    size: int


@dataclass(frozen=True, slots=True)
class Content:
    """What people write of a product. The first category is the main one."""

    title: Texts
    description: Texts = field(default_factory=dict)
    brand: str = ""
    category_ids: tuple[str, ...] = ()
    options: tuple[Option, ...] = ()
    variants: tuple[Variant, ...] = ()

    @property
    def skus(self) -> frozenset[str]:
        """Return the names of its articles."""
        return frozenset(variant.sku for variant in self.variants)


@dataclass(frozen=True, slots=True)
class Product:
    """A product, whose content holds together at all times; what is published can be sold besides."""

    id: str
    content: Content
    status: Status = Status.DRAFT
    pictures: tuple[Picture, ...] = ()
    revision: Revision = NEW

    @property
    def is_shown(self) -> bool:
        """Return whether visitors see it."""
        return self.status is Status.PUBLISHED

    def with_content(self, content: Content) -> Product:
        """Return the product as somebody has written it. Raises NotAccepted."""
        return replace(self, content=content).accepted()

    def published(self) -> Product:
        """Return the product as visitors see it from now on. Raises NotAccepted."""
        return replace(self, status=Status.PUBLISHED).accepted()

    def withdrawn(self) -> Product:
        """Return the product as nobody sees it any more; a draft stays one."""
        return replace(self, status=Status.WITHDRAWN) if self.is_shown else self

    def with_picture(self, picture: Picture) -> Product:
        """Return the product with a picture behind the others; one that is there already stays where it is. Raises NotAccepted."""
        others = [one for one in self.pictures if one.id != picture.id]
        if len(others) >= MOST_PICTURES:
            raise NotAccepted([Fault("media", f"has {MOST_PICTURES} pictures already")])
        if len(others) < len(self.pictures):
            return self
        return replace(self, pictures=(*self.pictures, picture))

    def without_picture(self, picture_id: str) -> Product:
        """Return the product without a picture."""
        return replace(self, pictures=tuple(one for one in self.pictures if one.id != picture_id))

    def accepted(self) -> Product:
        """Return the product itself. Raises NotAccepted with everything that is wrong with it."""
        faults = [*_faults(self.content), *(_unsellable(self.content) if self.is_shown else ())]
        if faults:
            raise NotAccepted(faults)
        return self


def _unsellable(content: Content) -> Iterator[Fault]:
    """Yield what keeps content that holds together from being shown."""
    if not content.variants:
        yield Fault("variants", "a product that is shown has at least one")
    if not content.category_ids:
        yield Fault("categoryIds", "a product that is shown stands in at least one category")


def _faults(content: Content) -> Iterator[Fault]:
    if not content.title:
        yield Fault("title", "is needed in at least one language")
    yield from _twins("categoryIds", content.category_ids)
    yield from _twins("options", [option.name for option in content.options])
    for place, option in enumerate(content.options):
        yield from _twins(f"options[{place}].values", option.values)
    yield from _twins("variants", [variant.sku for variant in content.variants])
    for place, variant in enumerate(content.variants):
        yield from _choice_faults(f"variants[{place}].options", variant, content.options)
    chosen = Counter(tuple(sorted(variant.options.items())) for variant in content.variants)
    for choice, times in chosen.items():
        if times > 1:
            named = ", ".join(f"{name}: {value}" for name, value in choice) or "no options"
            yield Fault("variants", f"{times} of them are the same choice ({named})")


def _choice_faults(where: str, variant: Variant, options: tuple[Option, ...]) -> Iterator[Fault]:
    offered = {option.name: option.values for option in options}
    for name, values in offered.items():
        if name not in variant.options:
            yield Fault(f"{where}.{name}", "is required: the product has this option")
        elif variant.options[name] not in values:
            yield Fault(f"{where}.{name}", f"is not one of {', '.join(values)}")
    for name in variant.options.keys() - offered.keys():
        yield Fault(f"{where}.{name}", "is no option of this product")


def _twins(where: str, names: tuple[str, ...] | list[str]) -> Iterator[Fault]:
    for name, times in Counter(names).items():
        if times > 1:
            yield Fault(where, f"{name} stands there {times} times")
