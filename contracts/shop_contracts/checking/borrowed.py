"""Topics of other repositories: what services here read of them, held against what was released there last."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from shop_contracts.checking.baselines import Baselines, Kind
from shop_contracts.checking.protobuf import walk
from shop_contracts.compat.sources import Unreadable, load
from shop_contracts.tree.declared import Consumption, Contracts, Read
from shop_contracts.tree.finding import Finding, Group


def unknown_reads(contracts: Contracts) -> Iterator[Finding]:
    """Find contracts of others that are not as they were released, and reads of fields that their newest version does not have.

    A topic that a service of this tree produces is held to its own schema instead.
    """
    own = {one.name for one in contracts.declared.payloads if one.carrier == "topic"}
    edited: set[Finding] = set()
    for consumption in contracts.declared.consumptions:
        if consumption.topic in own or consumption.released_in is None:
            continue
        folder = contracts.root / consumption.released_in
        histories, faults = Baselines(folder, folder).read()
        edited.update(faults)
        history = histories.get(f"{consumption.topic}-value")
        if history is None or not history.versions:
            continue
        newest = history.versions[-1]
        for read in consumption.reads or ():
            if not _leads(folder / history.subject / str(newest.number), newest.main, newest.message, history.kind, read):
                yield _unknown(consumption, read, f"version {newest.number}")
    yield from sorted(edited, key=lambda one: one.file)


def _leads(folder: Path, main: str, message: str, kind: str, read: Read) -> bool:
    """Return whether a path of fields is one; what cannot be read is told by its own repository."""
    if kind == Kind.PROTOBUF:
        try:
            return walk(load(folder / main, name=main, import_paths=(folder,)), message, read.steps) is not None
        except Unreadable:
            return True
    from shop_contracts.checking.texts import opened  # the libraries behind them take a while to import
    from shop_contracts.compat.paths import leads

    schema = opened(folder, main)
    return isinstance(schema, Finding) or leads(schema.version, read.steps)


def _unknown(consumption: Consumption, read: Read, version: str) -> Finding:
    return Finding(
        Group.CONSUMERS,
        "read-of-unknown-field",
        read.place.file,
        read.place.line,
        f"{consumption.service} reads {read.path} of {consumption.topic}, and {version}, which is released, has no such field.",
        subject=f"{consumption.topic}-value",
        path=read.path,
        against=version,
        consumers=(consumption.service,),
    )
