"""The engine's real processes, each through its driver alone: they get ready, keep what they acknowledged, and survive damage."""

from __future__ import annotations

import asyncio
import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import asyncpg
import psutil
import pytest
import redis
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]  # exported in all but name
from fakes.embedded_store import INHERITED, Store, store_of, wait_until
from shop_sandbox.credentials import Credentials
from shop_sandbox.doctor import Verdict, examine
from shop_sandbox.downloads.fetch import ensure_jars
from shop_sandbox.downloads.lock import KAFKA, REDIS, locked
from shop_sandbox.engines.driver import ExecLaunch
from shop_sandbox.engines.embedded import kafka
from shop_sandbox.engines.embedded.java import find_java
from shop_sandbox.errors import ErrorCode, SandboxError
from shop_sandbox.events import PreparationStarted
from shop_sandbox.fetching import fetch_all
from shop_sandbox.health import aws as aws_health
from shop_sandbox.health.not_ready import NotReady
from shop_sandbox.paths import CachePaths, default_cache_root
from shop_sandbox.platform import here, not_root
from shop_sandbox.run_context import RunContext

pytestmark = pytest.mark.integration

STORES = ("kafka", "aws", "postgres", "redis")


@pytest.fixture(scope="session")
def cache() -> CachePaths:
    """The user's own cache, as a sandbox would use it; filled by the first of these tests if need be."""
    return CachePaths(Path(os.environ.get("SHOP_CACHE_DIR") or default_cache_root(dict(os.environ))))


@pytest.fixture
def store(request: pytest.FixtureRequest, tmp_path: Path, cache: CachePaths) -> Iterator[Store]:
    with store_of(request.param, tmp_path, cache) as store:
        yield store


