"""`shop-dev logs`, seen from the terminal, over logs as the sandbox writes them."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes.command_line import ShopDev
from hypothesis import given
from hypothesis import strategies as st
from shop_dev.logbook import moment
from shop_sandbox.logs import files


@pytest.fixture
def written(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = checkout / ".shop-dev" / "default" / "logs"
    folder.mkdir(parents=True)
    with (checkout / "pyproject.toml").open("a") as settings:
        settings.write('keys = ["order_id", "correlation_id"]\n')
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


def test_a_traceback_after_a_record_is_shown_where_it_was_said(shop_dev: ShopDev, written: Path) -> None:
    with (written / "orders.log").open("a") as log:
        for number, line in enumerate(
            ["Traceback (most recent call last):", '  File "bootstrap.py", line 7, in start', "RuntimeError: no such table"]
        ):
            log.write(f"2026-01-31T12:00:03.{number:03}Z {line}\n")
        log.write('2026-01-31T12:00:04.000Z {"level": "info", "message": "stopped"}\n')

    said = shop_dev("logs", "orders")

    assert times_of_day_removed(said.out).splitlines()[-4:] == [
        "orders             Traceback (most recent call last):",
        '                                  File "bootstrap.py", line 7, in start',
        "                                RuntimeError: no such table",
        "orders             INFO  stopped",
    ]


def test_the_newest_records_of_each_resource(shop_dev: ShopDev, written: Path) -> None:
    records = shop_dev("logs", "--tail", "1", "--json").document()["data"]["records"]

    assert [record["resource"] for record in records] == ["kafka", "orders"]
    assert records[1]["fields"]["message"] == "handler failed"


def test_a_log_that_cannot_be_read_is_an_error_with_its_path_and_no_traceback(shop_dev: ShopDev, written: Path) -> None:
    (written / "kafka.log").unlink()
    (written / "kafka.log").mkdir()  # a folder cannot be read by anybody, not even by root

    said = shop_dev("logs")
    document = shop_dev("logs", "--json").document()

    assert (said.status, said.err.splitlines()[0].rpartition(" ")[2]) == (1, "[log_unreadable]")
    assert document["error"]["detail"]["path"] == str(written / "kafka.log")


def test_a_log_that_breaks_off_while_it_is_read_ends_the_document_as_failed(
    shop_dev: ShopDev, written: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks_off(stretch: files.Stretch) -> Iterator[bytes]:
        yield b"2026-01-31T12:00:00.100Z one"
        yield b"2026-01-31T12:00:00.200Z two"
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(files.Stretch, "lines", breaks_off)

    said = shop_dev("logs", "kafka", "--json")

    assert [record["text"] for record in said.document()["data"]["records"]] == ["one"]
    assert (said.status, said.document()["error"]["code"]) == (1, "log_unreadable")


def test_following_shows_what_is_said_from_now_on_as_lines_of_json(written: Path) -> None:
    following = subprocess.Popen(
        [sys.executable, "-m", "shop_dev", "logs", "orders", "-f", "--tail", "1", "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert following.stdout is not None
    newest_of_the_past = json.loads(following.stdout.readline())  # it follows by now

    with (written / "orders.log").open("a") as log:
        log.write("2026-01-31T13:00:00.000Z said later\n")
    said_later = json.loads(following.stdout.readline())
    following.send_signal(signal.SIGINT)
    rest, errors = following.communicate(timeout=60)

    assert newest_of_the_past["fields"]["message"] == "handler failed"
    assert (said_later["resource"], said_later["text"]) == ("orders", "said later")
    assert (following.returncode, json.loads(rest)["error"]["code"], errors) == (130, "interrupted", "")


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
