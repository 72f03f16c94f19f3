"""How the spawner and the nursery come to be: both are forks of the supervisor's first lines, before it has threads."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Callable
from typing import Final, NoReturn

from shop_sandbox.platform import here
from shop_sandbox.supervisor.fork_server.child import leave
from shop_sandbox.supervisor.fork_server.preloaded import preload
from shop_sandbox.supervisor.fork_server.server import ForkServer
from shop_sandbox.supervisor.ladder import end_everything_started_with

NONCE_VARIABLE: Final = "SHOP_SANDBOX_NONCE"
"""Every process of one run of a sandbox has this variable, with a value that no other run has."""


class Connections:
    """The supervisor's ends of the conversations. `nursery` is None where Python children are started by exec."""

    def __init__(self, *, spawner: socket.socket, spawner_pid: int, nursery: socket.socket | None) -> None:
        self.spawner = spawner
        self.spawner_pid = spawner_pid
        self.nursery = nursery

    def close(self) -> None:
        """Hang up: the servers end what they still have, and themselves."""
        self.spawner.close()
        if self.nursery is not None:
            self.nursery.close()


def start(nonce: str, *, close: tuple[int, ...] = ()) -> Connections:
    """Fork the spawner, and through it the nursery. Call it once, before the process has threads.

    Only the supervisor returns from it: the servers and their children run and exit inside. `close` are descriptors not to keep in
    them.
    """
    ours, theirs = socket.socketpair()
    nursery_ours, nursery_theirs = socket.socketpair() if here.forks_preloaded else (None, None)
    pid = os.fork()
    if pid == 0:
        ours.close()
        if nursery_ours is not None:
            nursery_ours.close()
        for descriptor in close:
            os.close(descriptor)
        _be_spawner(theirs, nursery_theirs, nonce)
    theirs.close()
    if nursery_theirs is not None:
        nursery_theirs.close()
    return Connections(spawner=ours, spawner_pid=pid, nursery=nursery_ours)


def _be_spawner(connection: socket.socket, for_nursery: socket.socket | None, nonce: str) -> NoReturn:
    os.setpgid(0, 0)
    here.name_process("spawner")
    nursery = None
    if for_nursery is not None:
        spawner = os.getpid()
        nursery = os.fork()
        if nursery == 0:
            connection.close()
            _be_nursery(for_nursery, spawner)
        for_nursery.close()
    here.adopt_orphans()
    _run(ForkServer(connection, nursery=nursery), at_the_end=lambda: end_everything_started_with(NONCE_VARIABLE, nonce))


def _be_nursery(connection: socket.socket, spawner: int) -> NoReturn:
    os.setpgid(0, 0)
    here.name_process("nursery")
    here.die_with_parent(signal.SIGKILL)
    if os.getppid() != spawner:
        os._exit(0)
    preload()
    _run(ForkServer(connection))


def _run(server: ForkServer, *, at_the_end: Callable[[], object] = lambda: None) -> NoReturn:
    """Serve, and in each child run what it was forked for."""
    program = server.serve()
    if program is None:
        at_the_end()
        leave(0)
    leave(program())
