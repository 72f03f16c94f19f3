"""Buckets, databases, caches, secrets and parameters."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from shop_sandbox.manifest.form.values import (
    BucketName,
    CacheName,
    DatabaseName,
    Form,
    ParameterName,
    PositiveInt,
    SecretName,
    ServiceName,
)


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
    use: Annotated[
        Literal["cache", "store", "locks", "limits"],
        Meta(
            description="What for: `cache`, whose entries Redis may drop when memory is short; `store`, the only copy of "
            "something; `locks` and leases; `limits` of rates. Only a cache is evicted, so AWS keeps them apart."
        ),
    ] = "cache"


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
