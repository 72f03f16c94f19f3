"""Generated files: what the contracts give, and whether the files that are there are that."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from pathlib import Path

from shop_contracts.event_documents import FOLDER, documents
from shop_contracts.generate import GENERATED_PATTERNS, GenerationFailed, compile_contracts
from shop_contracts.tree.compiled import Compiled
from shop_contracts.tree.declared import Contracts
from shop_contracts.tree.finding import Finding, Group

_REFRESH = "run `shop-dev contracts generate` and commit the result"


class Outdated(StrEnum):
    """How a generated file is not fresh."""

    MISSING = "missing"
    STALE = "stale"
    LEFT_OVER = "left over"


_TOLD = {
    Outdated.MISSING: "It is not there, though its contract is.",
    Outdated.STALE: "It is not what its contract gives.",
    Outdated.LEFT_OVER: "It belongs to no contract any more.",
}


def fresh_files(contracts: Contracts) -> dict[str, bytes]:
    """Everything that is generated, by path in the checkout: modules, stubs and AsyncAPI documents. Raises GenerationFailed."""
    prefix = contracts.import_root.relative_to(contracts.root)
    protos = contracts.root / contracts.folder / "proto"
    modules = compile_contracts(contracts.import_root, protos) if next(protos.rglob("*.proto"), None) else {}
    return {(prefix / path).as_posix(): content for path, content in modules.items()} | asyncapi_files(
        contracts, Compiled(contracts)
    )


def asyncapi_files(contracts: Contracts, compiled: Compiled) -> dict[str, bytes]:
    """The AsyncAPI documents, one a service that has to do with events, by path in the checkout."""
    return {f"{contracts.folder}/{FOLDER}/{name}": content for name, content in documents(contracts, compiled).items()}


def outdated(contracts: Contracts, fresh: Mapping[str, bytes]) -> dict[str, Outdated]:
    """Name the generated files that are not fresh, and how."""
    found: dict[str, Outdated] = {}
    for path, content in fresh.items():
        file = contracts.root / path
        if not file.is_file():
            found[path] = Outdated.MISSING
        elif file.read_bytes() != content:
            found[path] = Outdated.STALE
    found |= {path: Outdated.LEFT_OVER for path in _present(contracts) if path not in fresh}
    return dict(sorted(found.items()))


def stale(contracts: Contracts, compiled: Compiled) -> Iterator[Finding]:
    """Find generated files that are not fresh.

    A project that checks in none of a kind is taken to generate it elsewhere, and nothing is asked of it.
    """
    present = _present(contracts)
    try:
        fresh = asyncapi_files(contracts, compiled)
        if any(path.endswith((".py", ".pyi")) for path in present):
            fresh = fresh_files(contracts)
    except GenerationFailed as error:
        yield Finding(Group.GENERATED, "not-generated", f"{contracts.folder}/proto", 0, f"{error}")
        return
    if not any(path.endswith(".yaml") for path in present):
        fresh = {path: content for path, content in fresh.items() if not path.endswith(".yaml")}
    for path, why in outdated(contracts, fresh).items():
        yield Finding(Group.GENERATED, "generated-not-fresh", path, 0, _TOLD[why], hint=_REFRESH)


def _present(contracts: Contracts) -> set[str]:
    folder = contracts.root / contracts.folder
    files: set[Path] = {path for pattern in GENERATED_PATTERNS for path in (folder / "proto").rglob(pattern)}
    files |= set((folder / FOLDER).glob("*.yaml"))
    return {path.relative_to(contracts.root).as_posix() for path in files}
