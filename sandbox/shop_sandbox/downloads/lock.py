"""The lock file: which archives there are, and what each must be, byte for byte."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath

import msgspec

LOCK_FILE = Path(__file__).with_name("jars.lock.json")

KAFKA = "kafka"
REDIS = "redis"
GROUPS: dict[str, tuple[str, ...]] = {
    # Kafka's own dependencies name no SLF4J binding; the simple one costs 15 kB where Log4j's start-up costs a fifth of a second.
    # SLF4J 2 instead of the 1.7 that Kafka asks for: those class files are too old for an AOT cache to hold them, nor their heirs.
    KAFKA: ("org.apache.kafka:kafka_2.13:4.3.1", "org.slf4j:slf4j-simple:2.0.17", "org.slf4j:slf4j-api:2.0.17"),
    REDIS: ("com.github.codemonstur:embedded-redis:1.4.3",),
}
"""What each part of the engine asks for; the lock holds this with everything it needs at run time."""

WITHOUT_DEPENDENCIES = frozenset({REDIS})
"""Groups of which only the named archives are wanted: embedded-redis is taken for the server inside, not for its Java code."""


class LockedJar(msgspec.Struct, frozen=True):
    """One archive. `coordinates` are `group:artifact:version`, `size` is in bytes, `sha256` in lower-case hex."""

    coordinates: str
    sha256: str
    size: int

    @property
    def file_name(self) -> str:
        _, artifact, version = self.coordinates.split(":")
        return f"{artifact}-{version}.jar"

    @property
    def path(self) -> PurePosixPath:
        """Where it lies in a Maven repository, and below our downloads."""
        group, artifact, version = self.coordinates.split(":")
        return PurePosixPath(*group.split("."), artifact, version, self.file_name)


@dataclass(frozen=True)
class JarGroup:
    """Archives that are fetched and used together, sorted by coordinates."""

    name: str
    jars: tuple[LockedJar, ...]

    @property
    def size(self) -> int:
        return sum(jar.size for jar in self.jars)


@cache
def locked(group: str) -> JarGroup:
    """Give a group of `GROUPS` as the lock file has it."""
    return JarGroup(group, _read()[group])


@cache
def _read() -> dict[str, tuple[LockedJar, ...]]:
    return msgspec.json.decode(LOCK_FILE.read_bytes(), type=dict[str, tuple[LockedJar, ...]])


def render(groups: dict[str, Iterable[LockedJar]]) -> bytes:
    """Write the lock's text: sorted, one archive a line, so that a change reads well in a review."""
    encoder = msgspec.json.Encoder()
    blocks = []
    for name in sorted(groups):
        lines = ",\n".join(f"    {encoder.encode(jar).decode()}" for jar in sorted(groups[name], key=lambda jar: jar.coordinates))
        blocks.append(f"  {encoder.encode(name).decode()}: [\n{lines}\n  ]")
    return ("{\n" + ",\n".join(blocks) + "\n}\n").encode()
