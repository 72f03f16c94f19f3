"""The category tree over HTTP: public to read, and for those with `catalog:write` to change."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from http import HTTPStatus

import msgspec
from shop_kit.http import Anybody, GuardedRoute, Scope, json, read_body, read_query
from shop_kit.http.cursors import PageQuery, cursor_behind, id_in_cursor
from shop_kit.http.etags import etag_of
from shop_kit.http.idempotency import once
from shop_kit.idempotency import Answer, Claim, IdempotencyKeys
from shop_kit.identifiers import identifier_from, is_identifier
from starlette.requests import Request
from starlette.responses import Response

from shop_services.catalog.adapters.answers import answered, condition_of, no_such_category
from shop_services.catalog.adapters.bodies import CategoryBody, CategoryId, CategoryPageView, CategoryView
from shop_services.catalog.application.editing import anything
from shop_services.catalog.application.ports import CategoryRepository
from shop_services.catalog.application.sorting import put_category, remove_category
from shop_services.catalog.domain.categories import CategoryTree

WRITE = Scope("catalog:write")
SHOWN = Anybody("what the shop shows is public")


class CategoriesQuery(PageQuery, rename="camel"):
    """Which page of which categories: all, or those right under one."""

    parent_id: CategoryId | None = None


@dataclass(frozen=True)
class CategoriesApi:
    """The routes of categories."""

    categories: CategoryRepository
    keys: IdempotencyKeys

    def routes(self) -> list[GuardedRoute]:
        """Return all paths and what serves them."""
        return [
            GuardedRoute("/v1/categories", self.list_categories, access=SHOWN),
            GuardedRoute("/v1/categories", self.create_category, methods=["POST"], access=WRITE),
            GuardedRoute("/v1/categories/{category_id}", self.show_category, access=SHOWN),
            GuardedRoute("/v1/categories/{category_id}", self.put_category, methods=["PUT"], access=WRITE),
            GuardedRoute("/v1/categories/{category_id}", self.remove_category, methods=["DELETE"], access=WRITE),
        ]

    async def list_categories(self, request: Request) -> Response:
        """Answer with a page of categories by id."""
        query = read_query(request, CategoriesQuery)
        behind = id_in_cursor(query.cursor, _is_category_id) or ""
        tree = await self.categories.tree()
        ids = sorted(tree.children(query.parent_id) if query.parent_id else tree.categories)
        here = [one for one in ids if one > behind]
        next_cursor = cursor_behind(here[query.limit - 1] if len(here) > query.limit else None)
        return json(CategoryPageView([CategoryView.of(tree, one) for one in here[: query.limit]], next_cursor))

    async def show_category(self, request: Request) -> Response:
        """Answer with one category."""
        category_id = _category_id(request)
        tree = await self.categories.tree()
        if category_id not in tree.categories:
            raise no_such_category(category_id)
        return _answer(tree, category_id)

    async def create_category(self, request: Request) -> Response:
        """Make a category, once for each idempotency key."""
        body = await read_body(request, CategoryBody)
        return await once(request, lambda claim: self.keys.once(claim, partial(self._create, body, claim)))

    async def _create(self, body: CategoryBody, claim: Claim) -> Answer:
        category_id = identifier_from("cat", claim.scope, claim.key)  # whoever repeats this after a crash makes no second one
        tree = await self.categories.tree()
        if category_id not in tree.categories:
            with answered():
                tree = await put_category(category_id, body.parent_id, body.names, anything, self.categories)
        headers = {"location": f"/v1/categories/{category_id}", "etag": etag_of(tree.revision(category_id))}
        return Answer(HTTPStatus.CREATED, msgspec.json.encode(CategoryView.of(tree, category_id)), headers)

    async def put_category(self, request: Request) -> Response:
        """Rename or move a category that is as it was seen, or make one with this id when it is new."""
        category_id = _category_id(request)
        seen, condition = condition_of(request)
        body = await read_body(request, CategoryBody)
        with answered():
            tree = await put_category(category_id, body.parent_id, body.names, condition, self.categories)
        return _answer(tree, category_id, HTTPStatus.OK if seen else HTTPStatus.CREATED)

    async def remove_category(self, request: Request) -> Response:
        """Remove a category that is as it was seen, and in which nothing stands."""
        category_id = _category_id(request)
        _, condition = condition_of(request)
        with answered():
            await remove_category(category_id, condition, self.categories)
        return Response(status_code=HTTPStatus.NO_CONTENT)


def _answer(tree: CategoryTree, category_id: str, status: int = HTTPStatus.OK) -> Response:
    return json(CategoryView.of(tree, category_id), status, headers={"etag": etag_of(tree.revision(category_id))})


def _is_category_id(text: str) -> bool:
    return is_identifier("cat", text)


def _category_id(request: Request) -> str:
    category_id: str = request.path_params["category_id"]
    if not _is_category_id(category_id):
        raise no_such_category(category_id)
    return category_id
