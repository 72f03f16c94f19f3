"""All that a service uses and is not itself."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from shop_sandbox.manifest.form.dynamodb import Table
from shop_sandbox.manifest.form.identity import Sender, UserPool
from shop_sandbox.manifest.form.kafka import Topics
from shop_sandbox.manifest.form.messaging import Notification, Queue
from shop_sandbox.manifest.form.stores import Bucket, Cache, Database, Parameter, Secret
from shop_sandbox.manifest.form.values import Form, ServiceName


class Needs(Form, frozen=True, kw_only=True):
    """Everything the service uses that is not itself."""

    services: Annotated[
        tuple[ServiceName, ...],
        Meta(
            description="Services it calls. Each one's address is in `SHOP_<SERVICE>_URL`, those of its further ports in "
            "`SHOP_<SERVICE>_<PORT>_ADDRESS`, as `host:port`."
        ),
    ] = ()
    issuers: Annotated[
        tuple[ServiceName, ...],
        Meta(
            description="Services whose tokens it accepts: it finds their keys at `SHOP_<SERVICE>_URL`. This is no call, and may "
            "go the other way than calls do."
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
    user_pools: Annotated[tuple[UserPool, ...], Meta(description="Cognito user pools it owns.")] = ()
    senders: Annotated[tuple[Sender, ...], Meta(description="SES identities it sends mail as.")] = ()
