"""The directory a broker lives in: formatted data and the settings of one start."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess  # nosec B404 # Kafka's format tool is a program
import time
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from shop_sandbox.downloads.fetch import Announce
from shop_sandbox.downloads.lock import KAFKA, locked
from shop_sandbox.downloads.locking import workplace
from shop_sandbox.downloads.usage import mark_used
from shop_sandbox.endpoints import Address, Viewer
from shop_sandbox.engines.embedded.java import Java
from shop_sandbox.errors import ErrorCode, SandboxError
from shop_sandbox.events import PreparationStarted
from shop_sandbox.paths import CachePaths

_SETTINGS = """\
# Written at each start; changes here are lost.
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller_port}
# The only voter waits for nobody: with the default, a broker that starts again sits out a second before it elects itself.
controller.quorum.election.timeout.ms=100
controller.quorum.election.backoff.max.ms=100
# A broker that is to stop, or that comes up, asks its controller twice within 50 ms, and then again after this time only. With the
# default, two seconds, a `down` in many waited as long for a controller that was a moment late.
broker.heartbeat.interval.ms=250
controller.listener.names=CONTROLLER
listeners={listeners},CONTROLLER://127.0.0.1:{controller_port}
advertised.listeners={advertised}
listener.security.protocol.map={protocols},CONTROLLER:PLAINTEXT
inter.broker.listener.name=HOST
log.dirs={log_dir}
auto.create.topics.enable=false
num.partitions=1
group.initial.rebalance.delay.ms=0
group.streams.initial.rebalance.delay.ms=0
offsets.topic.num.partitions=4
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
num.network.threads=2
num.io.threads=2
background.threads=2
group.coordinator.threads=1
log.cleaner.dedupe.buffer.size=4194304
"""

_FORMAT_SECONDS = 60


def log_directory(home: Path) -> Path:
    """Return where a broker that lives in `home` keeps its records."""
    return home / "log"


def settings_file(home: Path) -> Path:
    return home / "server.properties"


@dataclass(frozen=True)
class Listener:
    """Where one kind of client connects: the loopback port, and the address that they are told to come back to."""

    viewer: Viewer
    port: int
    advertised: Address


def host_listener(port: int) -> Listener:
    """Return the listener for processes of this machine."""
    return Listener(Viewer.HOST, port, Address("127.0.0.1", port))


def write_settings(home: Path, *, listeners: Sequence[Listener], controller_port: int) -> None:
    """Write `server.properties` for these listeners. One copy of everything, few internal partitions, no waiting for more group
    members."""
    text = _SETTINGS.format(
        listeners=",".join(f"{one.viewer.upper()}://127.0.0.1:{one.port}" for one in listeners),
        advertised=",".join(f"{one.viewer.upper()}://{one.advertised}" for one in listeners),
        protocols=",".join(f"{one.viewer.upper()}:PLAINTEXT" for one in listeners),
        controller_port=controller_port,
        log_dir=log_directory(home),
    )
    settings_file(home).write_text(text)


def is_formatted(home: Path) -> bool:
    return (log_directory(home) / "meta.properties").exists()


def format_from(template: Path, home: Path) -> None:
    """Give `home` a data directory of its own: the template's files under a new cluster id. Whole or not at all."""
    draft = home / "log.draft"
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    for file in template.iterdir():
        shutil.copyfile(file, draft / file.name)
    meta = draft / "meta.properties"
    text = re.sub(
        r"^(cluster\.id|directory\.id)=.*$", lambda match: f"{match[1]}={_kafka_uuid()}", meta.read_text(), flags=re.MULTILINE
    )
    meta.write_text(text)
    draft.replace(log_directory(home))


def read_stamp(home: Path) -> str | None:
    """Give what `write_stamp` left among the records' folders, None where it is not there."""
    try:
        return _stamp_file(home).read_text()
    except FileNotFoundError:
        return None


def write_stamp(home: Path, stamp: str) -> None:
    """Leave `stamp` in the data directory. Brokers look at folders there only, so it is kept and lost with the records."""
    draft = home / "stamp.draft"
    draft.write_text(stamp)
    draft.replace(_stamp_file(home))


def _stamp_file(home: Path) -> Path:
    return log_directory(home) / "shop-dev.stamp"


def formatted_template(java: Java, class_path: str, cache: CachePaths, inherited: Mapping[str, str], announce: Announce) -> Path:
    """Give a folder with the files of an empty, formatted data directory; made once for each version of Kafka (1.4 s in a JVM of
    its own).

    Raises SandboxError(RESOURCE_DIED) with Kafka's words when its tool refuses.
    """
    digest = hashlib.sha256("".join(jar.sha256 for jar in locked(KAFKA).jars).encode()).hexdigest()[:16]
    template = cache.derived / f"kafka-formatted-{digest}"
    if template.exists():
        mark_used(template)
        return template
    cache.derived.mkdir(parents=True, exist_ok=True)
    with workplace(cache.derived, "kafka-formatted") as home:
        if not template.exists():
            announce(
                PreparationStarted(at=time.time(), resource="kafka", what="formatting a data directory, once for this version")
            )
            write_settings(
                home, listeners=[host_listener(9092)], controller_port=9093
            )  # only format's checks read these; nothing listens
            _run_format(java, class_path, home, inherited)
            log_directory(home).replace(template)
    return template


def _run_format(java: Java, class_path: str, home: Path, inherited: Mapping[str, str]) -> None:
    flags = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx128m", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn")
    arguments = ("kafka.tools.StorageTool", "format", "-t", _kafka_uuid(), "-c", str(settings_file(home)))
    answer = subprocess.run(  # nosec B603 # our own argument list, no shell
        [java.program, *flags, "-cp", class_path, *arguments],
        env=dict(inherited),
        cwd=home,
        capture_output=True,
        text=True,
        timeout=_FORMAT_SECONDS,
        check=False,
    )
    if answer.returncode != 0:
        words = (answer.stderr + answer.stdout).strip().splitlines()
        raise SandboxError(
            ErrorCode.RESOURCE_DIED,
            f"Kafka's format tool failed with exit status {answer.returncode}: {words[-1] if words else 'it said nothing'}",
            actions=("run `shop-dev doctor`: it checks Java and the downloaded archives",),
            detail={"resource": "kafka", "lastLines": words[-20:]},
        )


def _kafka_uuid() -> str:
    """Return a random id as Kafka writes it: 16 bytes in URL-safe base64, and like Kafka's own never with a leading dash."""
    while True:
        text = urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        if not text.startswith("-"):
            return text
