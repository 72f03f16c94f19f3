"""LocalStack's own client reaches the sandbox's AWS by the variables that `shop-dev env` prints."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping

import pytest
from fakes.bare_platform import bare_resources
from localstack_client.session import Session

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, str]]:
    with bare_resources(tmp_path_factory.mktemp("aws"), ("aws",)) as found:
        yield found


def test_it_finds_buckets_and_queues_where_the_variables_say(
    environment: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    session = Session(
        aws_access_key_id=os.environ["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=os.environ["AWS_SECRET_ACCESS_KEY"],
        region_name=os.environ["AWS_REGION"],
    )

    session.client("s3").create_bucket(
        Bucket="from-the-client", CreateBucketConfiguration={"LocationConstraint": os.environ["AWS_REGION"]}
    )
    session.client("sqs").create_queue(QueueName="from-the-client")

    assert [one["Name"] for one in session.client("s3").list_buckets()["Buckets"]] == ["from-the-client"]
    assert len(session.client("sqs").list_queues()["QueueUrls"]) == 1
