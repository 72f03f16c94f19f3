"""What the manifests declare about contracts, as plain values: who composes a check hands them in."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Place:
    """Where something is said: a file relative to the checkout and a line from 1."""

    file: str
    line: int


class Carrier(StrEnum):
    """What carries messages."""

    TOPIC = "topic"
    QUEUE = "queue"
    NOTIFICATION = "notification"


@dataclass(frozen=True, slots=True)
class Payload:
    """What a service puts on a topic, a queue or a notification. `schema` is a path in the checkout, None where none is named.

    `fed_by` are the notifications that deliver into a queue.
    """

    carrier: Carrier
    name: str
    service: str
    schema: str | None
    place: Place
    message: str | None = None
    fed_by: tuple[str, ...] = ()
    partitions: int = 0

    @property
    def subject(self) -> str:
        """The name its versions are kept under; a topic's is that of the Schema Registry (TopicNameStrategy)."""
        return f"{self.name}-value" if self.carrier is Carrier.TOPIC else f"{self.carrier}.{self.name}"


@dataclass(frozen=True, slots=True)
class Rpc:
    """A Protobuf file with a service's gRPC interface."""

    service: str
    schema: str
    place: Place

    @property
    def subject(self) -> str:
        """The name its versions are kept under."""
        return f"grpc.{self.schema.removesuffix('.proto').rpartition('proto/')[2].replace('/', '.')}"


@dataclass(frozen=True, slots=True)
class Api:
    """A service's REST interface: an OpenAPI document of the checkout."""

    service: str
    document: str
    place: Place

    @property
    def subject(self) -> str:
        """The name its versions are kept under."""
        return f"rest.{Path(self.document).stem}"


@dataclass(frozen=True, slots=True)
class Consumption:
    """A service that reads a topic. `reads` are field paths from the topic's message on; None: it does not say.

    `released_in` is the folder of released contracts in which a topic of another repository is found, relative to the checkout.
    """

    service: str
    topic: str
    group: str
    reads: tuple[Read, ...] | None
    place: Place
    released_in: str | None = None


@dataclass(frozen=True, slots=True)
class Read:
    """One field that a consumer reads: `stock_reserved.lines.sku`. An optional one may be empty in some messages."""

    path: str
    is_optional: bool
    place: Place

    @property
    def steps(self) -> list[str]:
        """The names of the fields on the way."""
        return self.path.split(".")


@dataclass(frozen=True, slots=True)
class Program:
    """A service's code: its folder in the checkout and the paths that every service serves without saying so."""

    service: str
    folder: str
    place: Place
    operational_paths: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Service:
    """A service in a line, and the team that answers for it. `rehearsal` is `package.module:function`, see the consumer proofs."""

    name: str
    summary: str
    owner: str
    place: Place
    rehearsal: str | None = None


@dataclass(frozen=True, slots=True)
class Declared:
    """Everything the manifests of one tree say."""

    services: tuple[Service, ...] = ()

    payloads: tuple[Payload, ...] = ()
    rpcs: tuple[Rpc, ...] = ()
    apis: tuple[Api, ...] = ()
    consumptions: tuple[Consumption, ...] = ()
    programs: tuple[Program, ...] = ()

    @property
    def protobuf(self) -> dict[str, Payload | Rpc]:
        """What has a Protobuf contract, by subject."""
        named: list[Payload | Rpc] = [*self.payloads, *self.rpcs]
        return {one.subject: one for one in named if one.schema is not None and one.schema.endswith(".proto")}

    @property
    def rest(self) -> dict[str, Api]:
        """REST interfaces, by subject."""
        return {api.subject: api for api in self.apis}


@dataclass(frozen=True, slots=True)
class Contracts:
    """The contracts of one tree of files: the working tree, or a commit laid out in a folder.

    `folder` (relative to `root`) is where contracts live; imports in .proto files are written from its parent.
    """

    root: Path
    folder: str
    declared: Declared

    @property
    def import_root(self) -> Path:
        """What imports in .proto files are written from."""
        return (self.root / self.folder).parent

    def import_name(self, schema: str) -> str:
        """What a .proto file is called in imports, given its path in the checkout."""
        path = self.root / schema
        root = self.import_root if path.is_relative_to(self.import_root) else self.root
        return path.relative_to(root).as_posix()

    def shown(self, import_name: str) -> str:
        """The path in the checkout of a file by its import name."""
        inside = self.import_root / import_name
        return inside.relative_to(self.root).as_posix() if inside.is_file() else import_name
