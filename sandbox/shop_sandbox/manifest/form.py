"""The form of `service.yaml`: what a service is, said once for the sandbox, the contract graph and Terraform.

These types are the format. The JSON Schema that editors use and the reference page are made from them (`manifest.schema`,
`manifest.reference`), so descriptions here are what a user reads. Names in YAML are camelCase.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

ServiceName = Annotated[
    str,
    Meta(
        pattern="^[a-z][a-z0-9-]{1,39}$",
        description="Name of a service: lower-case letters, digits and hyphens, 2 to 40 characters, a letter first.",
    ),
]
TopicName = Annotated[
    str,
    Meta(
        pattern="^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$",
        description="Name of a Kafka topic. Ours read `<system>.<service>.<kind>.v<major>`, as in `shop.orders.events.v1`.",
    ),
]
TableName = Annotated[
    str,
    Meta(pattern="^[A-Za-z0-9_.-]{3,200}$", description="Name of a DynamoDB table, 3 to 200 of `A-Z a-z 0-9 _ . -`."),
]
QueueName = Annotated[
    str,
    Meta(
        pattern="^[A-Za-z0-9_-]{1,70}(\\.fifo)?$",
        description="Name of an SQS queue, at most 75 characters; a FIFO queue's ends in `.fifo`.",
    ),
]
NotificationName = Annotated[
    str,
    Meta(pattern="^[A-Za-z0-9_-]{1,200}(\\.fifo)?$", description="Name of an SNS topic; a FIFO topic's ends in `.fifo`."),
]
BucketName = Annotated[
    str,
    Meta(
        pattern="^[a-z0-9][a-z0-9-]{1,48}[a-z0-9]$",
        description="Name of an S3 bucket: lower-case letters, digits and hyphens, at most 50 characters.",
    ),
]
DatabaseName = Annotated[
    str,
    Meta(
        pattern="^[a-z][a-z0-9_]{0,62}$", description="Name of a PostgreSQL database: lower-case letters, digits and underscores."
    ),
]
CacheName = Annotated[str, Meta(pattern="^[a-z][a-z0-9-]{1,39}$", description="Name of a Redis cache.")]
SecretName = Annotated[
    str,
    Meta(pattern="^[A-Za-z0-9][A-Za-z0-9/_+=.@-]{0,200}$", description="Name of a secret in Secrets Manager."),
]
ParameterName = Annotated[
    str,
    Meta(pattern="^/[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*$", description="Path of an SSM parameter, as in `/shop/orders/max-lines`."),
]
AttributeName = Annotated[str, Meta(min_length=1, max_length=255, description="Name of an attribute of a DynamoDB item.")]
CheckoutPath = Annotated[
    str,
    Meta(
        pattern="^[^/\\\\][^\\\\]*$",
        description="Path of a file, relative to the root of the checkout, with forward slashes.",
    ),
]
HttpPath = Annotated[str, Meta(pattern="^/[^\\s]*$", description="Path part of a URL, as in `/health`.")]
PositiveInt = Annotated[int, Meta(ge=1)]


class Form(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Root of the manifest's types: immutable, camelCase in YAML, unknown properties refused."""


# --- how it runs -----------------------------------------------------------------------------------------------------------


class Runtime(Form, frozen=True, kw_only=True):
    """How the service runs in the sandbox: a Python function, or any program. Exactly one of `python` and `command`."""

    python: (
        Annotated[
            str,
            Meta(
                pattern="^[A-Za-z_][A-Za-z0-9_]*(\\.[A-Za-z_][A-Za-z0-9_]*)*:[A-Za-z_][A-Za-z0-9_]*$",
                description="`package.module:function`, called without arguments in a process of its own.",
            ),
        ]
        | None
    ) = None
    command: (
        Annotated[
            tuple[Annotated[str, Meta(min_length=1)], ...],
            Meta(
                min_length=1,
                description="Program and arguments, run in the folder of `service.yaml`. It listens on 127.0.0.1 at port `PORT`.",
            ),
        ]
        | None
    ) = None
    health: Annotated[HttpPath, Meta(description="Path that answers 200 while the process lives.")] = "/health"
    ready: Annotated[HttpPath, Meta(description="Path that answers 200 when the service can do its work.")] = "/ready"
    ports: Annotated[
        tuple[Annotated[str, Meta(pattern="^[a-z][a-z0-9]{0,19}$", description="Lower-case letters and digits.")], ...],
        Meta(description="Further ports by name, as in `[grpc]`; the number is in `PORT_GRPC`."),
    ] = ()
    environment: Annotated[
        dict[Annotated[str, Meta(pattern="^[A-Z][A-Z0-9_]*$", description="Name of a variable, in upper case.")], str],
        Meta(description="Settings that are the same everywhere. No secrets: those are named under `needs.secrets`."),
    ] = {}


