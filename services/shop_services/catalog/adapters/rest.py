"""The catalog over HTTP: what is shown is public; who has `catalog:write` sees the rest and changes it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from http import HTTPStatus
from typing import Annotated
from urllib.parse import urlencode

import msgspec
from shop_kit.http import Anybody, AnybodyOrCaller, GuardedRoute, Scope, json, read_body, read_query
from shop_kit.http.access import visitor
from shop_kit.http.cursors import PageQuery, cursor_behind, id_in_cursor
from shop_kit.http.etags import etag_of
from shop_kit.http.idempotency import once
from shop_kit.idempotency import Answer, Claim, IdempotencyKeys
from shop_kit.identifiers import identifier_from, is_identifier
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from shop_services.catalog.adapters.answers import (
    answered,
    condition_of,
    no_such_category,
    no_such_picture,
    no_such_product,
    optional_condition_of,
)
from shop_services.catalog.adapters.bodies import (
    ExportPageView,
    ImportedProduct,
    ImportView,
    ProductBody,
    ProductPageView,
    ProductView,
    RefusedLineView,
    UploadBody,
    UploadView,
)
from shop_services.catalog.adapters.events import media_path
from shop_services.catalog.adapters.lines import NDJSON, read_lines, written_lines
from shop_services.catalog.application.editing import Editing, anything
from shop_services.catalog.application.importing import Line, import_products
from shop_services.catalog.application.ports import MediaStore, ProductPage
from shop_services.catalog.domain.product import Product

WRITE = "catalog:write"
SHOWN = Anybody("what the shop shows is public")


class ExportQuery(PageQuery):
    """Which page of an export."""

    limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = 100


@dataclass(frozen=True)
class ProductsApi:
    """The routes of products."""

    editing: Editing
    media: MediaStore
    keys: IdempotencyKeys

    def routes(self) -> list[GuardedRoute]:
        """Return all paths and what serves them."""
        product, picture = "/v1/products/{product_id}", "/v1/products/{product_id}/media/{media_id}"
        drafts = AnybodyOrCaller(f"what the shop shows is public; who has {WRITE} sees drafts as well")
        staff = Scope(WRITE)
        return [
            GuardedRoute("/v1/products", self.list_products, access=SHOWN),
            GuardedRoute("/v1/categories/{category_id}/products", self.list_category, access=SHOWN),
            GuardedRoute("/v1/products", self.create_product, methods=["POST"], access=staff),
            GuardedRoute(product, self.show_product, access=drafts),
            GuardedRoute(product, self.put_product, methods=["PUT"], access=staff),
            GuardedRoute(f"{product}/publication", self.publish, methods=["PUT"], access=staff),
            GuardedRoute(f"{product}/publication", self.withdraw, methods=["DELETE"], access=staff),
            GuardedRoute(f"{product}/uploads", self.begin_upload, methods=["POST"], access=staff),
            GuardedRoute(picture, self.show_picture, access=SHOWN),
            GuardedRoute(picture, self.attach_picture, methods=["PUT"], access=staff),
            GuardedRoute(picture, self.detach_picture, methods=["DELETE"], access=staff),
            GuardedRoute("/v1/product-imports", self.import_products, methods=["POST"], access=staff),
            GuardedRoute("/v1/product-exports", self.export_products, access=staff),
        ]

    async def list_products(self, request: Request) -> Response:
        """Answer with a page of the products that are shown."""
        query = read_query(request, PageQuery)
        page = await self.editing.products.page(limit=query.limit, behind=id_in_cursor(query.cursor, _is_product_id))
        return _page(page)

    async def list_category(self, request: Request) -> Response:
        """Answer with a page of what is shown in a category."""
        query, category_id = read_query(request, PageQuery), request.path_params["category_id"]
        behind = id_in_cursor(query.cursor, _is_product_id)
        if category_id not in (await self.editing.categories.tree()).categories:
            raise no_such_category(category_id)
        return _page(await self.editing.products.shelf(category_id, limit=query.limit, behind=behind))

    async def create_product(self, request: Request) -> Response:
        """Make a product as a draft, once for each idempotency key."""
        body = await read_body(request, ProductBody)
        return await once(request, lambda claim: self.keys.once(claim, partial(self._create, body, claim)))

    async def _create(self, body: ProductBody, claim: Claim) -> Answer:
        product_id = identifier_from("prd", claim.scope, claim.key)  # whoever repeats this after a crash makes no second one
        with answered():
            found = await self.editing.products.find(product_id)
            product = found or await self.editing.write(product_id, body.content(), anything)
        headers = {"location": f"/v1/products/{product.id}", "etag": etag_of(product.revision.version)}
        return Answer(HTTPStatus.CREATED, msgspec.json.encode(ProductView.of(product)), headers)

    async def show_product(self, request: Request) -> Response:
        """Answer with a product that is shown, and with any to those who may write it."""
        who = visitor(request)
        product = await self._find(_product_id(request))
        if not (product.is_shown or (who and WRITE in who.scopes)):
            raise no_such_product(product.id)
        return _answer(product)

    async def put_product(self, request: Request) -> Response:
        """Change what a product says when it is as it was seen, or make one with this id when it is new."""
        product_id = _product_id(request)
        seen, condition = condition_of(request)
        body = await read_body(request, ProductBody)
        with answered():
            product = await self.editing.write(product_id, body.content(), condition)
        return _answer(product, HTTPStatus.OK if seen else HTTPStatus.CREATED)

    async def publish(self, request: Request) -> Response:
        """Show a product to visitors."""
        product_id, condition = _product_id(request), optional_condition_of(request)
        with answered():
            return _answer(await self.editing.publish(product_id, condition))

    async def withdraw(self, request: Request) -> Response:
        """Show a product to nobody any more."""
        product_id, condition = _product_id(request), optional_condition_of(request)
        with answered():
            return _answer(await self.editing.withdraw(product_id, condition))

    async def begin_upload(self, request: Request) -> Response:
        """Say where a picture of this type and size may be put, once for each idempotency key."""
        body = await read_body(request, UploadBody)
        product = await self._find(_product_id(request))
        return await once(request, lambda claim: self.keys.once(claim, partial(self._invite, product, body, claim)))

    async def _invite(self, product: Product, body: UploadBody, claim: Claim) -> Answer:
        media_id = identifier_from("med", claim.scope, claim.key)
        upload = await self.media.invite(product.id, media_id, content_type=body.content_type, size=body.size)
        expires_at = datetime.fromtimestamp(upload.expires_at, UTC).isoformat()
        view = UploadView(media_id, "PUT", upload.url, dict(upload.headers), expires_at)
        return Answer(HTTPStatus.CREATED, msgspec.json.encode(view), {"location": media_path(product.id, media_id)})

    async def show_picture(self, request: Request) -> Response:
        """Send on to where the bytes of a picture are."""
        media_id = _media_id(request)
        product = await self._find(_product_id(request))
        if all(picture.id != media_id for picture in product.pictures):
            raise no_such_picture(media_id)
        return RedirectResponse(await self.media.address(product.id, media_id), HTTPStatus.TEMPORARY_REDIRECT)

    async def attach_picture(self, request: Request) -> Response:
        """Add what was uploaded to the product's pictures."""
        product_id, media_id = _product_id(request), _media_id(request)
        condition = optional_condition_of(request)
        with answered():
            return _answer(await self.editing.attach(product_id, media_id, self.media, condition))

    async def detach_picture(self, request: Request) -> Response:
        """Take a picture from the product."""
        product_id, media_id = _product_id(request), _media_id(request)
        condition = optional_condition_of(request)
        with answered():
            return _answer(await self.editing.detach(product_id, media_id, condition))

    async def import_products(self, request: Request) -> Response:
        """Write up to 200 products, once for each idempotency key."""
        lines, refused = await read_lines(request)
        return await once(request, lambda claim: self.keys.once(claim, partial(self._import, lines, refused)))

    async def _import(self, lines: Sequence[Line], unread: Sequence[RefusedLineView]) -> Answer:
        # Each product is written at the version it was seen at: whoever repeats this after a crash finds it written.
        refused = [*unread, *map(RefusedLineView.of, await import_products(lines, self.editing))]
        refused.sort(key=lambda one: one.line)
        view = ImportView(len(lines) + len(unread) - len(refused), refused)
        return Answer(HTTPStatus.OK, msgspec.json.encode(view))

    async def export_products(self, request: Request) -> Response:
        """Answer with a page of all products, drafts included, as an import takes them: JSON, or NDJSON where it is asked for."""
        query = read_query(request, ExportQuery)
        page = await self.editing.products.page(limit=query.limit, behind=id_in_cursor(query.cursor, _is_product_id))
        items, cursor = [ImportedProduct.of(product) for product in page.items], cursor_behind(page.next_id)
        if NDJSON not in request.headers.get("accept", ""):
            return json(ExportPageView(items, cursor))
        following = f"/v1/product-exports?{urlencode({'limit': query.limit, 'cursor': cursor})}" if cursor else None
        headers = {"link": f'<{following}>; rel="next"'} if following else {}
        return Response(written_lines(items), headers=headers, media_type=NDJSON)

    async def _find(self, product_id: str) -> Product:
        found = await self.editing.products.find(product_id)
        if found is None:
            raise no_such_product(product_id)
        return found


def _answer(product: Product, status: int = HTTPStatus.OK) -> Response:
    return json(ProductView.of(product), status, headers={"etag": etag_of(product.revision.version)})


def _is_product_id(text: str) -> bool:
    return is_identifier("prd", text)


def _product_id(request: Request) -> str:
    """Return the id in the path. Raises Problem for what is none: nothing else is looked for, and DynamoDB takes no long key."""
    product_id: str = request.path_params["product_id"]
    if not _is_product_id(product_id):
        raise no_such_product(product_id)
    return product_id


def _media_id(request: Request) -> str:
    media_id: str = request.path_params["media_id"]
    if not is_identifier("med", media_id):
        raise no_such_picture(media_id)
    return media_id


def _page(page: ProductPage) -> Response:
    shown = [ProductView.of(product) for product in page.items if product.is_shown]
    return json(ProductPageView(shown, cursor_behind(page.next_id)))
