"""The platform without services, real: Kafka, registry, AWS emulator, PostgreSQL and Redis, as the sandbox starts them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]  # exported in all but name
from fakes.asked_stores import external_if_asked
from shop_kit.aws.client import AwsClient
from shop_kit.settings import AwsSettings, KafkaSettings, read_settings
from shop_sandbox.lease import leased
from shop_sandbox.paths import default_cache_root
from shop_sandbox.supervisor.settings import SupervisorSettings

_INHERITED = ("PATH", "HOME", "LANG", "TMPDIR", "JAVA_HOME")


class PlatformSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Where the platform is."""

    kafka: KafkaSettings
    aws: AwsSettings


@contextmanager
def bare_platform(root: Path) -> Iterator[PlatformSettings]:
    """A platform with empty stores within the block."""
    with bare_resources(root, ("kafka", "schema-registry", "aws")) as environment:
        yield read_settings(PlatformSettings, environment)


@contextmanager
def bare_redis(root: Path) -> Iterator[str]:
    """An empty Redis within the block: its URL."""
    with bare_resources(root, ("redis",)) as environment:
        yield environment["REDIS_URL"]


@contextmanager
def bare_resources(root: Path, resources: tuple[str, ...]) -> Iterator[Mapping[str, str]]:
    """Run resources within the block, and no longer than this process. Gives the environment that services get of them."""
    settings = bare_settings(root, _INHERITED)
    with (
        external_if_asked(resources) as external,
        leased(msgspec.structs.replace(settings, external=external), resources=resources) as sandbox,
    ):
        yield sandbox.client.status().environment


def bare_settings(root: Path, inherited: Sequence[str]) -> SupervisorSettings:
    """Describe a sandbox of a checkout without manifests, which gets these variables of our own environment."""
    return SupervisorSettings(
        checkout=str(root),
        name="bare",
        cache_root=str(os.environ.get("SHOP_TEST_CACHE") or default_cache_root(dict(os.environ))),
        runtime_dir=str(root / "run"),
        service_globs=["services/*/service.yaml"],
        ports={},
        inherited={name: os.environ[name] for name in inherited if name in os.environ},
    )


def make_topics(settings: KafkaSettings, *topics: str, partitions: int = 2) -> None:
    """Make topics and wait until they are there."""
    admin = AdminClient({"bootstrap.servers": settings.kafka_bootstrap_servers})
    for made in admin.create_topics([NewTopic(topic, partitions, 1) for topic in topics]).values():
        made.result(10)


async def make_table(client: AwsClient, name: str, *key: str, indexes: Sequence[tuple[str, str, str, str]] = ()) -> None:
    """Make a table with string keys; an index is (name, partition, sort, type of sort)."""
    attributes = dict.fromkeys(key, "S")
    request: dict[str, object] = {
        "TableName": name,
        "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": _schema(*key),
    }
    if indexes:
        request["GlobalSecondaryIndexes"] = [
            {"IndexName": index, "KeySchema": _schema(partition, sort), "Projection": {"ProjectionType": "ALL"}}
            for index, partition, sort, _ in indexes
        ]
        for _, partition, sort, kind in indexes:
            attributes |= {partition: "S", sort: kind}
    request["AttributeDefinitions"] = [{"AttributeName": one, "AttributeType": kind} for one, kind in attributes.items()]
    await client.call("dynamodb", "DynamoDB_20120810", "CreateTable", request)


def _schema(*key: str) -> list[dict[str, str]]:
    return [{"AttributeName": one, "KeyType": kind} for one, kind in zip(key, ("HASH", "RANGE"), strict=False)]
