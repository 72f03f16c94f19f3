"""Lambda functions, and what calls them."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from shop_sandbox.manifest.form.runtime import Build
from shop_sandbox.manifest.form.values import (
    BucketName,
    Form,
    HttpMethod,
    PartName,
    QueueName,
    RoutePath,
    TableName,
    TopicName,
    UserPoolName,
    VariableName,
)

WindowSeconds = Annotated[int, Meta(ge=0, le=300, description="How long it waits for a batch to fill.")]
StartingPosition = Annotated[
    Literal["LATEST", "TRIM_HORIZON"],
    Meta(description="Where a new trigger begins: at what comes next, or at the oldest record that is kept."),
]


class QueueTrigger(Form, frozen=True, kw_only=True, tag_field="source", tag="queue"):
    """Messages of an SQS queue of this service."""

    queue: QueueName
    batch_size: Annotated[int, Meta(ge=1, le=10_000, description="Messages a call at most; 10 for a FIFO queue.")] = 10
    window_seconds: WindowSeconds = 0
    partial_failures: Annotated[
        bool, Meta(description="The function names the messages it could not handle (`batchItemFailures`); only these come again.")
    ] = True
    max_concurrency: Annotated[int, Meta(ge=2, le=1000, description="Calls at a time; no limit when left out.")] | None = None


class TopicTrigger(Form, frozen=True, kw_only=True, tag_field="source", tag="topic"):
    """Records of a Kafka topic, which stands under `needs.topics.consumes` with its group."""

    topic: TopicName
    batch_size: Annotated[int, Meta(ge=1, le=10_000, description="Records a call at most.")] = 100
    window_seconds: WindowSeconds = 0
    starting_position: StartingPosition = "TRIM_HORIZON"


class TableTrigger(Form, frozen=True, kw_only=True, tag_field="source", tag="table"):
    """Change records of a DynamoDB table of this service that has a `stream`."""

    table: TableName
    batch_size: Annotated[int, Meta(ge=1, le=10_000, description="Records a call at most.")] = 100
    window_seconds: WindowSeconds = 0
    starting_position: StartingPosition = "TRIM_HORIZON"
    partial_failures: Annotated[
        bool, Meta(description="The function names the first record it could not handle; those from it on come again.")
    ] = True
    max_retries: (
        Annotated[
            int, Meta(ge=0, le=10_000, description="How often a failed batch comes again; until its records expire when left out.")
        ]
        | None
    ) = None


class BucketTrigger(Form, frozen=True, kw_only=True, tag_field="source", tag="bucket"):
    """Objects that come and go in an S3 bucket of this service."""

    bucket: BucketName
    events: Annotated[
        tuple[
            Annotated[str, Meta(pattern="^s3:[A-Za-z]+:[A-Za-z*]+$", description="As in `s3:ObjectCreated:*`.")],
            ...,
        ],
        Meta(min_length=1, description="Which events call it."),
    ] = ("s3:ObjectCreated:*",)
    prefix: Annotated[str, Meta(description="How the object's key must begin.")] = ""
    suffix: Annotated[str, Meta(description="How the object's key must end.")] = ""


class ScheduleTrigger(Form, frozen=True, kw_only=True, tag_field="source", tag="schedule"):
    """The clock."""

    every: Annotated[
        str,
        Meta(
            pattern="^(rate\\([1-9][0-9]* (minutes?|hours?|days?)\\)|cron\\([^()]+\\))$",
            description="In EventBridge's notation: `rate(5 minutes)`, `cron(0 6 * * ? *)`; times are UTC.",
        ),
    ]


class HttpTrigger(Form, frozen=True, kw_only=True, tag_field="source", tag="http"):
    """A route of API Gateway."""

    method: HttpMethod
    path: RoutePath
    user_pool: (
        Annotated[UserPoolName, Meta(description="The user pool whose tokens it demands; none for a public route.")] | None
    ) = None


Trigger = QueueTrigger | TopicTrigger | TableTrigger | BucketTrigger | ScheduleTrigger | HttpTrigger


class Function(Form, frozen=True, kw_only=True):
    """A Lambda function. It finds the variables of its service; in the sandbox the emulator runs it, once its package is there."""

    name: PartName
    handler: Annotated[
        str,
        Meta(pattern="^[A-Za-z0-9_./:-]{1,128}$", description="What is called, in Lambda's notation: `package.module.function`."),
    ]
    runtime: Annotated[
        str,
        Meta(
            pattern="^(python3\\.[0-9]+|nodejs[0-9]+\\.x|java[0-9]+|dotnet[0-9]+|ruby3\\.[0-9]+|provided\\.al2(023)?)$",
            description="Lambda's name of the runtime, as in `python3.12`, `nodejs22.x`, `provided.al2023`.",
        ),
    ] = "python3.12"
    package: (
        Annotated[
            str,
            Meta(
                pattern="^[^/\\\\][^\\\\]*\\.(zip|jar)$",
                description="The archive to deploy, relative to `service.yaml`, as in `dist/labels.zip`.",
            ),
        ]
        | None
    ) = None
    build: Build | None = None
    memory_mib: Annotated[int, Meta(ge=128, le=10240, description="Memory; CPU grows with it.")] = msgspec.field(
        name="memoryMiB", default=256
    )
    timeout_seconds: Annotated[int, Meta(ge=1, le=900, description="When a call is ended.")] = 30
    environment: Annotated[dict[VariableName, str], Meta(description="Settings of this function.")] = msgspec.field(
        default_factory=dict
    )
    triggers: Annotated[tuple[Trigger, ...], Meta(description="What calls it; nothing but a direct call when left out.")] = ()
