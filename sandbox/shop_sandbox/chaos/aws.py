"""AWS through the proxy: throttling by operation, in the words of each of its protocols."""

from __future__ import annotations

from typing import Final
from urllib.parse import parse_qs

from aiohttp import web
from multidict import CIMultiDict

from shop_sandbox.chaos.active import matches
from shop_sandbox.chaos.fault import Throttle
from shop_sandbox.chaos.http import Answer, HttpProxy

_SAYS: Final = "Rate exceeded (made by chaos)"
_FORM = "application/x-www-form-urlencoded"


class AwsProxy(HttpProxy):
    """Knows operations by `X-Amz-Target` or `Action`; those of REST protocols (S3, Lambda) by method and path, as HTTP's."""

    def operation(self, request: web.Request, body: bytes) -> str:
        if target := request.headers.get("x-amz-target"):
            return target.rpartition(".")[2]
        if request.content_type == _FORM and (action := parse_qs(body.decode(errors="replace")).get("Action")):
            return action[0]
        return super().operation(request, body)

    def refusal(self, request: web.Request, operation: str) -> Answer | None:
        for fault in self.active.on(self.link, Throttle):
            if matches(operation, fault.operations) and self.active.strikes(self.link, fault, share=fault.share):
                return _throttled(request)
        return super().refusal(request, operation)


def _throttled(request: web.Request) -> Answer:
    """Return what AWS says: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/CommonErrors.html,
    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html,
    https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html."""
    target = request.headers.get("x-amz-target", "")
    if target:
        error = "ProvisionedThroughputExceededException" if target.startswith("DynamoDB") else "ThrottlingException"
        body = f'{{"__type":"{error}","message":"{_SAYS}"}}'
        return Answer(400, CIMultiDict({"content-type": "application/x-amz-json-1.0", "x-amzn-errortype": error}), body.encode())
    if request.content_type == _FORM:
        body = f"<ErrorResponse><Error><Type>Sender</Type><Code>Throttling</Code><Message>{_SAYS}</Message></Error></ErrorResponse>"
        return Answer(400, CIMultiDict({"content-type": "text/xml"}), body.encode())
    body = f"<Error><Code>SlowDown</Code><Message>{_SAYS}</Message></Error>"
    return Answer(503, CIMultiDict({"content-type": "application/xml"}), body.encode())
