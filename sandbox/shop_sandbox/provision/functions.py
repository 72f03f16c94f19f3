"""Deploying one service's Lambda functions to the emulator, with what calls them.

A function without a package is checked and runs in AWS only, and so does what the emulator has not: this is said, not refused.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
from collections.abc import Mapping
from typing import Any

from shop_sandbox.manifest.form import (
    BucketTrigger,
    Function,
    HttpTrigger,
    QueueTrigger,
    ScheduleTrigger,
    TableTrigger,
    TopicTrigger,
    Trigger,
)
from shop_sandbox.manifest.loader import Manifest
from shop_sandbox.manifest.names import ACCOUNT_ID, REGION, function_arn, part_name, queue_arn
from shop_sandbox.provision.aws_api import Aws, AwsAccount, AwsRefused, AwsUnreachable
from shop_sandbox.provision.aws_session import open_session
from shop_sandbox.provision.identity import UserPools
from shop_sandbox.provision.routes import Api, WantedRoute
from shop_sandbox.provision.task import Outcome, Refused, Report, Wanted, run_task

_ROLE = f"arn:aws:iam::{ACCOUNT_ID}:role/shop-dev"
"""Lambda wants a role to run a function as; the emulator looks at none."""
_OF_THE_TASK = frozenset({"SHOP_CHECKOUT", "SHOP_SERVICE_GLOBS"})
_LAMBDA = "/2015-03-31"


def main() -> None:
    """Provision the functions of one service in this process; see `run_task`."""
    run_task(provision)


async def provision(wanted: Wanted, report: Report) -> None:
    """Make the functions of SHOP_SERVICE be there, as far as they are built. Raises Refused."""
    name = wanted.environment["SHOP_SERVICE"]
    manifest = next(one for one in wanted.manifests if one.service.service == name)
    given: dict[str, str] = json.loads(wanted.environment["SHOP_SERVICE_ENVIRONMENT"])
    variables = {key: value for key, value in given.items() if key.startswith(_FOR_FUNCTIONS) and key not in _OF_THE_TASK}
    async with open_session() as session:
        account = AwsAccount.from_environment(wanted.environment)
        deployment = _Deployment(Aws(account, session), account.endpoint_of("cognito-idp"), manifest, variables, report)
        for function in manifest.service.functions:
            await deployment.settle(function)


_FOR_FUNCTIONS = ("SHOP_", "KAFKA_", "SCHEMA_", "AWS_", "DATABASE_URL", "REDIS_URL", "OTEL_")
"""What of a service's variables a function gets: not those of this machine (PATH, HOME)."""


