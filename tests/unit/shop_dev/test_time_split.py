"""Where the time of an operation went: the parts are all of it, each counted once."""

from __future__ import annotations

from itertools import count

import pytest
from shop_dev.loading.time_split import Share, split
from shop_sandbox.telemetry.read import SpanNode, Trace

_IDS = count()


def span(kind: str, begin: float, end: float, *children: SpanNode, name: str = "work", **attributes: object) -> SpanNode:
    told = {key.replace("__", "."): value for key, value in attributes.items()}
    return SpanNode(f"s{next(_IDS)}", None, "s", name, kind, begin, end - begin, "ok", "", told, (), list(children))


def aws(begin: float, end: float, operation: str = "GetItem") -> SpanNode:
    return span("client", begin, end, name=operation, rpc__system="aws-api", rpc__method=operation)


def trace(root: SpanNode) -> Trace:
    return Trace("t", (root,))


def test_a_call_is_split_into_stores_the_service_behind_it_and_the_way_there() -> None:
    behind = span("server", 3, 6, aws(4, 5), shop__waited__redis=0.5)
    root = span("server", 0, 10, aws(1, 2), span("client", 2, 7, behind), shop__waited__postgresql=1.5, name="POST /v1/orders")

    found = split([trace(root)])["POST /v1/orders"]

    assert found.calls == 1
    assert found.seconds == {
        Share.AWS: pytest.approx(2),
        Share.WAITING: pytest.approx(2),
        Share.REDIS: pytest.approx(0.5),
        Share.POSTGRES: pytest.approx(1.5),
        Share.CODE: pytest.approx(4),
    }
    assert found.total == pytest.approx(10)
    assert found.aws == {"GetItem": 2}


def test_calls_side_by_side_are_counted_once() -> None:
    found = split([trace(span("server", 0, 4, aws(1, 3), aws(2, 4), aws(2, 3)))])["work"]

    assert found.seconds[Share.AWS] == pytest.approx(3)
    assert found.total == pytest.approx(4)


def test_what_messages_did_after_the_answer_has_a_line_of_its_own() -> None:
    second = span("consumer", 8, 9)
    first = span("consumer", 3, 5, aws(4, 4.5), second)
    found = split([trace(span("server", 0, 2, first, span("consumer", 2.5, 2.6)))])

    assert found["work"].total == pytest.approx(2)
    behind = found["work until the last message"]
    assert behind.seconds[Share.KAFKA] == pytest.approx(1 + 3)
    assert behind.seconds[Share.AWS] == pytest.approx(0.5)
    assert behind.total == pytest.approx(7)


def test_what_a_service_does_by_itself_is_no_operation() -> None:
    assert split([trace(aws(0, 1))]) == {}


def test_a_span_that_says_it_waited_longer_than_it_lasted_does_not_make_the_whole_longer() -> None:
    found = split([trace(span("server", 0, 1, aws(0, 0.5), shop__waited__redis=9.0))])["work"]

    assert found.total == pytest.approx(1)
