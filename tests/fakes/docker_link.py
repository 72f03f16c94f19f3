"""A way to Docker's daemon that can be cut: what a restart of the daemon looks like from here."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from pathlib import Path


class DockerLink:
    """Hands on what comes at a socket of its own to the daemon's, until it is cut; once mended it hands on again."""

    def __init__(self, place: Path, daemon: str) -> None:
        self._path, self._daemon = place, daemon.removeprefix("unix://")
        self._open: list[socket.socket] = []
        self._listener: socket.socket | None = None
        self.mend()

    @property
    def address(self) -> str:
        return f"unix://{self._path}"

    def mend(self) -> None:
        self._listener = listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(self._path))
        listener.listen(64)
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def cut(self) -> None:
        """Nobody answers any more, and whoever was connected is not."""
        assert self._listener is not None
        self._listener.close()
        self._path.unlink()
        for one in self._open:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        self._open.clear()

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                client, _ = listener.accept()
                daemon = socket.socket(socket.AF_UNIX)
                daemon.connect(self._daemon)
                self._open += [client, daemon]
                for source, sink in ((client, daemon), (daemon, client)):
                    threading.Thread(target=_carry, args=(source, sink), daemon=True).start()


def _carry(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while received := source.recv(1 << 16):
            sink.sendall(received)
        sink.shutdown(socket.SHUT_WR)
