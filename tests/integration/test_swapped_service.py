"""A developer's own process takes the place of a service, and gives it back."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager

import msgspec
import pytest
from fakes.sandbox import FakeResource, describe
from fakes.sandbox_home import Home, eventually, pid_of
from shop_sandbox.client import SandboxClient
from shop_sandbox.errors import ErrorCode, SandboxError
from shop_sandbox.events import ResourceState
from shop_sandbox.supervisor.fork_server.starting import NONCE_VARIABLE
from shop_sandbox.supervisor.protocol import ProcessDescription, ResourceStatus, SandboxState

pytestmark = pytest.mark.integration

OWN = """
import os, socket
server = socket.socket()
server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
server.bind(("127.0.0.1", int(os.environ["PORT"])))
server.listen()
open(os.environ["RUN"] + "/ready", "w").write("own")
while True:
    server.accept()[0].sendall(b"my own\\n")
"""


def resource(client: SandboxClient, name: str) -> ResourceStatus:
    return next(one for one in client.status().resources if one.name == name)


def greeting(port: int) -> bytes:
    import socket

    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        return connection.makefile("rb").readline()


@contextmanager
def own_process(description: ProcessDescription) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen([sys.executable, "-I", "-S", "-c", OWN], env=description.environment, cwd=description.cwd)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def described(swapped: Iterator[object]) -> ProcessDescription:
    first = next(swapped)
    assert isinstance(first, ProcessDescription)
    return first


def test_it_gets_ports_and_environment_of_the_service_and_is_ready_when_it_answers(home: Home) -> None:
    describe(home.checkout, {"orders": FakeResource(target="fakes.programs:serve", port=True), "edge": FakeResource()})
    client, _ = home.ready()
    before = pid_of(client, "orders")
    port = client.status().ports["orders"]

    with closing(client.swap("orders")) as swapped:
        description = described(swapped)
        with own_process(description) as own:
            eventually(lambda: resource(client, "orders").state is ResourceState.READY, "the own process is ready")
            found = resource(client, "orders")
            answer = greeting(port)
            assert own.poll() is None

    assert description.environment["PORT"] == str(port)
    assert NONCE_VARIABLE not in description.environment, "the sandbox ends what carries it"
    assert (found.is_swapped, found.pid) == (True, None)
    assert answer == b"my own\n"
    eventually(lambda: greeting_or_nothing(port).startswith(b"hello from"), "the service has its place back")
    eventually(lambda: client.status().state is SandboxState.READY, "all is ready")
    assert pid_of(client, "orders") not in {None, before}
    assert not resource(client, "orders").is_swapped


def greeting_or_nothing(port: int) -> bytes:
    try:
        return greeting(port)
    except OSError:
        return b""


def test_a_client_that_is_killed_gives_the_place_back(home: Home) -> None:
    describe(home.checkout, {"orders": FakeResource(target="fakes.programs:serve", port=True)})
    client, _ = home.ready()
    program = "; ".join(
        (
            "import sys, msgspec",
            "from shop_sandbox.client import connect",
            "from shop_sandbox.supervisor.settings import SupervisorSettings",
            "settings = msgspec.json.decode(sys.stdin.buffer.read(), type=SupervisorSettings)",
            "swapped = connect(settings.paths).swap('orders')",
            "print(next(swapped).resource, flush=True)",
            "list(swapped)",
        )
    )
    process = subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(msgspec.json.encode(home.settings))
    process.stdin.close()
    assert process.stdout.readline() == b"orders\n"
    assert resource(client, "orders").is_swapped

    process.kill()
    process.wait()

    eventually(lambda: resource(client, "orders").state is ResourceState.READY, "the service is back")
    assert not resource(client, "orders").is_swapped


def test_one_place_is_given_away_once(home: Home) -> None:
    describe(home.checkout, {"orders": FakeResource(port=True)})
    client, _ = home.ready()

    with closing(client.swap("orders")) as first:
        described(first)
        with pytest.raises(SandboxError) as refused:
            next(client.swap("orders"))

    assert refused.value.code is ErrorCode.SWAP_REFUSED


def test_the_place_of_a_store_is_not_given_away(home: Home) -> None:
    describe(home.checkout, {"postgres": FakeResource(stamped=True)})
    client, _ = home.ready()

    with pytest.raises(SandboxError) as refused:
        client.describe("postgres")

    assert refused.value.code is ErrorCode.SWAP_REFUSED


def test_down_ends_a_swap_and_leaves_the_developers_process_alone(home: Home) -> None:
    describe(home.checkout, {"orders": FakeResource(port=True)})
    client, _ = home.ready()

    with closing(client.swap("orders")) as swapped, own_process(described(swapped)) as own:
        list(client.down())
        assert own.poll() is None

    assert not home.paths.ledger.exists()


def test_the_environment_of_a_service_is_told_without_a_swap(home: Home) -> None:
    describe(home.checkout, {"orders": FakeResource(port=True)})
    client, _ = home.ready()

    description = client.describe("orders")

    assert description.argv[0] == "/bin/sh"
    assert description.cwd == str(home.checkout)
    assert description.environment["PORT"] == str(client.status().ports["orders"])
    assert not resource(client, "orders").is_swapped
