"""Identity and generation of a sandbox's data: all of it, or none.

The stores of a sandbox belong together: an order in PostgreSQL speaks of stock in DynamoDB and of records in Kafka. So each store
carries the same stamp, written through its own API, and a start compares them with `state.json` before anything uses the data.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import shutil
import threading
import uuid
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol, cast, runtime_checkable

import msgspec

from shop_sandbox import records
from shop_sandbox.errors import ErrorCode, SandboxError
from shop_sandbox.paths import SandboxPaths

if TYPE_CHECKING:
    from shop_sandbox.resources.model import Resource
    from shop_sandbox.run_context import RunContext


def reset(paths: SandboxPaths) -> str:
    """Return the advice to begin with empty stores. It names the sandbox: pasted as it is, it must not empty another one."""
    return f"`shop-dev up --reset{paths.flag}` starts with empty stores; everything kept in sandbox {paths.name} is lost"


@runtime_checkable
class Stamped(Protocol):
    """What the driver of a store that keeps data can do besides. Both block, and are called in a thread once the store is ready."""

    def read_stamp(self, resource: Resource, context: RunContext) -> str | None:
        """Give the stamp through the store's API, or None when the store is empty."""
        ...

    def write_stamp(self, resource: Resource, context: RunContext, stamp: str) -> None:
        """Put the stamp where it shares the fate of the data."""
        ...


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where a store keeps its data when not in its folder of the sandbox: in a volume, say.

    `keeper` is the `package.module:object` of a `Keeper`, which finds the data by `proof`.
    """

    keeper: str
    proof: dict[str, str]


class Keeper(Protocol):
    """What looks after data elsewhere. It is asked without the store, and to remove also without its engine's settings. Both
    block."""

    def is_there(self, proof: Mapping[str, str]) -> bool:
        """Return whether there is data, however much."""
        ...

    def remove(self, proof: Mapping[str, str]) -> None:
        """Remove all of it; nothing happens where there is none. Raises SandboxError."""
        ...


@runtime_checkable
class KeptElsewhere(Protocol):
    """What the driver of a store says besides, whose data is not in its folder of the sandbox."""

    def place(self, resource: Resource, context: RunContext) -> Place:
        """Say where its data is, or will be. Pure."""
        ...


class _Record(records.Record, kw_only=True, rename="camel", omit_defaults=True):
    """`stores` are those that carry the stamp; `places` are those of data elsewhere, written down before there is any."""

    state_id: str
    generation: int
    stores: list[str] = msgspec.field(default_factory=list)
    places: dict[str, Place] = msgspec.field(default_factory=dict)


class DataIdentity:
    """Which data this sandbox has, and the check that all stores hold the same."""

    def __init__(self, paths: SandboxPaths, record: _Record) -> None:
        self._paths = paths
        self._record = record
        self._taking_in = threading.Lock()

    @classmethod
    def open(
        cls, paths: SandboxPaths, *, known_stores: frozenset[str], places: Mapping[str, Place] = MappingProxyType({})
    ) -> DataIdentity:
        """Go on from the kept data, or begin anew when there is none. `places` are those of stores that keep theirs elsewhere.

        Raises SandboxError (STATE_INCOMPLETE) when the data of some stores is there and of others gone, when it is with another
        engine, or when `state.json` is broken, or gone beside data; so nothing is even started on half of the data. Blocks where a
        keeper does.
        """
        try:
            record = records.read(paths.state, _Record)
        except records.Unreadable as error:
            raise SandboxError(ErrorCode.STATE_INCOMPLETE, str(error), actions=(reset(paths),)) from error
        kept = set(record.stores) & known_stores if record is not None else set()
        if record is not None and (moved := sorted(name for name in kept if (name in record.places) != (name in places))):
            raise _of_another_engine(paths, moved)
        present = {name for name in known_stores if _is_there(paths, name, places.get(name))}
        if record is None:
            if present:
                raise incomplete(paths, missing=["state.json"], present=sorted(present))
            return cls._anew(paths, places)
        missing = sorted(kept - present)
        if missing and len(missing) == len(kept):
            return cls._anew(paths, places)
        if missing:
            raise incomplete(paths, missing=missing, present=sorted(kept - set(missing)))
        record.generation += 1
        record.places |= places
        identity = cls(paths, record)
        identity._write()
        return identity

    @classmethod
    def _anew(cls, paths: SandboxPaths, places: Mapping[str, Place]) -> DataIdentity:
        identity = cls(paths, _Record(state_id=uuid.uuid4().hex, generation=1, places=dict(places)))
        identity._write()
        return identity

    @property
    def generation(self) -> int:
        """1 for data that began empty with this start, counting up with each start that goes on from it."""
        return self._record.generation

    def check(self, resource: Resource, driver: object, context: RunContext) -> None:
        """Compare a ready store with the record; a store that never was part of it is taken in. Blocks for one or two requests.

        Raises SandboxError (STATE_INCOMPLETE) when the store has lost its data or holds those of another sandbox.
        """
        if not isinstance(driver, Stamped):
            return
        found = driver.read_stamp(resource, context)
        if found == self._record.state_id:
            self._take_in(resource.name)
            return
        if found is None and resource.name not in self._record.stores:
            driver.write_stamp(resource, context, self._record.state_id)
            self._take_in(resource.name)
            return
        others = [name for name in self._record.stores if name != resource.name]
        raise incomplete(self._paths, missing=[resource.name], present=others, foreign=found is not None)

    def _take_in(self, store: str) -> None:
        with self._taking_in:  # stores become ready side by side
            if store not in self._record.stores:
                self._record.stores.append(store)
                self._write()

    def _write(self) -> None:
        records.write(self._paths.state, self._record)


def incomplete(paths: SandboxPaths, *, missing: list[str], present: list[str], foreign: bool = False) -> SandboxError:
    """Return the error that names which stores have lost their data while others still have theirs."""
    fault = "holds the data of another sandbox" if foreign else "is gone"
    names = ", ".join(missing)
    beside = f" while that of {', '.join(present)} is there" if present else ""
    return SandboxError(
        ErrorCode.STATE_INCOMPLETE,
        f"the state of {names} {fault}{beside}; starting on half of the data would lose orders",
        actions=(reset(paths),),
        detail={"missing": missing, "present": present},
    )


def _of_another_engine(paths: SandboxPaths, stores: list[str]) -> SandboxError:
    return SandboxError(
        ErrorCode.STATE_INCOMPLETE,
        f"sandbox {paths.name} keeps the data of {', '.join(stores)} with another engine, which it was started with before",
        actions=("start it with that engine again, or another sandbox beside it with --name", reset(paths)),
        detail={"missing": stores, "present": []},
    )


def emulator_lost(paths: SandboxPaths, resource: str, how: str, stopped: list[str]) -> SandboxError:
    """Return the error for an emulator that ended without saving: what it acknowledged is gone."""
    names = ", ".join(stopped) or "nothing"
    return SandboxError(
        ErrorCode.EMULATOR_STATE_LOST,
        f"{resource} was {how} and keeps nothing then: tables, queues and buckets of this sandbox are lost. Stopped: {names}",
        actions=(reset(paths),),
        detail={"resource": resource, "stopped": stopped},
    )


def remove_data(paths: SandboxPaths) -> None:
    """Forget all stores' data and their identity; ports, logs and history stay. Raises SandboxError (FOLDER_UNUSABLE)."""
    _remove_elsewhere(paths)
    _remove(paths.data("x").parent)
    paths.state.unlink(missing_ok=True)


