"""`python -m shop_sandbox.supervisor LOCK_FD READY_FD`: the program that owns a sandbox. Its settings come as JSON on standard
input.

LOCK_FD is the sandbox's lock, held by an open file that the client hands over: it is released when this process ends, however it
ends. RequestFinished on READY_FD says that the control socket listens, Refused why there will be none.
"""

from __future__ import annotations

import os
import sys
import time

from shop_sandbox.supervisor.fork_server import starting as fork_servers

if __name__ == "__main__":
    began = time.monotonic()
    lock, ready = int(sys.argv[1]), int(sys.argv[2])
    nonce = os.urandom(16).hex()
    connections = fork_servers.start(nonce, close=(lock, ready))

    from shop_sandbox.supervisor.program import run

    run(sys.stdin.buffer.read(), connections, nonce=nonce, ready=ready, began=began)
