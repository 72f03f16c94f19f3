"""Kafka as confluent_kafka shows it: topics, idempotent producers, and consumer groups with cooperative rebalances.

What librdkafka does in its own threads happens here in world time; what it does inside `poll` (callbacks) happens inside `poll`.
Polls in vain are left out: while nothing else runs in a process, they would find everything as before. So an idle one ends when its
time-out is over after the process has done something (later, when that was in vain time and again), and otherwise after seconds.
"""

from __future__ import annotations

import zlib
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from confluent_kafka import KafkaError, KafkaException, TopicPartition

from simulation.faults import Kind, Trouble
from simulation.outside import Outside, Process
from simulation.threads import Waiter

Partition = tuple[str, int]
IDLE_MOST_SECONDS = 4.0
LATE_MOST_SECONDS = 0.5
AGAIN_SECONDS = 0.5
"""How often a client looks whether a broker that is away has come back."""
LOGICAL = {-1001: "unset", -2: "beginning", -1: "end"}


@dataclass(slots=True)
class Record:
    """A record in a partition's log."""

    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes | None]]
    at: float
    offset: int
    topic: str
    partition: int


class ModelMessage:
    """A record as the client gives it."""

    __slots__ = ("_record",)

    def __init__(self, record: Record) -> None:
        self._record = record

    def error(self) -> None:
        """No error."""
        return

    def topic(self) -> str:
        """Its topic."""
        return self._record.topic

    def partition(self) -> int:
        """Its partition."""
        return self._record.partition

    def offset(self) -> int:
        """Its place in the partition."""
        return self._record.offset

    def key(self) -> bytes | None:
        """Its key."""
        return self._record.key

    def value(self) -> bytes | None:
        """Its value."""
        return self._record.value

    def headers(self) -> list[tuple[str, bytes | None]] | None:
        """Its headers, None when there are none."""
        return self._record.headers or None

    def timestamp(self) -> tuple[int, int]:
        """Kind and milliseconds."""
        return 1, int(self._record.at * 1000)


class Broker:
    """One Kafka."""

    def __init__(self, outside: Outside, *, partitions: int = 3, most_bytes: int = 1_000_000) -> None:
        self.outside = outside
        self.partitions = partitions
        self.most_bytes = most_bytes
        self.logs: dict[Partition, list[Record]] = {}
        self.topics: dict[str, int] = {}
        self.groups: dict[str, Group] = {}

    def make(self, topic: str, partitions: int | None = None) -> None:
        """Make a topic."""
        self.topics[topic] = partitions or self.partitions
        for number in range(self.topics[topic]):
            self.logs.setdefault((topic, number), [])

    def append(self, partition: Partition, key: bytes | None, value: bytes | None, headers: list[tuple[str, bytes | None]]) -> int:
        """Append a record, and wake those who wait for it."""
        log = self.logs[partition]
        log.append(Record(key, value, headers, self.outside.now, len(log), *partition))
        for group in self.groups.values():
            group.has_more(partition)
        return len(log) - 1

    def records(self, topic: str) -> list[Record]:
        """Return all records of a topic, oldest first."""
        found = [record for number in range(self.topics.get(topic, 0)) for record in self.logs[topic, number]]
        return sorted(found, key=lambda record: (record.at, record.offset))

    def group(self, name: str) -> Group:
        """Return a group, made when it is not there."""
        found = self.groups.get(name)
        if found is None:
            found = self.groups[name] = Group(self, name)
        return found