# --- what it promises ------------------------------------------------------------------------------------------------------


class Contracts(Form, frozen=True, kw_only=True):
    """The contracts of what it serves. Those of its events stand with the topics."""

    openapi: Annotated[CheckoutPath, Meta(description="OpenAPI document of its REST interface.")] | None = None
    grpc: Annotated[tuple[CheckoutPath, ...], Meta(description="Protobuf files of its gRPC services.")] = ()
    rehearsal: (
        Annotated[
            str,
            Meta(
                pattern="^[A-Za-z_][A-Za-z0-9_]*(\\.[A-Za-z_][A-Za-z0-9_]*)*:[A-Za-z_][A-Za-z0-9_]*$",
                description="`package.module:function` that returns the service's real handlers over stand-ins of its stores, and "
                "what its real code sends (`shop_kit.rehearsal.Rehearsal`). `contracts check` runs them against released versions.",
            ),
        ]
        | None
    ) = None


# --- Kafka -----------------------------------------------------------------------------------------------------------------


class ProducedTopic(Form, frozen=True, kw_only=True):
    """A Kafka topic the service owns: it alone produces to it. Its schema is registered as `<name>-value`."""

    name: TopicName
    schema: Annotated[CheckoutPath, Meta(description="Protobuf file of the message.")]
    message: Annotated[
        str,
        Meta(
            pattern="^[A-Za-z_][A-Za-z0-9_]*(\\.[A-Za-z_][A-Za-z0-9_]*)*$",
            description="Full name of the one message of this topic, as in `shop.orders.v1.OrderEvent`.",
        ),
    ]
    partitions: Annotated[int, Meta(ge=1, le=200, description="Partitions. May grow later, never shrink.")] = 3
    retention_hours: (
        Annotated[PositiveInt, Meta(description="How long records are kept. The broker's setting (7 days) when left out.")] | None
    ) = None
    cleanup: Annotated[
        Literal["delete", "compact", "compact,delete"],
        Meta(description="`delete` drops old records, `compact` keeps the newest of each key."),
    ] = "delete"
    config: Annotated[
        dict[str, str],
        Meta(description="Any other topic setting under Kafka's own name, as in `max.message.bytes`."),
    ] = {}


class ConsumedTopic(Form, frozen=True, kw_only=True):
    """A Kafka topic the service reads. Records it cannot handle go to `<name>.<group>.dlq`, unless `deadLetter` is false."""

    name: TopicName
    group: Annotated[str, Meta(pattern="^[A-Za-z0-9._-]{1,100}$", description="Consumer group.")]
    dead_letter: Annotated[bool, Meta(description="Whether there is a dead-letter topic for this consumer.")] = True
    reads: (
        Annotated[
            tuple[
                Annotated[
                    str,
                    Meta(
                        pattern="^[A-Za-z_][A-Za-z0-9_]*(\\.[A-Za-z_][A-Za-z0-9_]*)*\\??$",
                        description="A path of field names, as in `stock_reserved.lines.sku`.",
                    ),
                ],
                ...,
            ],
            Meta(
                description="The fields it reads, as paths from the topic's message on: `order_id`, `stock_reserved.lines.sku`. A "
                "kind alone (`stock_committed`) is one it reacts to. `contracts check` proves that producers fill them in every "
                "such message; one with a `?` at its end may be empty in some. Left out: it counts as reading everything."
            ),
        ]
        | None
    ) = None


class Topics(Form, frozen=True, kw_only=True):
    """Kafka topics produced and consumed."""

    produces: tuple[ProducedTopic, ...] = ()
    consumes: tuple[ConsumedTopic, ...] = ()


# --- DynamoDB --------------------------------------------------------------------------------------------------------------


class KeyAttribute(Form, frozen=True, kw_only=True):
    """An attribute that is part of a key, and its type: string, number or binary."""

    name: AttributeName
    type: Annotated[Literal["S", "N", "B"], Meta(description="`S` string, `N` number, `B` binary.")] = "S"


class Key(Form, frozen=True, kw_only=True):
    """The key of a table or index: a partition key, and a sort key where one partition holds many items."""

    partition: KeyAttribute
    sort: KeyAttribute | None = None


class Index(Form, frozen=True, kw_only=True):
    """A global secondary index."""

    name: Annotated[str, Meta(pattern="^[A-Za-z0-9_.-]{3,255}$", description="Name of the index.")]
    key: Key
    projection: Annotated[
        Literal["ALL", "KEYS_ONLY"] | tuple[AttributeName, ...],
        Meta(description="`ALL`, `KEYS_ONLY`, or the list of attributes to carry beside the keys."),
    ] = "ALL"


