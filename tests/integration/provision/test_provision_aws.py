"""AWS resources from manifests, on the real emulator, looked at with boto3."""

from __future__ import annotations

import json
import time
from typing import Any

import boto3
import pytest
from fakes.provisioning import Bench

pytestmark = pytest.mark.integration

EVERYTHING = """\
  tables:
    - name: shelves-{x}
      key: {partition: {name: shelf}, sort: {name: slot, type: N}}
      indexes:
        - {name: by-product, key: {partition: {name: product}, sort: {name: at}}, projection: [count]}
        - {name: by-age, key: {partition: {name: age, type: N}}, projection: KEYS_ONLY}
      stream: NEW_AND_OLD_IMAGES
      ttl: expires_at
  queues:
    - name: mails-{x}
      visibilityTimeoutSeconds: 60
      retentionHours: 24
      deadLetter: {maxReceives: 3}
      subscriptions:
        - {notification: events-{x}, filter: {kind: [pallet]}}
    - name: steps-{x}.fifo
  notifications:
    - name: events-{x}
  buckets:
    - {name: photos-{x}, versioned: true, expireDays: 30}
  secrets:
    - name: feed/{x}
    - {name: signing/{x}, generate: ed25519}
  parameters:
    - {name: /{x}/low-water, value: "5"}
"""


def client(bench: Bench, service: str) -> Any:
    environment = bench.environment
    return boto3.client(
        service,
        endpoint_url=environment["AWS_ENDPOINT_URL"],
        region_name=environment["AWS_REGION"],
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
    )


def test_a_second_run_changes_nothing(bench: Bench) -> None:
    bench.needs(EVERYTHING)

    first, second = bench.provision("aws"), bench.provision("aws")

    assert (first.status, first.refused) == (second.status, second.refused) == (0, "")
    assert first.outcomes == {
        ("table", f"shelves-{bench.x}", "made"),
        ("queue", f"mails-{bench.x}", "made"),
        ("queue", f"steps-{bench.x}.fifo", "made"),
        ("notification", f"events-{bench.x}", "made"),
        ("bucket", f"photos-{bench.x}", "made"),
        ("secret", f"feed/{bench.x}", "made"),
        ("secret", f"signing/{bench.x}", "made"),
        ("parameter", f"/{bench.x}/low-water", "made"),
    }
    assert second.outcomes == {(kind, name, "unchanged") for kind, name, _ in first.outcomes}


