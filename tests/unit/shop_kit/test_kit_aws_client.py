"""What AwsClient makes of AWS's answers, against a server that answers as it is told."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest
from aiohttp import web
from shop_kit.aws.client import AwsClient, AwsError
from shop_kit.errors import Conflict, Overloaded, Unavailable
from shop_kit.settings import AwsSettings

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Aws:
    """Gives its answers in turn, the last one for ever, and notes what it was asked."""

    def __init__(self, *answers: tuple[int, dict[str, Any]]) -> None:
        self.answers = list(answers)
        self.asked: list[dict[str, Any]] = []
        self.elsewhere: str | None = None
        """Where all of AWS but Cognito is, when it is not here."""

    async def answer(self, request: web.Request) -> web.Response:
        self.asked.append(msgspec.json.decode(await request.read()))
        status, document = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return web.Response(status=status, body=msgspec.json.encode(document))

    @asynccontextmanager
    async def client(self) -> AsyncIterator[AwsClient]:
        application = web.Application()
        application.router.add_post("/", self.answer)
        runner = web.AppRunner(application)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        settings = AwsSettings(
            aws_region="eu-west-1",
            aws_endpoint_url=self.elsewhere or f"http://{host}:{port}",
            aws_endpoint_url_cognito_identity_provider=f"http://{host}:{port}" if self.elsewhere else None,
            aws_access_key_id="AKIATEST",
            aws_secret_access_key="a secret",
        )
        try:
            async with AwsClient.connect(settings) as client:
                yield client
        finally:
            await runner.cleanup()


async def call(client: AwsClient) -> dict[str, Any]:
    return await client.call("dynamodb", "DynamoDB_20120810", "GetItem", {"TableName": "t"})


def refusal(code: str) -> tuple[int, dict[str, Any]]:
    return 400, {"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": "no"}


@pytest.mark.parametrize("status", [500, 503])
async def test_a_fault_of_the_server_is_tried_again(status: int) -> None:
    aws = Aws((status, {"__type": "InternalFailure"}), (200, {"Item": {}}))

    async with aws.client() as client:
        assert await call(client) == {"Item": {}}
    assert len(aws.asked) == 2


async def test_what_is_throttled_is_tried_again_although_the_status_blames_the_caller() -> None:
    aws = Aws(refusal("ProvisionedThroughputExceededException"), (200, {}))

    async with aws.client() as client:
        assert await call(client) == {}
    assert len(aws.asked) == 2


@pytest.mark.parametrize(
    ("code", "told_as"),
    [
        ("ThrottlingException", Overloaded),
        ("TransactionInProgressException", Conflict),
        ("ExpiredTokenException", Unavailable),
        ("AccessDeniedException", Unavailable),
    ],
)
async def test_what_no_request_is_at_fault_for_is_told_as_what_passes(code: str, told_as: type[Exception]) -> None:
    aws = Aws(refusal(code))

    async with aws.client() as client:
        with pytest.raises(told_as, match=code):
            await call(client)
    assert len(aws.asked) == 4


async def test_a_refusal_is_told_at_once_with_its_code_and_document() -> None:
    aws = Aws(refusal("ConditionalCheckFailedException"))

    async with aws.client() as client:
        with pytest.raises(AwsError) as refused:
            await call(client)
    assert refused.value.code == "ConditionalCheckFailedException"
    assert refused.value.document["message"] == "no"
    assert len(aws.asked) == 1


async def test_a_server_that_is_not_there_is_unavailable() -> None:
    settings = AwsSettings(
        aws_region="eu-west-1", aws_endpoint_url="http://127.0.0.1:9", aws_access_key_id="a", aws_secret_access_key="b"
    )

    async with AwsClient.connect(settings) as client:
        with pytest.raises(Unavailable):
            await call(client)


async def test_cognito_may_be_elsewhere_than_the_rest_of_aws() -> None:
    aws = Aws((200, {"User": {}}))
    aws.elsewhere = "http://127.0.0.1:1"

    async with aws.client() as client:
        found = await client.call("cognito-idp", "AWSCognitoIdentityProviderService", "AdminGetUser", {}, version="1.1")
        with pytest.raises(Unavailable):
            await call(client)

    assert found == {"User": {}}
    assert len(aws.asked) == 1
