"""The AWS emulator loses nothing that it acknowledged, however it ends."""

from __future__ import annotations

import http.client
import json
import threading
import urllib.parse
from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes.embedded_store import Store, store_of, wait_until
from shop_sandbox.engines.embedded.emulator import journal, serving
from shop_sandbox.health import aws as health
from shop_sandbox.paths import CachePaths

pytestmark = pytest.mark.integration

TABLE = "orders"


@pytest.fixture
def emulator(tmp_path: Path) -> Iterator[Store]:
    with store_of("aws", tmp_path, CachePaths(tmp_path / "cache")) as store:
        store.start()
        yield store


def killed_and_started(emulator: Store) -> None:
    emulator.kill()
    emulator.start()


def dynamodb(emulator: Store, operation: str, **body: object) -> dict[str, object]:
    return _call(emulator, "dynamodb", f"DynamoDB_20120810.{operation}", body)


def secrets(emulator: Store, operation: str, **body: object) -> dict[str, object]:
    return _call(emulator, "secretsmanager", f"secretsmanager.{operation}", body)


def sqs(emulator: Store, operation: str, **body: object) -> dict[str, object]:
    return _call(emulator, "sqs", f"AmazonSQS.{operation}", body)


def key_id(emulator: Store) -> str:
    return emulator.context.credentials.aws_access_key_id


def _call(emulator: Store, service: str, target: str, body: dict[str, object]) -> dict[str, object]:
    connection = http.client.HTTPConnection("127.0.0.1", emulator.port, timeout=20)
    headers = {
        "Content-Type": "application/x-amz-json-1.0",
        "X-Amz-Target": target,
        "Authorization": f"AWS4-HMAC-SHA256 Credential={key_id(emulator)}/20260101/eu-west-1/{service}/aws4_request",
    }
    connection.request("POST", "/", json.dumps(body), headers)
    response = connection.getresponse()
    answer = response.read()
    connection.close()
    assert response.status == 200, answer
    return dict(json.loads(answer or b"{}"))


