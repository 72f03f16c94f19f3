"""How facts become a story."""

from __future__ import annotations

from typing import Any

from shop_dev.kafka.records import Record
from shop_dev.output.story import story_page
from shop_dev.story.model import Step
from shop_dev.story.telling import Facts, story_of
from shop_sandbox.logs import LogRecord
from shop_sandbox.telemetry.read import SpanNode, Trace

NOON = 1_700_000_000.0


def span(
    service: str,
    name: str,
    at: float,
    *,
    kind: str = "consumer",
    error: str | None = None,
    parent: str | None = "p",
    **attributes: object,
) -> SpanNode:
    return SpanNode(
        span_id=f"{service}-{name}-{at}",
        parent_id=parent,
        service=service,
        name=name,
        kind=kind,
        started_at=NOON + at,
        seconds=0.01,
        status="ok" if error is None else "error",
        status_message=error or "",
        attributes={key.replace("__", "."): value for key, value in attributes.items()},
        events=(),
    )


def consumed(group: str, message: str, at: float, **attributes: object) -> SpanNode:
    told: dict[str, Any] = {"messaging__message__id": message, "messaging__consumer__group__name": group, **attributes}
    return span(group, f"{message} process", at, **told)


def record(
    kind: str, at: float, *, topic: str = "commands", source: str = "orders", content: object = None, offset: int = 0
) -> Record:
    headers = {"ce_id": kind, "ce_type": f"shop.v1.{kind}", "ce_source": f"/shop/{source}"}
    return Record(topic, 0, offset, NOON + at, "ord_1", headers, 1, "PROTOBUF", content)


def logged(resource: str, at: float, level: str, message: str, **fields: str) -> LogRecord:
    told = ", ".join(f'"{name}": "{value}"' for name, value in {"level": level, "message": message, **fields}.items())
    return LogRecord(NOON + at, resource, f"{{{told}}}")


REQUEST = span("edge", "POST /v1/orders", 0.0, kind="server", parent=None, http__response__status_code=202)
READERS = {"commands": ("payments",), "events": ("orders",)}


def facts(*spans: SpanNode, **given: object) -> Facts:
    return Facts("ord_1", (Trace("aa", (REQUEST, *spans)),), **{"readers": READERS, **given})  # type: ignore[arg-type]  # its own fields


def texts(told: Facts) -> list[str]:
    return [step.text for step in story_of(told).steps]


def test_messages_are_told_in_order_with_who_reads_them_and_how_long_that_took() -> None:
    told = facts(
        consumed("payments", "Authorise", 0.2),
        records=(
            record(
                "Authorise", 0.1, content={"order_id": "ord_1", "authorise": {"payment_id": "x", "card": "tok_visa", "lines": [1]}}
            ),
            record("Accepted", 0.3, topic="news"),
        ),
    )

    assert texts(told) == [
        "edge was asked POST /v1/orders and answered 202 within 10 ms",
        "orders told payments: Authorise (card tok_visa) (dealt with within 110 ms)",
        "orders announced Accepted",
    ]


def test_without_kafka_it_is_told_who_dealt_with_what() -> None:
    assert texts(facts(consumed("payments", "Authorise", 0.2)))[1:] == ["payments dealt with Authorise within 10 ms"]


def test_failures_and_warnings_of_a_kind_are_told_once_with_how_often_and_why() -> None:
    told = facts(
        *(span("payments", "PUT psp", at, kind="client", error="HTTP 503") for at in (0.3, 0.4)),
        logs=(
            logged("payments", 0.35, "warning", "a message waits", reason="psp is away"),
            logged("payments", 0.45, "warning", "a message waits", reason="psp is away"),
            logged("payments", 0.5, "info", "all is well"),
            logged("orders", 0.6, "error", "a message could not be handled", exception="Traceback\\n  x\\nKeyError: 'sku'"),
        ),
    )

    assert story_of(told).steps[1:] == (
        Step(NOON + 0.3, "payments failed at PUT psp 2 times: HTTP 503", is_trouble=True),
        Step(NOON + 0.35, "payments logged 2 times: a message waits: psp is away", is_trouble=True),
        Step(NOON + 0.6, "orders logged: a message could not be handled: KeyError: 'sku'", is_trouble=True),
    )


def test_what_a_service_has_not_dealt_with_is_waited_for_with_its_state_and_what_it_said() -> None:
    told = facts(
        consumed("orders", "Reserved", 0.1, shop__stage="authorising"),
        records=(record("Authorise", 0.2, offset=7), record("Older", 0.1, offset=6)),
        logs=(logged("payments", 0.35, "warning", "a message waits", reason="psp is away"),),
        has_dealt_with=lambda group, one: one.offset < 7,
        why_late=lambda service: (f"{service} restarts",),
    )

    (waits,) = story_of(told).waits

    assert (waits.service, waits.message, waits.since) == ("payments", "Authorise", NOON + 0.2)
    assert waits.why == ("payments restarts", "a message waits: psp is away")
    assert story_page(story_of(told), flag=" --name second", now=NOON + 34.2).text().splitlines()[-5:] == [
        f"It has not ended: authorising since {told_at(0.11)}, 34 s ago.",
        "payments has not dealt with Authorise for 34 s (commands).",
        "  payments restarts",
        "  a message waits: psp is away",
        "  hint: shop-dev logs payments --tail 30 --name second",
    ]


def told_at(at: float) -> str:
    from datetime import datetime

    return datetime.fromtimestamp(NOON + at).astimezone().strftime("%H:%M:%S.%f")[:-3]


def test_the_last_outcome_that_a_step_has_told_is_the_end() -> None:
    story = story_of(facts(consumed("orders", "Declined", 0.2, shop__stage="rejected", shop__outcome="rejected: card declined")))

    assert (story.outcome, story.stage) == ("rejected: card declined", None)
    assert story_page(story, flag="", now=NOON).text().splitlines()[-1] == "It ended after 200 ms: rejected: card declined"


def test_a_request_that_was_refused_is_trouble() -> None:
    refused = span("edge", "POST /v1/orders", 0.0, kind="server", parent=None, http__response__status_code=503)

    assert [step.is_trouble for step in story_of(Facts("aa", (Trace("aa", (refused,)),))).steps] == [True]
