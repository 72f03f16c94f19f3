"""What runs already, and is not ours: a team's Kafka, PostgreSQL or LocalStack. It is proved and used; it is never started,
stopped, purged or swept."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from shop_sandbox.endpoints import Address, Elsewhere, Viewer
from shop_sandbox.engines.handle import Exit, Host, StopOrder
from shop_sandbox.errors import ErrorCode, SandboxError
from shop_sandbox.health import aws as aws_health
from shop_sandbox.health import kafka as kafka_health
from shop_sandbox.health import redis as redis_health
from shop_sandbox.health import registry as registry_health
from shop_sandbox.health.not_ready import NotReady
from shop_sandbox.resources.model import Resource, ResourceKind
from shop_sandbox.run_context import RunContext

STORES = {
    "kafka": ResourceKind.KAFKA,
    "schema-registry": ResourceKind.SCHEMA_REGISTRY,
    "aws": ResourceKind.AWS,
    "postgres": ResourceKind.POSTGRES,
    "redis": ResourceKind.REDIS,
}
"""What may run elsewhere, by name of its resource."""
_FORMS = {
    "kafka": "host:port, with commas between several",
    "schema-registry": "http://host:port",
    "aws": "http://KEY-ID:SECRET@host:port",
    "postgres": "postgresql://administrator:password@host:port/database",
    "redis": "redis://:password@host:port",
}
_SCHEMES = {
    "schema-registry": ("http", "https"),
    "aws": ("http", "https"),
    "postgres": ("postgresql", "postgres"),
    "redis": ("redis",),
}
_USUAL_PORTS = {"postgres": 5432, "redis": 6379}
_LOOPBACK = frozenset({"127.0.0.1", "localhost"})
_SECONDS = 1.8


@dataclass(frozen=True)
class External:
    """Where something is, and the account it lets in. Several brokers are one address: all but the last port are in its host."""

    name: str
    address: Address
    is_secured: bool = False
    user: str = ""
    password: str = ""
    database: str = ""

    def credentials(self) -> dict[str, str]:
        """Return its account by the names of `shop_sandbox.credentials`."""
        match self.name:
            case "aws":
                found = {"aws/key-id": self.user, "aws/secret-key": self.password}
            case "postgres":
                found = {"postgres": self.user, "postgres/database": self.database, f"postgres/{self.user}": self.password}
            case _:
                found = {self.name: self.password}
        return {key: value for key, value in found.items() if value or key == self.name}


def read(name: str, url: str) -> External:
    """Read where a store is. Raises SandboxError (EXTERNAL_INVALID), without what the URL holds."""
    parts = urlsplit(url if name != "kafka" else f"//{url.rpartition(',')[2]}")
    try:
        port = parts.port
    except ValueError:
        port = None
    port = port or _USUAL_PORTS.get(name)
    if not parts.hostname or port is None or (name in _SCHEMES and parts.scheme not in _SCHEMES[name]):
        raise SandboxError(
            ErrorCode.EXTERNAL_INVALID,
            f"where the external {name} is does not read like {_FORMS[name]}",
            actions=(f"write it so: SHOP_EXTERNAL_{name.upper().replace('-', '_')}={_FORMS[name]}",),
            detail={"resource": name},
        )
    host = url.rpartition(":")[0] if name == "kafka" else parts.hostname
    return External(
        name,
        Address(host, port),
        is_secured=parts.scheme == "https",
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        database=parts.path.strip("/"),
    )


@dataclass(frozen=True)
class Outside:
    """Where what is external is for whom; all else is where `inside` says."""

    externals: Mapping[str, External]
    inside: Elsewhere

    def get(self, place: tuple[Viewer, str]) -> Address | None:
        """Return the address of an endpoint for a viewer. A container finds this machine's loopback under another name."""
        viewer, key = place
        found = self.externals.get(key)
        if found is None:
            return self.inside.get(place)
        if viewer is Viewer.CONTAINER and found.address.host in _LOOPBACK:
            return Address("host.docker.internal", found.address.port)
        return found.address


class ExternalHandle:
    """Nothing of ours: it lasts until somebody says that it is over."""

    def __init__(self) -> None:
        self.ended: asyncio.Future[Exit] = asyncio.get_running_loop().create_future()

    @property
    def pid(self) -> int | None:
        """None of ours."""
        return None

    async def stop(self, order: StopOrder) -> Exit:
        """Let go of it; whose it is ends it."""
        del order
        return await self.kill()

    async def kill(self) -> Exit:
        if not self.ended.done():
            self.ended.set_result(Exit(code=0, signal=None))
        return self.ended.result()

    def memory_bytes(self) -> int | None:
        """Nobody tells."""
        return None


class _NothingToStart:
    async def start(self, host: Host) -> ExternalHandle:
        del host
        return ExternalHandle()


@dataclass(frozen=True)
class ExternalDriver:
    """Looks at what runs elsewhere. It carries no stamp: its data is not this sandbox's."""

    external: External
    kafka: kafka_health.Probe = field(default_factory=kafka_health.Probe, compare=False)
    loses_state_when_killed = False
    takes_files_on_trust = False

    def prepare(self, resource: Resource, context: RunContext) -> None:
        """Nothing: it is there."""

    def launch(self, resource: Resource, context: RunContext) -> _NothingToStart:
        del resource, context
        return _NothingToStart()

    def probe(self, resource: Resource, context: RunContext) -> None:
        del resource, context
        self.look()

    def look(self) -> None:
        """Have it do its work, in places kept for probes. Raises NotReady."""
        one = self.external
        match one.name:
            case "kafka":
                self.kafka.ask_at(str(one.address))
            case "schema-registry":
                registry_health.look_up(one.address.port, host=one.address.host, secured=one.is_secured)
            case "aws":
                aws_health.probe_at(aws_health.Door(one.address.port, one.user, one.address.host, one.is_secured))
            case "postgres":
                _probe_postgres(one)
            case _:
                redis_health.probe_at(one.address.host, one.address.port, one.user, one.password)

    def recheck(self, resource: Resource, context: RunContext) -> None:
        """Nothing is taken on trust."""

    def background(self, resource: Resource, context: RunContext) -> None:
        """There is none."""


def _probe_postgres(one: External) -> None:
    """Write a row and read it, in a table that goes with the connection."""
    import asyncpg

    async def probe() -> object:
        connection = await asyncpg.connect(
            host=one.address.host,
            port=one.address.port,
            user=one.user,
            password=one.password,
            database=one.database,
            timeout=_SECONDS,
        )
        try:
            await connection.execute("CREATE TEMP TABLE probe AS SELECT 42 AS answer", timeout=_SECONDS)
            return await connection.fetchval("SELECT answer FROM probe", timeout=_SECONDS)
        finally:
            await connection.close(timeout=_SECONDS)

    try:
        found = asyncio.run(probe())
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise NotReady(f"PostgreSQL at {one.address}: {error or type(error).__name__}") from error
    if found != 42:
        raise NotReady(f"PostgreSQL at {one.address} gives back another row than was written")
