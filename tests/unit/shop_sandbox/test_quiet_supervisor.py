"""A client of a supervisor that says nothing for a while."""

from __future__ import annotations

import socket
from pathlib import Path

import msgspec
import pytest
from shop_sandbox.client import SandboxClient
from shop_sandbox.errors import ErrorCode, SandboxError
from shop_sandbox.events import SandboxStopped
from shop_sandbox.paths import SandboxPaths


@pytest.fixture
def paths(tmp_path: Path) -> SandboxPaths:
    return SandboxPaths(checkout=tmp_path, name="default", runtime_dir=tmp_path / "run")


@pytest.fixture
def supervisor(monkeypatch: pytest.MonkeyPatch) -> socket.socket:
    """The other end of every connection that a client opens; the client's own end loses patience at once."""
    ours, theirs = socket.socketpair()
    theirs.settimeout(0.01)
    monkeypatch.setattr("shop_sandbox.client._connected", lambda paths, seconds: theirs)
    return ours


def test_the_last_words_of_one_that_ended_during_a_long_silence_are_heard(
    paths: SandboxPaths, supervisor: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped = SandboxStopped(at=1.0, seconds=7.5)

    def ended_meanwhile(client: SandboxClient) -> None:
        supervisor.sendall(msgspec.json.encode(stopped) + b"\n")
        supervisor.close()
        raise SandboxError(ErrorCode.NOT_RUNNING, "sandbox default is not running")

    monkeypatch.setattr(SandboxClient, "ping", ended_meanwhile)

    assert list(SandboxClient(paths, attached=True).down()) == [stopped]


def test_one_that_is_frozen_is_not_waited_for(
    paths: SandboxPaths, supervisor: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    def frozen(client: SandboxClient) -> None:
        raise SandboxError(ErrorCode.SUPERVISOR_UNREACHABLE, "the supervisor does not answer")

    monkeypatch.setattr(SandboxClient, "ping", frozen)

    with pytest.raises(SandboxError) as unreachable:
        list(SandboxClient(paths, attached=True).events())

    assert unreachable.value.code is ErrorCode.SUPERVISOR_UNREACHABLE
