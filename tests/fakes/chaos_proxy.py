"""A proxy process before something that a test runs, and the means to put faults into it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import msgspec
from fakes.embedded_store import free_ports, wait_until
from shop_sandbox.chaos.control import Control
from shop_sandbox.chaos.fault import ProxyFault
from shop_sandbox.chaos.link import Link, Protocol
from shop_sandbox.chaos.proxies import LINKS

CALLER = "orders"


@dataclass(frozen=True)
class Proxied:
    """What is behind the proxy, as its caller reaches it."""

    link: Link
    control: Control

    @property
    def port(self) -> int:
        return self.link.port

    @contextmanager
    def with_fault(self, fault: ProxyFault) -> Iterator[None]:
        """Let it last for the block."""
        self.control.begin(fault)
        try:
            yield
        finally:
            self.control.end_all()

    def struck(self, kind: str) -> int:
        """How often a kind of fault has struck."""
        return self.control.told().struck.get(self.link.name, {}).get(kind, 0)


@contextmanager
def proxied(callee: str, protocol: Protocol, upstream: int) -> Iterator[Proxied]:
    """Run a proxy before a port of this machine."""
    port, own = free_ports(2)
    link = Link(CALLER, callee, protocol, port=port, upstream=upstream)
    environment = {**os.environ, LINKS: msgspec.json.encode([link]).decode(), "PORT": str(own)}
    command = [sys.executable, "-m", "shop_sandbox.supervisor.call", "shop_sandbox.chaos.proxies:main"]
    with subprocess.Popen(command, env=environment) as process:
        found = Proxied(link, Control(f"http://127.0.0.1:{own}"))
        try:
            wait_until(lambda: _answers(found, process))
            yield found
        finally:
            process.terminate()


def _answers(found: Proxied, process: subprocess.Popen[bytes]) -> bool:
    assert process.poll() is None, "the proxy has ended"
    try:
        found.control.told()
    except OSError:
        return False
    return True
