"""AWS's other services through its SDK, and values from parameters, against the emulator."""

from __future__ import annotations

import uuid
from typing import Any

import httpx
import msgspec
import pytest
from fakes.bare_platform import PlatformSettings
from shop_kit.aws.client import AwsClient, AwsError
from shop_kit.aws.sdk import AwsSdk
from shop_kit.changing_values import ChangingValue, parameter
from shop_kit.clock import SystemClock
from shop_kit.errors import Unavailable
from shop_kit.metrics import Metrics
from shop_kit.settings import AwsSettings

pytestmark = [pytest.mark.anyio, pytest.mark.integration]


class Flags(msgspec.Struct, frozen=True):
    gift_wrap: bool


async def test_objects_queues_and_topics_are_reached_through_one_client(platform: PlatformSettings) -> None:
    name, metrics = f"kit-{uuid.uuid4().hex[:8]}", Metrics()
    async with AwsSdk.connect(platform.aws, ("s3", "sqs", "sns", "sesv2"), metrics=metrics) as aws:
        where = {} if platform.aws.aws_region == "us-east-1" else {"LocationConstraint": platform.aws.aws_region}
        await aws.call("s3", "create_bucket", Bucket=name, **({"CreateBucketConfiguration": where} if where else {}))
        await aws.call("s3", "put_object", Bucket=name, Key="label.pdf", Body=b"a label")
        label = await aws.call("s3", "get_object", Bucket=name, Key="label.pdf")
        queue = await aws.call("sqs", "create_queue", QueueName=name)
        await aws.call("sqs", "send_message", QueueUrl=queue["QueueUrl"], MessageBody="hello")
        received = await aws.call("sqs", "receive_message", QueueUrl=queue["QueueUrl"], WaitTimeSeconds=5)
        topic = await aws.call("sns", "create_topic", Name=name)
        published = await aws.call("sns", "publish", TopicArn=topic["TopicArn"], Message="hello")

    assert label["Body"] == b"a label"
    assert received["Messages"][0]["Body"] == "hello"
    assert published["MessageId"]
    assert 'shop_aws_sdk_calls_total{operation="get_object",outcome="ok",service="s3"} 1' in metrics.render()


MAIL = {"Simple": {"Subject": {"Data": "Your order"}, "Body": {"Text": {"Data": "It is on its way."}}}}


async def test_mail_is_sent_as_it_was_written(platform: PlatformSettings) -> None:
    sender, buyer = f"{uuid.uuid4().hex[:8]}@shop.example", "ann@home.example"
    async with AwsSdk.connect(platform.aws, ("sesv2",)) as aws:
        await aws.call("sesv2", "create_email_identity", EmailIdentity=sender)
        destination = {"ToAddresses": [buyer]}
        sent = await aws.call("sesv2", "send_email", FromEmailAddress=sender, Destination=destination, Content=MAIL)

    mail = await mail_in_the_emulator(platform.aws, sent["MessageId"])
    assert (mail["Source"], mail["To"], mail["Subject"], mail["BodyText"]) == (sender, [buyer], "Your order", "It is on its way.")


async def test_mail_from_an_address_that_nobody_confirmed_is_refused(platform: PlatformSettings) -> None:
    nobody, destination = "nobody@nowhere.example", {"ToAddresses": ["ann@home.example"]}
    async with AwsSdk.connect(platform.aws, ("sesv2",)) as aws:
        with pytest.raises(AwsError) as refused:
            await aws.call("sesv2", "send_email", FromEmailAddress=nobody, Destination=destination, Content=MAIL)

    assert refused.value.code == "MessageRejected"


async def mail_in_the_emulator(aws: AwsSettings, message_id: str) -> dict[str, Any]:
    """MiniStack keeps what SES sent, and shows it to those who know a key of the sandbox."""
    key = f"AWS4-HMAC-SHA256 Credential={aws.aws_access_key_id}/20260101/{aws.aws_region}/ses/aws4_request"
    async with httpx.AsyncClient(base_url=str(aws.aws_endpoint_url), headers={"authorization": key}) as http:
        accounts = (await http.get("/_ministack/ses/messages")).json()["messages"].values()
    return next(mail for mails in accounts for mail in mails if mail["MessageId"] == message_id)


async def test_a_refusal_of_the_sdk_is_told_with_its_code(platform: PlatformSettings) -> None:
    async with AwsSdk.connect(platform.aws, ("s3",)) as aws:
        with pytest.raises(AwsError) as refused:
            await aws.call("s3", "get_object", Bucket=f"kit-{uuid.uuid4().hex[:8]}", Key="nothing")

    assert refused.value.code == "NoSuchBucket"


async def test_nobody_at_the_other_end_is_unavailable() -> None:
    nowhere = AwsSettings(
        aws_region="eu-central-1", aws_endpoint_url="http://127.0.0.1:9", aws_access_key_id="a", aws_secret_access_key="b"
    )
    async with AwsSdk.connect(nowhere, ("sqs",)) as aws:
        with pytest.raises(Unavailable, match="aws sqs"):
            await aws.call("sqs", "list_queues")


async def test_a_value_follows_its_parameter(platform: PlatformSettings) -> None:
    name = f"/kit/{uuid.uuid4().hex[:8]}"
    async with AwsClient.connect(platform.aws) as aws:
        value = ChangingValue("flags", parameter(aws, name), Flags, default=Flags(gift_wrap=False), clock=SystemClock())
        seen = [value.current]
        for text in ('{"gift_wrap": true}', "no JSON"):
            await aws.call(
                "ssm",
                "AmazonSSM",
                "PutParameter",
                {"Name": name, "Value": text, "Type": "String", "Overwrite": True},
                version="1.1",
            )
            await value.refresh()
            seen.append(value.current)

    assert seen == [Flags(gift_wrap=False), Flags(gift_wrap=True), Flags(gift_wrap=True)]
