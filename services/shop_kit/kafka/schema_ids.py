"""Asks the Schema Registry for the id of the very schemas that this process was built with.

Not for the latest ones: another team's newer version would be stamped on messages that were never written by it. The registry takes
a compiled descriptor in base64 for what Confluent's own Protobuf serialisers send it.
https://docs.confluent.io/platform/current/schema-registry/develop/api.html#post--subjects-(string-%20subject)
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from typing import Any, cast
from urllib.parse import quote

import aiohttp
import msgspec
from google.protobuf.descriptor import FileDescriptor
from google.protobuf.message import Message as ProtobufMessage
from yarl import URL

from shop_kit.errors import Unavailable

BUILT_IN = ("google/protobuf/", "google/type/", "confluent/")
"""Imports that every registry knows by itself."""


class _Found(msgspec.Struct):
    id: int
    version: int


async def schema_ids(registry_url: str, topics: Mapping[str, type[ProtobufMessage]]) -> dict[str, int]:
    """Return for each topic the id under which `<topic>-value` holds the schema of its messages, as compiled into this process.

    Raises Unavailable, also while it is not registered: whoever deploys registers it before, or any moment now.
    """
    try:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as session:
            lookup = _Lookup(registry_url.rstrip("/"), session)
            files = {topic: cast("FileDescriptor", kind.DESCRIPTOR.file) for topic, kind in topics.items()}
            return {topic: (await lookup.find(f"{topic}-value", file)).id for topic, file in files.items()}
    except (aiohttp.ClientError, TimeoutError, OSError, msgspec.DecodeError) as error:
        raise Unavailable("schema registry", str(error) or type(error).__name__) from error


class _Lookup:
    def __init__(self, registry_url: str, session: aiohttp.ClientSession) -> None:
        self._registry_url = registry_url
        self._session = session
        self._known: dict[str, _Found] = {}

    async def find(self, subject: str, file: FileDescriptor) -> _Found:
        if subject not in self._known:
            self._known[subject] = await self._ask(subject, file)
        return self._known[subject]

    async def _ask(self, subject: str, file: FileDescriptor) -> _Found:
        # An import stands under a subject of its own name, where Confluent's serialisers put it.
        references = [
            {"name": one.name, "subject": one.name, "version": (await self.find(one.name, one)).version}
            for one in file.dependencies
            if not one.name.startswith(BUILT_IN)
        ]
        schema = b64encode(file.serialized_pb).decode()
        wanted: dict[str, Any] = {"schemaType": "PROTOBUF", "schema": schema, "references": references}
        url = URL(f"{self._registry_url}/subjects/{quote(subject, safe='')}", encoded=True)
        headers = {"content-type": "application/vnd.schemaregistry.v1+json"}
        async with self._session.post(url, data=msgspec.json.encode(wanted), headers=headers) as response:
            content = await response.read()
            if response.status != 200:
                why = f"HTTP {response.status} for this service's own {file.name} under {subject}: {content[:200]!r}"
                raise Unavailable("schema registry", why)
        return msgspec.json.decode(content, type=_Found)
