"""All that a registry holds, read through its API as far as the API shows it.

Old releases lack calls (`/contexts`, `/schemas`, `/mode`) or ignore parameters (`deleted=true`): what they do not show counts as
not there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any, TypeVar

from shop_dev.errors import CliCode, ShopDevError
from shop_dev.registry_transfer.client import CONNECTIONS, RegistryClient, Told, subject_path
from shop_dev.registry_transfer.model import DEFAULT_CONTEXT, Holdings, Key, StoredVersion, qualified

_PAGE = 500
_BODY = ("schema", "schemaType", "references", "metadata", "ruleSet")
_T = TypeVar("_T")
_R = TypeVar("_R")


def read_registry(client: RegistryClient) -> Holdings:
    """Read everything. Raises ShopDevError (registry_unusable)."""
    subjects = _names(client, "/subjects", deleted="true")
    versions = _all_at_once(client, subjects)
    if versions is None:
        versions = _one_by_one(client, subjects)
    contexts = [name.strip(":") for name in _names(client, "/contexts", optional=True)]
    scopes = [*subjects, *(f":{context}:" for context in contexts if context != DEFAULT_CONTEXT)]
    return Holdings(
        source=client.address.url,
        versions=versions,
        configs={scope: config for scope, config in at_once(lambda scope: (scope, _config(client, scope)), scopes) if config},
        modes={scope: mode for scope, mode in at_once(lambda scope: (scope, _mode(client, scope)), scopes) if mode},
        default_config=_config(client, None),
        default_mode=_mode(client, None),
    )


def at_once(call: Callable[[_T], _R], items: Iterable[_T]) -> list[_R]:
    """Make a call for each, several at a time; answers in order. Where one fails, those that have not begun are not made."""
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        begun = [pool.submit(call, item) for item in items]
        try:
            return [each.result() for each in begun]
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _names(client: RegistryClient, path: str, *, optional: bool = False, **query: str) -> list[str]:
    told = client.get(path, **query)
    if optional and told.is_not_offered:
        return []
    _require(client, path, told)
    if not isinstance(told.body, list):
        raise _not_understood(client, path)
    return [str(name) for name in told.body]


def _all_at_once(client: RegistryClient, subjects: list[str]) -> dict[Key, StoredVersion] | None:
    """All versions page by page; None where the registry has no such call, or leaves subjects out."""
    everything, live = _pages(client, deleted="true"), _pages(client, deleted="false")
    if everything is None or live is None or {subject for subject, _ in everything} != set(subjects):
        return None
    return {key: replace(version, deleted=key not in live) for key, version in everything.items()}


def _pages(client: RegistryClient, *, deleted: str) -> dict[Key, StoredVersion] | None:
    found: dict[Key, StoredVersion] = {}
    while True:
        told = client.get("/schemas", deleted=deleted, offset=len(found), limit=_PAGE)
        if not told.is_done or not isinstance(told.body, list):
            return None
        page = {version.key: version for each in told.body if (version := _version(each)) is not None}
        if page.keys() <= found.keys():  # the end, or a registry that knows no pages
            return found
        found |= page


def _one_by_one(client: RegistryClient, subjects: list[str]) -> dict[Key, StoredVersion]:
    def of(subject: str) -> list[StoredVersion]:
        live = _numbers(client, subject)
        read = [_read_version(client, subject, number) for number in sorted({*live, *_numbers(client, subject, deleted="true")})]
        return [replace(version, deleted=version.version not in live) for version in read if version is not None]

    return {version.key: version for versions in at_once(of, subjects) for version in versions}


def _numbers(client: RegistryClient, subject: str, **query: str) -> set[int]:
    """Numbers of the subject's versions; none for one whose versions are all deleted."""
    path = subject_path("subjects", subject, "versions")
    told = client.get(path, **query)
    if told.status == 404:
        return set()
    _require(client, path, told)
    return set(told.body)


def _read_version(client: RegistryClient, subject: str, number: int) -> StoredVersion | None:
    """Return a version; None for one that is listed as deleted and not given out."""
    path = subject_path("subjects", subject, "versions", number)
    told = client.get(path, deleted="true")
    if told.status == 404:
        return None
    _require(client, path, told)
    version = _version(told.body)
    if version is None:
        raise _not_understood(client, path)
    return version


def _version(entity: Any) -> StoredVersion | None:
    match entity:
        case {"subject": str(subject), "version": int(version), "id": int(schema_id), "schema": str()}:
            body = {name: entity[name] for name in _BODY if entity.get(name) not in (None, [])}
            return StoredVersion(qualified(DEFAULT_CONTEXT, subject), version, schema_id, body)
    return None


def _config(client: RegistryClient, scope: str | None) -> Mapping[str, Any]:
    """Return what was set for exactly this scope, as `PUT /config` takes it; empty where nothing was."""
    path = "/config" if scope is None else subject_path("config", scope)
    told = client.get(path)
    if told.status in {404, 405}:
        return {}
    _require(client, path, told)
    fields = {name: value for name, value in told.body.items() if value is not None}
    level = fields.pop("compatibilityLevel", None)
    return ({"compatibility": level} if level else {}) | fields


def _mode(client: RegistryClient, scope: str | None) -> str | None:
    path = "/mode" if scope is None else subject_path("mode", scope)
    told = client.get(path)
    if told.status in {404, 405}:
        return None
    _require(client, path, told)
    return str(told.body["mode"])


def _require(client: RegistryClient, path: str, told: Told) -> None:
    if not told.is_done:
        raise ShopDevError(
            CliCode.REGISTRY_UNUSABLE,
            f"The registry at {client.address.url} answered GET {path} with status {told.status}: {told.message}.",
            actions=("Is it the address of a registry's API, with its path (as in /apis/ccompat/v7)?",),
        )


def _not_understood(client: RegistryClient, path: str) -> ShopDevError:
    return ShopDevError(
        CliCode.REGISTRY_UNUSABLE,
        f"The registry at {client.address.url} answered GET {path} with something else than Confluent's API has there.",
        actions=("Is it the address of a registry's API, with its path (as in /apis/ccompat/v7)?",),
    )
