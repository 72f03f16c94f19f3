"""DynamoDB tables."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from shop_sandbox.manifest.form.values import AttributeName, Form, TableName


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
