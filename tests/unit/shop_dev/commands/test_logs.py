"""`shop-dev logs`, seen from the terminal, over logs as the sandbox writes them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from fakes.command_line import ShopDev
from hypothesis import given
from hypothesis import strategies as st
from shop_dev.logbook import moment


@pytest.fixture
def written(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = checkout / ".shop-dev" / "default" / "logs"
    folder.mkdir(parents=True)
    accepted = {"level": "info", "message": "order accepted", "correlation_id": "c-1", "order_id": "ord_1", "lines": 2}
    failed = {
        "level": "error",
        "message": "handler failed",
        "correlation_id": "c-2",
        "exception": "Traceback (most recent call last):\nKeyError: 1",
    }
    (folder / "orders.log").write_text(
        f"2026-01-31T12:00:00.100Z {json.dumps(accepted)}\n2026-01-31T12:00:02.000Z {json.dumps(failed)}\n"
    )
    (folder / "kafka.log").write_text(
        "2026-01-31T12:00:01.000Z [main] INFO started\n2026-01-31T12:00:01.000Z \tat kafka.Kafka.main\n"
    )
    return folder


def times_of_day_removed(text: str) -> str:
    return "\n".join(line[13:] if line[:1].isdigit() else line for line in text.splitlines())


def test_records_of_all_resources_come_in_the_order_of_time(shop_dev: ShopDev, written: Path) -> None:
    said = shop_dev("logs")

    assert said.status == 0
    assert times_of_day_removed(said.out).splitlines() == [
        "orders             INFO  order accepted lines=2 [ord_1]",
        "kafka              [main] INFO started",
        "                                \tat kafka.Kafka.main",
        "orders             ERROR handler failed [c-2]",
        "                                Traceback (most recent call last):",
        "                                KeyError: 1",
    ]


@pytest.mark.parametrize("identity", ["c-1", "ord_1"])
def test_records_of_one_request_or_order(identity: str, shop_dev: ShopDev, written: Path) -> None:
    said = shop_dev("logs", "--correlation", identity)

    assert times_of_day_removed(said.out) == "orders             INFO  order accepted lines=2 [ord_1]"


def test_records_since_a_time(shop_dev: ShopDev, written: Path) -> None:
    records = shop_dev("logs", "--since", "2026-01-31T12:00:01.500+00:00", "--json").document()["data"]["records"]

    assert [record["fields"]["message"] for record in records] == ["handler failed"]


def test_one_service(shop_dev: ShopDev, written: Path) -> None:
    records = shop_dev("logs", "kafka", "--json").document()["data"]["records"]

    assert [(record["resource"], record["text"]) for record in records] == [("kafka", "[main] INFO started\n\tat kafka.Kafka.main")]


def test_a_typo_in_a_service_is_wrong_use(shop_dev: ShopDev, written: Path) -> None:
    said = shop_dev("logs", "oders")

    assert said.status == 2
    assert "Did you mean orders?" in said.err


def test_an_endless_stream_and_one_document_do_not_go_together(shop_dev: ShopDev, written: Path) -> None:
    assert shop_dev("logs", "-f", "--json").status == 2


@given(st.integers(0, 59), st.integers(0, 59), st.integers(0, 23))
def test_an_age_is_counted_back_from_now(seconds: int, minutes: int, hours: int) -> None:
    assert moment(f"{hours}h{minutes}m{seconds}s", now=1e6) == pytest.approx(1e6 - hours * 3600 - minutes * 60 - seconds)


def test_what_is_neither_an_age_nor_a_time_is_wrong_use(shop_dev: ShopDev, written: Path) -> None:
    said = shop_dev("logs", "--since", "yesterday")

    assert said.status == 2
    assert "--since 'yesterday' is neither an age" in said.err


def test_a_name_with_a_typo_gets_each_known_name_once(shop_dev: ShopDev, written: Path) -> None:
    said = shop_dev("logs", "ordrs", "--json")

    known = said.document()["error"]["detail"]["known"]
    assert said.status == 2
    assert "orders" in known
    assert len(known) == len(set(known))
