"""Kafka topics from the manifests: made, given more partitions or other settings, never removed."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from confluent_kafka import KafkaException
from confluent_kafka.admin import (  # type: ignore[attr-defined]  # documented names, re-exported there without `__all__`
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewPartitions,
    NewTopic,
    ResourceType,
)

from shop_sandbox.manifest.form import ProducedTopic
from shop_sandbox.manifest.loader import Manifest
from shop_sandbox.manifest.names import dead_letter_topic
from shop_sandbox.provision.borrowed import borrowed_topics
from shop_sandbox.provision.task import EVERYTHING, Outcome, Refused, Report, Wanted, all_of, run_task

_REQUEST_SECONDS = 10.0
_POLL_SECONDS = 0.02
_WARNINGS = 4
"""syslog's number: what librdkafka says beside its answers goes to stderr, and only trouble belongs there."""
_DEAD_LETTER_HOURS = 14 * 24
"""Two weeks, so that a failure over a holiday can still be looked at and sent again."""


@dataclass(frozen=True)
class WantedTopic:
    """A topic as the manifests want it. `settings` are Kafka's own names; those not named here are left alone."""

    name: str
    partitions: int
    settings: Mapping[str, str]


def wanted_topics(manifests: Iterable[Manifest]) -> list[WantedTopic]:
    """Return all topics of the manifests: those produced, those of other repositories that are consumed where nobody produces them,
    and a dead-letter topic for each consumer that has one."""
    manifests = list(manifests)
    found = [WantedTopic(topic.name, topic.partitions, {}) for _, topic in borrowed_topics(manifests)]
    for manifest in manifests:
        topics = manifest.service.needs.topics
        found += [WantedTopic(topic.name, topic.partitions, _settings(topic)) for topic in topics.produces]
        found += [
            WantedTopic(dead_letter_topic(topic.name, topic.group), 1, {"retention.ms": _milliseconds(_DEAD_LETTER_HOURS)})
            for topic in topics.consumes
            if topic.dead_letter
        ]
    return found


def _settings(topic: ProducedTopic) -> dict[str, str]:
    settings = {"cleanup.policy": topic.cleanup, **topic.config}
    if topic.retention_hours is not None:
        settings["retention.ms"] = _milliseconds(topic.retention_hours)
    return settings


def _milliseconds(hours: int) -> str:
    return str(hours * 3_600_000)


def main() -> None:
    """Provision topics in this process; see `run_task`."""
    run_task(provision)


async def provision(wanted: Wanted, report: Report) -> None:
    """Make the wanted topics be there. Raises Refused, alone or in an ExceptionGroup."""
    topics = wanted_topics(wanted.manifests)
    if topics:
        await _Cluster(wanted.environment["KAFKA_BOOTSTRAP_SERVERS"], report).settle(topics)


class _Cluster:
    def __init__(self, servers: str, report: Report) -> None:
        self._servers = servers
        self._admin = AdminClient(
            {"bootstrap.servers": servers, "socket.timeout.ms": int(_REQUEST_SECONDS * 1000), "log_level": _WARNINGS}
        )
        self._report = report

    async def settle(self, topics: list[WantedTopic]) -> None:
        there = await self._partitions()
        missing = [topic for topic in topics if topic.name not in there]
        present = [topic for topic in topics if topic.name in there]
        await all_of([self._make(missing), self._adjust(present, there)])

    async def _partitions(self) -> dict[str, int]:
        """Topics that the broker knows, with the number of their partitions that have a leader."""
        try:
            metadata = await asyncio.to_thread(self._admin.list_topics, timeout=_REQUEST_SECONDS)
        except KafkaException as error:
            raise Refused("kafka", self._servers, _reason(error), "look at `shop-dev logs kafka`") from error
        return {
            name: sum(partition.leader >= 0 for partition in topic.partitions.values()) for name, topic in metadata.topics.items()
        }

    async def _until_known(self, topics: Iterable[WantedTopic]) -> None:
        """Wait until the broker has heard of what the controller decided: a consumer that asks too early waits for minutes."""
        deadline = asyncio.get_running_loop().time() + _REQUEST_SECONDS
        while late := await self._late(topics):
            if asyncio.get_running_loop().time() > deadline:
                why = f"the broker does not know all its partitions {_REQUEST_SECONDS:.0f} s after they were made"
                raise Refused("topic", late[0].name, why, "look at `shop-dev logs kafka`")
            await asyncio.sleep(_POLL_SECONDS)

    async def _late(self, topics: Iterable[WantedTopic]) -> list[WantedTopic]:
        there = await self._partitions()
        return [topic for topic in topics if there.get(topic.name, 0) < topic.partitions]

    async def _make(self, topics: list[WantedTopic]) -> None:
        if not topics:
            return
        asked = [
            NewTopic(topic.name, num_partitions=topic.partitions, replication_factor=-1, config=dict(topic.settings))
            for topic in topics
        ]
        futures = self._admin.create_topics(asked)
        await all_of(self._made(topic, futures[topic.name]) for topic in topics)
        await self._until_known(topics)

    async def _made(self, topic: WantedTopic, future: Future[None]) -> None:
        await _result(topic.name, future, "check `partitions` and `config` of the topic in its manifest")
        self._report("topic", topic.name, Outcome.MADE, f"{topic.partitions} partition{'s' * (topic.partitions != 1)}")

    async def _adjust(self, topics: list[WantedTopic], partitions: Mapping[str, int]) -> None:
        if not topics:
            return
        resources = {topic.name: ConfigResource(ResourceType.TOPIC, topic.name) for topic in topics}
        described = self._admin.describe_configs(list(resources.values()))
        await all_of(self._adjust_one(topic, partitions[topic.name], described[resources[topic.name]]) for topic in topics)

    async def _adjust_one(self, topic: WantedTopic, partitions: int, described: Future[Mapping[str, Any]]) -> None:
        if partitions > topic.partitions:
            why = f"it has {partitions} partitions and the manifest says {topic.partitions}: Kafka cannot take partitions away"
            raise Refused("topic", topic.name, why, f"set `partitions: {partitions}`", or_afresh=EVERYTHING)
        settings = await _result(topic.name, described, "")
        differing = {name: value for name, value in topic.settings.items() if name not in settings or settings[name].value != value}
        changes = [f"{name}={value}" for name, value in differing.items()]
        if differing:
            await self._alter(topic, differing)
        if partitions < topic.partitions:
            await self._grow(topic)
            changes.append(f"{partitions} -> {topic.partitions} partitions")
        self._report("topic", topic.name, Outcome.CHANGED if changes else Outcome.UNCHANGED, ", ".join(changes))

    async def _alter(self, topic: WantedTopic, settings: Mapping[str, str]) -> None:
        entries = [ConfigEntry(name, value, incremental_operation=AlterConfigOpType.SET) for name, value in settings.items()]
        resource = ConfigResource(ResourceType.TOPIC, topic.name, incremental_configs=entries)
        future = self._admin.incremental_alter_configs([resource])[resource]
        await _result(topic.name, future, "check `config` of the topic in its manifest")

    async def _grow(self, topic: WantedTopic) -> None:
        future = self._admin.create_partitions([NewPartitions(topic.name, topic.partitions)])[topic.name]
        await _result(topic.name, future, "")
        await self._until_known([topic])


async def _result(topic: str, future: Future[Any], action: str) -> Any:
    try:
        return await asyncio.wrap_future(future)
    except KafkaException as error:
        raise Refused("topic", topic, _reason(error), action) from error


def _reason(error: KafkaException) -> str:
    return str(error.args[0].str()) if error.args else str(error)