class _Deployment:
    def __init__(self, aws: Aws, pools_endpoint: str, manifest: Manifest, variables: Mapping[str, str], report: Report) -> None:
        self._aws = aws
        self._pools_endpoint = pools_endpoint
        self._manifest = manifest
        self._variables = variables
        self._report = report

    async def settle(self, function: Function) -> None:
        name = part_name(self._manifest.service.service, function.name)
        if function.package is None:
            self._report("function", name, Outcome.LEFT, "it names no package: checked only, it runs in AWS")
            return
        try:
            outcome, detail = await self._function(name, function)
            self._report("function", name, outcome, detail)
            for number, trigger in enumerate(function.triggers, start=1):
                outcome, detail = await self._trigger(name, number, trigger)
                self._report("trigger", f"{name}: {_told(trigger)}", outcome, detail)
        except AwsRefused as error:
            raise Refused("function", name, str(error), "check its entry in service.yaml") from error
        except AwsUnreachable as error:
            raise Refused("function", name, str(error), "look at `shop-dev logs aws`") from error

    async def _function(self, name: str, function: Function) -> tuple[Outcome, str]:
        package = self._manifest.folder / str(function.package)
        content = await asyncio.to_thread(package.read_bytes)
        digest = base64.b64encode(hashlib.sha256(content).digest()).decode()
        settings = {
            "FunctionName": name,
            "Runtime": function.runtime,
            "Handler": function.handler,
            "Role": _ROLE,
            "Timeout": function.timeout_seconds,
            "MemorySize": function.memory_mib,
            "Environment": {"Variables": {**self._variables, **function.environment}},
        }
        code = {"ZipFile": base64.b64encode(content).decode()}
        try:
            there = (await self._call("GET", f"/functions/{name}"))["Configuration"]
        except AwsRefused as error:
            if error.status != 404:
                raise
            await self._call("POST", "/functions", {**settings, "Code": code})
            return Outcome.MADE, f"{len(content):,} bytes"
        changes = []
        if there.get("CodeSha256") != digest:
            await self._call("PUT", f"/functions/{name}/code", code)
            changes.append("code")
        if any(there.get(key) != value for key, value in settings.items()):
            await self._call("PUT", f"/functions/{name}/configuration", settings)
            changes.append("configuration")
        return Outcome.CHANGED if changes else Outcome.UNCHANGED, ", ".join(changes)

    # --- what calls it ----------------------------------------------------------------------------------------------------

    async def _trigger(self, name: str, number: int, trigger: Trigger) -> tuple[Outcome, str]:
        match trigger:
            case QueueTrigger():
                return await self._mapping(name, queue_arn(trigger.queue), _of_queue(trigger))
            case TableTrigger():
                return await self._mapping(name, await self._stream(trigger.table), _of_table(trigger))
            case TopicTrigger():
                return Outcome.LEFT, "the emulator calls no functions for Kafka topics: it does so in AWS"
            case ScheduleTrigger():
                return await self._schedule(name, number, trigger)
            case BucketTrigger():
                return await self._bucket(name, trigger)
            case HttpTrigger():
                return await self._route(name, trigger)

    async def _mapping(self, name: str, source: str, wanted: Mapping[str, Any]) -> tuple[Outcome, str]:
        found = await self._call("GET", f"/event-source-mappings/?FunctionName={name}")
        there = next((one for one in found.get("EventSourceMappings", ()) if one["EventSourceArn"] == source), None)
        if there is None:
            await self._call("POST", "/event-source-mappings/", {"FunctionName": name, "EventSourceArn": source, **wanted})
            return Outcome.MADE, ""
        changeable = {key: value for key, value in wanted.items() if key != "StartingPosition"}
        differing = [key for key, value in changeable.items() if there.get(key) != value]
        if not differing:
            return Outcome.UNCHANGED, ""
        await self._call("PUT", f"/event-source-mappings/{there['UUID']}", {"FunctionName": name, **changeable})
        return Outcome.CHANGED, ", ".join(differing)

    async def _stream(self, table: str) -> str:
        described = await self._aws.json("dynamodb", "DescribeTable", {"TableName": table})
        return str(described["Table"]["LatestStreamArn"])

    async def _schedule(self, name: str, number: int, trigger: ScheduleTrigger) -> tuple[Outcome, str]:
        rule = f"{name}-{number}"
        try:
            there = await self._aws.json("events", "DescribeRule", {"Name": rule})
        except AwsRefused as error:
            if error.code != "ResourceNotFoundException":
                raise
            there = {}
        if there.get("ScheduleExpression") == trigger.every:
            return Outcome.UNCHANGED, ""
        await self._aws.json("events", "PutRule", {"Name": rule, "ScheduleExpression": trigger.every, "State": "ENABLED"})
        await self._aws.json("events", "PutTargets", {"Rule": rule, "Targets": [{"Id": "function", "Arn": function_arn(name)}]})
        await self._permit(name, "events.amazonaws.com", f"arn:aws:events:{REGION}:{ACCOUNT_ID}:rule/{rule}")
        return (Outcome.CHANGED if there else Outcome.MADE), ""

    async def _bucket(self, name: str, trigger: BucketTrigger) -> tuple[Outcome, str]:
        """S3 holds one list of notifications a bucket: what others have put there stays."""
        path = f"/{trigger.bucket}?notification"
        identity = hashlib.sha256(f"{name} {trigger}".encode()).hexdigest()[:16]
        there = await self._aws.rest("s3", "GET", path)
        if identity in there:
            return Outcome.UNCHANGED, ""
        await self._permit(name, "s3.amazonaws.com", f"arn:aws:s3:::{trigger.bucket}")
        kept = there[there.find(">", there.find("<NotificationConfiguration")) + 1 : there.rfind("</NotificationConfiguration>")]
        kept = kept if "</NotificationConfiguration>" in there else ""
        own = _bucket_notification(identity, function_arn(name), trigger)
        body = f'<NotificationConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/">{kept}{own}</NotificationConfiguration>'
        await self._aws.rest("s3", "PUT", path, body.encode())
        return Outcome.MADE, ""

    async def _route(self, name: str, trigger: HttpTrigger) -> tuple[Outcome, str]:
        pools = UserPools(self._aws, self._pools_endpoint)
        await pools.discover()
        api = Api(self._aws, pools)
        await api.open()
        return await api.settle(WantedRoute(f"{trigger.method} {trigger.path}", function_arn(name), trigger.user_pool))

    async def _permit(self, name: str, principal: str, source: str) -> None:
        """Let a service of AWS call the function, unless it may already."""
        statement = hashlib.sha256(f"{principal} {source}".encode()).hexdigest()[:16]
        wanted = {"StatementId": statement, "Action": "lambda:InvokeFunction", "Principal": principal, "SourceArn": source}
        try:
            await self._call("POST", f"/functions/{name}/policy", wanted)
        except AwsRefused as error:
            if error.status != 409:
                raise

    async def _call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        return await self._aws.rest_json("lambda", method, f"{_LAMBDA}{path}", body)


