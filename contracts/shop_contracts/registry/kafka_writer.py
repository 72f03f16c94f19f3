"""Writes to the log's topic in transactions that Kafka refuses once another process has taken over.

Kafka lets only the newest holder of a transactional id commit. That makes it the lock between registries: whoever calls
`init_transactions` takes over, and the one before learns of it when its next commit is refused.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from shop_contracts.registry import records
from shop_contracts.registry.log import Superseded, Unavailable
from shop_contracts.registry.records import Record

logger = logging.getLogger(__name__)

_FENCED = {KafkaError._FENCED, KafkaError.INVALID_PRODUCER_EPOCH, KafkaError.PRODUCER_FENCED}

_IDS = ("shop-registry-{topic}", "shop-registry-{topic}-2")
"""Transactional ids, used in turn: after a commit Kafka refuses the same id for some milliseconds, until the markers of the last
transaction are written, and the client asks again only 20 ms later."""


@dataclass(frozen=True)
class KafkaLogSettings:
    """Where the log is. `timeout_seconds` is the longest that one write may take before it counts as failed."""

    bootstrap_servers: str
    topic: str = "_schemas"
    timeout_seconds: float = 8.0


class FencedWriter:
    """The one writer of a topic, until another takes over. Its methods block; one thread at a time may call them."""

    def __init__(self, settings: KafkaLogSettings, stopping: threading.Event) -> None:
        self._settings = settings
        self._stopping = stopping
        self._producers: list[Producer] = []

    def take_over(self) -> None:
        """Fence whoever wrote before. Raises Unavailable."""
        deadline = time.monotonic() + self._settings.timeout_seconds
        with ThreadPoolExecutor(len(_IDS)) as at_once:
            fencing = [at_once.submit(self._fencing, each.format(topic=self._settings.topic), deadline) for each in _IDS]
        self._producers = [each.result() for each in fencing]

    def confirm(self) -> int:
        """Write a record that changes nothing under every id: then all of them are this process's. Returns the last offset.

        What another process wrote before lies before that offset. Raises Superseded, Unavailable.
        """
        return max(self.write([records.barrier_record()])[0] for _ in _IDS)

    def write(self, batch: Sequence[Record]) -> list[int]:
        """Commit the records in one transaction, in order; returns their offsets. Raises Superseded, Unavailable."""
        if not self._producers:
            raise Superseded("this process is not the writer")
        producer = self._producers.pop(0)
        try:
            offsets = self._commit(producer, batch)
        except KafkaException as failure:
            self._give_up(producer)
            error = failure.args[0]
            if error.code() in _FENCED:
                raise Superseded(error.str()) from failure
            raise Unavailable(error.str()) from failure
        self._producers.append(producer)
        return offsets

    def _commit(self, producer: Producer, batch: Sequence[Record]) -> list[int]:
        offsets: list[int] = []

        def delivered(error: KafkaError | None, message: Message) -> None:
            if error is None:
                offsets.append(message.offset() or 0)

        producer.begin_transaction()
        for record in batch:
            producer.produce(
                self._settings.topic,
                key=record.key,
                value=record.value,
                headers=list(record.headers),
                partition=0,
                on_delivery=delivered,
            )
        producer.commit_transaction(self._settings.timeout_seconds)
        return offsets

    def _give_up(self, producer: Producer) -> None:
        """Leave the transaction to the next take-over, which ends it one way or the other."""
        self._producers = []
        producer.purge(in_flight=True, in_queue=True, blocking=False)

    def _fencing(self, transactional_id: str, deadline: float) -> Producer:
        # The client asks a coordinator that is still loading again after half a second; a new client asks at once.
        reason = "the registry is stopping"
        for patience in (*[0.15] * 6, 0.5, 1.0, None):
            if self._stopping.is_set():
                break
            producer = self._made(transactional_id)
            try:
                producer.init_transactions(max(0.1, deadline - time.monotonic()) if patience is None else patience)
            except KafkaException as error:
                reason = error.args[0].str()
            else:
                return producer
        raise Unavailable(f"Kafka did not let this registry become the writer: {reason}")

    def _made(self, transactional_id: str) -> Producer:
        return Producer(
            {
                "bootstrap.servers": self._settings.bootstrap_servers,
                "transactional.id": transactional_id,
                "transaction.timeout.ms": 10_000,
                "linger.ms": 0,
                "reconnect.backoff.ms": 20,
                "reconnect.backoff.max.ms": 500,
                "retry.backoff.ms": 20,
                "retry.backoff.max.ms": 500,
            },
            logger=logger,
        )
