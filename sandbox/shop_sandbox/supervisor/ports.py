"""Ports of a sandbox: chosen once, the same ever after, and held before anybody is told of them."""

from __future__ import annotations

import hashlib
import socket
from collections.abc import Iterable, Mapping
from pathlib import Path

from shop_sandbox import records
from shop_sandbox.errors import ErrorCode, SandboxError
from shop_sandbox.platform import here

_FIRST = 20_000
_LAST = 31_999
"""Below what Linux (32768) and macOS (49152) hand out for outgoing connections, so that none of those ever sits on one of ours."""
_BLOCK = 40
_BACKLOG = 1024
_LOOPBACK = "127.0.0.1"


class Ports:
    """The bound sockets of a sandbox, by endpoint key. Loopback only.

    Each is bound before it is announced. A port that is handed to a child as a listening socket stays here for the sandbox's life,
    so that a restart never refuses a connection. For a program that binds by itself the socket stays bound without listening,
    which keeps others away, where the system allows both (`Platform.port_can_be_held_while_used`); elsewhere it is released for
    the time the program runs.
    """

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}
        self._sockets: dict[str, socket.socket] = {}
        self._reservations: list[socket.socket] = []

    def hold(self, key: str, number: int) -> bool:
        """Take this very port; false when somebody else has it."""
        reservation = _bound(number, socket.SOCK_DGRAM)
        if reservation is None:
            return False
        held = _bound(number, socket.SOCK_STREAM)
        if held is None:
            reservation.close()
            return False
        self.numbers[key] = number
        self._sockets[key] = held
        self._reservations.append(reservation)
        return True

    def listener(self, key: str) -> socket.socket:
        """Return the socket to hand over, listening from now on."""
        held = self._sockets[key]
        held.listen(_BACKLOG)
        return held

    def release_for_use(self, keys: Iterable[str]) -> None:
        """Let a program bind these ports by itself. Raises SandboxError (PORT_TAKEN) when somebody else listens there."""
        for key in keys:
            held = self._sockets[key]
            if not here.port_can_be_held_while_used:
                held.close()

    def give_away(self, keys: Iterable[str]) -> None:
        """Let something that is not started from here bind these ports: nothing of ours listens on them any more."""
        for key in keys:
            self._sockets[key].close()
            if here.port_can_be_held_while_used and (bound := _bound(self.numbers[key], socket.SOCK_STREAM)) is not None:
                self._sockets[key] = bound

    def are_free(self, keys: Iterable[str]) -> bool:
        """Return False while somebody listens on one of them."""
        return all(_can_listen(self.numbers[key]) for key in keys)

    def take_back(self, keys: Iterable[str]) -> None:
        """Hold again what was given away. Raises SandboxError (PORT_TAKEN)."""
        for key in keys:
            if self._sockets[key].fileno() == -1:
                bound = _bound(self.numbers[key], socket.SOCK_STREAM)
                if bound is None:
                    raise port_taken(key, self.numbers[key])
                self._sockets[key] = bound

    def taken(self, key: str, number: int) -> SandboxError:
        """Return the error for a port that cannot be held: something else of this sandbox has it, or another program."""
        other = next((name for name, held in self.numbers.items() if held == number), None)
        if other is None:
            return port_taken(key, number)
        return SandboxError(
            ErrorCode.PORT_TAKEN,
            f"port {number} of {key} is that of {other} in this sandbox",
            actions=(f"give {key} another port",),
            detail={"resource": key, "port": number, "holder": other},
        )

    def close(self) -> None:
        """Give all ports back."""
        for held in (*self._sockets.values(), *self._reservations):
            held.close()


def claim(keys: Iterable[str], *, remembered_in: Path, overrides: Mapping[str, int], seed: str) -> Ports:
    """Hold a port for each key: the override, else the remembered one, else a free one from a block that `seed` decides.

    Raises SandboxError (PORT_TAKEN), naming who holds an overridden or remembered port; then none is held.
    """
    ports = Ports()
    try:
        extend(ports, keys, remembered_in=remembered_in, overrides=overrides, seed=seed)
    except BaseException:
        ports.close()
        raise
    return ports


def extend(ports: Ports, keys: Iterable[str], *, remembered_in: Path, overrides: Mapping[str, int], seed: str) -> None:
    """Hold a port for each key that has none yet, as `claim` does."""
    wanted = sorted(set(keys) - set(ports.numbers))
    known = remembered(remembered_in)
    fixed = known | dict(overrides)
    for key in wanted:
        if key in fixed and not ports.hold(key, fixed[key]):
            raise ports.taken(key, fixed[key])
    for key in wanted:
        if key not in fixed:
            _hold_a_free_one(ports, key, seed, avoiding=set(fixed.values()))
    kept = known | {key: number for key, number in ports.numbers.items() if key not in overrides}
    if kept != known:
        records.write(remembered_in, _Remembered(ports=kept))


class _Remembered(records.Record, kw_only=True):
    """Numbers by endpoint key."""

    ports: dict[str, int]


def remembered(path: Path) -> dict[str, int]:
    """Give the ports of the last start. Numbers that nobody can read any more are chosen anew, and nothing is lost."""
    try:
        found = records.read(path, _Remembered)
    except (records.Unreadable, SandboxError):
        return {}
    return found.ports if found is not None else {}


def _bound(number: int, kind: socket.SocketKind) -> socket.socket | None:
    """Bind a loopback port; None when it is taken.

    TCP is bound so that the program it is for can still bind it (SO_REUSEADDR; connections of the last run in TIME_WAIT do not
    matter then). Two sandboxes may therefore both hold a TCP port, but only one of them the UDP port of the same number, which
    nobody speaks.
    """
    bound = socket.socket(socket.AF_INET, kind)
    if kind is socket.SOCK_STREAM:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((_LOOPBACK, number))
    except OSError:
        bound.close()
        return None
    return bound


def _can_listen(number: int) -> bool:
    bound = _bound(number, socket.SOCK_STREAM)
    if bound is None:
        return False
    with bound:
        try:
            bound.listen(1)
        except OSError:
            return False
        return True


def _hold_a_free_one(ports: Ports, key: str, seed: str, *, avoiding: set[int]) -> None:
    span = _LAST - _FIRST
    first = int.from_bytes(hashlib.sha256(seed.encode()).digest()[:4], "big") % (span // _BLOCK) * _BLOCK
    for step in range(span):
        number = _FIRST + (first + step) % span
        if number not in avoiding and ports.hold(key, number):
            return
    raise SandboxError(
        ErrorCode.PORT_TAKEN, f"no port for {key} is free between {_FIRST} and {_LAST}", actions=("stop other sandboxes",)
    )


def port_taken(key: str, number: int) -> SandboxError:
    """Return the error for a port that another program has, with its name where the system tells."""
    holder = here.port_holder(number)
    variable = f"SHOP_{key.upper().replace('-', '_').replace('.', '_')}_PORT"
    who = f"`{holder.command}` (pid {holder.pid})" if holder else "another program"
    return SandboxError(
        ErrorCode.PORT_TAKEN,
        f"port {number} of {key} is taken by {who}",
        actions=(f"stop it, or set {variable} to another port",),
        retryable=True,
        detail={
            "resource": key,
            "port": number,
            "pid": holder.pid if holder else None,
            "command": holder.command if holder else None,
        },
    )
