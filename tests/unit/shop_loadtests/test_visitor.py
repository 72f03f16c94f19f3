"""A visit calls operations, each measured, and ends where the shop refuses."""

from __future__ import annotations

import random
import time
from collections.abc import Mapping
from dataclasses import dataclass

import pytest
from shop_loadtests.claims import Claims
from shop_loadtests.journeys import browse
from shop_loadtests.visitor import Refused, Visitor


@dataclass
class Reply:
    status_code: int
    content: bytes | None = b"{}"
    headers: Mapping[str, str] | None = None


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
        claims=Claims({}, worker=0, workers=1),
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


def test_a_browser_gets_pages_and_follows_nothing_by_itself() -> None:
    recorded: dict[str, str | None] = {}
    redirected = Reply(302, b"", {"location": "http://localhost:3000/signed-in?code=1"})

    answer = visitor({"/login": redirected}, recorded).ask("signIn", "POST", "/login", form={"a": "b c"}, expected=302)

    assert (answer.headers, recorded) == (redirected.headers, {"signIn": None})


def test_several_answers_may_be_expected() -> None:
    assert visitor({"/x": Reply(409)}, {}).call("putX", "PUT", "/x", expected=(200, 409)) == {}
