"""What makes two requests the same one."""

from __future__ import annotations

import pytest
from shop_kit.http import Problem
from shop_kit.http.idempotency import claim_from, key_of, response
from shop_kit.idempotency import Answer
from starlette.requests import Request


def request(key: str | None, *, method: str = "POST", path: str = "/v1/orders") -> Request:
    headers = [] if key is None else [(b"idempotency-key", key.encode("latin-1"))]
    return Request({"type": "http", "method": method, "path": path, "headers": headers, "query_string": b""})


@pytest.mark.parametrize("sent", ["k-1", '"k-1"', "  k-1  "])
def test_quotes_and_blanks_around_a_key_do_not_belong_to_it(sent: str) -> None:
    assert key_of(request(sent)) == "k-1"


@pytest.mark.parametrize("sent", [None, "", "   ", '""', "k" * 201, "k\x01", "kä"], ids=repr)
def test_a_request_without_a_usable_key_is_refused(sent: str | None) -> None:
    with pytest.raises(Problem) as refused:
        key_of(request(sent))

    assert (refused.value.status, refused.value.kind) == (400, "idempotency-key-required")


def test_a_key_of_200_characters_is_taken_whole() -> None:
    assert key_of(request("k" * 200)) == "k" * 200


def test_the_same_request_makes_the_same_claim() -> None:
    first = claim_from(request("k-1"), subject="cus-1", body=b"{}")

    assert claim_from(request("k-1"), subject="cus-1", body=b"{}") == first


def test_a_key_is_the_callers_own_and_counts_for_one_path() -> None:
    claims = {
        claim_from(request("k-1"), subject="cus-1", body=b"{}"),
        claim_from(request("k-1"), subject="cus-2", body=b"{}"),
        claim_from(request("k-1", path="/v1/refunds"), subject="cus-1", body=b"{}"),
        claim_from(request("k-1", method="PUT"), subject="cus-1", body=b"{}"),
    }

    assert len({(claim.scope, claim.key) for claim in claims}) == 4


def test_another_body_under_the_same_key_has_another_fingerprint() -> None:
    one = claim_from(request("k-1"), subject="cus-1", body=b'{"quantity": 1}')
    other = claim_from(request("k-1"), subject="cus-1", body=b'{"quantity": 2}')

    assert (one.scope, one.key) == (other.scope, other.key)
    assert one.fingerprint != other.fingerprint


def test_only_a_replay_says_that_it_is_one() -> None:
    answer = Answer(201, b"{}", {"location": "/v1/orders/1"})

    assert "idempotency-replayed" not in response(answer).headers
    assert response(answer, is_replay=True).headers["idempotency-replayed"] == "true"
    assert response(answer, is_replay=True).headers["location"] == "/v1/orders/1"