def each(*names: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("store", names, indirect=True)


@each(*STORES)
def test_a_store_goes_on_with_its_stamp_after_an_orderly_stop(store: Store) -> None:
    store.start()
    assert store.stamped.read_stamp(store.resource, store.context) is None
    store.stamped.write_stamp(store.resource, store.context, "s-1 it's 'quoted'")
    assert store.stop() in (0, 143)  # a JVM ends with 128 + SIGTERM

    store.start()

    assert store.stamped.read_stamp(store.resource, store.context) == "s-1 it's 'quoted'"


@each(*STORES)
def test_a_killed_store_keeps_what_it_acknowledged(store: Store) -> None:
    store.start()
    written = WRITERS[store.name](store)
    store.kill()

    store.start()

    assert READERS[store.name](store) == written


@each(*STORES)
def test_a_store_listens_on_loopback_only(store: Store) -> None:
    store.start()
    assert store.process is not None

    assert _listening_addresses(here.group_members(store.process.pid)) <= {"127.0.0.1", "::ffff:127.0.0.1"}


@each("postgres")
def test_nobody_enters_postgresql_without_the_password(store: Store) -> None:
    store.start()

    async def entered(user: str, password: str | None) -> bool:
        try:
            connection = await asyncpg.connect(
                host="127.0.0.1", port=store.port, user=user, database="shop", password=password, passfile=str(store.log)
            )
        except asyncpg.PostgresError:
            return False
        await connection.close()
        return True

    assert asyncio.run(entered("shop", _password(store, "postgres/shop")))
    assert not asyncio.run(entered("shop", None))
    assert not asyncio.run(entered("shop", "shop"))


@each("postgres")
def test_new_passwords_take_the_place_of_lost_ones_and_the_data_stays(store: Store) -> None:
    store.start()
    written = _write_postgres(store)
    store.stop()
    store.context = replace(store.context, credentials=Credentials(secret="a1" * 32))

    store.start()

    assert _read_postgres(store) == written


@each("redis")
def test_nobody_enters_redis_without_the_password_and_it_is_on_no_command_line(store: Store) -> None:
    store.start()
    assert store.process is not None

    with pytest.raises(redis.AuthenticationError):
        redis.Redis(port=store.port).get("stock")

    assert _password(store, "redis") not in " ".join(psutil.Process(store.process.pid).cmdline())


@each("aws")
def test_nobody_enters_the_emulator_without_the_key(store: Store) -> None:
    store.start()

    with pytest.raises(NotReady, match="UnrecognizedClientException"):
        aws_health.probe(store.port, "000000000000")


@each("kafka", "postgres")
def test_a_store_dies_with_its_parent_even_under_another_identity(store: Store, tmp_path: Path) -> None:
    """The death signal must outlive the change of identity that PostgreSQL needs when this runs as root."""
    store.driver.prepare(store.resource, store.context)
    launch = store.driver.launch(store.resource, store.context)
    assert isinstance(launch, ExecLaunch)
    if not Path("/proc").is_dir():
        pytest.skip("only Linux has a parent-death signal")
    reader, writer = os.pipe()
    parent = os.fork()
    if parent == 0:
        child = subprocess.Popen(
            launch.argv,
            env=dict(launch.environment),
            cwd=launch.cwd,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            process_group=0,
            preexec_fn=lambda: here.die_with_parent(signal.SIGKILL),  # noqa: PLW1509 - one call to the kernel, no lock is taken
        )
        os.write(writer, str(child.pid).encode())
        signal.pause()
    group = int(os.read(reader, 20))
    os.close(reader)
    os.close(writer)
    try:
        wait_until(lambda: _answers(store))
    finally:
        os.kill(parent, signal.SIGKILL)
        os.waitpid(parent, 0)

    wait_until(lambda: not here.group_members(group))


@each("kafka")
def test_a_broker_is_asked_over_the_same_connections_until_it_has_gone(store: Store) -> None:
    store.start()
    before = _connections_to(store.port)
    for _ in range(3):
        store.driver.probe(store.resource, store.context)
    later = _connections_to(store.port)
    store.kill()
    with pytest.raises(NotReady, match="nothing listens"):
        store.driver.probe(store.resource, store.context)
    after_its_end = _connections_to(store.port)
    store.start()

    assert before
    assert before <= later
    assert not after_its_end
    assert _connections_to(store.port)


@each("kafka")
def test_a_corrupt_aot_cache_is_passed_over_and_trained_again(store: Store, cache: CachePaths, tmp_path: Path) -> None:
    store.context = with_cache_of_its_own(store.context, cache, tmp_path / "cache")
    own, inherited = store.context.cache, store.context.inherited
    fetch_all(own, inherited, lambda _: None)
    aot = kafka.aot_cache(find_java(inherited, own), own)
    assert aot.exists()
    file = next(own.derived.glob("kafka-aot-*/cache.aot"))
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])

    store.start()

    assert not aot.exists()
    training = store.driver.background(store.resource, store.context)
    assert isinstance(training, ExecLaunch)
    subprocess.run(training.argv, env=dict(training.environment), cwd=training.cwd, check=True, timeout=150)
    assert aot.exists()
    assert store.driver.background(store.resource, store.context) is None


def test_a_jvm_that_is_handed_a_broken_aot_cache_starts_without_it(tmp_path: Path) -> None:
    java = find_java(INHERITED, CachePaths(tmp_path))
    broken = tmp_path / "broken.aot"
    broken.write_bytes(os.urandom(1 << 20))
    flag = f"-XX:AOTCache={broken}" if java.has_aot_cache else f"-XX:SharedArchiveFile={broken}"

    answer = subprocess.run([java.program, flag, "-version"], capture_output=True, text=True, check=False)

    assert answer.returncode == 0, answer.stderr


@each("kafka")
def test_a_truncated_archive_is_replaced_before_kafka_starts(store: Store, cache: CachePaths, tmp_path: Path) -> None:
    store.context = with_cache_of_its_own(store.context, cache, tmp_path / "cache")
    archive = ensure_jars(locked(KAFKA), store.context.cache, store.context.inherited, lambda _: None)[0]
    archive.write_bytes(archive.read_bytes()[:1000])

    store.start()

    findings = examine(tmp_path, store.context.cache, store.context.inherited, {})
    assert [finding.verdict for finding in findings if finding.check == "downloads: kafka"] == [Verdict.OK]


