"""The use cases of the category tree: categories are made, renamed, moved and removed."""

from __future__ import annotations

from collections.abc import Callable

from shop_kit.aggregates import decide_and_record

from shop_services.catalog.application.editing import Condition
from shop_services.catalog.application.ports import CategoryRepository
from shop_services.catalog.domain.categories import CategoryTree, Change
from shop_services.catalog.domain.product import Texts


class CategoryUnknown(Exception):
    """There is no such category."""

    def __init__(self, category_id: str) -> None:
        super().__init__(category_id)
        self.category_id = category_id


async def put_category(
    category_id: str, parent_id: str | None, names: Texts, condition: Condition, categories: CategoryRepository
) -> CategoryTree:
    """Make, rename or move a category. Returns the tree then. Raises NotAccepted, and whatever `condition` does."""

    def put(tree: CategoryTree) -> Change | None:
        is_there = category_id in tree.categories
        condition(tree.revision(category_id) if is_there else None)
        if is_there and (tree.categories[category_id].parent_id, tree.categories[category_id].names) == (parent_id, names):
            return None
        return tree.put(category_id, parent_id, names)

    return await _change(put, categories)


async def remove_category(category_id: str, condition: Condition, categories: CategoryRepository) -> None:
    """Remove a category in which nothing stands. Raises CategoryUnknown, CategoryInUse, and whatever `condition` does."""

    def remove(tree: CategoryTree) -> Change:
        if category_id not in tree.categories:
            raise CategoryUnknown(category_id)
        condition(tree.revision(category_id))
        return tree.remove(category_id)

    await _change(remove, categories)


async def _change(decide: Callable[[CategoryTree], Change | None], categories: CategoryRepository) -> CategoryTree:
    async def attempt(*, fresh: bool) -> CategoryTree:
        del fresh  # the tree is always as it is
        tree = await categories.tree()
        change = decide(tree)
        if change is None:
            return tree
        await categories.save(change)
        return change.tree

    return await decide_and_record(attempt, subject="the category tree")
