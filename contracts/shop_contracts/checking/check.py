"""The whole check: everything that is wrong, found in one go."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from shop_contracts.checking import borrowed, coverage, generated, protobuf
from shop_contracts.checking.baselines import FOLDER, Baselines
from shop_contracts.checking.changes import Changes, Commit
from shop_contracts.checking.rest import Documents
from shop_contracts.compat.lock import InvalidLock, RuleSetLock, read_lock
from shop_contracts.tree.compiled import Compiled
from shop_contracts.tree.declared import Contracts
from shop_contracts.tree.finding import Finding, Group

if TYPE_CHECKING:
    from shop_contracts.checking.proofs import Cast

_ORDER = list(Group)


def examine(
    contracts: Contracts,
    *,
    styled: Sequence[str],
    lock: Path | None,
    today: date,
    commit: Commit | None = None,
    with_generated: bool = True,
    casts: Mapping[str, Cast] | None = None,
) -> list[Finding]:
    """Return everything that is wrong with the contracts of a tree, by group, file and line.

    `styled` are the .proto files (paths in the checkout) to hold to the rules of style, `lock` the rule-set lock where there is
    one. With a `commit`, changes are judged against it as well. `with_generated` compiles to see whether generated code is fresh.
    `casts` are the services whose real code takes part in the proofs; without any, nothing is proved.
    """
    compiled = Compiled(contracts)
    found = list(_examine(contracts, compiled, styled=styled, lock=lock, today=today, commit=commit, casts=casts or {}))
    if with_generated and not compiled.faults:
        found += generated.stale(contracts, compiled)
    return in_order([*found, *compiled.faults])


def in_order(findings: Sequence[Finding]) -> list[Finding]:
    """Findings, each once, by group, file, line and id."""
    return sorted(
        dict.fromkeys(findings), key=lambda one: (_ORDER.index(one.group), one.file, one.line, one.id, one.path, one.subject)
    )


def _examine(
    contracts: Contracts,
    compiled: Compiled,
    *,
    styled: Sequence[str],
    lock: Path | None,
    today: date,
    commit: Commit | None,
    casts: Mapping[str, Cast],
) -> Iterator[Finding]:
    locked: RuleSetLock | None = None
    if lock is not None:
        locked, faults = _locked(lock, contracts.root, today)
        yield from faults
    documents = Documents(contracts.root)
    baselines = Baselines(contracts.root / contracts.folder / FOLDER, contracts.root)
    histories, edited = baselines.read()
    yield from edited
    yield from protobuf.style_faults(contracts, styled, known=compiled)
    yield from coverage.uncovered(contracts, documents)
    yield from protobuf.undeclarable_reads(contracts, compiled)
    yield from borrowed.unknown_reads(contracts)
    changes = Changes(contracts, compiled, documents, baselines, histories, locked, today, commit)
    yield from changes.refused()
    if casts:
        from shop_contracts.checking.proofs import Proofs  # hypothesis takes a while to import

        yield from Proofs(contracts, compiled, casts, changes.released_schemas, changes.released_texts).broken()
    yield from documents.faults


def _locked(lock: Path, root: Path, today: date) -> tuple[RuleSetLock | None, list[Finding]]:
    name = lock.relative_to(root).as_posix()
    try:
        locked = read_lock(lock, today=today)
    except InvalidLock as error:
        return None, [Finding(Group.SOURCES, "lock-unreadable", name, 0, fault.removeprefix(f"{lock}: ")) for fault in error.faults]
    hint = "when the change of the rules is meant, pin them anew: `shop-dev contracts lock`"
    return locked, [Finding(Group.RULES, "rule-set-drifted", name, 0, fault, hint=hint) for fault in locked.drift()]
