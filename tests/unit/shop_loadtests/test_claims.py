"""No two visitors have the same account, in one generator or in several."""

from __future__ import annotations

from contextlib import ExitStack

import pytest
from shop_loadtests.claims import Claims, NoneLeft

DATA = {"accounts": [f"account-{number}" for number in range(7)]}


def test_no_two_visitors_have_the_same_at_the_same_time() -> None:
    shares = [Claims(DATA, worker=worker, workers=3) for worker in range(3)]

    with ExitStack() as stack:
        taken = [stack.enter_context(share.one_of("accounts")) for share in shares for _ in range(2)]

    assert len({*taken}) == len(taken) == 6


def test_what_is_given_back_is_given_again() -> None:
    claims = Claims({"accounts": ["only"]}, worker=0, workers=1)

    for _ in range(3):
        with claims.one_of("accounts") as taken:
            assert taken == "only"


def test_it_is_given_back_after_a_failure_too() -> None:
    claims = Claims({"accounts": ["only"]}, worker=0, workers=1)
    with pytest.raises(RuntimeError), claims.one_of("accounts"):
        raise RuntimeError

    with claims.one_of("accounts") as taken:
        assert taken == "only"


def test_more_visitors_than_accounts_are_said() -> None:
    claims = Claims({"accounts": ["only"]}, worker=0, workers=1)

    with claims.one_of("accounts"), pytest.raises(NoneLeft, match="all 1 of accounts are taken"), claims.one_of("accounts"):
        pass
