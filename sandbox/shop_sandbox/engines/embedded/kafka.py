"""Kafka: one broker that is its own controller (KRaft), in a small JVM."""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path

from shop_sandbox.disk import disk_full_explained
from shop_sandbox.downloads.fetch import ensure_jars, jar_paths, recheck_jars
from shop_sandbox.downloads.lock import KAFKA, locked
from shop_sandbox.endpoints import Endpoints, Viewer
from shop_sandbox.engines.driver import ExecLaunch
from shop_sandbox.engines.embedded import kafka_home
from shop_sandbox.engines.embedded.aot import AotCache
from shop_sandbox.engines.embedded.java import Java, find_java, share_java
from shop_sandbox.health import kafka as health
from shop_sandbox.paths import CachePaths
from shop_sandbox.resources.model import Resource
from shop_sandbox.run_context import RunContext

_JVM_FLAGS = (
    # The quick compiler alone and the collector without threads of its own: a broker for one developer spends its CPU on starting.
    "-XX:TieredStopAtLevel=1",
    "-XX:+UseSerialGC",
    "-Xms48m",
    # What lives for minutes, as samples of the broker's own histograms do, dies in the old generation, where this collector looks
    # only when it is full up to here. 39 MiB are alive in a broker that idles.
    "-Xmx96m",
    # A heap that follows what is alive: with the defaults it keeps 40 % free, and an idle broker weighs 35 MiB more.
    "-Xmn12m",
    "-XX:MinHeapFreeRatio=10",
    "-XX:MaxHeapFreeRatio=20",
    "-XX:ReservedCodeCacheSize=48m",
    "-XX:-UsePerfData",
    # A broker out of memory answers nobody and does not end: let it end, so that it is started again.
    "-XX:+ExitOnOutOfMemoryError",
    "-Djava.awt.headless=true",
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSZ",
    "-Dorg.slf4j.simpleLogger.showShortLogName=true",
)
_FIRST_JAVA_THAT_WARNS_OF_UNSAFE = 23


class KafkaDriver:
    """Runs the broker. Acknowledged records survive its SIGKILL: they are in the page cache, as Kafka has it everywhere."""

    loses_state_when_killed = False
    takes_files_on_trust = True

    def __init__(self) -> None:
        self._probe = health.Probe()

    def prepare(self, resource: Resource, context: RunContext) -> None:
        """Have Java, the archives, a formatted data directory and this start's settings. Raises SandboxError."""
        share_java(context.cache)
        java = find_java(context.inherited, context.cache)
        ensure_jars(locked(KAFKA), context.cache, context.inherited, context.announce)
        home = context.paths.data(resource.name)
        with disk_full_explained(home, "Kafka's data directory"):
            home.mkdir(parents=True, exist_ok=True)
            if not kafka_home.is_formatted(home):
                template = kafka_home.formatted_template(
                    java, class_path(context.cache), context.cache, context.inherited, context.announce
                )
                kafka_home.format_from(template, home)
            controller_port = context.endpoints.ports[f"{resource.name}.controller"]
            kafka_home.write_settings(home, listeners=_listeners(resource, context.endpoints), controller_port=controller_port)
        aot_cache(java, context.cache).drop_if_touched()

    def launch(self, resource: Resource, context: RunContext) -> ExecLaunch:
        java = find_java(context.inherited, context.cache)
        home = context.paths.data(resource.name)
        return ExecLaunch(
            argv=broker_command(java, context.cache, home, aot_cache(java, context.cache).flags_to_use()),
            environment=dict(context.inherited),
            cwd=home,
        )

    def probe(self, resource: Resource, context: RunContext) -> None:
        self._probe.ask(context.endpoints.ports[resource.name])

    def read_stamp(self, resource: Resource, context: RunContext) -> str | None:
        return kafka_home.read_stamp(context.paths.data(resource.name))

    def write_stamp(self, resource: Resource, context: RunContext, stamp: str) -> None:
        kafka_home.write_stamp(context.paths.data(resource.name), stamp)

    def recheck(self, resource: Resource, context: RunContext) -> None:  # noqa: ARG002 - the same for any broker
        """Hash the archives, and drop the AOT cache: a JVM that dies at start may have died of it."""
        recheck_jars(locked(KAFKA), context.cache)
        aot_cache(find_java(context.inherited, context.cache), context.cache).drop()

    def background(self, resource: Resource, context: RunContext) -> ExecLaunch | None:  # noqa: ARG002 - the same for any broker
        """Train the AOT cache where there is none: the next start takes half the time."""
        if aot_cache(find_java(context.inherited, context.cache), context.cache).exists():
            return None
        return ExecLaunch(
            argv=(sys.executable, "-m", "shop_sandbox.engines.embedded.kafka_training", str(context.cache.root)),
            environment=dict(context.inherited),
            cwd=context.paths.root,
        )


def _listeners(resource: Resource, endpoints: Endpoints) -> list[kafka_home.Listener]:
    """One for processes of this machine, and one for each other viewer that was asked for: a broker tells clients its address."""
    own = {viewer: f"{resource.name}.{viewer}" for viewer in Viewer}
    further = [
        kafka_home.Listener(viewer, endpoints.ports[key], endpoints.seen_by(viewer).at(resource.name))
        for viewer, key in own.items()
        if key in resource.ports
    ]
    return [kafka_home.host_listener(endpoints.ports[resource.name]), *further]


def broker_command(java: Java, cache: CachePaths, home: Path, cache_flags: tuple[str, ...]) -> tuple[str, ...]:
    """Return the command line of a broker that lives in `home`."""
    return (
        str(java.program),
        *cache_flags,
        *_flags(java),
        "-cp",
        class_path(cache),
        "kafka.Kafka",
        str(kafka_home.settings_file(home)),
    )


def class_path(cache: CachePaths) -> str:
    """The archives one by one and sorted: an AOT cache is valid for this very text only."""
    return os.pathsep.join(str(path) for path in jar_paths(locked(KAFKA), cache))


def aot_cache(java: Java, cache: CachePaths) -> AotCache:
    """Return the cache for these archives, this Java and these flags."""
    parts = (class_path(cache), *(jar.sha256 for jar in locked(KAFKA).jars), java.identity, *_flags(java))
    digest = hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]
    return AotCache(java, cache.derived / f"kafka-aot-{digest}")


def _flags(java: Java) -> tuple[str, ...]:
    # Of what kafka-clients does with sun.misc.Unsafe (JEP 471); nobody here can do anything about it.
    quiet = ("--sun-misc-unsafe-memory-access=allow",) if java.feature_version >= _FIRST_JAVA_THAT_WARNS_OF_UNSAFE else ()
    return (*_JVM_FLAGS, *quiet)