@dataclass
class Group:
    """A consumer group: who is in it, who owns what, and how far it has come."""

    broker: Broker
    name: str
    members: list[ModelConsumer] = field(default_factory=list)
    owner: dict[Partition, ModelConsumer] = field(default_factory=dict)
    committed: dict[Partition, int] = field(default_factory=dict)
    holding: dict[str, list[Partition]] = field(default_factory=dict)
    """What static members own that are not there now, until their session ends."""

    def has_more(self, partition: Partition) -> None:
        """Wake the owner of a partition that has grown."""
        member = self.owner.get(partition)
        if member is not None:
            member.wake()

    def join(self, member: ModelConsumer) -> None:
        """Take a member in. One that comes back under its static name gets what it had."""
        instance = member.instance
        for other in [one for one in self.members if instance and one.instance == instance]:
            other.fence()
            self._drop(other)
        self.members.append(member)
        if instance and instance in self.holding:
            for partition in self.holding.pop(instance):
                self.owner[partition] = member
                member.gain(partition)
        self.balance()

    def leave(self, member: ModelConsumer) -> None:
        """Let a member go: at its close, or when its session has ended."""
        if member in self.members:
            self._drop(member)
            self.balance()

    def _drop(self, member: ModelConsumer) -> None:
        self.members.remove(member)
        owned = [partition for partition, owner in self.owner.items() if owner is member]
        for partition in owned:
            del self.owner[partition]
        if member.instance:
            self.holding[member.instance] = [*self.holding.get(member.instance, []), *owned]
            self.broker.outside.loop.call_later(member.session_seconds, self._release, member.instance)

    def _release(self, instance: str) -> None:
        if self.holding.pop(instance, None) is not None:
            self.balance()

    def balance(self) -> None:
        """Give every partition an owner, moving as few as can be. One that moves is first taken back by its owner."""
        if not self.members:
            return
        kept = {partition for held in self.holding.values() for partition in held}
        topics = sorted({topic for member in self.members for topic in member.topics})
        partitions = [(topic, number) for topic in topics for number in range(self.broker.topics.get(topic, 0))]
        wanted: dict[ModelConsumer, list[Partition]] = {member: [] for member in self.members}
        share = -(-len(partitions) // len(self.members))
        loose: list[Partition] = []
        for partition in partitions:
            owner = self.owner.get(partition)
            if partition in kept:
                continue
            if owner is not None and len(wanted[owner]) < share:
                wanted[owner].append(partition)
            else:
                loose.append(partition)
        for partition in loose:
            target = min(self.members, key=lambda member: len(wanted[member]))
            wanted[target].append(partition)
            self.move(partition, target)

    def move(self, partition: Partition, target: ModelConsumer) -> None:
        """Give a partition to a member, once its owner has let go of it."""
        owner = self.owner.get(partition)
        if owner is None or owner is target:
            self.owner[partition] = target
            target.gain(partition)
        else:
            owner.lose(partition, then=lambda: self._hand_over(partition, target))

    def _hand_over(self, partition: Partition, target: ModelConsumer) -> None:
        self.owner.pop(partition, None)
        if target in self.members:
            self.owner[partition] = target
            target.gain(partition)
        else:
            self.balance()

    def shuffle(self) -> None:
        """Take every partition from its owner, for another member where there is one, else for the same again."""
        for partition, owner in list(self.owner.items()):
            others = [member for member in self.members if member is not owner] or [owner]
            owner.lose(partition, then=partial(self._hand_over, partition, others[partition[1] % len(others)]))

    def rewind(self, count: int) -> None:
        """Forget the last commits: each partition begins some records earlier at its next owner."""
        for partition, position in list(self.committed.items()):
            self.committed[partition] = max(0, position - count)
        for partition, owner in list(self.owner.items()):
            owner.lose(partition, then=partial(self._hand_over, partition, owner), commits=False)

    def positions(self) -> dict[Partition, int]:
        """Return how far the group has come in each partition of its topics."""
        topics = {topic for member in self.members for topic in member.topics} | {topic for topic, _ in self.committed}
        return {partition: self.committed.get(partition, 0) for partition in self.broker.logs if partition[0] in topics}

    def lag(self) -> int:
        """Return how many records are not committed, over all topics that somebody subscribed to."""
        return sum(len(self.broker.logs[partition]) - position for partition, position in self.positions().items())


class _Client:
    """What both kinds of client have: a process, and threads that wait in `poll`."""

    def __init__(self, broker: Broker, configuration: dict[str, Any]) -> None:
        self.broker = broker
        self.outside = broker.outside
        self.process: Process = broker.outside.process()
        self.configuration = dict(configuration)
        self._waiting: Waiter | None = None

    def wake(self) -> None:
        """End a waiting poll."""
        if self._waiting is not None:
            waiting, self._waiting = self._waiting, None
            waiting.wake()

    def _wait(self, seconds: float) -> None:
        """Wait as `poll` does, without the polls in vain."""
        is_away = self.outside.trouble("kafka", self.process.name) is Trouble.AWAY
        waiting = self._waiting = Waiter(self.process.loop)
        waiting.wait(max(seconds, AGAIN_SECONDS if is_away else IDLE_MOST_SECONDS))
        if self._waiting is waiting:
            self._waiting = None

    def _end_within(self, seconds: float) -> None:
        if self._waiting is not None and seconds > 0:
            self._waiting.end_within(seconds)

    def list_topics(self, topic: str | None = None, timeout: float = -1) -> Any:
        """Return the cluster's metadata."""
        del topic, timeout
        if self.outside.trouble("kafka", self.process.name) is Trouble.AWAY:
            raise KafkaException(KafkaError(KafkaError._TRANSPORT, "the broker is away"))
        return _Metadata({name: _Topic(dict.fromkeys(range(count))) for name, count in self.broker.topics.items()})


@dataclass
class _Topic:
    partitions: dict[int, None]
    error: None = None


@dataclass
class _Metadata:
    topics: dict[str, _Topic]


class ModelProducer(_Client):
    """Stands in for confluent_kafka.Producer with idempotence: each record once, in the order of the calls within a partition."""

    def __init__(self, configuration: dict[str, Any], *_: Any, **__: Any) -> None:
        super().__init__(broker(), configuration)
        self._reports: deque[Callable[[], object]] = deque()
        self._unacknowledged = 0
        self._busy_until: dict[Partition, float] = {}

    def __len__(self) -> int:
        return self._unacknowledged + len(self._reports)

    def produce(
        self,
        topic: str,
        value: bytes | None = None,
        key: bytes | str | None = None,
        partition: int = -1,
        on_delivery: Callable[[KafkaError | None, Any], object] | None = None,
        callback: Callable[[KafkaError | None, Any], object] | None = None,
        headers: Any = None,
        **_: Any,
    ) -> None:
        """Hand a record over. Raises KafkaException for one that is too large."""
        key = key.encode() if isinstance(key, str) else key
        if len(value or b"") > self.broker.most_bytes:
            raise KafkaException(KafkaError(KafkaError.MSG_SIZE_TOO_LARGE, "the message is larger than the broker takes"))
        pairs = headers.items() if isinstance(headers, dict) else headers or []
        kept = [(name, text.encode() if isinstance(text, str) else text) for name, text in pairs]
        self._unacknowledged += 1
        report = on_delivery or callback
        known = self.broker.topics.get(topic)
        if known is None:
            self._later(1.0, self._reported, report, KafkaError(KafkaError._UNKNOWN_TOPIC, f"there is no topic {topic}"))
            return
        where = (topic, partition if partition >= 0 else zlib.crc32(key or b"") % known)
        self._send(where, key, value, kept, report)

    def _send(self, where: Partition, key: bytes | None, value: bytes | None, headers: Any, report: Any) -> None:
        if not self.process.is_alive:
            return  # it died over an earlier record of the same batch: its code runs on to its next await, and sends nothing
        fault = self.outside.draw_fault(self.process, "publish")
        chance = self.process.random
        delay = chance.uniform(0.0005, 0.004)
        if chance.random() < 0.03:
            delay += chance.uniform(0.0, 0.4)
        kind = fault.kind if fault else None
        if fault is not None:
            self.outside.tell(f"{self.process.name}: {fault.tell(f'a record for {where[0]}')}.")
        if kind is Kind.DIES_BEFORE:
            self.process.die()
            return
        if kind is not None and kind is not Kind.DIES_AFTER:
            delay += fault.seconds if fault and fault.seconds else 2.0  # librdkafka tries again by itself until it is acknowledged
        # The order of a partition holds, however long one record takes.
        self._busy_until[where] = arrives = max(self.outside.now + delay, self._busy_until.get(where, 0.0))
        self.outside.loop.call_at(arrives, self._arrive, where, key, value, headers, report, kind is Kind.DIES_AFTER)

    def _arrive(self, where: Partition, key: bytes | None, value: bytes | None, headers: Any, report: Any, dies: bool) -> None:
        if self.outside.trouble("kafka", self.process.name) is Trouble.AWAY:
            if self.process.is_alive:  # what a dead process had in flight is lost with it
                again = self._busy_until[where] = self.outside.now + AGAIN_SECONDS
                self.outside.loop.call_at(again, self._arrive, where, key, value, headers, report, dies)
            return
        self.broker.append(where, key, value, headers)
        if dies:
            self.process.die()
            return
        self._later(0.001, self._reported, report, None)

    def _later(self, seconds: float, call: Callable[..., object], *args: Any) -> None:
        self.process.loop.call_later(seconds, call, *args)

    def _reported(self, report: Any, error: KafkaError | None) -> None:
        self._unacknowledged -= 1
        if report is not None:
            self._reports.append(lambda: report(error, None))
        self.wake()

    def poll(self, timeout: float = -1) -> int:
        """Call back for what was acknowledged; wait for it as long as told."""
        if not self._reports and timeout != 0:
            self._wait(timeout)
        done = 0
        while self._reports:
            self._reports.popleft()()
            done += 1
        return done

    def flush(self, timeout: float = -1) -> int:
        """Wait until all is acknowledged. Returns how much is not."""
        ends = self.outside.now + (timeout if timeout >= 0 else 1e9)
        while len(self) and self.outside.now < ends:
            Waiter(self.process.loop).wait(min(0.1, ends - self.outside.now))
            self.poll(0)
        return len(self)

    def purge(self, *_: Any, **__: Any) -> None:
        """Forget what is not sent."""


class ModelConsumer(_Client):
    """Stands in for confluent_kafka.Consumer: a member of a group with manual stores and automatic commits."""

    def __init__(self, configuration: dict[str, Any], *_: Any, **__: Any) -> None:
        super().__init__(broker(), configuration)
        self.group = self.broker.group(str(configuration["group.id"]))
        self.instance = configuration.get("group.instance.id")
        self.session_seconds = float(configuration.get("session.timeout.ms", 45_000)) / 1000
        self._commit_seconds = float(configuration.get("auto.commit.interval.ms", 5_000)) / 1000
        self._commits = configuration.get("enable.auto.commit", True)
        self.topics: tuple[str, ...] = ()
        self._on_assign: Callable[..., object] | None = None
        self._on_revoke: Callable[..., object] | None = None
        self._on_lost: Callable[..., object] | None = None
        self._position: dict[Partition, int] = {}
        self._paused: set[Partition] = set()
        self._stored: dict[Partition, int] = {}
        self._events: deque[tuple[str, Partition, Callable[[], object] | None, bool]] = deque()
        self._commit_due = False
        self._is_fenced = False
        self._is_closed = False
        self._in_vain = 0

    # The group's side, in world time.

    def gain(self, partition: Partition) -> None:
        """A partition is ours from the next poll on."""
        self._events.append(("gain", partition, None, True))
        self.wake()

    def lose(self, partition: Partition, *, then: Callable[[], object], commits: bool = True) -> None:
        """A partition is taken back with the next poll; or, when no poll comes for a session's time, without asking."""
        self._events.append(("lose", partition, then, commits))
        self.wake()

    def fence(self) -> None:
        """Somebody else has come under our name, or our session has ended: nothing is ours any more."""
        self._is_fenced = True
        self._stored.clear()
        self._events.clear()
        for partition in list(self._position):
            self._events.append(("lost", partition, None, False))
        self.wake()

    # The client's side.

    def subscribe(self, topics: Sequence[str], on_assign: Any = None, on_revoke: Any = None, on_lost: Any = None) -> None:
        """Join the group."""
        self.topics = tuple(topics)
        self._on_assign, self._on_revoke, self._on_lost = on_assign, on_revoke, on_lost
        self.process.at_death.append(self._session_ends_later)
        joins = 0.05 + self.process.random.random() * 0.2
        self.outside.loop.call_later(joins, self._join)

    def _join(self) -> None:
        if self.outside.trouble("kafka", self.process.name) is Trouble.AWAY:
            self.outside.loop.call_later(AGAIN_SECONDS, self._join)
        elif self.process.is_alive and not self._is_closed:
            self.group.join(self)

    def _session_ends_later(self) -> None:
        if not self._is_closed:
            self.outside.loop.call_later(self.session_seconds, self.group.leave, self)

    def end_session(self) -> None:
        """The coordinator has not heard of this member for too long."""
        if self in self.group.members:
            self.fence()
            self.group.leave(self)
            self._is_fenced = False
            self.outside.loop.call_later(0.2, self._rejoin)

    def _rejoin(self) -> None:
        if self.process.is_alive and not self._is_closed and self not in self.group.members:
            self.group.join(self)

    def poll(self, timeout: float = -1) -> ModelMessage | None:
        """Serve what the group told, then return the next record, or None after the time-out."""
        self._serve()
        found = self._next()
        if found is None and timeout != 0:
            self._in_vain += 1
            # The next step of the process may bring offsets to store, or the end.
            seconds = min(timeout * 2 ** max(0, min(self._in_vain, 9) - 3), LATE_MOST_SECONDS)
            self.process.loop.at_next_step(partial(self._end_within, seconds))
            self._wait(timeout)
            self._serve()
            found = self._next()
        return found

    def consume(self, num_messages: int = 1, timeout: float = -1) -> list[ModelMessage]:
        """Return up to so many records."""
        found: list[ModelMessage] = []
        while len(found) < num_messages:
            message = self.poll(timeout if not found else 0)
            if message is None:
                break
            found.append(message)
        return found

    def _serve(self) -> None:
        while self._events:
            kind, (topic, number), then, commits = self._events.popleft()
            partition = (topic, number)
            if kind == "gain":
                self._position[partition] = self.group.committed.get(partition, 0)
                self._paused.discard(partition)
                if self._on_assign:
                    self._on_assign(self, [TopicPartition(topic, number)])
            elif kind == "lose":
                if partition in self._position:
                    if self._on_revoke:
                        self._on_revoke(self, [TopicPartition(topic, number)])
                    if commits:
                        self._commit(partition)
                    self._forget(partition)
                if then:
                    then()
            else:
                call = self._on_lost or self._on_revoke
                self._position.pop(partition, None)
                if call:
                    call(self, [TopicPartition(topic, number)])
                self._forget(partition)

    def _forget(self, partition: Partition) -> None:
        self._position.pop(partition, None)
        self._stored.pop(partition, None)
        self._paused.discard(partition)

    def _next(self) -> ModelMessage | None:
        if self.outside.trouble("kafka", self.process.name) is Trouble.AWAY:
            return None
        oldest: Partition | None = None
        for partition, position in self._position.items():
            log = self.broker.logs[partition]
            if position >= len(log) or partition in self._paused:
                continue
            if oldest is None or log[position].at < self.broker.logs[oldest][self._position[oldest]].at:
                oldest = partition
        if oldest is None:
            return None
        self._in_vain = 0
        position = self._position[oldest]
        self._position[oldest] += 1
        return ModelMessage(self.broker.logs[oldest][position])

    def store_offsets(self, message: Any = None, offsets: Sequence[TopicPartition] | None = None) -> None:
        """Note positions for the next commit. Raises KafkaException for a partition that is not ours."""
        self._in_vain = 0
        given = offsets or [TopicPartition(message.topic(), message.partition(), message.offset() + 1)]
        for one in given:
            if (one.topic, one.partition) not in self._position:
                raise KafkaException(KafkaError(KafkaError._STATE, "Local: Erroneous state"))
            self._stored[one.topic, one.partition] = one.offset
        if self._commits and not self._commit_due:
            self._commit_due = True
            self.process.loop.call_later(self._commit_seconds, self._commit_all)

    def _commit_all(self) -> None:
        self._commit_due = False
        if self.outside.trouble("kafka", self.process.name) is Trouble.AWAY:
            self._commit_due = True
            self.process.loop.call_later(self._commit_seconds, self._commit_all)
            return
        for partition in list(self._stored):
            self._commit(partition)

    def _commit(self, partition: Partition) -> None:
        offset = self._stored.pop(partition, None)
        if offset is not None and self.group.owner.get(partition) is self and not self._is_fenced:
            self.group.committed[partition] = offset

    def pause(self, partitions: Sequence[TopicPartition]) -> None:
        """Return nothing of these for now."""
        self._check_ours(partitions)
        self._paused |= {(one.topic, one.partition) for one in partitions}

    def resume(self, partitions: Sequence[TopicPartition]) -> None:
        """Return records of these again."""
        self._check_ours(partitions)
        self._paused -= {(one.topic, one.partition) for one in partitions}

    def _check_ours(self, partitions: Sequence[TopicPartition]) -> None:
        for one in partitions:
            if (one.topic, one.partition) not in self._position:
                raise KafkaException(KafkaError(KafkaError._UNKNOWN_PARTITION, "Local: Unknown partition"))

    def assignment(self) -> list[TopicPartition]:
        """Return what is ours."""
        return [TopicPartition(topic, number) for topic, number in self._position]

    def commit(self, message: Any = None, offsets: Any = None, asynchronous: bool = True) -> list[TopicPartition]:
        """Commit positions now."""
        del asynchronous
        given = offsets or ([TopicPartition(message.topic(), message.partition(), message.offset() + 1)] if message else [])
        for one in given:
            self.group.committed[one.topic, one.partition] = one.offset
        return list(given)

    def committed(self, partitions: Sequence[TopicPartition], timeout: float = -1) -> list[TopicPartition]:
        """Return the group's positions (-1001: none)."""
        del timeout
        return [
            TopicPartition(one.topic, one.partition, self.group.committed.get((one.topic, one.partition), -1001))
            for one in partitions
        ]

    def get_watermark_offsets(self, partition: TopicPartition, timeout: float = -1, cached: bool = False) -> tuple[int, int]:
        """Return the oldest offset and the one behind the newest."""
        del timeout, cached
        return 0, len(self.broker.logs[partition.topic, partition.partition])

    def assign(self, partitions: Sequence[TopicPartition]) -> None:
        """Read these, without a group."""
        self._position = {(one.topic, one.partition): max(0, one.offset) for one in partitions}

    def close(self) -> None:
        """Hand back what is ours and leave. A static member keeps its partitions until its session ends."""
        if self._is_closed:
            return
        self._is_closed = True
        self._serve()
        for partition in list(self._position):
            if self._on_revoke and not self._is_fenced:
                self._on_revoke(self, [TopicPartition(*partition)])
            self._commit(partition)
        self._position.clear()
        self.group.leave(self)


_current: list[Broker] = []


def broker() -> Broker:
    """Return the broker of the history that runs."""
    return _current[-1]


def use(found: Broker | None) -> None:
    """Let clients made from now on meet this broker."""
    _current[:] = [found] if found else []
