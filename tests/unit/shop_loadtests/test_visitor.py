"""A visit calls operations, each measured, and ends where the shop refuses."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass

import pytest
from shop_loadtests.journeys import browse
from shop_loadtests.visitor import Refused, Visitor


@dataclass
class Reply:
    status_code: int
    content: bytes | None = b"{}"


ARTICLE_WITHOUT_STOCK = {
    "/v1/categories": Reply(200, b'{"items": [{"id": "cat_1"}]}'),
    "/v1/categories/cat_1/products?limit=20": Reply(200, b'{"items": [{"id": "prd_1"}]}'),
    "/v1/products/prd_1": Reply(200, b'{"variants": [{"sku": "SKU-1"}]}'),
    "/v1/stock-items/SKU-1": Reply(404, b'{"title": "not found"}'),
}


def visitor(replies: dict[str, Reply], recorded: dict[str, str | None]) -> Visitor:
    return Visitor(
        lambda _method, path, _body, _headers: replies[path],
        lambda operation, _seconds, failure: recorded.update({operation: failure}),
        due=time.monotonic(),
        dice=random.Random(7),
        data={},
    )


def test_an_article_that_was_never_delivered_is_no_failure_of_the_shop() -> None:
    recorded: dict[str, str | None] = {}

    browse.visit(visitor(ARTICLE_WITHOUT_STOCK, recorded))

    assert recorded == dict.fromkeys(("listCategories", "listProductsInCategory", "getProduct", "getStockItem"))


def test_a_missing_answer_is_none() -> None:
    assert visitor({"/x": Reply(404)}, {}).call("getX", "GET", "/x", may_be_missing=True) is None


@pytest.mark.parametrize(("status", "failure"), [(404, "HTTP 404"), (500, "HTTP 500"), (0, "no answer")])
def test_another_status_than_the_expected_one_ends_the_visit_and_counts(status: int, failure: str) -> None:
    recorded: dict[str, str | None] = {}

    with pytest.raises(Refused, match=failure):
        visitor({"/x": Reply(status)}, recorded).call("getX", "GET", "/x")

    assert recorded == {"getX": failure}