@each("postgres")
def test_the_databases_template_is_made_once(store: Store) -> None:
    store.start()
    store.stop()
    shutil.rmtree(store.context.paths.data("postgres"))
    store.events.clear()

    store.start()

    assert not any(isinstance(event, PreparationStarted) for event in store.events)


@each("postgres", "kafka")
def test_a_full_disk_is_named_and_leaves_no_half_made_data(store: Store, tmp_path: Path) -> None:
    store.driver.prepare(store.resource, store.context)  # so that downloads and templates are there
    with full_disk(tmp_path / "disk") as disk:
        context = replace(store.context, paths=replace(store.context.paths, checkout=disk))
        with pytest.raises(SandboxError) as caught:
            store.driver.prepare(store.resource, context)
        made = context.paths.data(store.name)

        assert caught.value.code is ErrorCode.DISK_FULL
        assert str(disk) in caught.value.message
        assert not (made / "PG_VERSION").exists()
        assert not (made / "log").exists()


def test_root_starts_what_refuses_root_and_it_enters_what_only_root_may(tmp_path: Path) -> None:
    data = _private_folder(tmp_path)

    answer = subprocess.run(_as_not_root(data), capture_output=True, text=True, check=False)

    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.split() == [str(pwd.getpwnam("nobody").pw_uid), "content"]
    assert (data / "new").stat().st_uid == data.stat().st_uid == 0


