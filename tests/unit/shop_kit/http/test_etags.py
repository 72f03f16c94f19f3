from __future__ import annotations

import pytest
from shop_kit.http.etags import etag_of, seen_version
from shop_kit.http.problems import Problem
from starlette.requests import Request


def asking(**headers: str) -> Request:
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "headers": raw})


def test_the_tag_that_was_read_names_the_version_that_was_seen() -> None:
    assert seen_version(asking(if_match=etag_of(3))) == 3


def test_who_makes_something_has_seen_nothing() -> None:
    assert seen_version(asking(if_none_match="*")) == 0


@pytest.mark.parametrize(
    "headers, status",
    [
        ({}, 428),
        ({"if_match": '"1"', "if_none_match": "*"}, 428),
        ({"if_none_match": '"1"'}, 428),
        ({"if_match": "3"}, 400),
        ({"if_match": '"0"'}, 412),
        ({"if_match": '"abc"'}, 412),
        ({"if_match": 'W/"3"'}, 412),
        ({"if_match": '"3", "4"'}, 412),
        ({"if_match": '"99999999999999999999"'}, 412),
    ],
)
def test_any_other_precondition_is_refused(headers: dict[str, str], status: int) -> None:
    with pytest.raises(Problem) as refused:
        seen_version(asking(**headers))

    assert refused.value.status == status
