"""Do everything ahead that a first start would do, so that later ones need no network and no patience."""

from __future__ import annotations

import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from shop_sandbox.downloads.fetch import Announce, ensure_jars, recheck_jars
from shop_sandbox.downloads.lock import KAFKA, REDIS, JarGroup, locked
from shop_sandbox.engines.embedded import kafka, kafka_home, postgres, redis
from shop_sandbox.engines.embedded.java import find_java, share_java
from shop_sandbox.engines.findings import Fetched
from shop_sandbox.events import PreparationStarted
from shop_sandbox.paths import CachePaths


def fetch(cache: CachePaths, inherited: Mapping[str, str], announce: Announce) -> tuple[Fetched, ...]:
    """Download and check every archive, and make what stores start from: Kafka's data directory and AOT cache, PostgreSQL's
    template.

    What is there already is hashed again, and fetched again where it is wrong. Blocking; `announce` is called from several threads.
    Raises SandboxError: JAVA_MISSING, PLATFORM_UNSUPPORTED, OFFLINE_AND_NOT_FETCHED, DOWNLOAD_FAILED, DOWNLOAD_CORRUPT, DISK_FULL.
    """
    share_java(cache)
    find_java(inherited, cache)
    postgres.binaries()
    with ThreadPoolExecutor(3, thread_name_prefix="fetch") as pool:
        work = [pool.submit(part, cache, inherited, announce) for part in (_fetch_kafka, _fetch_redis, _make_postgres)]
        return tuple(item for one in work for item in one.result())


def _fetch_kafka(cache: CachePaths, inherited: Mapping[str, str], announce: Announce) -> list[Fetched]:
    from shop_sandbox.engines.embedded.kafka_training import train

    archives = _fetch_group(locked(KAFKA), "kafka_2.13", cache, inherited, announce)
    java = find_java(inherited, cache)
    kafka_home.formatted_template(java, kafka.class_path(cache), cache, inherited, announce)
    cached = kafka.aot_cache(java, cache)
    cached.drop_if_touched()
    was_there = cached.exists()
    if not was_there:
        announce(
            PreparationStarted(at=time.time(), resource=KAFKA, what="training the JVM's cache, about 20 s once for this version")
        )
        train(cache, inherited)
    return [
        archives,
        Fetched(name="kafka AOT cache", version=f"Java {java.feature_version}", bytes=cached.size(), was_there=was_there),
    ]


def _fetch_redis(cache: CachePaths, inherited: Mapping[str, str], announce: Announce) -> list[Fetched]:
    """The archive is fetched even where a server is on PATH today: the cache may outlive that."""
    archives = _fetch_group(locked(REDIS), "embedded-redis", cache, inherited, announce)
    redis.server_program(cache, inherited, announce)
    return [archives]


def _make_postgres(cache: CachePaths, inherited: Mapping[str, str], announce: Announce) -> list[Fetched]:
    was_there = postgres.template_folder(cache).exists()
    template = postgres.initialised_template(cache, inherited, announce)
    return [Fetched(name="postgres template", version="18", bytes=_size_of(template), was_there=was_there)]


def _fetch_group(
    group: JarGroup, main_artifact: str, cache: CachePaths, inherited: Mapping[str, str], announce: Announce
) -> Fetched:
    wrong = recheck_jars(group, cache)
    ensure_jars(group, cache, inherited, announce)
    version = next(jar.coordinates.rpartition(":")[2] for jar in group.jars if f":{main_artifact}:" in jar.coordinates)
    return Fetched(name=f"{group.name} archives", version=version, bytes=group.size, was_there=not wrong)


def _size_of(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
