"""What is to be done so that one registry holds what another does, and what stands in the way."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Protocol

from shop_dev.registry_transfer.model import Holdings, Key, StoredVersion


@dataclass(frozen=True)
class Conflict:
    """Why a version cannot come: the target holds something else in its place. `kind` is for scripts."""

    subject: str
    version: int
    kind: str
    message: str


@dataclass(frozen=True)
class Setting:
    """A config or a mode that differs. `scope` is a subject, a context (`:.eu:`), or None for the whole registry."""

    scope: str | None
    there: Any
    here: Any


@dataclass(frozen=True)
class Plan:
    """The way from one registry to the other; empty when both hold the same."""

    register: Sequence[Sequence[StoredVersion]] = ()
    """In stages: what a version refers to, and the version before it, is in an earlier one."""
    delete: Sequence[StoredVersion] = ()
    """To be deleted softly, as they are in the source; those that refer to others first."""
    configs: Sequence[Setting] = ()
    modes: Sequence[Setting] = ()
    conflicts: Sequence[Conflict] = ()
    present: int = 0
    """Versions that are there already."""
    only_here: Sequence[Key] = ()
    """Versions of the target that the source does not have; they stay."""
    left: Sequence[Setting] = field(default=())
    """Settings of the whole registry that differ and are not moved unless asked for."""

    @property
    def subjects(self) -> list[str]:
        """Subjects that must be in mode IMPORT meanwhile, sorted."""
        return sorted({version.subject for stage in self.register for version in stage})

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do."""
        return not (self.register or self.delete or self.configs or self.modes)


class SameSchema(Protocol):
    """Whether the target takes the source's version for the same schema as its own `held`."""

    def __call__(self, wanted: StoredVersion, held: StoredVersion) -> bool: ...


def plan(source: Holdings, target: Holdings, *, is_same: SameSchema, with_defaults: bool = False) -> Plan:
    """Compare. `is_same` is asked only where texts differ: registries print schemas each in their own way."""
    holders: dict[tuple[str, int], StoredVersion] = {}
    for each in target.versions.values():
        holders.setdefault((each.context, each.id), each)
    missing: list[StoredVersion] = []
    delete: list[StoredVersion] = []
    conflicts: list[Conflict] = []
    for wanted in source.versions.values():
        held = target.versions.get(wanted.key)
        conflict = _conflict(wanted, held, holders.get((wanted.context, wanted.id)), is_same)
        if conflict is not None:
            conflicts.append(conflict)
        elif held is None or (held.deleted and not wanted.deleted):
            missing.append(wanted)
        elif wanted.deleted and not held.deleted:
            delete.append(wanted)
    missing += _purged_by_import(source, target, missing)
    delete += [wanted for wanted in missing if wanted.deleted]
    moved = {*source.configs, *source.modes, *source.subjects}
    stages = staged(missing, source.versions)
    last_first = [version for stage in reversed(staged(delete, source.versions)) for version in reversed(stage)]
    defaults = list(_defaults(source, target))
    return Plan(
        register=stages,
        delete=last_first,
        configs=[
            *_differing(source.configs, target.configs, moved),
            *(setting for name, setting in defaults if name == "config" and with_defaults),
        ],
        modes=[
            *_differing(source.modes, target.modes, moved),
            *(setting for name, setting in defaults if name == "mode" and with_defaults),
        ],
        conflicts=conflicts,
        present=len(source.versions) - len(missing) - len(conflicts),
        only_here=sorted(target.versions.keys() - source.versions.keys()),
        left=[] if with_defaults else [setting for _, setting in defaults],
    )


def _conflict(
    wanted: StoredVersion, held: StoredVersion | None, holder: StoredVersion | None, is_same: SameSchema
) -> Conflict | None:
    if held is not None and held.id != wanted.id:
        message = f"{_named(wanted)} has the id {wanted.id} there and {held.id} here"
        return Conflict(*wanted.key, "other-id", message)
    known = held or holder
    if known is None or same_text(wanted, known) or is_same(wanted, known):
        return None
    if held is not None:
        return Conflict(*wanted.key, "other-schema", f"{_named(wanted)} is another schema here")
    return Conflict(
        *wanted.key, "id-taken", f"{_named(wanted)} has the id {wanted.id}, which is another schema here: {_named(known)}"
    )


def _named(version: StoredVersion) -> str:
    return f"version {version.version} of {version.subject}"


def same_text(one: StoredVersion, other: StoredVersion) -> bool:
    """Whether two are the same schema by what is written; layout does not count where the schema is JSON."""
    return bool(_form(one.body) == _form(other.body))


def _form(body: Mapping[str, Any]) -> Any:
    references = sorted((each["name"], each["subject"], each["version"]) for each in body.get("references", ()))
    kind, schema = body.get("schemaType", "AVRO"), body["schema"]
    if kind != "PROTOBUF":
        with contextlib.suppress(ValueError):  # what is no JSON is compared as it is
            schema = json.loads(schema)
    return kind, schema, references, body.get("metadata"), body.get("ruleSet")


def _purged_by_import(source: Holdings, target: Holdings, missing: Sequence[StoredVersion]) -> list[StoredVersion]:
    """Deleted versions that are there, of subjects that are to be touched: Confluent forgets them when IMPORT is switched on."""
    touched, coming = {version.subject for version in missing}, {version.key for version in missing}
    return [
        version
        for key, version in source.versions.items()
        if version.deleted and version.subject in touched and key in target.versions and key not in coming
    ]


def staged(versions: Iterable[StoredVersion], everything: Mapping[Key, StoredVersion]) -> list[list[StoredVersion]]:
    """Group versions so that each comes after what it refers to, directly or not, and after earlier versions of its subject."""
    wanted = {version.key: version for version in versions}
    in_order = sorted(everything)
    earlier = {key: [before] for before, key in pairwise(in_order) if before[0] == key[0]}
    stage_of: dict[Key, int] = {}

    def needs(key: Key) -> list[Key]:
        return earlier.get(key, []) + [each for each in everything[key].references if each in everything]

    for start in sorted(wanted):
        path = [start]
        while path:
            key = path[-1]
            open_needs = [each for each in needs(key) if each not in stage_of and each not in path]
            if open_needs:
                path.append(open_needs[0])
                continue
            path.pop()
            stage_of[key] = max((stage_of.get(each, -1) for each in needs(key)), default=-1) + 1
    stages: dict[int, list[StoredVersion]] = {}
    for key, version in sorted(wanted.items()):
        stages.setdefault(stage_of[key], []).append(version)
    return [stages[number] for number in sorted(stages)]


def _differing(there: Mapping[str, Any], here: Mapping[str, Any], scopes: Iterable[str]) -> list[Setting]:
    return [Setting(scope, there.get(scope), here.get(scope)) for scope in sorted(scopes) if there.get(scope) != here.get(scope)]


def _defaults(source: Holdings, target: Holdings) -> Iterable[tuple[str, Setting]]:
    if source.default_config != target.default_config:
        yield "config", Setting(None, source.default_config, target.default_config)
    if source.default_mode not in {None, target.default_mode}:
        yield "mode", Setting(None, source.default_mode, target.default_mode)
