"""Lambda and EventBridge, as the provisioning of functions calls them, and what a queue does with a function's answer."""

from __future__ import annotations

import base64
import hashlib
import json
import time

from parity.account import Account, package
from parity.case import case, expect_equal, refused

_FAILS_ONE = """\
def handler(event, context):
    failed = [one["messageId"] for one in event["Records"] if one["body"] == "bad"]
    return {"batchItemFailures": [{"itemIdentifier": one} for one in failed]}
"""


@case(
    "lambda:CreateFunction",
    "lambda:GetFunction",
    says="A function tells the SHA-256 of its package; made again it is refused with ResourceConflictException, and one "
    "that is not there with ResourceNotFoundException.",
)
def function_is_made_once(account: Account) -> None:
    functions = account.client("lambda")
    with refused("ResourceNotFoundException"):
        functions.get_function(FunctionName=account.name())
    code, name, role = package("def handler(event, context): return 1\n"), account.name(), account.role()
    asked = {
        "FunctionName": name,
        "Runtime": "python3.11",
        "Handler": "app.handler",
        "Role": role,
        "Code": {"ZipFile": code},
        "Timeout": 7,
        "Environment": {"Variables": {"A": "1"}},
    }
    functions.create_function(**asked)
    found = functions.get_function(FunctionName=name)["Configuration"]
    expect_equal(found.get("CodeSha256"), base64.b64encode(hashlib.sha256(code).digest()).decode(), "CodeSha256")
    expect_equal((found.get("Timeout"), found.get("Environment")), (7, {"Variables": {"A": "1"}}), "time-out and environment")
    with refused("ResourceConflictException"):
        functions.create_function(**asked)


@case(
    "lambda:UpdateFunctionCode",
    "lambda:UpdateFunctionConfiguration",
    says="Code and configuration are changed apart, and described as changed.",
)
def function_is_changed(account: Account) -> None:
    functions, name = account.client("lambda"), account.function()
    code = package("def handler(event, context): return 2\n")
    functions.update_function_code(FunctionName=name, ZipFile=code)
    functions.get_waiter("function_updated_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 30})
    functions.update_function_configuration(FunctionName=name, MemorySize=256)
    found = functions.get_function(FunctionName=name)["Configuration"]
    expect_equal(
        (found.get("CodeSha256"), found.get("MemorySize")),
        (base64.b64encode(hashlib.sha256(code).digest()).decode(), 256),
        "code and memory",
    )


@case(
    "lambda:AddPermission", says="A permission is added once; the same statement again is refused with ResourceConflictException."
)
def permission_is_added_once(account: Account) -> None:
    functions, name = account.client("lambda"), account.function()
    asked = {"FunctionName": name, "StatementId": "s3", "Action": "lambda:InvokeFunction", "Principal": "s3.amazonaws.com"}
    functions.add_permission(**asked)
    with refused("ResourceConflictException"):
        functions.add_permission(**asked)


@case(
    "lambda:CreateEventSourceMapping",
    "lambda:ListEventSourceMappings",
    "lambda:UpdateEventSourceMapping",
    says="A queue is mapped to a function, listed by the function, and its batch size changed.",
)
def queue_is_mapped(account: Account) -> None:
    functions, name = account.client("lambda"), account.function()
    queue = account.queue_arn(account.queue(VisibilityTimeout="60"))
    made = functions.create_event_source_mapping(
        FunctionName=name, EventSourceArn=queue, BatchSize=5, FunctionResponseTypes=["ReportBatchItemFailures"]
    )
    (found,) = functions.list_event_source_mappings(FunctionName=name)["EventSourceMappings"]
    expect_equal(
        (found["UUID"], found["EventSourceArn"], found.get("FunctionResponseTypes")),
        (made["UUID"], queue, ["ReportBatchItemFailures"]),
        "the mapping",
    )
    functions.update_event_source_mapping(UUID=made["UUID"], FunctionName=name, BatchSize=7)
    expect_equal(
        functions.list_event_source_mappings(FunctionName=name)["EventSourceMappings"][0]["BatchSize"], 7, "the batch size"
    )
    functions.delete_event_source_mapping(UUID=made["UUID"])


@case(
    "lambda:CreateEventSourceMapping",
    says="Of a batch only those messages come again that the function names as failed.",
    page="lambda/latest/dg/services-sqs-errorhandling.html",
)
def batch_fails_in_part(account: Account) -> None:
    functions, sqs, name = account.client("lambda"), account.client("sqs"), account.function(_FAILS_ONE)
    dead = account.queue()
    redrive = json.dumps({"deadLetterTargetArn": account.queue_arn(dead), "maxReceiveCount": 1})
    url = account.queue(VisibilityTimeout="3", RedrivePolicy=redrive)
    for body in ("good", "bad"):
        sqs.send_message(QueueUrl=url, MessageBody=body)
    made = functions.create_event_source_mapping(
        FunctionName=name, EventSourceArn=account.queue_arn(url), BatchSize=10, FunctionResponseTypes=["ReportBatchItemFailures"]
    )
    found: list[str] = []
    deadline = time.monotonic() + 20
    while not found and time.monotonic() < deadline:
        found += [
            one["Body"] for one in sqs.receive_message(QueueUrl=dead, WaitTimeSeconds=1, MaxNumberOfMessages=10).get("Messages", ())
        ]
    functions.delete_event_source_mapping(UUID=made["UUID"])
    expect_equal(found, ["bad"], "what is in the dead-letter queue in 20 s")


@case(
    "events:DescribeRule",
    "events:PutRule",
    "events:PutTargets",
    says="A rule is made with its schedule and target; one that is not there is refused with ResourceNotFoundException.",
)
def rule_is_made(account: Account) -> None:
    events, name = account.client("events"), account.name()
    with refused("ResourceNotFoundException"):
        events.describe_rule(Name=name)
    events.put_rule(Name=name, ScheduleExpression="rate(5 minutes)", State="ENABLED")
    expect_equal(events.describe_rule(Name=name).get("ScheduleExpression"), "rate(5 minutes)", "the schedule")
    answer = events.put_targets(Rule=name, Targets=[{"Id": "function", "Arn": account.queue_arn(account.queue())}])
    expect_equal(answer.get("FailedEntryCount"), 0, "the number of targets refused")


@case("events:PutRule", says="A schedule that cannot be read is refused with ValidationException.")
def rule_with_a_bad_schedule(account: Account) -> None:
    with refused("ValidationException"):
        account.client("events").put_rule(Name=account.name(), ScheduleExpression="now and then", State="ENABLED")
