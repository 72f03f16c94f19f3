"""A change restarts what watches the file; a flood of changes is one change, told when it is over."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path

import pytest
from shop_sandbox.resources.model import Resource, ResourceKind
from shop_sandbox.supervisor.watching import MOST_SINGLE_CHANGES, Change, changes, folders_to_watch


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def watching(name: str, *folders: Path) -> Resource:
    return Resource(name, ResourceKind.SERVICE, watched=folders)


def test_a_change_concerns_those_that_watch_its_folder(tmp_path: Path) -> None:
    kit, orders, payments = tmp_path / "kit", tmp_path / "orders", tmp_path / "payments"
    resources = {
        "orders": watching("orders", orders, kit),
        "payments": watching("payments", payments, kit),
        "kafka": watching("kafka"),
    }

    assert Change((orders / "app.py",)).concerns(resources) == ("orders",)
    assert Change((kit / "deep" / "http.py",)).concerns(resources) == ("orders", "payments")
    assert Change((tmp_path / "README.md",)).concerns(resources) == ()


def test_a_folder_is_no_prefix_of_a_name(tmp_path: Path) -> None:
    assert Change((tmp_path / "orders-old" / "app.py",)).concerns({"orders": watching("orders", tmp_path / "orders")}) == ()


def test_folders_inside_others_and_missing_ones_are_not_watched_twice(tmp_path: Path) -> None:
    (tmp_path / "services" / "orders").mkdir(parents=True)

    watched = folders_to_watch(
        [watching("a", tmp_path / "services"), watching("b", tmp_path / "services" / "orders", tmp_path / "gone")]
    )

    assert watched == frozenset({tmp_path / "services"})


def test_a_manifest_is_more_than_code(tmp_path: Path) -> None:
    assert Change((tmp_path / "orders" / "service.yaml",)).touches_manifest
    assert not Change((tmp_path / "orders" / "app.py",)).touches_manifest


@pytest.mark.anyio
async def test_a_flood_of_files_is_told_as_one_change(tmp_path: Path) -> None:
    async with contextlib.aclosing(changes(frozenset({tmp_path}))) as found:
        first = asyncio.ensure_future(anext(found))
        while not first.done():  # until the watcher watches
            (tmp_path / "warm-up.py").write_text("x")
            await asyncio.wait({first}, timeout=0.2)
        for number in range(MOST_SINGLE_CHANGES * 3):
            (tmp_path / f"branch_{number}.py").write_text("x")
        told: list[Change] = []
        while len(_branch_files(told)) < MOST_SINGLE_CHANGES * 3:
            told.append(await anext(found))

    assert told[-1].is_flood
    assert len(told) <= 3  # of 150 files; the first few may be told before it is known for a flood


def _branch_files(told: list[Change]) -> set[Path]:
    return {file for change in told for file in change.files if file.name.startswith("branch_")}
