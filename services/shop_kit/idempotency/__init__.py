"""Idempotency keys: the same request sent twice has one effect and one answer.

A key is in progress from the first request on, completed when its answer is stored, and forgotten after a day. The record lives in
the service's own store. On PostgreSQL it is written by the statement of the effect, so that no key is ever in progress; on DynamoDB
it is a lease around the effect (`DynamoIdempotency.once`), or part of the effect's transaction where there is one that holds it all
(`DynamoIdempotency.keep`).
"""

from shop_kit.idempotency.claims import Answer, AnsweredBefore, Claim, IdempotencyKeys, InProgress, KeyReused

__all__ = ["Answer", "AnsweredBefore", "Claim", "IdempotencyKeys", "InProgress", "KeyReused"]