class Table(Form, frozen=True, kw_only=True):
    """A DynamoDB table, billed by request."""

    name: TableName
    key: Key
    indexes: tuple[Index, ...] = ()
    stream: (
        Annotated[
            Literal["NEW_IMAGE", "OLD_IMAGE", "NEW_AND_OLD_IMAGES", "KEYS_ONLY"],
            Meta(description="What a change record carries; no stream when left out."),
        ]
        | None
    ) = None
    ttl: (
        Annotated[AttributeName, Meta(description="Attribute that holds the second (epoch) after which an item is removed.")] | None
    ) = None


# --- SQS and SNS -----------------------------------------------------------------------------------------------------------


class QueueDeadLetter(Form, frozen=True, kw_only=True):
    """When a message is given up: it moves to the queue `<name>-dlq`."""

    max_receives: Annotated[int, Meta(ge=1, le=1000, description="Deliveries before it moves.")] = 5


class Subscription(Form, frozen=True, kw_only=True):
    """An SNS topic that delivers into this queue."""

    notification: Annotated[NotificationName, Meta(description="The SNS topic, of this service or another.")]
    filter: Annotated[
        dict[str, tuple[str | int | bool | dict[str, Any], ...]],
        Meta(description="Filter policy on message attributes: for each attribute the values (or matchers) that pass."),
    ] = {}
    raw: Annotated[bool, Meta(description="Deliver the message as it was published, without SNS's JSON around it.")] = True


class Queue(Form, frozen=True, kw_only=True):
    """An SQS queue. It has a dead-letter queue unless `deadLetter` is null."""

    name: QueueName
    schema: Annotated[CheckoutPath, Meta(description="Protobuf file or JSON Schema of the message body.")] | None = None
    visibility_timeout_seconds: Annotated[
        int, Meta(ge=0, le=43200, description="How long a received message stays hidden from other receivers.")
    ] = 30
    retention_hours: Annotated[int, Meta(ge=1, le=336, description="How long a message is kept.")] = 96
    dead_letter: QueueDeadLetter | None = QueueDeadLetter()
    subscriptions: Annotated[tuple[Subscription, ...], Meta(description="SNS topics that deliver into it.")] = ()


class Notification(Form, frozen=True, kw_only=True):
    """An SNS topic."""

    name: NotificationName
    schema: Annotated[CheckoutPath, Meta(description="Protobuf file or JSON Schema of the message.")] | None = None


# --- other stores ----------------------------------------------------------------------------------------------------------


class Bucket(Form, frozen=True, kw_only=True):
    """An S3 bucket; private and encrypted, always."""

    name: BucketName
    versioned: Annotated[bool, Meta(description="Whether older versions of objects are kept.")] = False
    expire_days: Annotated[PositiveInt, Meta(description="Remove objects after so many days.")] | None = None


class Database(Form, frozen=True, kw_only=True):
    """A PostgreSQL database with an owner role named like the service."""

    name: DatabaseName
    migrations: (
        Annotated[
            str,
            Meta(
                pattern="^[^/\\\\][^\\\\]*$",
                description="Folder of `NNNN_name.sql` files, relative to `service.yaml`; each runs once, in order.",
            ),
        ]
        | None
    ) = None


class Cache(Form, frozen=True, kw_only=True):
    """Use of Redis. Keys start with `<name>:`, so that services never meet."""

    name: CacheName


class Secret(Form, frozen=True, kw_only=True):
    """A secret. Its value never stands in a file: the sandbox generates one once and keeps it, AWS holds its own."""

    name: SecretName
    generate: Annotated[
        Literal["text", "ed25519", "rsa"],
        Meta(
            description="What the sandbox generates: `text`, 43 random URL-safe characters; `ed25519` or `rsa` (2048 bits), a key "
            'pair as `{"privateKeyPem": …, "publicKeyPem": …}`.'
        ),
    ] = "text"
    owned_by: Annotated[ServiceName, Meta(description="The service that declares it, when this one only reads it.")] | None = None


class Parameter(Form, frozen=True, kw_only=True):
    """A plain setting in SSM Parameter Store. `value` is what a new environment starts with; a changed one is kept."""

    name: ParameterName
    value: Annotated[str, Meta(min_length=1, max_length=4096, description="Its first value.")]


