"""Workers that join over the network: together they make the visits of one, with clocks that differ and from other networks."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import msgspec
import pytest
from shop_loadtests.derived.any_operation import JOURNEYS
from shop_loadtests.openapi import Call, Journey
from shop_loadtests.plan import Source
from shop_loadtests.profile import Profile, Slo, Stage
from shop_loadtests.remote import Hello, JoinFailed, Line, Refusal, joined
from shop_loadtests.run import GeneratorLost, Measured, joined_crew
from shop_loadtests.schedule import arrivals
from shop_loadtests.verdict import Kind

pytestmark = pytest.mark.integration

PROFILE = Profile("Even.", {"any_operation": 1.0}, (Stage(2.0, 40.0),), (Slo("look", failures=0.0),))
LONG = msgspec.structs.replace(PROFILE, stages=(Stage(60.0, 20.0),))
DATA = {JOURNEYS: msgspec.to_builtins([Journey((Call("look", "GET", "/", 200),))])}
SOURCE = Source("shop_loadtests.derived")
SEED = 3
WORKER = """
import sys
from shop_loadtests.plan import Source
from shop_loadtests.remote import work
work((sys.argv[1], int(sys.argv[2])), Source("mine"), allows=lambda url: None)
"""


class _Answer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("content-length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, format: str, *args: object) -> None:
        """Quietly."""


@contextmanager
def target(host: str = "127.0.0.1") -> Iterator[str]:
    """Something that answers."""
    with ThreadingHTTPServer((host, 0), _Answer) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield f"http://{host}:{server.server_port}"
        server.shutdown()


@contextmanager
def workers(
    prefixes: Sequence[Sequence[str]], *, host: str = "127.0.0.1"
) -> Iterator[tuple[list[Line], list[subprocess.Popen[bytes]]]]:
    """Let a worker join for each prefix, which is the command that it is run by."""
    with socket.create_server((host, 0)) as probe:
        port = probe.getsockname()[1]
    with ExitStack() as stack:
        processes: list[subprocess.Popen[bytes]] = []

        def start(_: str) -> None:
            if not processes:
                for prefix in prefixes:
                    command = [*prefix, sys.executable, "-c", WORKER, host, str(port)]
                    processes.append(stack.enter_context(subprocess.Popen(command, stderr=subprocess.DEVNULL)))
                    stack.callback(processes[-1].kill)

        with joined((host, port), len(prefixes), within_seconds=60, told=start) as lines:
            yield lines, processes


def measured(lines: Sequence[Line], url: str) -> Measured:
    with joined_crew(PROFILE, target=url, source=SOURCE, data=DATA, workers=lines) as crew:
        *_, last = crew.visits(SEED)
    return last


def _is_whole(found: Measured) -> None:
    """All visits of the schedule were made, each once."""
    expected = len(list(arrivals(PROFILE.stages, seed=SEED)))
    assert found.generator.visits == found.operations["look"].count == expected
    assert found.verdict(PROFILE).kind is not Kind.RED


def test_several_workers_together_make_the_visits_of_one() -> None:
    with target() as url, workers([[], [], []]) as (lines, _):
        _is_whole(measured(lines, url))


def test_a_worker_whose_clock_differs_by_hours_begins_with_the_others() -> None:
    apart = ["unshare", "--time", "--monotonic", "7200", "--fork", "--kill-child"]
    if subprocess.run([*apart, "true"], check=False, capture_output=True).returncode:
        pytest.skip("this system lets nobody have a clock of their own (time namespaces)")
    with target() as url, workers([[], apart]) as (lines, _):
        found = measured(lines, url)

        _is_whole(found)
        ends = {round(seconds) for seconds, interval in found.timeline if interval.is_last}
        assert max(ends) - min(ends) <= 2  # with its own clock it would have waited for two hours, or begun at once


def test_workers_from_another_network_join() -> None:
    name = f"load-{uuid.uuid4().hex[:6]}"
    if shutil.which("ip") is None or subprocess.run(["ip", "netns", "add", name], check=False, capture_output=True).returncode:
        pytest.skip("this system lets nobody have a network of their own (`ip netns add`)")
    here, there = f"a{name[5:]}", f"b{name[5:]}"
    try:
        for command in (
            f"ip link add {here} type veth peer name {there} netns {name}",
            f"ip address add 10.213.7.1/30 dev {here}",
            f"ip link set {here} up",
            f"ip -n {name} address add 10.213.7.2/30 dev {there}",
            f"ip -n {name} link set {there} up",
        ):
            if subprocess.run(command.split(), check=False, capture_output=True).returncode:
                pytest.skip(f"this system does not let `{command}`")
        inside = ["ip", "netns", "exec", name]
        with target("10.213.7.1") as url, workers([inside, inside], host="10.213.7.1") as (lines, _):
            assert {line.host.rpartition(":")[0] for line in lines} == {"10.213.7.2"}
            _is_whole(measured(lines, url))
    finally:
        subprocess.run(["ip", "netns", "del", name], check=False, capture_output=True)


def test_a_lost_worker_is_noticed_at_once() -> None:
    with (
        target() as url,
        workers([[], []]) as (lines, processes),
        joined_crew(LONG, target=url, source=SOURCE, data=DATA, workers=lines) as crew,
    ):
        visits = crew.visits(SEED)
        next(visits)
        os.kill(processes[0].pid, signal.SIGKILL)
        began = time.monotonic()
        with pytest.raises(GeneratorLost, match="ended before its time"):
            for _ in visits:
                assert time.monotonic() - began < 55, "the run went on without its worker"


def test_a_worker_of_other_code_is_told_so_and_one_too_few_is_an_error() -> None:
    said: list[str] = []

    def a_stranger(line: str) -> None:
        said.append(line)
        if line.startswith("waits for"):
            place = line.rpartition(" ")[2].rpartition(":")
            threading.Thread(target=_hello, args=((place[0], int(place[2])), said), daemon=True).start()

    with (
        pytest.raises(JoinFailed, match="0 of 1 workers have joined within 2 s"),
        joined(("127.0.0.1", 0), 1, within_seconds=2, told=a_stranger),
    ):
        pass
    assert any("other code" in line for line in said)


def _hello(place: tuple[str, int], said: list[str]) -> None:
    with socket.create_connection(place) as connection:
        connection.sendall(msgspec.json.encode(Hello("other")) + b"\n")
        said.append(msgspec.json.decode(connection.makefile("rb").readline(), type=Refusal).reason)
