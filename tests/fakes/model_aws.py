"""DynamoDB in memory behind the client's boundary, with answers that get lost."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any, cast

from shop_kit.aws.client import AwsClient, AwsError
from shop_kit.aws.dynamo import Dynamo
from shop_kit.errors import Unavailable
from simulation.models.dynamo import DynamoModel, Refused


class ModelAws:
    """Stands in for AwsClient. As that does, it sends a request whose answer was lost once more, the very same bytes."""

    def __init__(self) -> None:
        self.model = DynamoModel(time.time)
        self.lost = 0
        """How many answers to transactions are lost from now on."""
        self.is_away_after_loss = False
        """Whether the lost answer is all there is: nothing answers a second time."""
        self.before_answer: Callable[[str], Any] | None = None
        self.fails: dict[str, Exception] = {}
        self.operations: list[str] = []

    async def call(
        self, service: str, prefix: str, operation: str, request: dict[str, Any], *, version: str = "1.0"
    ) -> dict[str, Any]:
        """Return the answer to one operation."""
        del service, prefix, version
        self.operations.append(operation)
        await asyncio.sleep(0.001)
        if operation in self.fails:
            raise self.fails[operation]
        answer = self._answer(operation, request)
        if self.before_answer is not None:
            await self.before_answer(operation)
        if operation == "TransactWriteItems" and self.lost:
            self.lost -= 1
            if self.is_away_after_loss:
                raise Unavailable("aws dynamodb", "the answer was lost")
            return self._answer(operation, request)
        return answer

    def dynamo(self) -> Dynamo:
        """Return DynamoDB on this."""
        return Dynamo(cast("AwsClient", self))

    def _answer(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        try:
            return self.model.call(operation, request)
        except Refused as refused:
            code = refused.document["__type"].rpartition("#")[2]
            raise AwsError(operation, code, str(refused), refused.document) from refused
