"""SQS and SNS, as provisioning, functions and `shop-dev queues` use them."""

from __future__ import annotations

import json
from typing import Any

from parity.account import Account
from parity.case import case, expect, expect_equal, refused

_GUIDE = "AWSSimpleQueueService/latest/SQSDeveloperGuide"


def _receive(account: Account, url: str, **more: Any) -> list[dict[str, Any]]:
    asked = {"MaxNumberOfMessages": 10, "WaitTimeSeconds": 1, "MessageSystemAttributeNames": ["All"], **more}
    found: list[dict[str, Any]] = account.client("sqs").receive_message(QueueUrl=url, **asked).get("Messages", [])
    return found


# --- queues ------------------------------------------------------------------------------------------------------------------


@case(
    "sqs:CreateQueue",
    "sqs:GetQueueUrl",
    says="A queue is found by its name, and made again with the same attributes it is the same one.",
)
def queue_is_made_once(account: Account) -> None:
    name, sqs = account.name(), account.client("sqs")
    url = sqs.create_queue(QueueName=name, Attributes={"VisibilityTimeout": "7"})["QueueUrl"]
    expect_equal(sqs.get_queue_url(QueueName=name)["QueueUrl"], url, "the URL by name")
    again = sqs.create_queue(QueueName=name, Attributes={"VisibilityTimeout": "7"})["QueueUrl"]
    expect_equal(again, url, "the URL of the second making")


@case("sqs:CreateQueue", says="Made again with other attributes it is refused with QueueNameExists.")
def queue_is_made_otherwise(account: Account) -> None:
    name, sqs = account.name(), account.client("sqs")
    sqs.create_queue(QueueName=name, Attributes={"VisibilityTimeout": "7"})
    with refused("QueueNameExists", "QueueAlreadyExists"):
        sqs.create_queue(QueueName=name, Attributes={"VisibilityTimeout": "8"})


@case(
    "sqs:GetQueueUrl",
    says="A queue that is not there is refused; by JSON the code on the wire is QueueDoesNotExist.",
    page=f"{_GUIDE}/sqs-making-api-requests-json.html",
)
def url_of_no_queue(account: Account) -> None:
    from shop_sandbox.provision.aws_api import AwsRefused

    try:
        account.json("sqs", "GetQueueUrl", {"QueueName": account.name()})
    except AwsRefused as error:
        expect(error.code == "QueueDoesNotExist", f"refuses with {error.code}, not QueueDoesNotExist")
    else:
        expect(False, "gives a URL for a queue that is not there")


@case(
    "sqs:GetQueueAttributes",
    "sqs:SetQueueAttributes",
    says="Attributes are changed one by one; counts of messages and the ARN come with All.",
)
def attributes_of_a_queue(account: Account) -> None:
    url, sqs = account.queue(VisibilityTimeout="7"), account.client("sqs")
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"MessageRetentionPeriod": "600"})
    sqs.send_message(QueueUrl=url, MessageBody="a")
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    wanted = {
        "VisibilityTimeout": "7",
        "MessageRetentionPeriod": "600",
        "ApproximateNumberOfMessages": "1",
        "ApproximateNumberOfMessagesNotVisible": "0",
        "ApproximateNumberOfMessagesDelayed": "0",
    }
    expect_equal({name: found.get(name) for name in wanted}, wanted, "the attributes")
    expect("QueueArn" in found, "gives no ARN")


@case("sqs:SetQueueAttributes", says="A value out of its bounds is refused with InvalidAttributeValue.")
def attribute_out_of_bounds(account: Account) -> None:
    with refused("InvalidAttributeValue"):
        account.client("sqs").set_queue_attributes(QueueUrl=account.queue(), Attributes={"VisibilityTimeout": "43201"})


