"""Changes that wait for each other are written together: what holds for each of them alone holds in a group."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from fakes.schema_log import FakeLog, SharedTopic
from hypothesis import given, settings
from hypothesis import strategies as st
from shop_contracts.registry import deletes, records
from shop_contracts.registry.changes import Registration
from shop_contracts.registry.content import SchemaReader, remember_by_id
from shop_contracts.registry.errors import RegistryError
from shop_contracts.registry.model import Content, Identity, Reference, SchemaType, Settings, Version
from shop_contracts.registry.records import Record
from shop_contracts.registry.registry import Registry
from shop_contracts.registry.store import Store


def on_a_loop(test: Callable[..., Awaitable[None]]) -> Callable[..., None]:
    @functools.wraps(test)
    def run(*arguments: Any, **named: Any) -> None:
        async def whole() -> None:
            await test(*arguments, **named)

        asyncio.run(whole())

    return run


def message(name: str, kind: str = "string") -> str:
    return f'syntax = "proto3"; message {name} {{ {kind} id = 1; }}'


def registration(subject: str, schema: str, *references: Reference) -> Registration:
    content = Content(schema=schema, schema_type=SchemaType.PROTOBUF, references=references)
    return Registration(subject=subject, content=content)


async def opened(log: FakeLog) -> Registry:
    registry = Registry(log)
    await registry.start()
    return registry


async def together(registry: Registry, *requests: Registration) -> list[Any]:
    """Answers and errors of registrations that were asked for at once."""
    return await asyncio.gather(*map(registry.register, requests), return_exceptions=True)


def error_codes(outcomes: Sequence[Any]) -> list[int | None]:
    return [outcome.code if isinstance(outcome, RegistryError) else None for outcome in outcomes]


@on_a_loop
async def test_what_waits_is_written_in_one_commit() -> None:
    topic = SharedTopic()
    registry = await opened(FakeLog(topic))

    versions = await together(registry, *(registration(f"s{n}", message(f"M{n}")) for n in range(40)))

    assert sorted(version.id for version in versions) == list(range(1, 41))
    assert topic.commits == 2, "the first goes alone, those that came meanwhile go together"


@on_a_loop
async def test_one_schema_asked_for_many_times_at_once_has_one_id() -> None:
    registry = await opened(FakeLog(SharedTopic()))

    versions = await together(registry, *(registration(f"s{n % 3}", message("Same")) for n in range(12)))

    assert {(version.version, version.id) for version in versions} == {(1, 1)}


@on_a_loop
async def test_a_schema_and_those_that_refer_to_it_may_wait_together() -> None:
    registry = await opened(FakeLog(SharedTopic()))
    using = 'syntax = "proto3"; import "base.proto"; message Uses { Base base = 1; }'
    await registry.register(registration("first", message("First")))

    outcomes = await together(
        registry,
        registration("other", message("Other")),
        registration("base", message("Base")),
        registration("uses", using, Reference("base.proto", "base", 1)),
    )

    assert error_codes(outcomes) == [None, None, 42201], "what it needs was not there when it was asked for"


@on_a_loop
async def test_what_one_is_refused_for_is_no_matter_of_the_others() -> None:
    registry = await opened(FakeLog(SharedTopic()))

    outcomes = await together(
        registry,
        registration("first", message("First")),
        registration("orders", message("Order")),
        registration("orders", message("Order", "int32")),
        registration("large", "// " + "x" * 1_000_000 + "\n" + message("Large")),
        registration("payments", message("Payment")),
    )

    assert error_codes(outcomes) == [None, None, 40901, 42201, None]
    assert list(registry.store.subjects()) == ["first", "orders", "payments"]


@on_a_loop
async def test_of_a_group_that_was_lost_nothing_is_answered_or_seen() -> None:
    topic = SharedTopic()
    registry = await opened(FakeLog(topic))
    topic.is_away = True

    lost = await together(
        registry,
        registration("first", message("First")),
        registration("orders", message("Order")),
        registration("orders", message("Order", "int32")),
    )
    topic.is_away = False

    assert error_codes(lost) == [50002] * 3, "the last is not refused for a schema that nobody has registered"
    assert list(registry.store.subjects()) == []
    assert (await registry.register(registration("orders", message("Order", "int32")))).id == 1


@on_a_loop
async def test_a_group_is_decided_anew_when_another_registry_wrote_in_between() -> None:
    topic = SharedTopic()
    others = await opened(FakeLog(topic))

    class Overtaken(FakeLog):
        was_overtaken = False

        async def append(self, records: Sequence[Record]) -> None:
            if len(records) > 1 and not self.was_overtaken:
                self.was_overtaken = True
                await others.register(registration("orders", message("Order", "bytes")))
            await super().append(records)

    registry = await opened(Overtaken(topic))

    outcomes = await together(
        registry,
        registration("first", message("First")),
        registration("orders", message("Order", "int32")),
        registration("payments", message("Payment")),
    )

    assert error_codes(outcomes) == [None, 40901, None]
    assert [each.id for each in outcomes if isinstance(each, Version)] == [1, 3]


@on_a_loop
async def test_readers_see_nothing_of_a_group_before_it_is_written() -> None:
    seen: list[list[str]] = []

    class Watched(FakeLog):
        async def append(self, records: Sequence[Record]) -> None:
            seen.append(list(registry.store.subjects()))
            await super().append(records)

    registry = await opened(Watched(SharedTopic()))
    await together(registry, registration("a", message("A")), registration("b", message("B")), registration("c", message("C")))

    assert seen == [[], ["a"]]


@on_a_loop
async def test_whoever_waits_with_a_request_that_is_broken_off_gets_an_answer() -> None:
    registry = await opened(FakeLog(SharedTopic()))
    asked = [asyncio.ensure_future(registry.register(registration(f"s{n}", message(f"M{n}")))) for n in range(4)]
    await asyncio.sleep(0)
    asked[0].cancel()

    outcomes = await asyncio.gather(*asked, return_exceptions=True)

    assert isinstance(outcomes[0], asyncio.CancelledError)
    assert error_codes(outcomes[1:]) == [None] * 3


def test_what_was_only_tried_is_not_remembered() -> None:
    store = Store(SchemaReader().identify)
    version = Version("a", 1, 1, Content(schema="x"), Identity("x", "x"))
    made: list[str] = []
    remembered = remember_by_id(lambda _, version: made.append(version.content.schema))

    with store.trying():
        remembered(store, version)
    remembered(store, version)
    with store.trying():
        remembered(store, version)

    assert made == ["x", "x"], "the second time is remembered, and counts in a try too"


VERSIONS = st.builds(
    lambda subject, number, schema_id, digest, deleted, target: Version(
        subject,
        number,
        schema_id,
        Content(schema=digest, references=(Reference("r", *target),) if target else ()),
        Identity(digest, digest),
        deleted,
    ),
    st.sampled_from(["a", "b", ":.eu:a"]),
    st.integers(1, 4),
    st.integers(1, 4),
    st.sampled_from(["x", "y"]),
    st.booleans(),
    st.none() | st.tuples(st.sampled_from(["a", "b"]), st.integers(1, 4)),
)
RECORDS = st.one_of(
    VERSIONS.map(records.schema_record),
    st.builds(records.schema_tombstone, st.sampled_from(["a", "b", ":.eu:a"]), st.integers(1, 4)),
    st.builds(records.delete_subject_record, st.sampled_from(["a", "b"]), st.integers(1, 4)),
    st.builds(records.config_record, st.sampled_from([None, "a"]), st.none() | st.just(Settings({"compatibilityLevel": "FULL"}))),
    st.builds(records.mode_record, st.sampled_from([None, "a"]), st.sampled_from([None, "IMPORT"])),
    st.just(records.max_ids_record({".": 9})),
    st.builds(lambda is_there: records.context_record(".eu", is_there=is_there), st.booleans()),
)


def whole(store: Store) -> tuple[dict[str, object], list[list[Any]]]:
    """All that a store knows, with the order in which it lists what has an id, an identity or a referrer."""
    indexes = (store._by_id, store._by_canonical, store._by_normal, store._referrers)
    return store.snapshot(), [sorted((key, list(entry)) for key, entry in index.items()) for index in indexes]


@settings(max_examples=300, deadline=None)
@given(before=st.lists(RECORDS, max_size=12), tried=st.lists(RECORDS, max_size=8))
def test_what_was_tried_leaves_no_trace(before: list[Record], tried: list[Record]) -> None:
    store = Store(SchemaReader().identify)
    for record in before:
        store.apply(record)
    known = whole(store)

    with store.trying():
        for record in tried:
            store.apply(record)

    assert whole(store) == known


def test_deleting_a_subject_in_a_try_does_not_delete_it() -> None:
    store = Store(SchemaReader().identify)
    store.apply(records.schema_record(Version("a", 1, 1, Content(schema="x"), Identity("x", "x"))))

    with store.trying():
        for record in deletes.delete_subject(store, "a", permanent=False).records:
            store.apply(record)
        assert not store.has_subject("a")

    assert store.has_subject("a")
    assert [version.deleted for version in store.with_id(".", 1)] == [False]
