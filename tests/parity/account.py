"""One account of an emulator: clients of boto3, the shop's own way to call, names that nobody else has, and things made quickly."""

from __future__ import annotations

import asyncio
import io
import json
import uuid
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import boto3
from botocore.config import Config
from shop_dev.stores.aws_session import open_session
from shop_sandbox.manifest.names import ACCOUNT_ID, REGION
from shop_sandbox.provision.aws_api import Aws, AwsAccount
from shop_sandbox.provision.signing import Credentials

PREFIX = "parity-"
SECRET = "local"


@dataclass
class Account:
    """An account of the emulator at `endpoint`. Nothing is tried again: what it answers first is what counts."""

    endpoint: str
    clients: dict[str, Any] = field(default_factory=dict)

    def client(self, service: str) -> Any:
        """Return boto3's client of a service."""
        if service not in self.clients:
            self.clients[service] = boto3.client(
                service,
                endpoint_url=self.endpoint,
                region_name=REGION,
                aws_access_key_id=ACCOUNT_ID,
                aws_secret_access_key=SECRET,
                config=Config(
                    retries={"total_max_attempts": 1},
                    read_timeout=60,
                    signature_version="s3v4" if service == "s3" else None,
                    s3={"addressing_style": "path"},
                    inject_host_prefix=False,
                ),
            )
        return self.clients[service]

    def json(self, service: str, operation: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Call as provisioning does, by its own code: JSON by target. Raises AwsRefused."""
        with open_session(self.endpoint) as session:
            return asyncio.run(self._aws(session).json(service, operation, body))

    def rest_json(self, service: str, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Call as provisioning does, by its own code: REST. Raises AwsRefused."""
        with open_session(self.endpoint) as session:
            return asyncio.run(self._aws(session).rest_json(service, method, path, body))

    def _aws(self, session: Any) -> Aws:
        return Aws(AwsAccount(self.endpoint, REGION, Credentials(ACCOUNT_ID, SECRET, None)), session)

    # --- names and things -----------------------------------------------------------------------------------------------------

    def name(self, end: str = "") -> str:
        """Return a name that nobody has."""
        return f"{PREFIX}{uuid.uuid4().hex[:12]}{end}"

    def table(self, *, sort: bool = False, index: bool = False) -> str:
        """Make a table with key `pk` (and `sk`), and a sparse index `by_group` on `group` and `at`."""
        name = self.name()
        types = {"pk": "S"} | ({"sk": "S"} if sort else {}) | ({"group": "S", "at": "N"} if index else {})
        request: dict[str, Any] = {
            "TableName": name,
            "BillingMode": "PAY_PER_REQUEST",
            "KeySchema": keys("pk", "sk" if sort else None),
            "AttributeDefinitions": [{"AttributeName": key, "AttributeType": kind} for key, kind in types.items()],
        }
        if index:
            request["GlobalSecondaryIndexes"] = [
                {"IndexName": "by_group", "KeySchema": keys("group", "at"), "Projection": {"ProjectionType": "ALL"}}
            ]
        self.client("dynamodb").create_table(**request)
        self.client("dynamodb").get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 30})
        return name

    def bucket(self) -> str:
        """Make a bucket."""
        name = self.name()
        self.client("s3").create_bucket(Bucket=name, **located())
        return name

    def queue(self, **attributes: str) -> str:
        """Make a queue and return its URL."""
        return str(self.client("sqs").create_queue(QueueName=self.name(), Attributes=attributes)["QueueUrl"])

    def queue_arn(self, url: str) -> str:
        """Return the ARN of a queue."""
        answer = self.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        return str(answer["Attributes"]["QueueArn"])

    def topic(self) -> str:
        """Make an SNS topic and return its ARN."""
        return str(self.client("sns").create_topic(Name=self.name())["TopicArn"])

    def user_pool(self) -> str:
        """Make a user pool whose users sign in by their e-mail address, and return its id."""
        answer = self.client("cognito-idp").create_user_pool(PoolName=self.name(), UsernameAttributes=["email"])
        return str(answer["UserPool"]["Id"])

    def function(self, source: str = "def handler(event, context):\n    return {}\n") -> str:
        """Make a Lambda function in Python and return its name."""
        name = self.name()
        self.client("lambda").create_function(
            FunctionName=name, Runtime="python3.11", Handler="app.handler", Role=self.role(), Code={"ZipFile": package(source)}
        )
        waiter = self.client("lambda").get_waiter("function_active_v2")
        waiter.wait(FunctionName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 30})
        return name

    def role(self) -> str:
        """Make a role that Lambda may take on, and return its ARN."""
        statement = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        answer = self.client("iam").create_role(RoleName=self.name(), AssumeRolePolicyDocument=trust)
        return str(answer["Role"]["Arn"])


def keys(partition: str, sort: str | None = None) -> list[dict[str, str]]:
    """Return a key schema of DynamoDB."""
    found = [{"AttributeName": partition, "KeyType": "HASH"}]
    return [*found, {"AttributeName": sort, "KeyType": "RANGE"}] if sort else found


def located() -> dict[str, Any]:
    """Return where a bucket is made, as S3 wants it said."""
    return {} if REGION == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": REGION}}


def package(source: str) -> bytes:
    """Return a Lambda package with `source` as app.py."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        entry = zipfile.ZipInfo("app.py")
        entry.external_attr = 0o644 << 16
        archive.writestr(entry, source)
    return written.getvalue()
