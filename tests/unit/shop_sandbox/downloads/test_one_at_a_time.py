"""Work in the shared cache is done by one process at a time, and leaves nothing behind."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

import pytest
from shop_sandbox.downloads.locking import exclusive, workplace
from shop_sandbox.errors import ErrorCode, SandboxError


def test_a_second_holder_waits_for_the_first_and_is_told_so(tmp_path: Path) -> None:
    order: list[str] = []
    waits = threading.Event()

    def second() -> None:
        with exclusive(tmp_path / "lock", on_wait=waits.set):
            order.append("second")

    thread = threading.Thread(target=second)
    with exclusive(tmp_path / "lock"):
        thread.start()
        assert waits.wait(10)
        order.append("first")
    thread.join(10)

    assert order == ["first", "second"]


def test_a_cache_whose_folder_cannot_be_made_is_told_as_that(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(SandboxError) as refused, exclusive(tmp_path / "file" / "cache" / "lock"):
        pass

    assert (refused.value.code, refused.value.detail) == (ErrorCode.FOLDER_UNUSABLE, {"path": str(tmp_path / "file" / "cache")})


def test_a_workplace_is_gone_afterwards_and_what_a_killed_process_left_as_well(tmp_path: Path) -> None:
    left = tmp_path / "training.abc.scratch"
    left.mkdir()
    (left / "cache.aot").write_bytes(b"half")

    with workplace(tmp_path, "training") as folder:
        (folder / "file").write_text("x")
        assert not left.exists()

    assert [path.name for path in tmp_path.iterdir()] == ["training.lock"]


@pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux's")
def test_a_cache_where_the_system_keeps_no_files_is_told_as_that() -> None:
    with pytest.raises(SandboxError) as refused, exclusive(Path("/proc/nowhere/lock")):
        pass

    assert (refused.value.code, refused.value.detail) == (ErrorCode.FOLDER_UNUSABLE, {"path": "/proc/nowhere"})
