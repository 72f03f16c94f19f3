"""Moving the contracts of a tree into the baselines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from shop_contracts.checking import rest
from shop_contracts.checking.baselines import Baselines, History, Kind, Version
from shop_contracts.checking.protobuf import meaning
from shop_contracts.compat.languages import Language
from shop_contracts.compat.sources import load
from shop_contracts.files import read_regular_file, real_path
from shop_contracts.tree.compiled import Compiled
from shop_contracts.tree.declared import Contracts, Payload


@dataclass(frozen=True, slots=True)
class Released:
    """A subject that has a new version."""

    subject: str
    version: int


@dataclass(frozen=True, slots=True)
class _Draft:
    """What a next version would be. `main` is one of `files`, both named as they are kept."""

    kind: str
    main: str
    message: str
    files: Mapping[str, bytes]


def release(contracts: Contracts, baselines: Baselines, histories: Mapping[str, History], *, today: date) -> list[Released]:
    """Add a version for every contract that says something else than its latest one; a contract that was retired begins again.

    The tree must have passed the check. Each version is written whole or not at all.
    """
    compiled = Compiled(contracts)
    drafts = {
        **{subject: _protobuf(contracts, compiled, declared) for subject, declared in contracts.declared.protobuf.items()},
        **{subject: _openapi(contracts, api.document) for subject, api in contracts.declared.rest.items()},
        **{
            payload.subject: _text(contracts, payload.schema)
            for payload in contracts.declared.payloads
            if payload.schema is not None and Language.of(payload.schema) is not None
        },
    }
    released = []
    for subject, draft in drafts.items():
        history = histories.get(subject) or History(subject, draft.kind, ())
        if not history.retired and history.versions and _says_the_same(baselines, history, draft, compiled):
            continue
        longer = baselines.add(replace(history, kind=draft.kind), draft.main, draft.message, draft.files, on=today)
        released.append(Released(subject, longer.versions[-1].number))
    return released


def retire(baselines: Baselines, history: History, *, today: date) -> None:
    """Say that a contract is over: it may be missing from now on. Its versions stay."""
    baselines.write(replace(history, retired=today.isoformat()))


def _protobuf(contracts: Contracts, compiled: Compiled, declared: object) -> _Draft:
    path = str(getattr(declared, "schema", ""))
    schema = compiled.schema(path)
    if schema is None:
        raise ValueError(f"{path} does not compile; the tree has not passed the check")
    files = {}
    for name in schema.files:
        found = next((file for root in (contracts.import_root, contracts.root) if (file := root / name).is_file()), None)
        if found is not None:
            files[name] = read_regular_file(found)
    message = declared.message or "" if isinstance(declared, Payload) else ""
    return _Draft(Kind.PROTOBUF, schema.main, message, files)


def _openapi(contracts: Contracts, document: str) -> _Draft:
    home = real_path(contracts.root / document).parent
    paths = [real_path(contracts.root / path) for path in rest.files_behind(contracts.root, document)]
    files = {path.relative_to(home).as_posix(): read_regular_file(path) for path in paths if path.is_relative_to(home)}
    return _Draft(Kind.OPENAPI, Path(document).name, "", files)


def _text(contracts: Contracts, path: str) -> _Draft:
    from shop_contracts.compat.textual import load as read_text_schema  # the libraries behind it take a while to import

    schema = read_text_schema(contracts.root / path)
    home = (contracts.root / path).parent
    kind = Kind.AVRO if schema.language is Language.AVRO else Kind.JSON_SCHEMA
    files = {file.relative_to(home).as_posix(): read_regular_file(file) for file in schema.files.values()}
    return _Draft(kind, Path(path).name, "", files)


def _says_the_same(baselines: Baselines, history: History, draft: _Draft, compiled: Compiled) -> bool:
    """Whether a draft is what is released already: for Protobuf comments do not count, elsewhere every byte does."""
    latest = history.versions[-1]
    folder = baselines.path(history.subject, latest)
    if (latest.main, latest.message) != (draft.main, draft.message):
        return False
    if draft.kind != Kind.PROTOBUF:
        return {name: read_regular_file(folder / name) for name in latest.files} == draft.files
    before = load(folder / latest.main, name=latest.main, import_paths=(folder,))
    contracts = compiled.contracts
    path = contracts.import_root / draft.main
    now = load(
        path if path.is_file() else contracts.root / draft.main,
        name=draft.main,
        import_paths=(contracts.import_root, contracts.root),
    )
    return meaning(before) == meaning(now)


def released_files(baselines: Baselines, history: History) -> tuple[Version, dict[str, bytes]]:
    """The latest version of a history, and the contents of its files by the names they are kept under."""
    latest = history.versions[-1]
    folder = baselines.path(history.subject, latest)
    return latest, {name: read_regular_file(folder / name) for name in latest.files}