def _of_queue(trigger: QueueTrigger) -> dict[str, Any]:
    found: dict[str, Any] = {
        "BatchSize": trigger.batch_size,
        "MaximumBatchingWindowInSeconds": trigger.window_seconds,
        "FunctionResponseTypes": ["ReportBatchItemFailures"] if trigger.partial_failures else [],
    }
    if trigger.max_concurrency is not None:
        found["ScalingConfig"] = {"MaximumConcurrency": trigger.max_concurrency}
    return found


def _of_table(trigger: TableTrigger) -> dict[str, Any]:
    found: dict[str, Any] = {
        "BatchSize": trigger.batch_size,
        "MaximumBatchingWindowInSeconds": trigger.window_seconds,
        "StartingPosition": trigger.starting_position,
        "FunctionResponseTypes": ["ReportBatchItemFailures"] if trigger.partial_failures else [],
    }
    if trigger.max_retries is not None:
        found["MaximumRetryAttempts"] = trigger.max_retries
    return found


def _bucket_notification(identity: str, arn: str, trigger: BucketTrigger) -> str:
    events = "".join(f"<Event>{event}</Event>" for event in trigger.events)
    rules = "".join(
        f"<FilterRule><Name>{name}</Name><Value>{value}</Value></FilterRule>"
        for name, value in (("prefix", trigger.prefix), ("suffix", trigger.suffix))
        if value
    )
    chosen = f"<Filter><S3Key>{rules}</S3Key></Filter>" if rules else ""
    return (
        f"<CloudFunctionConfiguration><Id>{identity}</Id><CloudFunction>{arn}</CloudFunction>{events}{chosen}"
        "</CloudFunctionConfiguration>"
    )


def _told(trigger: Trigger) -> str:
    match trigger:
        case QueueTrigger(queue=name) | TableTrigger(table=name) | BucketTrigger(bucket=name) | TopicTrigger(topic=name):
            return str(name)
        case ScheduleTrigger(every=every):
            return every
        case HttpTrigger(method=method, path=path):
            return f"{method} {path}"