def remove_all(paths: SandboxPaths) -> None:
    """Forget a sandbox as a whole: from one moment to the next it is not there, lock included. The caller holds the lock.

    Raises SandboxError (FOLDER_UNUSABLE).
    """
    _remove_elsewhere(paths)
    _remove(paths.root)


def _remove_elsewhere(paths: SandboxPaths) -> None:
    with contextlib.suppress(records.Unreadable):  # nothing tells of other places
        record = records.read(paths.state, _Record)
        for place in record.places.values() if record is not None else ():
            _keeper(place).remove(place.proof)


def _remove(folder: Path) -> None:
    going = folder.with_name(f"{folder.name}.{os.getpid()}.going")
    try:
        folder.rename(going)
        shutil.rmtree(going)
    except FileNotFoundError:
        return
    except OSError as error:
        raise SandboxError(
            ErrorCode.FOLDER_UNUSABLE,
            f"{folder} cannot be removed: {error}",
            actions=(f"remove {going if going.exists() else folder} by hand",),
            detail={"path": str(folder)},
        ) from error


def _is_there(paths: SandboxPaths, store: str, place: Place | None) -> bool:
    return paths.data(store).is_dir() if place is None else _keeper(place).is_there(place.proof)


def _keeper(place: Place) -> Keeper:
    module, _, name = place.keeper.partition(":")
    return cast(Keeper, getattr(importlib.import_module(module), name))