@case("sqs:ListQueues", says="Queues are listed in pages of MaxResults that go on from a token.")
def queues_in_pages(account: Account) -> None:
    sqs, prefix = account.client("sqs"), account.name()
    made = sorted(sqs.create_queue(QueueName=f"{prefix}-{number}")["QueueUrl"] for number in range(3))
    found, token = list[str](), dict[str, str]()
    for _ in range(9):
        page = sqs.list_queues(QueueNamePrefix=prefix, MaxResults=2, **token)
        expect(len(page.get("QueueUrls", [])) <= 2, "gives more than asked for")
        found += page.get("QueueUrls", [])
        if "NextToken" not in page:
            break
        token = {"NextToken": page["NextToken"]}
    expect_equal(len(set(found) & set(made)), 3, "the number of queues over all pages")


# --- messages: what functions are called with ----------------------------------------------------------------------------------


@case(
    "sqs:ReceiveMessage",
    says="A message that was received is hidden for the visibility time-out, comes again after it, and is counted.",
    page=f"{_GUIDE}/sqs-visibility-timeout.html",
)
def message_comes_again(account: Account) -> None:
    url, sqs = account.queue(VisibilityTimeout="2"), account.client("sqs")
    sqs.send_message(QueueUrl=url, MessageBody="a")
    expect_equal([one["Attributes"]["ApproximateReceiveCount"] for one in _receive(account, url)], ["1"], "the first count")
    expect_equal(_receive(account, url, WaitTimeSeconds=0), [], "what is received while it is hidden")
    second = _receive(account, url, WaitTimeSeconds=5)
    expect_equal([one["Attributes"]["ApproximateReceiveCount"] for one in second], ["2"], "the second count")


@case("sqs:ChangeMessageVisibility", says="With a time-out of 0 a message comes again at once.")
def message_is_given_back(account: Account) -> None:
    url, sqs = account.queue(VisibilityTimeout="600"), account.client("sqs")
    sqs.send_message(QueueUrl=url, MessageBody="a")
    (first,) = _receive(account, url)
    sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=first["ReceiptHandle"], VisibilityTimeout=0)
    expect_equal(len(_receive(account, url)), 1, "the number of messages afterwards")


@case(
    "sqs:ReceiveMessage",
    says="Received maxReceiveCount times and not deleted, a message goes to the dead-letter queue.",
    page=f"{_GUIDE}/sqs-dead-letter-queues.html",
)
def message_is_given_up(account: Account) -> None:
    dead, sqs = account.queue(), account.client("sqs")
    redrive = json.dumps({"deadLetterTargetArn": account.queue_arn(dead), "maxReceiveCount": 2})
    url = account.queue(VisibilityTimeout="0", RedrivePolicy=redrive)
    sent = sqs.send_message(QueueUrl=url, MessageBody="a")["MessageId"]
    received = sum(len(_receive(account, url)) for _ in range(4))
    expect_equal(received, 2, "how often it was received")
    expect_equal([one["MessageId"] for one in _receive(account, dead)], [sent], "the ids in the dead-letter queue")


@case("sqs:SendMessageBatch", says="Each entry of a batch is accepted or refused by itself.")
def batch_in_part(account: Account) -> None:
    url, sqs = account.queue(), account.client("sqs")
    entries = [{"Id": "good", "MessageBody": "a"}, {"Id": "bad", "MessageBody": "b", "DelaySeconds": 901}]
    answer = sqs.send_message_batch(QueueUrl=url, Entries=entries)
    expect_equal([one["Id"] for one in answer.get("Successful", ())], ["good"], "what was accepted")
    expect_equal([one["Id"] for one in answer.get("Failed", ())], ["bad"], "what was refused")


@case(
    "sqs:SendMessage",
    says="A FIFO queue takes a message with the same deduplication id once within five minutes, and keeps the order of a group.",
    page=f"{_GUIDE}/FIFO-queues-exactly-once-processing.html",
)
def fifo_takes_each_once(account: Account) -> None:
    sqs = account.client("sqs")
    url = sqs.create_queue(QueueName=account.name(".fifo"), Attributes={"FifoQueue": "true"})["QueueUrl"]
    for body, token in (("a", "1"), ("a", "1"), ("b", "2")):
        sqs.send_message(QueueUrl=url, MessageBody=body, MessageGroupId="g", MessageDeduplicationId=token)
    expect_equal([one["Body"] for one in _receive(account, url)], ["a", "b"], "the messages")


