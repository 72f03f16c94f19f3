"""Idempotency keys on POST: the same request sent twice has one effect and one answer.

A key is in progress from the first request on, completed when its answer is stored, and expired after a day. The record lives
in the
service's own store, so that answer and effect are one transaction.
"""

from shop_kit.idempotency.claims import Answer, AnsweredBefore, Claim, InProgress, KeyReused, claim_from, key_of

__all__ = ["Answer", "AnsweredBefore", "Claim", "InProgress", "KeyReused", "claim_from", "key_of"]
