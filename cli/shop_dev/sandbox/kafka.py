"""The Kafka of a running sandbox, as the commands find it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from shop_dev import sandbox
from shop_dev.errors import CliCode, ShopDevError
from shop_dev.kafka.survey import Reads
from shop_dev.project import Project, open_project

if TYPE_CHECKING:
    from shop_sandbox.supervisor.protocol import SandboxStatus

    from shop_dev.kafka.lag import Lags


@dataclass(frozen=True)
class SandboxKafka:
    """Where the Kafka and the registry of a sandbox are, and who says to use them."""

    project: Project
    status: SandboxStatus

    @property
    def servers(self) -> str:
        """Where Kafka is. Raises ShopDevError (kafka_away) in a sandbox without one."""
        return self._address("KAFKA_BOOTSTRAP_SERVERS")

    @property
    def registry_url(self) -> str:
        """Where the Schema Registry is. Raises ShopDevError (kafka_away) in a sandbox without Kafka."""
        return self._address("SCHEMA_REGISTRY_URL")

    @property
    def log_folder(self) -> Path | None:
        """The broker's own files, where it runs as a process of this sandbox."""
        folder = self.project.paths.data("kafka") / "log"
        return folder if folder.is_dir() else None

    @property
    def reads(self) -> tuple[Reads, ...]:
        """Which groups are to read which topics."""
        return tuple(Reads(group, topic) for one in self.status.belongings for group, topic in one.reads)

    @property
    def writers(self) -> Mapping[str, tuple[str, ...]]:
        """Which services write each topic."""
        written = [(topic, one.service) for one in self.status.belongings for topic in one.writes]
        return {topic: tuple(service for name, service in written if name == topic) for topic, _ in written}

    @property
    def schemas(self) -> Mapping[str, str]:
        """By topic in Protobuf the full name of its messages."""
        return {topic: message for one in self.status.belongings for topic, message in one.writes.items() if message is not None}

    @property
    def restarts(self) -> Mapping[str, int]:
        """How often each resource was started again."""
        return {one.name: one.restarts for one in self.status.resources}

    def lags(self) -> Lags:
        """Say who is behind. Raises ShopDevError (kafka_away)."""
        from shop_dev.kafka.lag import lags

        return lags(self.servers, reads=self.reads, writers=self.writers, restarts=self.restarts)

    def _address(self, variable: str) -> str:
        if variable not in self.status.environment:
            raise ShopDevError(
                CliCode.KAFKA_AWAY,
                "This sandbox runs no Kafka: no service that it runs declares a topic.",
                actions=("`needs: {topics: {produces: [...]}}` in a service.yaml, then `shop-dev up`", "shop-dev status"),
            )
        return self.status.environment[variable]


def kafka_of(name: str | None) -> SandboxKafka:
    """Return the Kafka of the sandbox of that name. Raises SandboxError (not_running) where there is none."""
    project = open_project(name=name)
    return SandboxKafka(project, sandbox.connect(project).status(memory=False))
