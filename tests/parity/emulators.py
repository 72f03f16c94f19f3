"""The emulators, each started as a process of its own on a free port of the loopback, and ended."""

from __future__ import annotations

import importlib.metadata
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError
from fakes.kafka_broker import free_port
from shop_sandbox.engines.docker.images import LOCALSTACK
from shop_sandbox.manifest.names import ACCOUNT_ID, REGION

from parity.account import SECRET, Account
from parity.localstack import NotToBeHad, installed

_READY_SECONDS = 60.0


@dataclass(frozen=True)
class Emulator:
    """`name` heads its column, `version` and `run_as` are told with it. `command` gives arguments and variables for a port.

    `cannot` has cases that it cannot be judged by where it runs like this, with the reason.
    """

    name: str
    version: str
    run_as: str
    command: Callable[[int, Path], tuple[Sequence[str], Mapping[str, str]]]
    cannot: Mapping[str, str] = field(default_factory=dict)


def _ministack(port: int, home: Path) -> tuple[Sequence[str], Mapping[str, str]]:
    own = {
        "GATEWAY_PORT": str(port),
        "BIND_HOST": "127.0.0.1",
        "PERSIST_STATE": "1",
        "STATE_DIR": str(home / "keys"),
        "SHOP_JOURNAL": str(home / "journal"),
        "AWS_ACCESS_KEY_ID": ACCOUNT_ID,
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "MINISTACK_ACCOUNT_ID": ACCOUNT_ID,
        "MINISTACK_REGION": REGION,
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "DOCKER_HOST": f"unix://{home / 'no-docker.sock'}",
        "LAMBDA_EXECUTOR": "local",
        "LOG_LEVEL": "WARNING",
    }
    return [sys.executable, "-m", "shop_sandbox.engines.embedded.emulator"], own


def _moto(port: int, home: Path) -> tuple[Sequence[str], Mapping[str, str]]:
    own = {"MOTO_ACCOUNT_ID": ACCOUNT_ID, "DOCKER_HOST": f"unix://{home / 'no-docker.sock'}"}
    return [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)], own


def _localstack(port: int, home: Path) -> tuple[Sequence[str], Mapping[str, str]]:
    own = {
        "GATEWAY_LISTEN": f"127.0.0.1:{port}",
        "FILESYSTEM_ROOT": str(home),
        "DISABLE_EVENTS": "1",
        "SKIP_SSL_CERT_DOWNLOAD": "1",
        "DNS_ADDRESS": "0",
        "OVERRIDE_IN_DOCKER": "0",
        "PYTHONUTF8": "1",
        "DYNAMODB_IN_MEMORY": "1",
        "EAGER_SERVICE_LOADING": "0",
        "DOCKER_HOST": f"unix://{home / 'no-docker.sock'}",
    }
    python = installed(home)
    return [str(python), "-m", "localstack.runtime.main"], own


_WITHOUT_DOCKER = "its functions run in Docker only"
EMULATORS = {
    "ministack": Emulator("MiniStack", importlib.metadata.version("ministack"), "as the embedded engine runs it", _ministack),
    "moto": Emulator(
        "moto",
        importlib.metadata.version("moto"),
        "its server, in one process",
        _moto,
        {"lambda/batch_fails_in_part": _WITHOUT_DOCKER},
    ),
    "localstack": Emulator(
        "LocalStack",
        LOCALSTACK.tag,
        "without Docker, from the package `localstack-core[runtime]` on Python 3.13, with DynamoDB Local 2.6.1 as packaged for "
        "Java: its own build is not in a package registry",
        _localstack,
        cannot={
            "dynamodb/stream_is_added": "its streams take Kinesis Mock, which it downloads from elsewhere",
            **dict.fromkeys(("lambda/function_is_changed", "lambda/permission_is_added_once"), _WITHOUT_DOCKER),
            **dict.fromkeys(("lambda/queue_is_mapped", "lambda/batch_fails_in_part"), _WITHOUT_DOCKER),
        },
    ),
}


@contextmanager
def running(name: str, home: Path) -> Iterator[str]:
    """Give the address of an emulator that answers. Raises NotToBeHad where it cannot be had or does not start."""
    emulator, port = EMULATORS[name], free_port()
    arguments, own = emulator.command(port, home)
    inherited = {key: os.environ[key] for key in ("PATH", "HOME", "LANG", "PYTHONPATH", "JAVA_HOME") if key in os.environ}
    log = home / f"{name}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            arguments, env={**inherited, **own}, cwd=home, stdout=output, stderr=output, start_new_session=True
        )
    try:
        _until_it_answers(process, port, log)
        yield f"http://127.0.0.1:{port}"
    finally:
        _end(process)


def _until_it_answers(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    """Wait until tables are listed: LocalStack answers long before its DynamoDB does, which it starts at the first call."""
    deadline = time.monotonic() + _READY_SECONDS
    account = Account(f"http://127.0.0.1:{port}")
    while True:
        try:
            account.client("dynamodb").list_tables()
        except (BotoCoreError, ClientError) as error:
            if process.poll() is not None or time.monotonic() > deadline:
                said = log.read_text(errors="replace").strip().splitlines()[-1:] or [str(error)]
                raise NotToBeHad(f"it does not start: {said[0]}") from error
            time.sleep(0.1)
        else:
            return


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the process and whatever it started: they have a session of their own."""
    for number, seconds in ((signal.SIGTERM, 10), (signal.SIGKILL, 10)):
        try:
            os.killpg(process.pid, number)
        except ProcessLookupError:
            break
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            continue
    process.wait(10)