def create_table(emulator: Store) -> None:
    dynamodb(
        emulator,
        "CreateTable",
        TableName=TABLE,
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}, {"AttributeName": "state", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "by-state",
                "KeySchema": [{"AttributeName": "state", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
        BillingMode="PAY_PER_REQUEST",
    )


def item(number: int, state: str = "new") -> dict[str, object]:
    return {"id": {"S": str(number)}, "state": {"S": state}}


def put(emulator: Store, number: int, state: str = "new") -> None:
    dynamodb(emulator, "PutItem", TableName=TABLE, Item=item(number, state))


def rows(emulator: Store) -> dict[str, str]:
    """Each item's state by its id."""
    found = dynamodb(emulator, "Scan", TableName=TABLE)["Items"]
    assert isinstance(found, list)
    return {row["id"]["S"]: row["state"]["S"] for row in found}


def journaled(emulator: Store, words: bytes) -> bool:
    folder = emulator.context.paths.data("aws") / "journal"
    return any(words in path.read_bytes() for path in folder.iterdir())


def test_items_are_kept_as_the_last_acknowledged_request_left_them(emulator: Store) -> None:
    create_table(emulator)
    for number in range(4):
        put(emulator, number)
    update = {"UpdateExpression": "SET #s = :s", "ExpressionAttributeNames": {"#s": "state"}}
    dynamodb(
        emulator, "UpdateItem", TableName=TABLE, Key={"id": {"S": "1"}}, ExpressionAttributeValues={":s": {"S": "paid"}}, **update
    )
    dynamodb(emulator, "DeleteItem", TableName=TABLE, Key={"id": {"S": "2"}})
    dynamodb(
        emulator,
        "TransactWriteItems",
        TransactItems=[
            {"Delete": {"TableName": TABLE, "Key": {"id": {"S": "3"}}}},
            {"Put": {"TableName": TABLE, "Item": item(4, "sent")}},
        ],
    )

    killed_and_started(emulator)

    assert rows(emulator) == {"0": "new", "1": "paid", "4": "sent"}
    described = dynamodb(emulator, "DescribeTable", TableName=TABLE)["Table"]
    assert isinstance(described, dict)
    assert described["ItemCount"] == 3
    by_state = dynamodb(
        emulator,
        "Query",
        TableName=TABLE,
        IndexName="by-state",
        KeyConditionExpression="#s = :s",
        ExpressionAttributeNames={"#s": "state"},
        ExpressionAttributeValues={":s": {"S": "sent"}},
    )
    assert by_state["Count"] == 1


def test_a_write_in_the_moment_of_the_kill_is_there_if_it_was_acknowledged(emulator: Store) -> None:
    create_table(emulator)
    acknowledged: list[int] = []

    def write_on() -> None:
        for number in range(100_000):
            try:
                put(emulator, number)
            except (OSError, http.client.HTTPException):
                return
            acknowledged.append(number)

    writers = [threading.Thread(target=write_on)]
    for writer in writers:
        writer.start()
    wait_until(lambda: len(acknowledged) > 200)
    emulator.kill()
    for writer in writers:
        writer.join()

    emulator.start()

    assert {str(number) for number in acknowledged} <= rows(emulator).keys()


def test_a_table_that_was_deleted_and_made_again_has_no_items_of_its_first_life(emulator: Store) -> None:
    create_table(emulator)
    put(emulator, 1)
    dynamodb(emulator, "DeleteTable", TableName=TABLE)
    create_table(emulator)
    put(emulator, 2)

    killed_and_started(emulator)

    assert rows(emulator) == {"2": "new"}


def test_a_deleted_table_stays_deleted(emulator: Store) -> None:
    create_table(emulator)
    put(emulator, 1)
    dynamodb(emulator, "DeleteTable", TableName=TABLE)
    emulator.stop()

    emulator.start()

    assert TABLE not in str(dynamodb(emulator, "ListTables"))


def test_queues_with_their_messages_secrets_and_objects_survive_a_kill_a_moment_later(emulator: Store) -> None:
    queue = sqs(emulator, "CreateQueue", QueueName="mails")["QueueUrl"]
    for number in range(3):
        sqs(emulator, "SendMessage", QueueUrl=queue, MessageBody=f"mail {number}")
    secrets(emulator, "CreateSecret", Name="signing", SecretString="a-secret-text")
    s3(emulator, "PUT", "/bucket", IN_OUR_REGION)
    s3(emulator, "PUT", "/bucket/key", b"content")
    wait_until(lambda: journaled(emulator, b"mail 2") and journaled(emulator, b"a-secret-text"))

    killed_and_started(emulator)

    received = sqs(emulator, "ReceiveMessage", QueueUrl=queue, MaxNumberOfMessages=10)["Messages"]
    assert isinstance(received, list)
    assert sorted(message["Body"] for message in received) == ["mail 0", "mail 1", "mail 2"]
    assert secrets(emulator, "GetSecretValue", SecretId="signing")["SecretString"] == "a-secret-text"
    assert s3(emulator, "GET", "/bucket/key") == b"content"


def test_an_orderly_stop_keeps_what_was_acknowledged_just_before(emulator: Store) -> None:
    queue = sqs(emulator, "CreateQueue", QueueName="mails")["QueueUrl"]
    sqs(emulator, "SendMessage", QueueUrl=queue, MessageBody="the last one")
    assert emulator.stop() == 0

    emulator.start()

    assert "the last one" in str(sqs(emulator, "ReceiveMessage", QueueUrl=queue))


def test_what_was_deleted_does_not_come_back(emulator: Store) -> None:
    queue = sqs(emulator, "CreateQueue", QueueName="mails")["QueueUrl"]
    wait_until(lambda: journaled(emulator, b"mails"))
    sqs(emulator, "DeleteQueue", QueueUrl=queue)
    secrets(emulator, "CreateSecret", Name="signing", SecretString="a-secret-text")
    wait_until(lambda: journaled(emulator, b"a-secret-text"))

    killed_and_started(emulator)

    assert "mails" not in str(sqs(emulator, "ListQueues"))


def test_the_journal_is_rewritten_while_it_runs_and_says_the_same(emulator: Store) -> None:
    create_table(emulator)
    big = "x" * 100_000
    folder = emulator.context.paths.data("aws") / "journal"
    for number in range(journal.REWRITTEN_AT_BYTES // len(big) + 20):
        dynamodb(emulator, "PutItem", TableName=TABLE, Item={**item(number % 10), "text": {"S": big}})
    wait_until(lambda: sum(path.stat().st_size for path in folder.iterdir()) < journal.REWRITTEN_AT_BYTES // 2)

    killed_and_started(emulator)

    assert rows(emulator) == {str(number): "new" for number in range(10)}


def test_a_damaged_journal_is_refused_and_left_as_it_is(emulator: Store) -> None:
    health.write_stamp(emulator.port, key_id(emulator), "first")
    health.write_stamp(emulator.port, key_id(emulator), "second")
    emulator.stop()
    (path,) = (emulator.context.paths.data("aws") / "journal").iterdir()
    damaged = path.read_bytes().replace(b"first", b"f1rst")
    path.write_bytes(damaged)

    with pytest.raises(AssertionError, match="is damaged at byte"):
        emulator.start()

    assert path.read_bytes() == damaged


def test_a_disk_without_room_ends_it_before_it_acknowledges_what_it_cannot_keep(
    emulator: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    create_table(emulator)
    put(emulator, 1)
    assert emulator.process is not None
    journal_bytes = sum(path.stat().st_size for path in (emulator.context.paths.data("aws") / "journal").iterdir())
    limit_file_size(emulator.process.pid, bytes_=journal_bytes)

    with pytest.raises((OSError, http.client.HTTPException)):
        put(emulator, 2)

    assert emulator.process.wait(20) == serving.EXIT_NOT_KEPT
    assert "cannot be kept: File too large" in emulator.log.read_text()
    emulator.start()
    assert rows(emulator) == {"1": "new"}


IN_OUR_REGION = b"<CreateBucketConfiguration><LocationConstraint>eu-west-1</LocationConstraint></CreateBucketConfiguration>"


def s3(emulator: Store, method: str, path: str, body: bytes = b"") -> bytes:
    connection = http.client.HTTPConnection("127.0.0.1", emulator.port, timeout=5)
    signed = {"Authorization": f"AWS4-HMAC-SHA256 Credential={key_id(emulator)}/20260101/eu-west-1/s3/aws4_request"}
    connection.request(method, urllib.parse.quote(path), body, signed)
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    assert answer.status == 200, content
    return content


def limit_file_size(pid: int, *, bytes_: int) -> None:
    """Let a process find no room in any file it appends to."""
    import resource
    import sys

    if sys.platform != "linux":
        pytest.skip("only Linux limits another process")
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (bytes_, bytes_))
