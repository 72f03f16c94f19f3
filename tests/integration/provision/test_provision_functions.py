"""Functions from manifests, deployed to the real emulator and called by what the manifest says calls them."""

from __future__ import annotations

import io
import json
import time
import zipfile
from collections.abc import Callable
from typing import Any

import boto3
import httpx
import pytest
from fakes.provisioning import Bench, Told

pytestmark = pytest.mark.integration

LABELS = """\
functions:
  - name: labels
    handler: labels.handle
    package: dist/labels.zip
    environment: {PAPER: thick}
    triggers:
      - {source: queue, queue: letters-{x}, batchSize: 5}
      - {source: topic, topic: labels-{x}.v1}
      - {source: table, table: addresses-{x}}
      - {source: bucket, bucket: stamps-{x}, prefix: new/}
      - {source: schedule, every: rate(1 minute)}
      - {source: http, method: POST, path: "/{x}/labels"}
  - name: later
    handler: later.handle
needs:
  topics:
    produces: [{name: labels-{x}.v1, schema: labels.proto, message: Label}]
    consumes: [{name: labels-{x}.v1, group: labels-{x}}]
  tables:
    - {name: addresses-{x}, key: {partition: {name: id}}, stream: NEW_IMAGE}
    - {name: seen-{x}, key: {partition: {name: id}}}
  queues: [{name: letters-{x}, visibilityTimeoutSeconds: 60}]
  buckets: [{name: stamps-{x}}]
"""

HANDLER = """\
import json, os, uuid
import urllib.request

def handle(event, context):
    source = event.get("source") or next((record.get("eventSource") for record in event.get("Records", [])), "http")
    item = {"id": {"S": str(uuid.uuid4())}, "source": {"S": source}, "paper": {"S": os.environ["PAPER"]}}
    body = json.dumps({"TableName": os.environ["SEEN"], "Item": item}).encode()
    headers = {"X-Amz-Target": "DynamoDB_20120810.PutItem", "Content-Type": "application/x-amz-json-1.0"}
    key = os.environ["AWS_ACCESS_KEY_ID"]
    headers["Authorization"] = f"AWS4-HMAC-SHA256 Credential={key}/20260101/eu-west-1/dynamodb/aws4_request"
    urllib.request.urlopen(urllib.request.Request(os.environ["AWS_ENDPOINT_URL"], body, headers)).read()
    failed = [one["messageId"] for one in event.get("Records", []) if one.get("body") == "unreadable"]
    answer = {"batchItemFailures": [{"itemIdentifier": one} for one in failed]}
    return {"statusCode": 201, "body": "labelled"} if source == "http" else answer
"""


@pytest.fixture
def post(bench: Bench) -> Bench:
    """A service with a function that notes in a table what has called it."""
    bench.says(LABELS)
    bench.write("labels.proto", 'syntax = "proto3";\nmessage Label { string id = 1; }\n')
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr("labels.py", HANDLER.replace('os.environ["SEEN"]', f'os.environ["SHOP_TABLE_SEEN_{bench.x.upper()}"]'))
    (bench.folder / "dist").mkdir()
    (bench.folder / "dist/labels.zip").write_bytes(package.getvalue())
    assert bench.provision("aws").status == 0
    return bench


def deploy(bench: Bench) -> Told:
    given = {**bench.environment, f"SHOP_TABLE_SEEN_{bench.x.upper()}": f"seen-{bench.x}", "HOME": "/nowhere"}
    return bench.provision("functions", SHOP_SERVICE=bench.service, SHOP_SERVICE_ENVIRONMENT=json.dumps(given))


def client(bench: Bench, name: str) -> Any:
    environment = bench.environment
    return boto3.client(
        name,
        endpoint_url=environment["AWS_ENDPOINT_URL"],
        region_name=environment["AWS_REGION"],
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
    )


