"""Call `package.module:function` as a program: how Python children start where a preloaded process must not fork."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from shop_sandbox.supervisor.fork_server.child import call_target

if __name__ == "__main__":
    sys.exit(call_target(sys.argv[1], dict(os.environ), str(Path.cwd())))
