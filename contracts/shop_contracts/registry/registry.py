"""The registry in one process: its state, the log it comes from, and what carries changes out."""

from __future__ import annotations

import asyncio
import base64
import logging
import random
from collections.abc import Callable, Sequence
from typing import Any

from shop_contracts.protobuf.compiled import CompiledProto
from shop_contracts.registry import changes, errors
from shop_contracts.registry.changes import Change, Registration
from shop_contracts.registry.compatibility import CompatibilityCheck
from shop_contracts.registry.content import ReadSchema, SchemaReader, remember_by_id
from shop_contracts.registry.log import Log, Superseded, TooLarge, Unavailable
from shop_contracts.registry.model import Content, SchemaType, Version, context_of
from shop_contracts.registry.records import Record
from shop_contracts.registry.store import Store

logger = logging.getLogger(__name__)

_ATTEMPTS = 20
"""How often a change is decided anew because another registry wrote in between."""


class Registry:
    """Answers from memory; changes go through the log and count when they have come back from it."""

    def __init__(self, log: Log) -> None:
        self._reader = SchemaReader()
        self._compatibility = CompatibilityCheck(self._reader)
        self._log = log
        self._turn = asyncio.Lock()
        self._serialized = remember_by_id(self._descriptor)
        self.store = Store(self._reader.identify)

    async def start(self) -> None:
        """Begin to read the state; `is_ready` tells when it is there."""
        await self._log.start(self._apply)

    async def close(self) -> None:
        """Stop reading and writing."""
        await self._log.close()

    def _apply(self, batch: Sequence[Record]) -> None:
        for record in batch:
            self.store.apply(record)

    @property
    def is_ready(self) -> bool:
        """Whether the state has been read to the end it had at the start."""
        return self._log.is_caught_up

    @property
    def can_write(self) -> bool:
        """Whether Kafka has let this registry write since its start."""
        return self._log.has_led

    @property
    def failure(self) -> str | None:
        """Why the state cannot be read or written for good, or None."""
        return self._log.failure

    # -- changes

    async def register(self, request: Registration) -> Version:
        """Register a schema; what is registered already is answered at once. Raises RegistryError."""
        found: Version = await self.change(lambda store: changes.register(store, request, self._reader, self._compatibility))
        return found

    async def change(self, decide: Callable[[Store], Change]) -> Any:
        """Carry a change out and give its answer once it is durable and visible here. Raises RegistryError.

        It is decided on the state as it is known first: what is refused or true already needs no Kafka.
        """
        known = decide(self.store)
        if not known.records:
            return known.answer
        async with self._turn:
            return await self._carry_out(decide)

    async def _carry_out(self, decide: Callable[[Store], Change]) -> Any:
        for attempt in range(_ATTEMPTS):
            try:
                await self._log.lead()
                change = decide(self.store)
                if change.records:
                    await self._log.append(change.records)
            except Superseded:
                logger.info("another registry wrote in between; deciding again", extra={"attempt": attempt + 1})
                await asyncio.sleep(random.uniform(0, 0.02 * (attempt + 1)))  # noqa: S311  # nosec B311 # spreads retries, guards nothing
            except TooLarge as error:
                raise errors.invalid_schema(
                    f"it is too large for Kafka: {error}. Split it into files that reference each other."
                ) from error
            except Unavailable as error:
                raise errors.timed_out(f"{error}. Is Kafka reachable?") from error
            else:
                return change.answer
        raise errors.timed_out("other registries kept writing in between")

    # -- questions

    def look_up(self, subject: str, content: Content, *, normalize: bool, deleted: bool) -> Version:
        """Return the subject's version that is this schema. Raises RegistryError 40401, 40403, 42201."""
        found = changes.look_up(self.store, subject, content, self._reader, normalize=normalize, deleted=deleted)
        if found is None and not self.store.has_subject(subject, deleted=deleted):
            raise errors.subject_not_found(subject)
        if found is None:
            raise errors.schema_not_found()
        return found

    def objections(self, subject: str, content: Content, earlier: Sequence[Version]) -> list[str]:
        """Return what speaks against the schema after `earlier`. Raises RegistryError 42201, 42205."""
        new = self._reader.read(self.store, content, context_of(subject))
        return self._compatibility.objections(self.store, new, earlier, self.store.config_in_scope(subject))

    def text(self, version: Version, form: str | None = None) -> str:
        """Return the schema's text, or with the form `serialized` its descriptor in base64 where it is Protobuf."""
        if form == "serialized" and version.content.schema_type is SchemaType.PROTOBUF:
            return self._serialized(self.store, version)
        return version.content.schema

    def _descriptor(self, store: Store, version: Version) -> str:
        compiled: CompiledProto | None = self._read(store, version).compiled
        if compiled is None:
            raise errors.store_failed(f"the schema with id {version.id} is no Protobuf schema")
        return base64.b64encode(compiled.file.SerializeToString()).decode()

    def _read(self, store: Store, version: Version) -> ReadSchema:
        return self._reader.read_version(store, version)
