"""A function on a queue: which messages come again, and what has been published when it answers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import msgspec
import pytest
from fakes.virtual_time import in_virtual_time
from opentelemetry.trace import NoOpTracer
from shop_kit import context
from shop_kit.errors import Invalid, Unavailable
from shop_kit.functions import QueueMessage, queue_function
from shop_kit.functions.queues import BatchHandler, Handle
from shop_kit.service import Service
from shop_kit.settings import RuntimeSettings, SettingsInvalid
from shop_kit.shutdown import Shutdown

Seen = list[str]


@pytest.fixture(autouse=True)
def _leave_logging(monkeypatch: pytest.MonkeyPatch) -> None:
    """A function takes over all logging of its process, which here is the tests' own."""
    monkeypatch.setattr("shop_kit.functions.queues.configure_logging", lambda *_: None)


def message(number: int, *, group: str | None = None) -> QueueMessage:
    return QueueMessage(f"m{number}", "arn:aws:sqs:eu:1:mails", "{}", {}, group, 1)


def handler(handle: Handle, *, settle: Callable[[float], Awaitable[None]] | None = None) -> BatchHandler:
    service = Service("mails", RuntimeSettings(), tracer=NoOpTracer(), shutdown=Shutdown(8.0), entered=AsyncExitStack())
    if settle:
        service.settling.append(settle)
    return BatchHandler(service, handle, flush_spans=lambda: None)


def failing_on(*bad: str, error: Exception, seen: Seen | None = None) -> Handle:
    async def handle(one: QueueMessage) -> None:
        if seen is not None:
            seen.append(one.id)
        if one.id in bad:
            raise error

    return handle


@pytest.mark.parametrize("error", [Unavailable("ses", "away"), Invalid("no address"), RuntimeError("a bug")])
def test_only_what_failed_comes_again(error: Exception) -> None:
    async def story() -> list[str]:
        failed = await handler(failing_on("m2", error=error)).handle([message(1), message(2), message(3)], seconds=30)
        return [one.id for one in failed]

    assert in_virtual_time(story()) == ["m2"]


def test_behind_a_failure_nothing_of_its_group_is_handled_and_other_groups_are() -> None:
    seen: Seen = []
    batch = [message(1, group="a"), message(2, group="a"), message(3, group="b"), message(4, group="a")]

    async def story() -> list[str]:
        failed = await handler(failing_on("m2", error=RuntimeError(), seen=seen)).handle(batch, seconds=30)
        return [one.id for one in failed]

    assert in_virtual_time(story()) == ["m2", "m4"]
    assert sorted(seen) == ["m1", "m2", "m3"]


def test_it_answers_only_when_everything_is_published() -> None:
    async def story() -> tuple[int, float]:
        async def settle(_seconds: float) -> None:
            await asyncio.sleep(2)

        failed = await handler(failing_on(error=RuntimeError()), settle=settle).handle([message(1)], seconds=30)
        return len(failed), asyncio.get_running_loop().time()

    failures, seconds = in_virtual_time(story())
    assert failures == 0
    assert seconds >= 2


def test_all_of_a_batch_comes_again_when_it_could_not_be_published() -> None:
    async def story() -> list[str]:
        async def settle(_seconds: float) -> None:
            raise Unavailable("outbox", "2 messages are not published")

        failed = await handler(failing_on(error=RuntimeError()), settle=settle).handle([message(1), message(2)], seconds=30)
        return [one.id for one in failed]

    assert in_virtual_time(story()) == ["m1", "m2"]


def test_a_batch_that_hangs_is_answered_before_lambda_ends_it() -> None:
    async def hangs(_one: QueueMessage) -> None:
        await asyncio.Event().wait()

    async def story() -> tuple[list[str], float]:
        failed = await handler(hangs).handle([message(1)], seconds=30)
        return [one.id for one in failed], asyncio.get_running_loop().time()

    failed, seconds = in_virtual_time(story())
    assert failed == ["m1"]
    assert seconds < 30


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    runtime: RuntimeSettings
    greeting: str


class Invocation:
    def get_remaining_time_in_millis(self) -> int:
        return 30_000


def event(*ids: str) -> dict[str, Any]:
    return {
        "Records": [
            {
                "messageId": one,
                "body": "hello",
                "eventSourceARN": "arn:aws:sqs:eu:1:mails",
                "attributes": {"ApproximateReceiveCount": "2"},
                "messageAttributes": {"correlationid": {"stringValue": f"c-{one}", "dataType": "String"}},
                "receiptHandle": "unused",
            }
            for one in ids
        ]
    }


def test_a_function_is_composed_once_and_answers_events_as_lambda_wants_it() -> None:
    composed: list[str] = []
    seen: list[tuple[str, int, str]] = []

    async def compose(_service: Service, settings: Settings) -> Handle:
        composed.append(settings.greeting)

        async def handle(one: QueueMessage) -> None:
            seen.append((one.identity, one.deliveries, context.correlation_id()))
            if one.id == "bad":
                raise Invalid("bad")

        return handle

    function = queue_function("mails", Settings, compose, environ={"GREETING": "hello"})
    answers = [function(event("a", "bad"), Invocation()), function(event("b"), Invocation())]
    function.close()

    assert answers == [{"batchItemFailures": [{"itemIdentifier": "bad"}]}, {"batchItemFailures": []}]
    assert composed == ["hello"]
    assert seen[0] == ("arn:aws:sqs:eu:1:mails#a", 2, "c-a")


def test_wrong_settings_fail_the_first_event_with_all_of_them() -> None:
    async def compose(_service: Service, _settings: Settings) -> Handle:
        raise AssertionError

    with pytest.raises(SettingsInvalid, match="GREETING"):
        queue_function("mails", Settings, compose, environ={})(event("a"), Invocation())
