"""The data of a sandbox is all there, or the start is refused: never half of it."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import pytest
from shop_sandbox.errors import ErrorCode, SandboxError
from shop_sandbox.paths import SandboxPaths
from shop_sandbox.resources.model import Resource, ResourceKind
from shop_sandbox.run_context import RunContext
from shop_sandbox.state import DataIdentity, Place, remove_data

STORES = frozenset({"postgres", "aws"})
NOWHERE = cast(RunContext, None)


class MemoryStore:
    """A store whose stamp is an attribute."""

    def __init__(self) -> None:
        self.stamp: str | None = None

    def read_stamp(self, resource: Resource, context: RunContext) -> str | None:
        return self.stamp

    def write_stamp(self, resource: Resource, context: RunContext, stamp: str) -> None:
        self.stamp = stamp


@pytest.fixture
def paths(tmp_path: Path) -> SandboxPaths:
    paths = SandboxPaths(checkout=tmp_path, name="test", runtime_dir=tmp_path)
    paths.root.mkdir(parents=True)
    return paths


def begin(paths: SandboxPaths, **stores: MemoryStore) -> DataIdentity:
    identity = DataIdentity.open(paths, known_stores=STORES)
    for name, store in stores.items():
        paths.data(name).mkdir(parents=True, exist_ok=True)
        identity.check(Resource(name, ResourceKind.POSTGRES), store, NOWHERE)
    return identity


def test_a_first_start_stamps_every_store_alike(paths: SandboxPaths) -> None:
    postgres, aws = MemoryStore(), MemoryStore()

    identity = begin(paths, postgres=postgres, aws=aws)

    assert identity.generation == 1
    assert postgres.stamp == aws.stamp is not None


def test_a_later_start_goes_on_and_counts(paths: SandboxPaths) -> None:
    postgres, aws = MemoryStore(), MemoryStore()
    begin(paths, postgres=postgres, aws=aws)

    assert begin(paths, postgres=postgres, aws=aws).generation == 2


def test_a_store_that_joins_later_is_taken_in(paths: SandboxPaths) -> None:
    postgres, aws = MemoryStore(), MemoryStore()
    begin(paths, postgres=postgres)

    begin(paths, postgres=postgres, aws=aws)

    assert aws.stamp == postgres.stamp


def test_a_store_that_has_lost_its_data_is_named(paths: SandboxPaths) -> None:
    postgres = MemoryStore()
    begin(paths, postgres=postgres, aws=MemoryStore())

    with pytest.raises(SandboxError) as refused:
        begin(paths, postgres=postgres, aws=MemoryStore())

    assert refused.value.code is ErrorCode.STATE_INCOMPLETE
    assert refused.value.detail == {"missing": ["aws"], "present": ["postgres"]}
    assert "--reset" in refused.value.actions[0]


def test_a_store_with_the_data_of_another_sandbox_is_refused(paths: SandboxPaths) -> None:
    postgres, foreign = MemoryStore(), MemoryStore()
    foreign.stamp = "another"
    begin(paths, postgres=postgres)

    with pytest.raises(SandboxError, match="holds the data of another sandbox"):
        begin(paths, postgres=postgres, aws=foreign)


def test_a_missing_folder_is_refused_before_anything_starts(paths: SandboxPaths) -> None:
    begin(paths, postgres=MemoryStore(), aws=MemoryStore())
    paths.data("aws").rmdir()

    with pytest.raises(SandboxError, match="the state of aws is gone while that of postgres is there"):
        DataIdentity.open(paths, known_stores=STORES)


def test_when_all_data_is_gone_the_sandbox_begins_anew(paths: SandboxPaths) -> None:
    begin(paths, postgres=MemoryStore(), aws=MemoryStore())
    paths.data("aws").rmdir()
    paths.data("postgres").rmdir()

    assert DataIdentity.open(paths, known_stores=STORES).generation == 1


@pytest.mark.parametrize("content", [b"", b"{", b'{"stateId": 3}'])
def test_a_broken_identity_is_no_empty_sandbox(paths: SandboxPaths, content: bytes) -> None:
    begin(paths, postgres=MemoryStore())
    paths.state.write_bytes(content)

    with pytest.raises(SandboxError, match="is broken"):
        DataIdentity.open(paths, known_stores=STORES)


def test_data_without_an_identity_is_no_empty_sandbox(paths: SandboxPaths) -> None:
    begin(paths, postgres=MemoryStore())
    paths.state.unlink()

    with pytest.raises(SandboxError, match=r"state\.json is gone while that of postgres is there"):
        DataIdentity.open(paths, known_stores=STORES)


def test_removed_data_leaves_nothing_to_go_on_from(paths: SandboxPaths) -> None:
    begin(paths, postgres=MemoryStore(), aws=MemoryStore())

    remove_data(paths)

    assert begin(paths, postgres=MemoryStore(), aws=MemoryStore()).generation == 1


def test_data_that_another_engine_keeps_is_neither_used_nor_begun_anew(paths: SandboxPaths) -> None:
    begin(paths, postgres=MemoryStore())
    elsewhere = {"postgres": Place(keeper="nobody:here", proof={})}

    with pytest.raises(SandboxError) as raised:
        DataIdentity.open(paths, known_stores=frozenset({"postgres"}), places=elsewhere)

    assert raised.value.code == ErrorCode.STATE_INCOMPLETE
    assert "postgres with another engine" in raised.value.message
    assert begin(paths).generation == 2
