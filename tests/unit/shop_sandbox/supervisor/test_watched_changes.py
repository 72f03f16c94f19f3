"""A change restarts what watches the file; a flood of changes is one change, told when it is over."""

from __future__ import annotations

import asyncio
import contextlib
import time
from pathlib import Path

import pytest
from shop_sandbox.resources.model import Resource, ResourceKind
from shop_sandbox.supervisor.ignoring import Ignored
from shop_sandbox.supervisor.watching import MOST_SINGLE_CHANGES, Change, WatchFailed, changes, folders_to_watch, told_by_the_system


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

    assert concerned(tmp_path, orders / "app.py", resources) == ["orders"]
    assert concerned(tmp_path, kit / "deep" / "http.py", resources) == ["orders", "payments"]
    assert concerned(tmp_path, tmp_path / "other.py", resources) == []


def test_a_folder_is_no_prefix_of_a_name(tmp_path: Path) -> None:
    assert concerned(tmp_path, tmp_path / "orders-old" / "app.py", {"orders": watching("orders", tmp_path / "orders")}) == []


@pytest.mark.parametrize(
    "name", ["README.md", "docs/design.txt", "tests/test_app.py", "target/debug/orders", "obj/project.assets.json"]
)
def test_what_people_read_and_builds_write_concerns_nobody(tmp_path: Path, name: str) -> None:
    assert concerned(tmp_path, tmp_path / "orders" / name, {"orders": watching("orders", tmp_path / "orders")}) == []


def test_what_git_ignores_concerns_nobody_unless_an_inner_file_takes_it_back(tmp_path: Path) -> None:
    orders = tmp_path / "orders"
    orders.mkdir()
    (tmp_path / ".gitignore").write_text("*.gen\n/orders/out/\n")
    (orders / ".gitignore").write_text("!kept.gen\n")
    resources = {"orders": watching("orders", orders)}

    assert concerned(tmp_path, orders / "lost.gen", resources) == []
    assert concerned(tmp_path, orders / "out" / "app", resources) == []
    assert concerned(tmp_path, orders / "kept.gen", resources) == ["orders"]


def test_rules_of_git_are_read_again_when_they_change(tmp_path: Path) -> None:
    resources = {"orders": watching("orders", tmp_path / "orders")}
    file = tmp_path / "orders" / "app.gen"

    before = concerned(tmp_path, file, resources)
    (tmp_path / ".gitignore").write_text("*.gen\n")

    assert (before, concerned(tmp_path, file, resources)) == (["orders"], [])


def test_a_manifest_can_ignore_more_and_take_back_what_is_never_watched(tmp_path: Path) -> None:
    resource = Resource("orders", ResourceKind.SERVICE, watched=(tmp_path,), ignored=("fixtures/", "!templates/*.md"))

    assert concerned(tmp_path, tmp_path / "fixtures" / "a.json", {"orders": resource}) == []
    assert concerned(tmp_path, tmp_path / "templates" / "mail.md", {"orders": resource}) == ["orders"]


def test_a_task_watches_the_files_it_reads(tmp_path: Path) -> None:
    task = Resource("schemas", ResourceKind.PROVISION, watched=(tmp_path,), ignored=("*", "!*/", "!*.proto"))

    assert concerned(tmp_path, tmp_path / "orders" / "v1" / "events.proto", {"schemas": task}) == ["schemas"]
    assert concerned(tmp_path, tmp_path / "orders" / "v1" / "events_pb2.py", {"schemas": task}) == []


def test_a_watched_file_concerns_by_itself(tmp_path: Path) -> None:
    task = Resource("topics", ResourceKind.PROVISION, watched=(tmp_path / "README.md",))
    (tmp_path / "README.md").touch()

    assert concerned(tmp_path, tmp_path / "README.md", {"topics": task}) == ["topics"]
    assert folders_to_watch([task]) == frozenset({tmp_path})


@pytest.mark.anyio
async def test_what_was_saved_before_the_watch_began_is_told_too(tmp_path: Path) -> None:
    (tmp_path / "saved.py").write_text("x")

    async with contextlib.aclosing(changes(frozenset({tmp_path}), told_by_the_system, since=time.time() - 60)) as found:
        change = await asyncio.wait_for(anext(found), 20)

    assert change.files == (tmp_path / "saved.py",)


@pytest.mark.anyio
async def test_a_watch_that_ends_is_heard_of(tmp_path: Path) -> None:
    def limit_reached(*_: object) -> None:
        raise OSError("OS file watch limit reached")

    async with contextlib.aclosing(changes(frozenset({tmp_path}), limit_reached, since=0.0)) as found:
        with pytest.raises(WatchFailed, match="limit reached"):
            await asyncio.wait_for(anext(found), 20)


def concerned(checkout: Path, file: Path, resources: dict[str, Resource]) -> list[str]:
    return list(Change((file,)).concerns(resources, Ignored(checkout)))


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
    async with contextlib.aclosing(changes(frozenset({tmp_path}), told_by_the_system, since=time.time())) as found:
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
