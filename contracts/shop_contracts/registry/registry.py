"""The registry in one process: its state, the log it comes from, and what carries changes out."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Sequence
from typing import Any

from shop_contracts.registry import changes, errors
from shop_contracts.registry.changes import Change, Registration
from shop_contracts.registry.compatibility import CompatibilityCheck
from shop_contracts.registry.content import SchemaReader
from shop_contracts.registry.errors import RegistryError
from shop_contracts.registry.forms import Forms
from shop_contracts.registry.log import Log, Superseded, TooLarge, Unavailable
from shop_contracts.registry.model import Content, Version, context_of
from shop_contracts.registry.records import Record
from shop_contracts.registry.store import Store
from shop_contracts.registry.tags import Entity, find_tags

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
        self._forms = Forms(self._reader)
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
        """Return the subject's version that is this schema; where its context has none, that of the first context that has it.

        Raises RegistryError 40401, 40403, 42201.
        """
        for candidate in self.store.namesakes(subject):
            try:
                found = changes.look_up(self.store, candidate, content, self._reader, normalize=normalize, deleted=deleted)
            except RegistryError:
                if candidate == subject:
                    raise
                continue  # what it refers to is not in that context
            if found is not None:
                return found
        if self.store.has_subject(subject, deleted=deleted):
            raise errors.schema_not_found()
        raise errors.subject_not_found(subject)

    def objections(self, subject: str, content: Content, earlier: Sequence[Version]) -> list[str]:
        """Return what speaks against the schema after `earlier`. Raises RegistryError 42201, 42205."""
        new = self._reader.read(self.store, content, context_of(subject))
        return self._compatibility.objections(self.store, new, earlier, self.store.config_in_scope(subject))

    def find_version(self, subject: str, number: int | None, *, deleted: bool) -> Version:
        """Return a version of a subject, the latest with None; where its context has none, of the first context that has it.

        `deleted` counts soft-deleted ones. Raises RegistryError 40401, 40402.
        """
        for candidate in self.store.namesakes(subject):
            latest = self.store.latest(candidate) or self.store.latest(candidate, deleted=deleted)
            found = latest if number is None else self.store.version(candidate, number, deleted=deleted)
            if found is not None:
                return found
        if self.store.has_subject(subject, deleted=deleted):
            raise errors.version_not_found(number or changes.LATEST)
        raise errors.subject_not_found(subject)

    def text(self, version: Version, form: str | None = None) -> str:
        """Return the schema's text, or another form of it: see `shop_contracts.registry.forms`."""
        return self._forms.text(self.store, version, form)

    def undeclared_options(self, version: Version) -> tuple[str, ...]:
        """Return the custom options of a Protobuf schema that nothing declares."""
        return self._reader.read_version(self.store, version).undeclared_options

    def tags(self, version: Version) -> dict[Entity, list[str]]:
        """Return the tags that the schema carries."""
        return find_tags(self._reader.read_version(self.store, version))
