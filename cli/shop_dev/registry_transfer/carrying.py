"""Carries a plan out: subjects are in mode IMPORT while their versions come, and get their mode back whatever happens."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from shop_dev.errors import CliCode, ShopDevError
from shop_dev.registry_transfer.client import RegistryClient, Told, subject_path
from shop_dev.registry_transfer.model import StoredVersion
from shop_dev.registry_transfer.planning import Plan, Setting
from shop_dev.registry_transfer.reading import at_once

_IMPORT = "IMPORT"


@dataclass
class Carried:
    """What was done, and what the target refused, in sentences."""

    registered: int = 0
    deleted: int = 0
    settings: int = 0
    refused: list[str] = field(default_factory=list)


def carry_out(plan: Plan, client: RegistryClient, modes: Mapping[str, str]) -> Carried:
    """Do what the plan says; `modes` are the target's own before.

    What is refused does not keep the rest from coming. Raises ShopDevError (registry_unusable, registry_import_incomplete).
    """
    carried = Carried()
    with _importing(client, plan.subjects, modes):
        for stage in _first_alone(plan.register):
            for version, told in zip(stage, at_once(lambda each: _register(client, each), stage), strict=True):
                if not told.is_done:
                    carried.refused.append(f"version {version.version} of {version.subject}, id {version.id}: {told.message}")
                elif told.body.get("id") == version.id:
                    carried.registered += 1
                else:
                    raise _keeps_no_ids(client, version, told)
        for version in plan.delete:  # one after another: what refers to others is deleted before them
            told = client.delete(subject_path("subjects", version.subject, "versions", version.version))
            if told.is_done or told.code == 40406:
                carried.deleted += 1
            else:
                carried.refused.append(f"delete version {version.version} of {version.subject}: {told.message}")
    _set_all(plan.configs, carried, "config", lambda setting: _set_config(client, setting))
    _set_all(plan.modes, carried, "mode", lambda setting: _set_mode(client, setting.scope, setting.there))
    return carried


def _register(client: RegistryClient, version: StoredVersion) -> Told:
    body = {**version.body, "id": version.id, "version": version.version}
    return client.post(subject_path("subjects", version.subject, "versions"), body)


def _first_alone(stages: Sequence[Sequence[StoredVersion]]) -> Iterator[Sequence[StoredVersion]]:
    """Yield the stages with a single version in front: what comes of it shows whether the registry keeps ids."""
    for number, stage in enumerate(stages):
        if number == 0:
            yield stage[:1]
        yield stage[1:] if number == 0 else stage


def _keeps_no_ids(client: RegistryClient, version: StoredVersion, told: Told) -> ShopDevError:
    return ShopDevError(
        CliCode.REGISTRY_IMPORT_INCOMPLETE,
        f"The registry at {client.address.url} took the mode IMPORT, and gave version {version.version} of {version.subject} "
        f"the id {told.body.get('id')} in place of {version.id}: messages with the old ids could not be read there. "
        "Nothing more was sent.",
        actions=(
            f"Delete that version there: curl -X DELETE {client.address.url}{subject_path('subjects', version.subject)}",
            "Some registries speak Confluent's API and do not keep ids: they can be read from, not imported into.",
        ),
    )


@contextmanager
def _importing(client: RegistryClient, subjects: Sequence[str], modes: Mapping[str, str]) -> Iterator[None]:
    touched: list[str] = []

    def switch(subject: str) -> None:
        touched.append(subject)
        told = client.put(subject_path("mode", subject), {"mode": _IMPORT}, force="true")
        if not told.is_done:
            raise ShopDevError(
                CliCode.REGISTRY_IMPORT_INCOMPLETE,
                f"The registry at {client.address.url} does not let {subject} be imported: {told.message}.",
                actions=("A Confluent registry needs mode.mutability=true, and must not be in mode READONLY_OVERRIDE.",),
            )

    try:
        at_once(switch, [subject for subject in subjects if modes.get(subject) != _IMPORT])
        yield
    finally:
        _put_back(client, touched, modes)


def _put_back(client: RegistryClient, subjects: Sequence[str], modes: Mapping[str, str]) -> None:
    is_gone = threading.Event()  # then each of the others would be waited for in vain

    def of(subject: str) -> str | None:
        if is_gone.is_set():
            return f"{subject}: not tried"
        try:
            told = _set_mode(client, subject, modes.get(subject))
        except ShopDevError as error:
            is_gone.set()
            return f"{subject}: {error.message}"
        return None if told.is_done else f"{subject}: {told.message}"

    left = [failure for failure in at_once(of, subjects) if failure is not None]
    if left:
        raise ShopDevError(
            CliCode.REGISTRY_IMPORT_INCOMPLETE,
            f"The mode of {len(left)} subjects could not be put back from IMPORT: {'; '.join(left[:5])}",
            actions=("Run the same command again: it puts them back.",),
            detail={"subjects": left},
        )


def _set_all(settings: Sequence[Setting], carried: Carried, kind: str, set_it: Callable[[Setting], Told]) -> None:
    for setting, told in zip(settings, at_once(set_it, settings), strict=True):
        if told.is_done:
            carried.settings += 1
        else:
            carried.refused.append(f"the {kind} of {setting.scope or 'the whole registry'}: {told.message}")


def _set_config(client: RegistryClient, setting: Setting) -> Told:
    path = "/config" if setting.scope is None else subject_path("config", setting.scope)
    there: Mapping[str, Any] = setting.there or {}
    if setting.here and set(setting.here) - set(there):  # setting fields leaves the others as they are
        told = client.delete(path)
        if not there:
            return told
    return client.put(path, there)


def _set_mode(client: RegistryClient, scope: str | None, mode: str | None) -> Told:
    path = "/mode" if scope is None else subject_path("mode", scope)
    if mode is not None:
        # With force as in IMPORT only, where a subject that has versions would be refused.
        return client.put(path, {"mode": mode}, **({"force": "true"} if mode == _IMPORT else {}))
    told = client.delete(path)
    if told.is_not_offered:  # before 6.1 a mode cannot be forgotten
        return client.put(path, {"mode": "READWRITE"})
    return Told(200, {}) if told.status == 404 else told
