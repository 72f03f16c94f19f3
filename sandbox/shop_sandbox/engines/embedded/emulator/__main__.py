"""`python -m shop_sandbox.engines.embedded.emulator`: the AWS emulator, served by uvicorn.

MiniStack's own server (Hypercorn) costs more than twice the CPU per call. What its own start-up does beyond serving is done here or
not wanted: it raises the limit of open files (done), writes a pid file and parses a command line (the supervisor's work), and
serves TLS when asked (loopback needs none). Init scripts belong to the application's lifespan, which uvicorn runs as well.
"""

from __future__ import annotations

import gc
import os
import resource
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    import uvicorn

_KEEP_ALIVE_SECONDS = 75
_NOT_STARTED = 3
_OBJECTS_BETWEEN_COLLECTIONS = 100_000
"""An item is dozens of objects and none of them a cycle: looking through them all the time took a fifth of what an import costs."""


def main() -> NoReturn:
    """Serve on 127.0.0.1:GATEWAY_PORT until SIGTERM, and keep all state in SHOP_JOURNAL.

    Exit status 3 where kept state cannot be restored (it stays as it is), 4 where state cannot be kept any more.
    """
    # Until uvicorn listens for signals, and after it has stopped: then it raises the one that ended it once more.
    stop = _StopRequest()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    _raise_open_file_limit()
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS, 50, 100)

    import uvicorn
    from ministack.app import app

    from shop_sandbox.engines.embedded.emulator import keys, remembered
    from shop_sandbox.engines.embedded.emulator.guard import Guard
    from shop_sandbox.engines.embedded.emulator.items import Items
    from shop_sandbox.engines.embedded.emulator.journal import Journal
    from shop_sandbox.engines.embedded.emulator.kept import KeptState
    from shop_sandbox.engines.embedded.emulator.serving import Kept

    state = KeptState(Journal(Path(os.environ["SHOP_JOURNAL"])))
    state.hold()
    remembered.hold()
    keys.give_to_functions()
    server = uvicorn.Server(
        uvicorn.Config(
            Guard(Kept(Items(app), state), key_id=os.environ["AWS_ACCESS_KEY_ID"], issued=keys.is_issued),
            host="127.0.0.1",
            port=int(os.environ["GATEWAY_PORT"]),
            loop="uvloop",
            http="httptools",
            lifespan="on",
            timeout_keep_alive=_KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=1,
            access_log=False,
            log_level="warning",
            server_header=False,
            proxy_headers=False,
            date_header=False,
        )
    )
    stop.hand_on_to(server)
    server.run()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0 if server.started else _NOT_STARTED)  # taking apart what it holds in memory is time that `down` would wait for


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


def _raise_open_file_limit() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        # macOS reports no limit as the hard one and refuses it as the soft one; it takes OPEN_MAX.
        wanted = hard if hard != resource.RLIM_INFINITY else 10240
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))


if __name__ == "__main__":
    main()
