"""What the supervisor asks of the system about groups of processes."""

from __future__ import annotations

import os
import subprocess
import sys

from shop_sandbox.platform import here


def test_the_members_of_several_groups_are_found_at_once() -> None:
    waits = [sys.executable, "-c", "import sys; sys.stdin.read()"]
    one = subprocess.Popen(waits, stdin=subprocess.PIPE, start_new_session=True)
    other = subprocess.Popen(waits, stdin=subprocess.PIPE, start_new_session=True)
    try:
        found = here.members_of_groups((one.pid, other.pid, os.getpgrp()))

        assert (found[one.pid], found[other.pid]) == ([one.pid], [other.pid])
        assert os.getpid() in found[os.getpgrp()]
        assert here.group_members(one.pid) == [one.pid]
    finally:
        one.communicate()
        other.communicate()

    assert here.members_of_groups((one.pid,)) == {one.pid: []}
