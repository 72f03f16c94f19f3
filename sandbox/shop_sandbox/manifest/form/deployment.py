"""Where a service runs in AWS, what it may do there, and how well it must."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from shop_sandbox.manifest.form.values import Form, HttpMethod, NotificationName, PositiveInt, RoutePath, UserPoolName


class TaskCount(Form, frozen=True, kw_only=True):
    """How many copies run: between `min` and `max`, by load."""

    min: Annotated[int, Meta(ge=1, le=100, description="Copies that always run.")] = 2
    max: Annotated[int, Meta(ge=1, le=100, description="Copies under full load.")] = 6


class Fargate(Form, frozen=True, kw_only=True, tag_field="target", tag="fargate"):
    """Runs as an ECS service on Fargate. Only some pairs of `cpu` and `memoryMiB` exist."""

    cpu: Annotated[Literal[256, 512, 1024, 2048, 4096, 8192, 16384], Meta(description="CPU units, 1024 of them a core.")]
    memory_mib: Annotated[int, Meta(ge=512, le=122880, description="Memory.")] = msgspec.field(name="memoryMiB")
    tasks: TaskCount = TaskCount()


class Local(Form, frozen=True, kw_only=True, tag_field="target", tag="local"):
    """Runs in sandboxes only: a stand-in for what somebody else runs (a payment provider, a carrier). It is never deployed, and in
    AWS the variable with its address leads to the real thing."""

    stands_in_for: Annotated[str, Meta(min_length=1, description="Whom it plays, in words.")] | None = None


class Route(Form, frozen=True, kw_only=True):
    """A route of API Gateway that leads to the service's process."""

    method: HttpMethod
    path: RoutePath
    user_pool: (
        Annotated[UserPoolName, Meta(description="The user pool whose tokens it demands; none for a public route.")] | None
    ) = None


class Throttling(Form, frozen=True, kw_only=True):
    """How much API Gateway lets through on each route. AWS keeps to it; the emulator keeps it written down only."""

    per_second: Annotated[int, Meta(ge=1, le=10_000, description="Requests a second, on average.")]
    burst: Annotated[int, Meta(ge=1, le=5_000, description="Requests at once.")]


class Gateway(Form, frozen=True, kw_only=True):
    """API Gateway before the service's process: a route for each operation of its OpenAPI document, which says who may use it.

    An operation that only tokens of OAuth 2 schemes open gets a JWT authorizer with their scopes. What others open as well is let
    through, for the service itself to judge.
    """

    user_pool: Annotated[UserPoolName, Meta(description="The user pool whose tokens the OAuth 2 schemes of the document mean.")]
    resource_server: Annotated[
        str,
        Meta(
            pattern="^[A-Za-z0-9_.:-]+$",
            description="What the pool has before a scope of the document: `shop` in `shop/orders:read`.",
        ),
    ]
    throttling: Throttling | None = None


class Alarm(Form, frozen=True, kw_only=True):
    """A CloudWatch alarm."""

    name: Annotated[str, Meta(pattern="^[A-Za-z0-9_.-]{1,200}$", description="Name of the alarm.")]
    namespace: Annotated[
        str,
        Meta(pattern="^[A-Za-z0-9/_.#-]{1,255}$", description="As in `AWS/SQS`; a service's own metrics are in one of its own."),
    ]
    metric: Annotated[str, Meta(min_length=1, max_length=255, description="Name of the metric.")]
    dimensions: Annotated[dict[str, str], Meta(max_length=30, description="Which of the metrics of this name.")] = msgspec.field(
        default_factory=dict
    )
    statistic: Annotated[
        str,
        Meta(
            pattern="^(Sum|Average|Minimum|Maximum|SampleCount|p[0-9]{1,2}(\\.[0-9]+)?)$",
            description="What of a period is looked at: `Sum`, `Average`, `Maximum`, or a percentile as in `p99`.",
        ),
    ] = "Sum"
    when: Annotated[
        Literal["above", "at-least", "below", "at-most"], Meta(description="On which side of the threshold it is raised.")
    ] = "above"
    threshold: Annotated[float, Meta(description="The threshold, in the metric's unit.")]
    period_seconds: Annotated[Literal[10, 30, 60, 300, 900, 3600, 86400], Meta(description="Length of a period.")] = 60
    periods: Annotated[int, Meta(ge=1, le=100, description="Periods in a row that must be bad.")] = 1
    missing_data: Annotated[
        Literal["good", "bad", "ignore", "missing"], Meta(description="What a period without data counts as.")
    ] = "good"
    notifies: Annotated[NotificationName, Meta(description="The SNS topic that is told, of this service or another.")] | None = None


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
            "`secret/<name>`, `parameter<path>`, `user-pool/<name>`, `sender/<name>`; or a whole ARN for what no service here "
            "owns.",
        ),
    ]


class Slo(Form, frozen=True, kw_only=True):
    """What its users may count on, over 30 days."""

    availability_percent: Annotated[float, Meta(gt=0, lt=100, description="Share of requests not answered with a 5xx.")]
    latency_p95_ms: Annotated[PositiveInt, Meta(description="95 of 100 requests are answered within this time.")]
    latency_p99_ms: Annotated[PositiveInt, Meta(description="99 of 100 requests are answered within this time.")] | None = None