# --- notifications -----------------------------------------------------------------------------------------------------------


@case("sns:CreateTopic", "sns:ListTopics", says="A topic made again is the same one, and all are listed.")
def topic_is_made_once(account: Account) -> None:
    name, sns = account.name(), account.client("sns")
    arn = sns.create_topic(Name=name)["TopicArn"]
    expect_equal(sns.create_topic(Name=name)["TopicArn"], arn, "the ARN of the second making")
    listed = [one["TopicArn"] for page in sns.get_paginator("list_topics").paginate() for one in page["Topics"]]
    expect(listed.count(arn) == 1, "lists it not exactly once")


@case("sns:ListTopics", says="Topics come in pages of a hundred.")
def topics_in_pages(account: Account) -> None:
    sns = account.client("sns")
    for _ in range(101):
        sns.create_topic(Name=account.name())
    page = sns.list_topics()
    expect_equal(len(page["Topics"]), 100, "the number of topics in a page")
    expect("NextToken" in page, "gives no token for the next page")


@case(
    "sns:Subscribe",
    "sns:ListSubscriptionsByTopic",
    says="Subscribed again with the same attributes a queue has the same subscription, listed once.",
)
def subscribed_once(account: Account) -> None:
    sns, topic = account.client("sns"), account.topic()
    asked = {"TopicArn": topic, "Protocol": "sqs", "Endpoint": account.queue_arn(account.queue()), "ReturnSubscriptionArn": True}
    first = sns.subscribe(**asked, Attributes={"RawMessageDelivery": "true"})["SubscriptionArn"]
    again = sns.subscribe(**asked, Attributes={"RawMessageDelivery": "true"})["SubscriptionArn"]
    expect_equal(again, first, "the ARN of the second subscribing")
    listed = [one["SubscriptionArn"] for one in sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]]
    expect_equal(listed, [first], "the subscriptions of the topic")


@case(
    "sns:GetSubscriptionAttributes",
    "sns:SetSubscriptionAttributes",
    says="Attributes are changed by name and come back; a filter that is no JSON is refused with InvalidParameter.",
)
def attributes_of_a_subscription(account: Account) -> None:
    sns = account.client("sns")
    arn = sns.subscribe(
        TopicArn=account.topic(), Protocol="sqs", Endpoint=account.queue_arn(account.queue()), ReturnSubscriptionArn=True
    )["SubscriptionArn"]
    sns.set_subscription_attributes(SubscriptionArn=arn, AttributeName="FilterPolicy", AttributeValue='{"kind": ["a"]}')
    found = sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]
    expect_equal(json.loads(found.get("FilterPolicy", "null")), {"kind": ["a"]}, "the filter")
    expect_equal(found.get("RawMessageDelivery"), "false", "RawMessageDelivery")
    with refused("InvalidParameter"):
        sns.set_subscription_attributes(SubscriptionArn=arn, AttributeName="FilterPolicy", AttributeValue="{")


@case(
    "sns:Publish",
    says="A filter lets through only what has one of the values; raw delivery hands over the bare text and its attributes.",
    page="sns/latest/dg/sns-large-payload-raw-message-delivery.html",
)
def filtered_and_raw(account: Account) -> None:
    sns, topic, url = account.client("sns"), account.topic(), account.queue()
    wanted = {"RawMessageDelivery": "true", "FilterPolicy": '{"kind": ["a"]}'}
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=account.queue_arn(url), Attributes=wanted)
    for kind in ("b", "a"):
        sns.publish(TopicArn=topic, Message=f"of {kind}", MessageAttributes={"kind": {"DataType": "String", "StringValue": kind}})
    found = _receive(account, url, WaitTimeSeconds=2, MessageAttributeNames=["All"])
    expect_equal([one["Body"] for one in found], ["of a"], "the bodies")
    expect_equal(found[0].get("MessageAttributes", {}).get("kind", {}).get("StringValue"), "a", "the attribute")
