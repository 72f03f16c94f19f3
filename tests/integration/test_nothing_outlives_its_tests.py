"""A test run that is killed cleans nothing up: what its fixtures have started ends all the same."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from fakes.sandbox_home import eventually
from shop_sandbox.platform import here

BROKER = """
from fakes.kafka_broker import Broker
broker = Broker(Path(sys.argv[1]), os.environ)
broker.start()
"""
PLATFORM = """
from fakes.bare_platform import bare_redis
platform = bare_redis(Path(sys.argv[1]))
platform.__enter__()
"""
TEST_RUN = """
import os, sys
from pathlib import Path
{starts}
print("started", flush=True)
input()
"""


@pytest.mark.parametrize("starts", [BROKER, PLATFORM], ids=["a broker", "a platform"])
def test_what_a_killed_test_run_has_started_ends_with_it(tmp_path: Path, starts: str) -> None:
    own = {"TMPDIR": str(tmp_path), "PYTHONPATH": str(Path(__file__).parents[1])}
    run = subprocess.Popen(
        [sys.executable, "-c", TEST_RUN.format(starts=starts), str(tmp_path)],
        env=os.environ | own,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with run:
        assert run.stdout is not None
        assert run.stdout.readline() == b"started\n"
        assert len(here.processes_with("TMPDIR", str(tmp_path))) > 1
        run.kill()

    eventually(lambda: not here.processes_with("TMPDIR", str(tmp_path)), "nothing of it runs any more")
