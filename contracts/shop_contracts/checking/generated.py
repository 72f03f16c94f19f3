"""Whether generated files are what their sources give."""

from __future__ import annotations

from collections.abc import Iterator

from shop_contracts.checking.declared import Contracts
from shop_contracts.checking.finding import Finding, Group
from shop_contracts.generate import GENERATED_PATTERNS, GenerationFailed, compile_contracts, stale_modules

_REFRESH = "run `shop-dev contracts generate` and commit the result"


def stale(contracts: Contracts) -> Iterator[Finding]:
    """Find generated modules that are missing, stale or left over.

    A project that checks in none is taken to generate elsewhere, and nothing is asked of it.
    """
    protos = contracts.root / contracts.folder / "proto"
    if not any(next(protos.rglob(pattern), None) for pattern in GENERATED_PATTERNS):
        return
    try:
        fresh = compile_contracts(contracts.import_root, protos)
    except GenerationFailed as error:
        yield Finding(Group.GENERATED, "not-generated", protos.relative_to(contracts.root).as_posix(), 0, f"{error}")
        return
    for path in stale_modules(fresh, contracts.import_root, protos):
        file = (contracts.import_root / path).relative_to(contracts.root).as_posix()
        what = "belongs to no contract any more" if path not in fresh else "is not what its contract gives"
        yield Finding(Group.GENERATED, "generated-not-fresh", file, 0, f"It {what}.", hint=_REFRESH)
