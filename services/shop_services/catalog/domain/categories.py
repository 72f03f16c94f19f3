"""The tree of categories: a category moves with all that is below it, and never below itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from shop_services.catalog.domain.faults import Fault, NotAccepted
from shop_services.catalog.domain.product import Texts

DEEPEST = 8
"""The most levels, a root included."""
MOST_AT_ONCE = 90
"""The most categories that one change may move: they are told of together or not at all, and DynamoDB writes 100 items at once.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html"""


class CategoryInUse(Exception):
    """A category cannot be removed: something stands in it or below it."""


@dataclass(frozen=True, slots=True)
class Category:
    """A node. `version` is that of the tree with which it was set last."""

    id: str
    parent_id: str | None
    names: Texts
    version: int


@dataclass(frozen=True, slots=True)
class Change:
    """The tree after a change: which category was set or removed, and which below it stand elsewhere because of it."""

    tree: CategoryTree
    category_id: str
    moved: tuple[str, ...] = ()

    @property
    def is_removal(self) -> bool:
        """Return whether the category is gone."""
        return self.category_id not in self.tree.categories


@dataclass(frozen=True)
class CategoryTree:
    """All categories. Each change makes another tree with the next version, so that of two changes at once one is decided anew."""

    categories: Mapping[str, Category]
    version: int = 0

    def path(self, category_id: str) -> tuple[str, ...]:
        """Return the ids from the root to the category itself."""
        return tuple(reversed([*self._upwards(category_id)]))

    def revision(self, category_id: str) -> int:
        """Return what changes whenever the category or its path does, and only rises."""
        return max(self.categories[one].version for one in self._upwards(category_id))

    def below(self, category_id: str) -> Sequence[str]:
        """Return all that are under a category, parents before children."""
        found = [category_id]
        for parent in found:  # grows while it is gone through
            found += self.children(parent)
        return found[1:]

    def children(self, parent_id: str | None) -> list[str]:
        """Return the ids of those right under a category, or of the roots."""
        return [one.id for one in self.categories.values() if one.parent_id == parent_id]

    def put(self, category_id: str, parent_id: str | None, names: Texts) -> Change:
        """Make, rename or move a category. Raises NotAccepted."""
        before = self.categories.get(category_id)
        category = Category(category_id, parent_id, names, self.version + 1)
        after = CategoryTree({**self.categories, category_id: category}, self.version + 1)
        moved = self.below(category_id) if before and before.parent_id != parent_id else ()
        if faults := [*self._misplaced(category, moved, after)]:
            raise NotAccepted(faults)
        return Change(after, category_id, tuple(moved))

    def remove(self, category_id: str) -> Change:
        """Remove a category that is there. Raises CategoryInUse when others are below it."""
        if children := self.children(category_id):
            raise CategoryInUse(f"{len(children)} categories are below it, such as {children[0]}")
        rest = {one: category for one, category in self.categories.items() if one != category_id}
        return Change(CategoryTree(rest, self.version + 1), category_id)

    def _misplaced(self, category: Category, moved: Sequence[str], after: CategoryTree) -> Iterator[Fault]:
        if not category.names:
            yield Fault("names", "is needed in at least one language")
        if category.parent_id is None:
            return
        if category.parent_id not in after.categories:
            yield Fault("parentId", f"there is no category {category.parent_id}")
        elif category.parent_id in {category.id, *moved}:
            yield Fault("parentId", "is the category itself or below it: a tree has no circles")
        elif max(len(after.path(one)) for one in (category.id, *moved)) > DEEPEST:
            yield Fault("parentId", f"is too deep: the tree has at most {DEEPEST} levels")
        elif len(moved) > MOST_AT_ONCE:
            yield Fault("parentId", f"{len(moved)} categories would move along, at most {MOST_AT_ONCE} can: move them in parts")

    def _upwards(self, category_id: str) -> Iterator[str]:
        here: str | None = category_id
        while here is not None:
            yield here
            here = self.categories[here].parent_id
