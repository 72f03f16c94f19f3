"""SQS queues with their dead-letter queues, SNS topics, and the subscriptions between them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from shop_sandbox.manifest.form import Queue, Subscription
from shop_sandbox.manifest.names import dead_letter_queue
from shop_sandbox.provision.aws_api import Aws, AwsRefused, xml_values
from shop_sandbox.provision.task import Outcome

_SNS_VERSION = "2010-03-31"
_DEAD_LETTER_SECONDS = 14 * 24 * 3600
"""The longest that SQS keeps a message: a failure over a holiday can still be looked at and sent again."""


class Notifications:
    """The SNS topics of an account. SNS does not say whether it made a topic, so they are listed first."""

    def __init__(self, aws: Aws) -> None:
        self._aws = aws
        self._arns: dict[str, str] = {}

    async def discover(self) -> None:
        """Learn which topics are there."""
        for arn in await self._pages("ListTopics", {}, "TopicArn"):
            self._arns[arn.rpartition(":")[2]] = arn

    async def settle(self, name: str) -> tuple[Outcome, str]:
        """Make the topic be there. Raises AwsRefused, AwsUnreachable."""
        if name in self._arns:
            return Outcome.UNCHANGED, ""
        parameters = {"Name": name}
        if name.endswith(".fifo"):
            parameters |= _attributes({"FifoTopic": "true", "ContentBasedDeduplication": "true"})
        (self._arns[name],) = xml_values(await self._query("CreateTopic", parameters), "TopicArn")
        return Outcome.MADE, ""

    def arn(self, name: str) -> str:
        """ARN of a topic that is there."""
        return self._arns[name]

    async def subscribe(self, queue_arn: str, subscription: Subscription) -> list[str]:
        """Let the topic deliver into the queue; return what was changed, in words."""
        wanted = {"RawMessageDelivery": str(subscription.raw).lower()}
        if subscription.filter:
            wanted["FilterPolicy"] = json.dumps(subscription.filter, sort_keys=True)
        topic = self._arns[subscription.notification]
        existing = await self._subscription(topic, queue_arn)
        if existing is None:
            endpoint = {"TopicArn": topic, "Protocol": "sqs", "Endpoint": queue_arn, "ReturnSubscriptionArn": "true"}
            await self._query("Subscribe", endpoint | _attributes(wanted))
            return [f"subscribed to {subscription.notification}"]
        there = _entries(await self._query("GetSubscriptionAttributes", {"SubscriptionArn": existing}))
        if "FilterPolicy" in there and "FilterPolicy" not in wanted:
            wanted["FilterPolicy"] = "{}"
        differing = {name: value for name, value in wanted.items() if not _same(there.get(name, _ABSENT.get(name)), value)}
        for name, value in differing.items():
            await self._query(
                "SetSubscriptionAttributes", {"SubscriptionArn": existing, "AttributeName": name, "AttributeValue": value}
            )
        return [f"{name} of {subscription.notification}" for name in differing]

    async def _subscription(self, topic: str, queue_arn: str) -> str | None:
        members = await self._pages("ListSubscriptionsByTopic", {"TopicArn": topic}, "Endpoint", "SubscriptionArn")
        endpoints, arns = members[0::2], members[1::2]
        return dict(zip(endpoints, arns, strict=True)).get(queue_arn)

    async def _pages(self, operation: str, parameters: Mapping[str, str], *elements: str) -> list[str]:
        """Return all values of the elements over all pages, those of one member together."""
        found: list[str] = []
        token: dict[str, str] = {}
        while True:
            text = await self._query(operation, {**parameters, **token})
            columns = [xml_values(text, element) for element in elements]
            found += [value for member in zip(*columns, strict=True) for value in member]
            following = xml_values(text, "NextToken")
            if not following:
                return found
            token = {"NextToken": following[0]}

    async def _query(self, operation: str, parameters: Mapping[str, str]) -> str:
        return await self._aws.query("sns", operation, parameters, _SNS_VERSION)


_ABSENT = {"RawMessageDelivery": "false", "FilterPolicy": "{}"}
"""What SNS means by an attribute that it does not list."""


def _attributes(attributes: Mapping[str, str]) -> dict[str, str]:
    """Return a map in the notation of the Query protocol."""
    found = {}
    for number, (name, value) in enumerate(attributes.items(), start=1):
        found[f"Attributes.entry.{number}.key"], found[f"Attributes.entry.{number}.value"] = name, value
    return found


def _entries(text: str) -> dict[str, str]:
    return dict(zip(xml_values(text, "key"), xml_values(text, "value"), strict=True))


def _same(there: str | None, wanted: str) -> bool:
    """Return whether two attributes say the same; policies are compared as JSON."""
    if there is None or not wanted.startswith("{"):
        return there == wanted
    try:
        return bool(json.loads(there) == json.loads(wanted))
    except ValueError:
        return False


# --- queues ----------------------------------------------------------------------------------------------------------------


async def settle_queue(aws: Aws, queue: Queue, notifications: Notifications) -> tuple[Outcome, str]:
    """Make the queue be there with its dead-letter queue and subscriptions. Raises AwsRefused, AwsUnreachable."""
    made, changes = False, []
    redrive = {}
    if queue.dead_letter:
        name = dead_letter_queue(queue)
        arn, _, dead_changes = await _settle(aws, name, _kind(name) | {"MessageRetentionPeriod": str(_DEAD_LETTER_SECONDS)})
        redrive = {"RedrivePolicy": json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": queue.dead_letter.max_receives})}
        changes += [f"{change} of {name}" for change in dead_changes]
    wanted = {
        "VisibilityTimeout": str(queue.visibility_timeout_seconds),
        "MessageRetentionPeriod": str(queue.retention_hours * 3600),
    }
    arn, made, own_changes = await _settle(aws, queue.name, _kind(queue.name) | wanted | redrive)
    changes += own_changes
    if queue.subscriptions:
        policy = {"Policy": _delivery_policy(arn, [notifications.arn(one.notification) for one in queue.subscriptions])}
        changes += (await _settle(aws, queue.name, policy))[2]
        for subscription in queue.subscriptions:
            changes += await notifications.subscribe(arn, subscription)
    return Outcome.MADE if made else Outcome.CHANGED if changes else Outcome.UNCHANGED, ", ".join(changes)


def _kind(name: str) -> dict[str, str]:
    return {"FifoQueue": "true", "ContentBasedDeduplication": "true"} if name.endswith(".fifo") else {}


async def _settle(aws: Aws, name: str, wanted: Mapping[str, str]) -> tuple[str, bool, list[str]]:
    """Make a queue have the wanted attributes. Returns its ARN, whether it was made, and the names of attributes changed."""
    url = await _queue_url(aws, name)
    if url is None:
        url = (await aws.json("sqs", "CreateQueue", {"QueueName": name, "Attributes": dict(wanted)}))["QueueUrl"]
        return (await _queue_attributes(aws, url))["QueueArn"], True, []
    there = await _queue_attributes(aws, url)
    differing = {key: value for key, value in wanted.items() if not _same(there.get(key), value)}
    if differing:
        await aws.json("sqs", "SetQueueAttributes", {"QueueUrl": url, "Attributes": differing})
    return there["QueueArn"], False, list(differing)


async def _queue_url(aws: Aws, name: str) -> str | None:
    try:
        return str((await aws.json("sqs", "GetQueueUrl", {"QueueName": name}))["QueueUrl"])
    except AwsRefused as error:
        # By JSON the code is QueueDoesNotExist; the Query protocol's older name still comes from some emulators.
        if error.code in ("QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue"):
            return None
        raise


async def _queue_attributes(aws: Aws, url: str) -> dict[str, Any]:
    answer = await aws.json("sqs", "GetQueueAttributes", {"QueueUrl": url, "AttributeNames": ["All"]})
    found: dict[str, Any] = answer.get("Attributes") or {}
    return found


def _delivery_policy(queue_arn: str, topic_arns: list[str]) -> str:
    """Let these topics, and nobody else beyond the account, send to the queue."""
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": queue_arn,
        "Condition": {"ArnEquals": {"aws:SourceArn": sorted(topic_arns)}},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]}, sort_keys=True)
