"""The registry in one process: its state, the log it comes from, and what carries changes out."""

from __future__ import annotations

import asyncio
import logging
import random
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from shop_contracts.registry import changes, errors
from shop_contracts.registry.associations import Planned, Resource, Wanted, associate, plan
from shop_contracts.registry.changes import Change, Registration
from shop_contracts.registry.compatibility import CompatibilityCheck
from shop_contracts.registry.content import SchemaReader
from shop_contracts.registry.errors import RegistryError
from shop_contracts.registry.forms import Forms
from shop_contracts.registry.log import MAX_RECORD_BYTES, Log, Superseded, Unavailable
from shop_contracts.registry.model import Association, Content, Version, context_of
from shop_contracts.registry.records import Record
from shop_contracts.registry.store import Store
from shop_contracts.registry.tags import Entity, find_tags

logger = logging.getLogger(__name__)

_ATTEMPTS = 20
"""How often a change is decided anew because another registry wrote in between."""

_GROUP = 64
"""How many changes are written at once: deciding them holds up who reads, about a millisecond each."""


@dataclass(slots=True)
class _Asked:
    """A change that waits for its turn; once settled it has an answer or a refusal."""

    decide: Callable[[Store], Change]
    answer: Any = None
    refusal: RegistryError | None = None
    is_settled: bool = False


class Registry:
    """Answers from memory; changes go through the log and count when it has them."""

    def __init__(self, log: Log) -> None:
        self._reader = SchemaReader()
        self._compatibility = CompatibilityCheck(self._reader)
        self._log = log
        self._turn = asyncio.Lock()
        self._waiting: deque[_Asked] = deque()
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
        await self.compile_ahead(request.subject, request.content)
        found: Version = await self.change(lambda store: changes.register(store, request, self._reader, self._compatibility))
        return found

    async def change(self, decide: Callable[[Store], Change]) -> Any:
        """Carry a change out and give its answer once it is durable and visible here. Raises RegistryError.

        It is decided on the state as it is known first: what is refused or true already needs no Kafka.
        """
        known = decide(self.store)
        if not known.records:
            return known.answer
        asked = _Asked(decide)
        self._waiting.append(asked)
        async with self._turn:
            # Whoever's turn it is carries out what waits with it: one transaction for all of them.
            while not asked.is_settled:
                await self._carry_out([self._waiting.popleft() for _ in range(min(_GROUP, len(self._waiting)))])
        if asked.refusal is not None:
            raise asked.refusal
        return asked.answer

    async def _carry_out(self, group: Sequence[_Asked]) -> None:
        """Settle all of the group, whatever happens: nobody else will."""
        failure: RegistryError | None = errors.timed_out("the registry was interrupted")
        try:
            failure = await self._written(group)
        finally:
            for asked in group:
                # One refused because of another in the group was refused for nothing when that one was not written.
                asked.refusal = failure or asked.refusal
                asked.is_settled = True

    async def _written(self, group: Sequence[_Asked]) -> RegistryError | None:
        """Decide the group and write it; returns why nobody knows whether it was written, or None."""
        for attempt in range(_ATTEMPTS):
            try:
                await self._log.lead()
                batch = self._decide(group)
                if batch:
                    await self._log.append(batch)
            except Superseded:
                logger.info("another registry wrote in between; deciding again", extra={"attempt": attempt + 1})
                await asyncio.sleep(random.uniform(0, 0.02 * (attempt + 1)))  # noqa: S311  # nosec B311 # spreads retries, guards nothing
            except Unavailable as error:
                return errors.timed_out(f"{error}. Is Kafka reachable?")
            else:
                return None
        return errors.timed_out("other registries kept writing in between")

    def _decide(self, group: Sequence[_Asked]) -> list[Record]:
        """Decide each on the state as those before it leave it. What one is refused for is no matter of the others."""
        batch: list[Record] = []
        with self.store.trying():
            for asked in group:
                asked.answer = asked.refusal = None
                try:
                    change = asked.decide(self.store)
                    _check_size(change.records)
                except RegistryError as refusal:
                    asked.refusal = refusal
                    continue
                asked.answer = change.answer
                self._apply(change.records)
                batch += change.records
        return batch

    # -- questions

    async def compile_ahead(self, subject: str, content: Content) -> None:
        """Let others go on while a large schema is compiled that is asked about next."""
        await self._reader.compile_ahead(self.store, content, context_of(subject))

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

    async def associate(
        self, resource: Resource, wanted: Sequence[Wanted], *, context: str, is_create: bool, dry_run: bool
    ) -> tuple[list[Association], dict[str, Version]]:
        """Make or change associations, registering the schemas they bring; returns them, and the versions by association type.

        Nothing is registered when anything is wrong with the request. Raises RegistryError.
        """

        def decide(store: Store) -> list[Planned]:
            return plan(store, resource, wanted, self._is_registered, context=context, is_create=is_create, dry_run=dry_run)

        planned = decide(self.store)
        registrations = {
            each.wanted.type: Registration(subject=each.subject, content=each.wanted.schema, normalize=each.wanted.normalize)
            for each in planned
            if each.wanted.schema is not None and not self.store.mode_in_scope(each.subject).takes_ids
        }
        for request in registrations.values():
            changes.register(self.store, request, self._reader, self._compatibility)
        if dry_run:
            return [], {}
        registered = {kind: await self.register(request) for kind, request in registrations.items()}
        kept: list[Association] = await self.change(lambda store: associate(resource, decide(store)))
        return kept, registered

    def _is_registered(self, subject: str, content: Content, normalize: bool) -> bool:
        return changes.look_up(self.store, subject, content, self._reader, normalize=normalize) is not None

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


def _check_size(batch: Sequence[Record]) -> None:
    largest = max((len(record.key) + len(record.value or b"") for record in batch), default=0)
    if largest > MAX_RECORD_BYTES:
        raise errors.invalid_schema(
            f"it is too large for Kafka: a record of {largest:,} bytes; {MAX_RECORD_BYTES:,} are allowed. "
            "Split it into files that reference each other."
        )
