"""Whatever is asked of two registries on one topic, in any order: the log alone tells the state, and ids keep their meaning."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from fakes.schema_log import FakeLog, SharedTopic
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from shop_contracts.registry import deletes
from shop_contracts.registry.associations import TOPIC, Resource, Wanted, dissociate
from shop_contracts.registry.changes import Registration
from shop_contracts.registry.content import SchemaReader
from shop_contracts.registry.errors import RegistryError
from shop_contracts.registry.model import Content, Lifecycle, Reference, SchemaType, Version, context_of
from shop_contracts.registry.records import Record
from shop_contracts.registry.registry import Registry
from shop_contracts.registry.settings import ConfigRequest, delete_config, delete_mode, update_config, update_mode
from shop_contracts.registry.store import Store

T = TypeVar("T")
SUBJECTS = st.sampled_from(["orders", "payments", "base", ":.eu:orders"])
TEXTS = [
    'syntax = "proto3"; message A {}',
    'syntax = "proto3"; message A { string x = 1; }',
    'syntax = "proto3"; message A { string x = 1; int32 y = 2; }',
    'syntax = "proto3"; message A { int32 y = 2; string x = 1; }',
    'syntax = "proto3"; message A { bytes z = 3; }',
]
IMPORTING = 'syntax = "proto3"; import "base.proto"; message B { A a = 1; }'
NUMBERS = st.integers(1, 5)
REGISTRIES = st.sampled_from([0, 1])


class TwoRegistries(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.topic = SharedTopic()
        self.registries = [self.opened(), self.opened()]
        self.meanings: dict[tuple[str, int], str] = {}
        self.highest: dict[str, int] = {}

    def opened(self) -> Registry:
        registry = Registry(FakeLog(self.topic))
        self.loop.run_until_complete(registry.start())
        return registry

    def teardown(self) -> None:
        self.loop.close()

    def ask(self, which: int, work: Coroutine[Any, Any, T]) -> T | None:
        before = list(self.topic.records)
        try:
            return self.loop.run_until_complete(work)
        except RegistryError:
            assert self.topic.records == before, "what is refused leaves no trace"
            return None

    def register(self, which: int, request: Registration) -> None:
        version = self.ask(which, self.registries[which].register(request))
        if version is not None:
            self.acknowledged(version, request)

    def acknowledged(self, version: Version, request: Registration) -> None:
        context = context_of(version.subject)
        meaning = self.meanings.setdefault((context, version.id), version.identity.canonical)
        assert meaning == version.identity.canonical or request.id is not None
        self.meanings[context, version.id] = version.identity.canonical
        self.highest[context] = max(self.highest.get(context, 0), version.id)

    @rule(
        several=st.lists(st.tuples(REGISTRIES, SUBJECTS, st.sampled_from(TEXTS)), min_size=2, max_size=6),
        killed=st.none() | REGISTRIES,
        steps=st.integers(0, 8),
    )
    def are_asked_at_once(self, several: list[tuple[int, str, str]], killed: int | None, steps: int) -> None:
        """Registrations that wait for each other, at both registries; one of these may be killed in the middle."""
        for registry in self.registries:
            registry._log.catch_up()  # type: ignore[attr-defined]  # the fake's: no delete is on its way to one of them
        requests = [
            (which, Registration(subject=subject, content=Content(schema=text, schema_type=SchemaType.PROTOBUF), force=True))
            for which, subject, text in several
        ]
        outcomes = self.loop.run_until_complete(self.all_of(requests, killed, steps))
        for (_, request), outcome in zip(requests, outcomes, strict=True):
            if isinstance(outcome, Version):
                self.acknowledged(outcome, request)
                held = [v.id for v in store_of(self.topic.records).versions(request.subject)]
                assert outcome.id in held, "what was acknowledged is in the log"
            else:
                assert isinstance(outcome, RegistryError | asyncio.CancelledError), outcome
        if killed is not None:
            self.registries[killed] = self.opened()

    async def all_of(
        self, requests: list[tuple[int, Registration]], killed: int | None, steps: int
    ) -> list[Version | BaseException]:
        asked = [(which, asyncio.ensure_future(self.registries[which].register(request))) for which, request in requests]
        for _ in range(steps):
            await asyncio.sleep(0)
        for which, task in asked:
            if which == killed:
                task.cancel()
        return await asyncio.gather(*(task for _, task in asked), return_exceptions=True)

    @rule(which=REGISTRIES, subject=SUBJECTS, text=st.sampled_from(TEXTS), force=st.booleans(), normalize=st.booleans())
    def registers(self, which: int, subject: str, text: str, force: bool, normalize: bool) -> None:
        content = Content(schema=text, schema_type=SchemaType.PROTOBUF)
        self.register(which, Registration(subject=subject, content=content, force=force, normalize=normalize))

    @rule(which=REGISTRIES, subject=SUBJECTS, number=NUMBERS)
    def registers_with_a_reference(self, which: int, subject: str, number: int) -> None:
        references = (Reference("base.proto", "base", number),)
        content = Content(schema=IMPORTING, schema_type=SchemaType.PROTOBUF, references=references)
        self.register(which, Registration(subject=subject, content=content, force=True))

    @rule(which=REGISTRIES, subject=SUBJECTS, text=st.sampled_from(TEXTS), schema_id=st.integers(1, 30), number=NUMBERS)
    def imports(self, which: int, subject: str, text: str, schema_id: int, number: int) -> None:
        content = Content(schema=text, schema_type=SchemaType.PROTOBUF)
        self.register(which, Registration(subject=subject, content=content, id=schema_id, version=number))

    @rule(which=REGISTRIES, subject=SUBJECTS, number=NUMBERS | st.none(), permanent=st.booleans())
    def deletes_a_version(self, which: int, subject: str, number: int | None, permanent: bool) -> None:
        change = self.registries[which].change
        self.ask(which, change(lambda store: deletes.delete_version(store, subject, number, permanent=permanent)))

    @rule(which=REGISTRIES, subject=SUBJECTS, permanent=st.booleans())
    def deletes_a_subject(self, which: int, subject: str, permanent: bool) -> None:
        self.ask(which, self.registries[which].change(lambda store: deletes.delete_subject(store, subject, permanent=permanent)))

    @rule(which=REGISTRIES, subject=SUBJECTS, number=NUMBERS | st.none())
    def removes_for_good(self, which: int, subject: str, number: int | None) -> None:
        for permanent in (False, True):
            if number is None:
                self.deletes_a_subject(which, subject, permanent)
            else:
                self.deletes_a_version(which, subject, number, permanent)

    @rule(which=REGISTRIES, subject=SUBJECTS | st.none(), level=st.sampled_from(["NONE", "FULL", "BACKWARD", "nonsense"]))
    def sets_a_level(self, which: int, subject: str | None, level: str) -> None:
        self.ask(
            which,
            self.registries[which].change(lambda store: update_config(store, subject, ConfigRequest(compatibility=level))),
        )

    @rule(which=REGISTRIES, subject=SUBJECTS | st.none())
    def forgets_a_level(self, which: int, subject: str | None) -> None:
        self.ask(which, self.registries[which].change(lambda store: delete_config(store, subject)))

    @rule(
        which=REGISTRIES,
        subject=SUBJECTS | st.none() | st.just(":.eu:"),
        mode=st.sampled_from(["READWRITE", "READWRITE", "IMPORT", "READONLY"]),
        force=st.booleans(),
    )
    def sets_a_mode(self, which: int, subject: str | None, mode: str, force: bool) -> None:
        self.ask(which, self.registries[which].change(lambda store: update_mode(store, subject, mode, force=force)))

    @rule(which=REGISTRIES, subject=SUBJECTS | st.none() | st.just(":.eu:"), recursive=st.booleans())
    def forgets_a_mode(self, which: int, subject: str | None, recursive: bool) -> None:
        self.ask(which, self.registries[which].change(lambda store: delete_mode(store, subject, recursive=recursive)))

    @rule(which=REGISTRIES)
    def deletes_a_context(self, which: int) -> None:
        self.ask(which, self.registries[which].change(lambda store: deletes.delete_context(store, ".eu")))

    @rule(which=REGISTRIES, subject=SUBJECTS, owner=st.sampled_from("ab"), version=st.sampled_from([None, -1, 1, 2]))
    def registers_metadata_alone(self, which: int, subject: str, owner: str, version: int | None) -> None:
        content = Content(schema="", metadata={"properties": {"owner": owner}})
        self.register(which, Registration(subject=subject, content=content, version=version, force=True))

    @rule(which=REGISTRIES, subject=SUBJECTS, resource=st.sampled_from("xy"), strong=st.booleans())
    def associates(self, which: int, subject: str, resource: str, strong: bool) -> None:
        lifecycle = Lifecycle.STRONG if strong else Lifecycle.WEAK
        wanted = [Wanted(subject=subject, lifecycle=lifecycle)]
        named = Resource(name=resource, namespace="cluster", id=resource)
        self.ask(which, self.registries[which].associate(named, wanted, context=".", is_create=True, dry_run=False))

    @rule(which=REGISTRIES, resource=st.sampled_from("xy"), cascade=st.booleans())
    def dissociates(self, which: int, resource: str, cascade: bool) -> None:
        change = self.registries[which].change
        self.ask(which, change(lambda store: dissociate(store, resource, TOPIC, [], cascade=cascade, dry_run=False)))

    @rule(which=REGISTRIES)
    def is_killed_and_started_again(self, which: int) -> None:
        self.registries[which] = self.opened()

    @precondition(lambda self: self.topic.records)
    @rule()
    def the_topic_is_compacted(self) -> None:
        self.topic.records = self.topic.compacted()
        self.registries = [self.opened(), self.opened()]

    @invariant()
    def a_replay_equals_the_live_state(self) -> None:
        live = max(self.registries, key=lambda registry: registry._log._read)  # type: ignore[attr-defined]  # the fake's place
        assert replayed(self.topic.records) == live.store.snapshot()
        assert replayed(self.topic.compacted()) == live.store.snapshot()

    @invariant()
    def no_id_is_given_out_again(self) -> None:
        live = replayed(self.topic.compacted())["max_ids"]
        assert isinstance(live, dict)
        assert all(live.get(context, 0) >= highest for context, highest in self.highest.items())

    @invariant()
    def an_id_has_one_meaning_at_a_time(self) -> None:
        for registry in self.registries:
            for context in registry.store.contexts():
                for schema_id in range(1, 31):
                    holders = registry.store.with_id(context, schema_id)
                    assert len({(holder.identity.canonical, holder.content.schema) for holder in holders}) <= 1


def store_of(log: list[Record]) -> Store:
    store = Store(SchemaReader().identify)
    for record in log:
        store.apply(record)
    return store


def replayed(log: list[Record]) -> dict[str, object]:
    return store_of(log).snapshot()


TestTwoRegistries = TwoRegistries.TestCase
TestTwoRegistries.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)
