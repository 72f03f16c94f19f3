"""The plain values of a manifest: names with the form that Kafka or AWS demands of them, paths, counts."""

from __future__ import annotations

from typing import Annotated, Literal

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
UserPoolName = Annotated[
    str, Meta(pattern="^[a-z][a-z0-9-]{1,39}$", description="Name of a Cognito user pool: lower-case letters, digits and hyphens.")
]
AttributeName = Annotated[str, Meta(min_length=1, max_length=255, description="Name of an attribute of a DynamoDB item.")]
CheckoutPath = Annotated[
    str,
    Meta(
        pattern="^[^/\\\\][^\\\\]*$",
        description="Path of a file, relative to the root of the checkout, with forward slashes.",
    ),
]
FolderPath = Annotated[
    str,
    Meta(pattern="^[^/\\\\][^\\\\]*$", description="Path relative to the folder of `service.yaml`, with forward slashes."),
]
PartName = Annotated[
    str,
    Meta(pattern="^[a-z][a-z0-9-]{0,29}$", description="Name within the service: lower-case letters, digits and hyphens."),
]
VariableName = Annotated[str, Meta(pattern="^[A-Z][A-Z0-9_]*$", description="Name of a variable, in upper case.")]
Argv = Annotated[tuple[Annotated[str, Meta(min_length=1)], ...], Meta(min_length=1)]
HttpMethod = Annotated[
    Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "ANY"], Meta(description="HTTP method; `ANY` for all.")
]
RoutePath = Annotated[
    str,
    Meta(
        pattern="^/[^\\s?#]*$",
        description="Path of a route in API Gateway's notation, as in `/v1/orders/{id}` or `/v1/{proxy+}`.",
    ),
]
HttpPath = Annotated[str, Meta(pattern="^/[^\\s]*$", description="Path part of a URL, as in `/health`.")]
PositiveInt = Annotated[int, Meta(ge=1)]


class Form(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Root of the manifest's types: immutable, camelCase in YAML, unknown properties refused."""