class Needs(Form, frozen=True, kw_only=True):
    """Everything the service uses that is not itself."""

    services: Annotated[
        tuple[ServiceName, ...],
        Meta(
            description="Services it calls. Each one's address is in `SHOP_<SERVICE>_URL`, those of its further ports in "
            "`SHOP_<SERVICE>_<PORT>_ADDRESS`, as `host:port`."
        ),
    ] = ()
    topics: Topics = Topics()
    tables: Annotated[tuple[Table, ...], Meta(description="DynamoDB tables it owns.")] = ()
    queues: Annotated[tuple[Queue, ...], Meta(description="SQS queues it owns.")] = ()
    notifications: Annotated[tuple[Notification, ...], Meta(description="SNS topics it owns.")] = ()
    buckets: Annotated[tuple[Bucket, ...], Meta(description="S3 buckets it owns.")] = ()
    databases: Annotated[
        tuple[Database, ...],
        Meta(max_length=1, description="The PostgreSQL database it owns: one, its address is in `DATABASE_URL`."),
    ] = ()
    caches: Annotated[tuple[Cache, ...], Meta(description="Its uses of Redis (`REDIS_URL`).")] = ()
    secrets: Annotated[tuple[Secret, ...], Meta(description="Secrets it owns or reads.")] = ()
    parameters: Annotated[tuple[Parameter, ...], Meta(description="Settings it reads from Parameter Store.")] = ()


# --- where and how well it runs on AWS -------------------------------------------------------------------------------------


class TaskCount(Form, frozen=True, kw_only=True):
    """How many copies run: between `min` and `max`, by load."""

    min: Annotated[int, Meta(ge=1, le=100, description="Copies that always run.")] = 2
    max: Annotated[int, Meta(ge=1, le=100, description="Copies under full load.")] = 6


class Fargate(Form, frozen=True, kw_only=True, tag_field="target", tag="fargate"):
    """Runs as an ECS service on Fargate. Only some pairs of `cpu` and `memoryMiB` exist."""

    cpu: Annotated[Literal[256, 512, 1024, 2048, 4096, 8192, 16384], Meta(description="CPU units, 1024 of them a core.")]
    memory_mib: Annotated[int, Meta(ge=512, le=122880, description="Memory.")] = msgspec.field(name="memoryMiB")
    tasks: TaskCount = TaskCount()


class Lambda(Form, frozen=True, kw_only=True, tag_field="target", tag="lambda"):
    """Runs as a Lambda function."""

    handler: Annotated[
        str,
        Meta(
            pattern="^[A-Za-z_][A-Za-z0-9_]*(\\.[A-Za-z_][A-Za-z0-9_]*)+$",
            description="`package.module.function`, in Lambda's own notation.",
        ),
    ]
    memory_mib: Annotated[int, Meta(ge=128, le=10240, description="Memory; CPU grows with it.")] = msgspec.field(
        name="memoryMiB", default=256
    )
    timeout_seconds: Annotated[int, Meta(ge=1, le=900, description="When a call is ended.")] = 30
    queues: Annotated[tuple[QueueName, ...], Meta(description="Queues of this service whose messages call it.")] = ()


class Local(Form, frozen=True, kw_only=True, tag_field="target", tag="local"):
    """Runs in sandboxes only: a stand-in for what somebody else runs (a payment provider, a carrier). It is never deployed, and in
    AWS the variable with its address leads to the real thing."""


class Grant(Form, frozen=True, kw_only=True):
    """IAM actions it may take, on named things. Wildcards are refused: what is not named is not allowed."""

    actions: Annotated[
        tuple[
            Annotated[
                str, Meta(pattern="^[a-z][a-z0-9-]*:[A-Za-z0-9*]+$|^\\*$", description="An action, as in `dynamodb:GetItem`.")
            ],
            ...,
        ],
        Meta(min_length=1, description="As in `dynamodb:GetItem`."),
    ]
    resources: Annotated[
        tuple[Annotated[str, Meta(min_length=1)], ...],
        Meta(
            min_length=1,
            description="What of `needs` it is for: `table/<name>`, `queue/<name>`, `notification/<name>`, `bucket/<name>`, "
            "`secret/<name>`, `parameter<path>`; or a whole ARN for what no service here owns.",
        ),
    ]


class Slo(Form, frozen=True, kw_only=True):
    """What its users may count on, over 30 days."""

    availability_percent: Annotated[float, Meta(gt=0, lt=100, description="Share of requests not answered with a 5xx.")]
    latency_p95_ms: Annotated[PositiveInt, Meta(description="95 of 100 requests are answered within this time.")]
    latency_p99_ms: Annotated[PositiveInt, Meta(description="99 of 100 requests are answered within this time.")] | None = None


class Service(Form, frozen=True, kw_only=True):
    """A service of the platform."""

    schema_version: Annotated[Literal[1], Meta(description="Version of this format.")]
    service: Annotated[ServiceName, Meta(description="Its name, unique in the checkout.")]
    summary: Annotated[str, Meta(min_length=1, max_length=200, description="What it is for, in a line.")]
    owner: Annotated[str, Meta(min_length=1, description="The team that answers for it.")]
    runtime: Runtime
    contracts: Contracts = Contracts()
    needs: Needs = Needs()
    deploy: Fargate | Lambda | Local | None = None
    iam: Annotated[tuple[Grant, ...], Meta(description="What it may do on AWS, and nothing else.")] = ()
    slo: Slo | None = None