def test_without_user_namespaces_root_gives_the_data_away_and_still_enters(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = _private_folder(tmp_path)
    script = tmp_path / "not_root.py"
    # What a container's seccomp profile does to unshare(2).
    script.write_text(Path(not_root.__file__).read_text().replace("_libc.unshare(_CLONE_NEWUSER)", "-1"))
    monkeypatch.setattr(not_root, "__file__", str(script))

    answer = subprocess.run(_as_not_root(data), capture_output=True, text=True, check=False)

    nobody = pwd.getpwnam("nobody").pw_uid
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.split() == [str(nobody), "content"]
    assert (data / "new").stat().st_uid == data.stat().st_uid == nobody


def _private_folder(tmp_path: Path) -> Path:
    """Data that only root may reach."""
    if os.geteuid() != 0 or not Path("/proc").is_dir():
        pytest.skip("only root on Linux needs another identity")
    data = tmp_path / "private" / "data"
    data.mkdir(parents=True)
    for folder in (data, data.parent):
        folder.chmod(0o700)
    (data / "file").write_text("content")
    (data / "file").chmod(0o600)
    return data


def _as_not_root(data: Path) -> list[str]:
    script = f"id -u && cat {data}/file && touch {data}/new"
    return [sys.executable, "-I", "-S", str(not_root.__file__), str(data), "/bin/sh", "-c", script]


# --- what the stores hold, through clients of their own ----------------------------------------------------------------------


def _write_kafka(store: Store) -> list[bytes | None]:
    admin = AdminClient(_kafka(store))
    admin.create_topics([NewTopic("kept", 1, 1)])["kept"].result(10)
    acknowledged: list[bytes | None] = []
    producer = Producer({**_kafka(store), "acks": "all"})
    for number in range(500):
        producer.produce("kept", str(number).encode(), on_delivery=lambda error, message: acknowledged.append(message.value()))
    producer.flush(20)
    return acknowledged


def _read_kafka(store: Store) -> list[bytes]:
    consumer = Consumer({**_kafka(store), "group.id": "reader", "auto.offset.reset": "earliest", "enable.partition.eof": False})
    consumer.assign([TopicPartition("kept", 0, 0)])
    try:
        return [bytes(message.value() or b"") for message in consumer.consume(500, timeout=20)]
    finally:
        consumer.close()


def _kafka(store: Store) -> dict[str, str | int | float | bool]:
    return {"bootstrap.servers": store.context.endpoints.address("kafka")}


def _write_postgres(store: Store) -> list[int]:
    async def write() -> list[int]:
        connection = await asyncpg.connect(f"postgresql://shop:{_password(store, 'postgres/shop')}@127.0.0.1:{store.port}/shop")
        await connection.execute("CREATE TABLE kept (number int)")
        for number in range(100):
            await connection.execute("INSERT INTO kept VALUES ($1)", number)
        return list(range(100))

    return asyncio.run(write())


def _read_postgres(store: Store) -> list[int]:
    async def read() -> list[int]:
        connection = await asyncpg.connect(f"postgresql://shop:{_password(store, 'postgres/shop')}@127.0.0.1:{store.port}/shop")
        rows = await connection.fetch("SELECT number FROM kept ORDER BY number")
        await connection.close()
        return [row["number"] for row in rows]

    return asyncio.run(read())


def _password(store: Store, of: str) -> str:
    return store.context.credentials.password(of)


def _write_redis(store: Store) -> list[str]:
    client = redis.Redis(port=store.port, password=_password(store, "redis"), decode_responses=True)
    for number in range(500):
        client.rpush("kept", number)
    return [str(number) for number in range(500)]


def _read_redis(store: Store) -> list[str]:
    client = redis.Redis(port=store.port, password=_password(store, "redis"), decode_responses=True)
    return list(map(str, client.lrange("kept", 0, -1)))


def _write_aws(store: Store) -> list[str]:
    for number in range(100):
        store.stamped.write_stamp(store.resource, store.context, str(number))
    return ["99"]


def _read_aws(store: Store) -> list[str | None]:
    return [store.stamped.read_stamp(store.resource, store.context)]


WRITERS: dict[str, Callable[[Store], object]] = {
    "kafka": _write_kafka,
    "postgres": _write_postgres,
    "redis": _write_redis,
    "aws": _write_aws,
}
READERS: dict[str, Callable[[Store], object]] = {
    "kafka": _read_kafka,
    "postgres": _read_postgres,
    "redis": _read_redis,
    "aws": _read_aws,
}


# --- the machine -------------------------------------------------------------------------------------------------------------


def with_cache_of_its_own(context: RunContext, cache: CachePaths, folder: Path) -> RunContext:
    """A cache to damage. Our downloads lie as in a Maven repository, so it is filled from the user's without a network."""
    ensure_jars(locked(KAFKA), cache, INHERITED, lambda _: None)
    ensure_jars(locked(REDIS), cache, INHERITED, lambda _: None)
    return replace(context, cache=CachePaths(folder), inherited={**INHERITED, "M2_REPO": str(cache.downloads)})


@contextmanager
def full_disk(folder: Path) -> Iterator[Path]:
    """A file system without a free byte; skips where mounting is not allowed."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)]
    if (
        os.geteuid() != 0
        or shutil.which("mount") is None
        or subprocess.run(mount, capture_output=True, check=False).returncode != 0
    ):
        pytest.skip("no file system can be mounted here")
    try:
        with contextlib.suppress(OSError), (folder / "filler").open("wb", buffering=0) as filler:
            while True:
                filler.write(b"x" * 4096)
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def _answers(store: Store) -> bool:
    try:
        socket.create_connection(("127.0.0.1", store.port), timeout=0.5).close()
    except OSError:
        return False
    return True


def _listening_addresses(pids: list[int]) -> set[str]:
    connections = [connection for pid in pids for connection in psutil.Process(pid).net_connections("tcp")]
    return {connection.laddr.ip for connection in connections if connection.status == psutil.CONN_LISTEN}


def _connections_to(port: int) -> set[int]:
    """The ends that this process has of connections to a port, by their own."""
    return {one.laddr.port for one in psutil.Process().net_connections("tcp") if one.raddr and one.raddr.port == port}
