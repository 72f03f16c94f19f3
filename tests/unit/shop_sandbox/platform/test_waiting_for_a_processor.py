"""Linux tells how long a process could not run."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from fakes.sandbox_home import eventually
from shop_sandbox.platform import here

ON_ONE_PROCESSOR = "import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})\nwhile True: pass"


@pytest.mark.skipif(sys.platform != "linux", reason="Darwin keeps no such account")
def test_two_that_share_a_processor_wait_for_each_other() -> None:
    crowd = [subprocess.Popen([sys.executable, "-c", ON_ONE_PROCESSOR]) for _ in range(2)]
    try:
        eventually(lambda: all((here.waited_seconds(one.pid) or 0) > 0.3 for one in crowd), "both have waited")
    finally:
        for one in crowd:
            one.kill()
            one.wait()

    assert here.waited_seconds(crowd[0].pid) is None
    assert (here.waited_seconds(os.getpid()) or 0.0) >= 0.0
