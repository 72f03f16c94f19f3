"""`python -m shop_sandbox.engines.embedded.ministack`: the AWS emulator, served by uvicorn.

MiniStack's own server (Hypercorn) costs more than twice the CPU per call. What its own start-up does beyond serving is done here or
not wanted: it raises the limit of open files (done), writes a pid file and parses a command line (the supervisor's work), and
serves TLS when asked (loopback needs none). Init scripts, loading and saving of state belong to the application's lifespan, which
uvicorn runs as well.
"""

from __future__ import annotations

import logging
import os
import resource
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from shop_sandbox.engines.embedded.snapshot import Snapshot

if TYPE_CHECKING:
    import uvicorn

_KEEP_ALIVE_SECONDS = 75


def main() -> int:
    """Serve on 127.0.0.1:GATEWAY_PORT until SIGTERM; then save all state below the parent of STATE_DIR and seal it.

    Exit status 3 where saved state cannot be restored (it stays as it is), 4 where state could not be saved (it stays unsealed).
    """
    # Until uvicorn listens for signals, and after it has stopped: then it raises the one that ended it once more.
    stop = _StopRequest()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    _raise_open_file_limit()

    import uvicorn

    faults = _PersistenceFaults()
    logging.getLogger("persistence").addHandler(faults)
    logging.getLogger("ministack").addHandler(faults)
    server = uvicorn.Server(
        uvicorn.Config(
            "ministack.app:app",
            host="127.0.0.1",
            port=int(os.environ["GATEWAY_PORT"]),
            loop="uvloop",
            http="httptools",
            lifespan="on",
            timeout_keep_alive=_KEEP_ALIVE_SECONDS,
            # Whoever still waits for an answer must not keep the state from being saved.
            timeout_graceful_shutdown=1,
            access_log=False,
            log_level="warning",
            server_header=False,
            date_header=False,
        )
    )
    stop.hand_on_to(server)
    snapshot = Snapshot(Path(os.environ["STATE_DIR"]).parent)
    snapshot.open()  # not before a stop can be answered by a save: who is killed without a seal has lost its state
    try:
        server.run()
    finally:
        if not server.started:  # so it changed nothing, and the state is as whole as before
            snapshot.seal()
    if not server.started:
        return _NOT_STARTED
    if faults.seen:
        return _NOT_SAVED
    snapshot.seal()
    return 0


_NOT_STARTED = 3
_NOT_SAVED = 4


class _StopRequest:
    """Keeps a signal that comes while the server is still being put together."""

    def __init__(self) -> None:
        self._came = False
        self._server: uvicorn.Server | None = None

    def __call__(self, _number: int, _frame: FrameType | None) -> None:
        """Have the server stop as soon as it has started."""
        self._came = True
        if self._server is not None:
            self._server.should_exit = True

    def hand_on_to(self, server: uvicorn.Server) -> None:
        """From now on it is this server that stops."""
        self._server = server
        server.should_exit = self._came


class _PersistenceFaults(logging.Handler):
    """Hears of state that could not be restored or saved, which MiniStack only logs."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.seen = False

    def emit(self, record: logging.LogRecord) -> None:
        """Note a failed save. Raise on a failed restore: a service must not start empty beside others that are not."""
        if record.name == "persistence":
            self.seen = True
        if "restore persisted state" in record.msg or "failed to load" in record.msg or "refusing to load" in record.msg:
            raise RuntimeError(record.getMessage())


def _raise_open_file_limit() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        # macOS reports no limit as the hard one and refuses it as the soft one; it takes OPEN_MAX.
        wanted = hard if hard != resource.RLIM_INFINITY else 10240
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))


if __name__ == "__main__":
    sys.exit(main())