def until(holds: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < deadline, what
        time.sleep(0.1)


def seen(bench: Bench) -> set[str]:
    items = client(bench, "dynamodb").scan(TableName=f"seen-{bench.x}")["Items"]
    return {f"{item['source']['S']} on {item['paper']['S']} paper" for item in items}


def test_a_second_run_changes_nothing(post: Bench) -> None:
    first, second = deploy(post), deploy(post)

    name = post.service
    assert (first.status, first.refused) == (second.status, second.refused) == (0, "")
    assert first.outcomes == {
        ("function", f"{name}-labels", "made"),
        ("trigger", f"{name}-labels: letters-{post.x}", "made"),
        ("trigger", f"{name}-labels: labels-{post.x}.v1", "left"),
        ("trigger", f"{name}-labels: addresses-{post.x}", "made"),
        ("trigger", f"{name}-labels: stamps-{post.x}", "made"),
        ("trigger", f"{name}-labels: rate(1 minute)", "made"),
        ("trigger", f"{name}-labels: POST /{post.x}/labels", "made"),
        ("function", f"{name}-later", "left"),
    }
    assert second.outcomes == {(kind, one, "left" if outcome == "left" else "unchanged") for kind, one, outcome in first.outcomes}


def test_what_is_not_built_is_said(post: Bench) -> None:
    assert deploy(post).detail(f"{post.service}-later") == "it names no package: checked only, it runs in AWS"


def test_the_function_is_called_by_its_queue_its_table_its_bucket_and_its_route(post: Bench) -> None:
    deploy(post)
    sqs = client(post, "sqs")

    sqs.send_message(QueueUrl=sqs.get_queue_url(QueueName=f"letters-{post.x}")["QueueUrl"], MessageBody="Dear Ada")
    client(post, "dynamodb").put_item(TableName=f"addresses-{post.x}", Item={"id": {"S": "ada"}})
    client(post, "s3").put_object(Bucket=f"stamps-{post.x}", Key="old/penny", Body=b"black")
    client(post, "s3").put_object(Bucket=f"stamps-{post.x}", Key="new/penny", Body=b"red")
    route = f"{post.environment['AWS_ENDPOINT_URL']}/_aws/execute-api"
    answer = httpx.post(f"{route}/{api_id(post)}/{post.x}/labels", json={"to": "Ada"}, timeout=30)

    assert (answer.status_code, answer.text) == (201, "labelled")
    wanted = {f"{one} on thick paper" for one in ("http", "aws:sqs", "aws:dynamodb", "aws:s3")}
    until(lambda: seen(post) >= wanted, f"{wanted} of {seen(post)}")


def test_of_a_batch_only_what_the_function_could_not_handle_stays_in_the_queue(post: Bench) -> None:
    deploy(post)
    sqs = client(post, "sqs")
    url = sqs.get_queue_url(QueueName=f"letters-{post.x}")["QueueUrl"]
    letters = [{"Id": str(number), "MessageBody": body} for number, body in enumerate(["Dear Ada", "unreadable", "Dear Bob"])]
    [mapping] = [
        one
        for one in client(post, "lambda").list_event_source_mappings(FunctionName=f"{post.service}-labels")["EventSourceMappings"]
        if one["EventSourceArn"].endswith(f"letters-{post.x}")
    ]

    sqs.send_message_batch(QueueUrl=url, Entries=letters)

    def waiting() -> tuple[str, str]:
        found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        return found["ApproximateNumberOfMessages"], found["ApproximateNumberOfMessagesNotVisible"]

    assert (mapping["BatchSize"], mapping["FunctionResponseTypes"]) == (5, ["ReportBatchItemFailures"])
    until(lambda: "aws:sqs on thick paper" in seen(post) and waiting() == ("0", "1"), f"one is left of {waiting()}")


def test_new_code_takes_the_place_of_the_old(post: Bench) -> None:
    deploy(post)
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr("labels.py", "def handle(event, context):\n    return 'new'\n")
    (post.folder / "dist/labels.zip").write_bytes(package.getvalue())

    told = deploy(post)

    assert told.detail(f"{post.service}-labels") == "code"
    answer = client(post, "lambda").invoke(FunctionName=f"{post.service}-labels")
    assert json.loads(answer["Payload"].read()) == "new"


def api_id(bench: Bench) -> str:
    (api,) = [one for one in client(bench, "apigatewayv2").get_apis()["Items"] if one["Name"] == "shop-dev"]
    return str(api["ApiId"])
