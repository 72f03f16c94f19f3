"""Schemas of topics from the manifests, registered with their imports first, as Confluent's clients name them.

The source text is registered as it stands: the registry compiles it, and people read it there with its comments. An import is a
reference under a subject named like the import, which is what Confluent's Protobuf serialisers look for. Avro and JSON Schemas are
registered the same way, with what they refer to.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiohttp
from yarl import URL

from shop_sandbox.manifest.form import ProducedTopic
from shop_sandbox.manifest.protobuf import outline
from shop_sandbox.provision.borrowed import borrowed_topics
from shop_sandbox.provision.task import Outcome, Refused, Report, Wanted, all_of, run_task

_BUILT_IN = ("google/protobuf/", "google/type/", "confluent/")
"""Imports that every registry knows by itself."""
_REQUEST_SECONDS = 20.0
_JSON = {"Content-Type": "application/vnd.schemaregistry.v1+json", "Accept": "application/vnd.schemaregistry.v1+json"}


def main() -> None:
    """Provision schemas in this process; see `run_task`."""
    run_task(provision)


async def provision(wanted: Wanted, report: Report) -> None:
    """Make the schemas of all topics be registered, those of other repositories as they were released last.

    Raises an ExceptionGroup of Refused.
    """
    topics = [(manifest.root, topic) for manifest in wanted.manifests for topic in manifest.service.needs.topics.produces]
    topics += borrowed_topics(wanted.manifests)
    if not topics:
        return
    timeout = aiohttp.ClientTimeout(total=_REQUEST_SECONDS)
    async with aiohttp.ClientSession(headers=_JSON, timeout=timeout) as session:
        registry = _Registry(wanted.environment["SCHEMA_REGISTRY_URL"], session, report)
        checkouts = {root: _Registering(registry, root) for root, _ in topics}
        await all_of(checkouts[root].topic(topic) for root, topic in topics)


class _Registering:
    """The schemas of one checkout: each file is registered once, however many import it."""

    def __init__(self, registry: _Registry, checkout: Path) -> None:
        self._registry = registry
        self._checkout = checkout
        self._imports: dict[str, asyncio.Task[int]] = {}

    async def topic(self, topic: ProducedTopic) -> None:
        file = self._checkout / topic.schema
        if file.suffix == ".proto":
            await self._register(f"{topic.name}-value", file, chain=())
        else:
            await self._register_text(f"{topic.name}-value", file, chain=())

    async def _register_text(self, subject: str, file: Path, chain: tuple[Path, ...]) -> int:
        """Register an Avro or JSON Schema, what it refers to first: under subjects named as it names them."""
        from shop_contracts.compat.sources import Unreadable
        from shop_contracts.compat.textual import referred  # the libraries behind it take a while to import

        if file in chain:
            raise Refused("schema", subject, f"{file.name} refers to itself through others", "break the circle")
        try:
            named = await asyncio.to_thread(referred, file)
            source = await asyncio.to_thread(file.read_text, encoding="utf-8")
        except (Unreadable, OSError, UnicodeDecodeError) as error:
            raise Refused("schema", subject, str(error), "correct the file") from error
        references = []
        for name, other in named.items():
            if name not in self._imports:
                self._imports[name] = asyncio.ensure_future(self._register_text(name, other, (*chain, file)))
            references.append({"name": name, "subject": name, "version": await self._imports[name]})
        kind = {".avsc": "AVRO", ".json": "JSON"}[file.suffix]
        return await self._registry.register(subject, {"schemaType": kind, "schema": source, "references": references})

    async def _register(self, subject: str, file: Path, chain: tuple[str, ...]) -> int:
        source = await asyncio.to_thread(file.read_text, encoding="utf-8")
        names = [name for name in outline(source).imports if not name.startswith(_BUILT_IN)]
        versions = [await self._import(subject, name, file, chain) for name in names]
        references = [{"name": name, "subject": name, "version": version} for name, version in zip(names, versions, strict=True)]
        return await self._registry.register(subject, {"schemaType": "PROTOBUF", "schema": source, "references": references})

    async def _import(self, subject: str, name: str, importer: Path, chain: tuple[str, ...]) -> int:
        if name in chain:
            circle = " -> ".join((*chain[chain.index(name) :], name))
            raise Refused("schema", subject, f"files import each other in a circle: {circle}", "break the circle")
        file = _find_import(name, importer, self._checkout)
        if file is None:
            why = f"{importer.relative_to(self._checkout).as_posix()} imports {name!r}, and there is no such file"
            raise Refused("schema", subject, why, "imports are looked for in the folders above the file, up to the checkout")
        if name not in self._imports:
            self._imports[name] = asyncio.ensure_future(self._register(name, file, (*chain, name)))
        return await self._imports[name]


def _find_import(name: str, importer: Path, checkout: Path) -> Path | None:
    """Look for an imported file in the folders above its importer: the nearest that has it is the import root."""
    for folder in importer.parents:
        if (folder / name).is_file():
            return folder / name
        if folder == checkout:
            return None
    return None


class _Registry:
    def __init__(self, url: str, session: aiohttp.ClientSession, report: Report) -> None:
        self._url = url.rstrip("/")
        self._session = session
        self._report = report

    async def register(self, subject: str, schema: Mapping[str, Any]) -> int:
        """Register unless it is there; return its version under the subject."""
        path = f"/subjects/{quote(subject, safe='')}"
        status, found = await self._post(subject, path, schema)
        if status == 200:
            self._report("schema", subject, Outcome.UNCHANGED, f"id {found['id']}, version {found['version']}")
            return int(found["version"])
        if status == 404:
            status, found = await self._post(subject, f"{path}/versions", schema)
        if status != 200:
            raise refusal(subject, status, str(found.get("message") or f"the registry answers {status}"), f"{self._url}{path}")
        _, made = await self._post(subject, path, schema)
        self._report("schema", subject, Outcome.MADE, f"id {found['id']}, version {made['version']}")
        return int(made["version"])

    async def _post(self, subject: str, path: str, body: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
        try:
            async with self._session.post(URL(self._url + path, encoded=True), data=json.dumps(body)) as response:
                return response.status, await response.json(content_type=None)
        except (aiohttp.ClientError, TimeoutError, json.JSONDecodeError) as error:
            why = f"the registry at {self._url} does not answer: {error or type(error).__name__}"
            raise Refused("schema", subject, why, "look at `shop-dev logs schema-registry`") from error


def refusal(subject: str, status: int, message: str, url: str) -> Refused:
    """Return what the registry's answer means for whoever edits; `url` is the subject's.

    Of an incompatible schema Confluent's answer quotes the whole old one: told are the reasons, in one line.
    """
    reasons = "; ".join(reason.replace('\\"', '"') for reason in _REASONS.findall(message))
    version = _OLD_VERSION.search(message)
    if status != _INCOMPATIBLE or not reasons or version is None:
        return Refused("schema", subject, " ".join(message.split()), _ACTIONS.get(status, ""))
    action = (
        f"{_ACTIONS[status]}; where nobody but this sandbox has seen version {version[1]}, it can be taken back: "
        f"`curl -X DELETE {url}/versions/{version[1]} && shop-dev restart provision-schemas`"
    )
    return Refused("schema", subject, f"incompatible with version {version[1]}: {reasons}", action)


_INCOMPATIBLE = 409
_REASONS = re.compile(r'description:"((?:[^"\\]|\\.)*)"')
_OLD_VERSION = re.compile(r"\{oldSchemaVersion: (\d+)\}")
_ACTIONS = {
    _INCOMPATIBLE: "make the change compatible, or give it a new version (`v2`) on a topic of its own",
    422: "correct the file; `shop-dev contracts check` shows the place",
}
