"""What is offered when a disk is full depends on whose folder it is."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest
from shop_sandbox.disk import disk_full_explained
from shop_sandbox.errors import ErrorCode, SandboxError


def refused(*, in_cache: bool) -> SandboxError:
    with pytest.raises(SandboxError) as refusal, disk_full_explained(Path("folder"), "a file", in_cache=in_cache):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert refusal.value.code is ErrorCode.DISK_FULL
    return refusal.value


def test_a_full_cache_can_be_put_elsewhere() -> None:
    assert any("SHOP_CACHE_DIR" in action for action in refused(in_cache=True).actions)


def test_a_full_disk_below_the_data_is_no_matter_of_the_cache() -> None:
    actions = refused(in_cache=False).actions

    assert not any("SHOP_CACHE_DIR" in action for action in actions)
    assert any("down --purge" in action for action in actions)


def test_other_faults_pass_as_they_are() -> None:
    with pytest.raises(PermissionError), disk_full_explained(Path("folder"), "a file", in_cache=False):
        raise PermissionError(errno.EACCES, "Permission denied")