def test_a_table_has_its_keys_indexes_stream_and_expiry(bench: Bench) -> None:
    bench.needs(EVERYTHING)
    bench.provision("aws")

    dynamodb = client(bench, "dynamodb")
    table = dynamodb.describe_table(TableName=f"shelves-{bench.x}")["Table"]
    expiry = dynamodb.describe_time_to_live(TableName=f"shelves-{bench.x}")["TimeToLiveDescription"]

    assert [key["AttributeName"] for key in table["KeySchema"]] == ["shelf", "slot"]
    assert {one["AttributeName"]: one["AttributeType"] for one in table["AttributeDefinitions"]} == {
        "shelf": "S",
        "slot": "N",
        "product": "S",
        "at": "S",
        "age": "N",
    }
    assert {index["IndexName"]: index["Projection"]["ProjectionType"] for index in table["GlobalSecondaryIndexes"]} == {
        "by-product": "INCLUDE",
        "by-age": "KEYS_ONLY",
    }
    assert table["StreamSpecification"] == {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}
    assert table["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    assert (expiry["TimeToLiveStatus"], expiry["AttributeName"]) == ("ENABLED", "expires_at")


def test_a_queue_hears_what_its_filter_lets_through_and_gives_up_into_its_dead_letters(bench: Bench) -> None:
    bench.needs(EVERYTHING.replace("visibilityTimeoutSeconds: 60", "visibilityTimeoutSeconds: 0"))
    bench.provision("aws")
    sns, sqs = client(bench, "sns"), client(bench, "sqs")
    queue = sqs.get_queue_url(QueueName=f"mails-{bench.x}")["QueueUrl"]
    dead = sqs.get_queue_url(QueueName=f"mails-{bench.x}-dlq")["QueueUrl"]
    topic = f"arn:aws:sns:eu-west-1:000000000000:events-{bench.x}"

    for kind in ("box", "pallet"):
        sns.publish(TopicArn=topic, Message=kind, MessageAttributes={"kind": {"DataType": "String", "StringValue": kind}})
    deadline = time.monotonic() + 20
    received: list[str] = []
    given_up: list[str] = []
    while not given_up and time.monotonic() < deadline:
        received += [one["Body"] for one in sqs.receive_message(QueueUrl=queue).get("Messages", [])]
        given_up += [one["Body"] for one in sqs.receive_message(QueueUrl=dead).get("Messages", [])]

    assert received == ["pallet"] * 3
    assert given_up == ["pallet"]


def test_a_generated_secret_is_kept(bench: Bench) -> None:
    bench.needs(EVERYTHING)
    secrets = client(bench, "secretsmanager")

    bench.provision("aws")
    first = secrets.get_secret_value(SecretId=f"feed/{bench.x}")["SecretString"]
    pair = json.loads(secrets.get_secret_value(SecretId=f"signing/{bench.x}")["SecretString"])
    bench.provision("aws")

    assert secrets.get_secret_value(SecretId=f"feed/{bench.x}")["SecretString"] == first
    assert len(first) == 43
    assert pair["privateKeyPem"].startswith("-----BEGIN PRIVATE KEY-----")
    assert pair["publicKeyPem"].startswith("-----BEGIN PUBLIC KEY-----")


def test_a_parameter_changed_by_hand_is_kept(bench: Bench) -> None:
    bench.needs(EVERYTHING)
    bench.provision("aws")
    ssm = client(bench, "ssm")
    ssm.put_parameter(Name=f"/{bench.x}/low-water", Value="9", Overwrite=True)

    bench.provision("aws")

    assert ssm.get_parameter(Name=f"/{bench.x}/low-water")["Parameter"]["Value"] == "9"


def test_a_bucket_is_versioned_and_expires(bench: Bench) -> None:
    bench.needs(EVERYTHING)
    bench.provision("aws")
    s3 = client(bench, "s3")

    (rule,) = s3.get_bucket_lifecycle_configuration(Bucket=f"photos-{bench.x}")["Rules"]

    assert s3.get_bucket_versioning(Bucket=f"photos-{bench.x}")["Status"] == "Enabled"
    assert (rule["Status"], rule["Expiration"]) == ("Enabled", {"Days": 30})


def test_what_can_be_mended_is_mended(bench: Bench) -> None:
    bench.needs(
        "  tables: [{name: shelves-{x}, key: {partition: {name: shelf}}}]\n"
        "  notifications: [{name: events-{x}}]\n"
        "  queues: [{name: mails-{x}, subscriptions: [{notification: events-{x}}]}]\n"
        "  buckets: [{name: photos-{x}}]\n"
    )
    bench.provision("aws")
    bench.needs(
        "  tables: [{name: shelves-{x}, key: {partition: {name: shelf}}, ttl: gone, stream: KEYS_ONLY,"
        " indexes: [{name: by-a, key: {partition: {name: a}}}, {name: by-b, key: {partition: {name: b}}}]}]\n"
        "  notifications: [{name: events-{x}}]\n"
        "  queues: [{name: mails-{x}, visibilityTimeoutSeconds: 90, deadLetter: {maxReceives: 2},"
        " subscriptions: [{notification: events-{x}, filter: {kind: [box]}}]}]\n"
        "  buckets: [{name: photos-{x}, versioned: true}]\n"
    )

    second, third = bench.provision("aws"), bench.provision("aws")

    assert second.refused == ""
    assert second.detail(f"shelves-{bench.x}") == "index by-a, index by-b, stream KEYS_ONLY, expiry by gone"
    assert second.detail(f"mails-{bench.x}") == f"VisibilityTimeout, RedrivePolicy, FilterPolicy of events-{bench.x}"
    assert second.detail(f"photos-{bench.x}") == "versioned"
    assert {outcome for _, _, outcome in third.outcomes} == {"unchanged"}


TABLE = (
    "  tables: [{name: shelves-{x}, key: {partition: {name: shelf}},"
    " indexes: [{name: by-a, key: {partition: {name: a}}}], ttl: t}]\n"
)


@pytest.mark.parametrize(
    ("drifted", "told"),
    [
        (
            TABLE.replace("{name: shelf}", "{name: rack, type: N}"),
            "its key is shelf (S), and the manifest says rack (N): DynamoDB cannot change a key\n"
            "  hint: give it another name and move the data, or start afresh with `shop-dev up --reset`\n",
        ),
        (
            TABLE.replace("{name: a}", "{name: b}"),
            "its key of index 'by-a' is a (S), and the manifest says b (S): DynamoDB cannot change a key\n"
            "  hint: give it another name and move the data, or start afresh with `shop-dev up --reset`\n",
        ),
        (
            TABLE.replace("{name: a}}}", "{name: a}}, projection: [c, b]}"),
            "index 'by-a' carries ALL, and the manifest says b, c\n"
            "  hint: give the index another name: a new one is made beside it\n",
        ),
        (
            TABLE.replace("ttl: t", "ttl: u"),
            "its items expire by 't', and the manifest says 'u': AWS allows one change an hour\n"
            "  hint: set `ttl: t`, or switch the expiry off by hand first\n",
        ),
    ],
    ids=["another key", "another key of an index", "another projection", "another expiry"],
)
def test_drift_that_cannot_be_mended_says_what_to_do(bench: Bench, drifted: str, told: str) -> None:
    bench.needs(TABLE)
    bench.provision("aws")
    bench.needs(drifted + "  buckets: [{name: photos-{x}}]\n")

    second = bench.provision("aws")

    assert second.status == 1
    assert second.refused == f"table shelves-{bench.x}: {told}"
    assert second.outcomes == {("bucket", f"photos-{bench.x}", "made")}


def test_an_emulator_that_is_away_is_told(bench: Bench) -> None:
    bench.needs("  buckets: [{name: photos-{x}}]\n")
    bench.environment = {**bench.environment, "AWS_ENDPOINT_URL": "http://127.0.0.1:1"}

    told = bench.provision("aws")

    assert told.status == 1
    assert told.refused.startswith(f"bucket photos-{bench.x}: http://127.0.0.1:1 does not answer: ")
    assert told.refused.endswith("\n  hint: look at `shop-dev logs aws`\n")
