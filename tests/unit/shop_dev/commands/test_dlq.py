"""`shop-dev dlq`, seen from the terminal, over dead letters in memory."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from fakes.command_line import ShopDev
from shop_dev.dead_letters import finding
from shop_dev.dead_letters.fitting import Fit
from shop_dev.sandbox import dead_letters
from shop_kit.kafka.letters import Letter, LetterId

TOPIC = "shop.stock.commands.v1.stock.dlq"


def letter(offset: int, *, key: str = "ord_1", sent_back: int = 0, cause: str = "parked", came_from: str = "9") -> Letter:
    headers = {
        "dlq_topic": "shop.stock.commands.v1",
        "dlq_partition": "0",
        "dlq_offset": came_from,
        "dlq_cause": cause,
        "dlq_reason": "ZeroDivisionError: division by zero",
        "dlq_attempts": "40",
        "ce_type": "shop.stock.v1.ReserveStock",
        "ce_id": f"m-{offset}",
    }
    raw = tuple((name, value.encode()) for name, value in headers.items())
    return Letter(TOPIC, LetterId(0, offset), 1_800_000_000.0, key.encode(), b"", headers, raw, sent_back)


class Office(finding.DeadLetterOffice):
    """Letters, and which of them were sent back."""

    def __init__(self, letters: Sequence[Letter], later: dict[int, int]) -> None:
        super().__init__("kafka", "http://registry")
        self._letters = [*letters]
        self._later = later

    def topics(self, wanted: str | None) -> dict[str, int]:
        return {TOPIC: len(self._letters)} if wanted in {None, TOPIC, "stock"} else super().topics(wanted)

    def letters(self, topic: str) -> list[Letter]:
        return self._letters if topic == TOPIC else []

    def preview(self, letters: Sequence[Letter]) -> list[finding.Preview]:
        return [finding.Preview(one, Fit(None, {"orderId": "ord_1"}), self._later.get(one.id.offset, 0)) for one in letters]


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Ids of letters that were sent back."""
    found: list[str] = []
    office = Office([letter(1), letter(2), letter(3, sent_back=1), letter(4)], later={2: 5})
    monkeypatch.setattr(dead_letters, "office_of", lambda _name: office)
    monkeypatch.setattr("shop_kit.kafka.letters.send_back", lambda _servers, those: found.extend(str(one.id) for one in those))
    return found


def test_list_counts_what_each_group_could_not_handle(shop_dev: ShopDev, sent: list[str]) -> None:
    assert shop_dev("dlq", "list").out == (
        "TOPIC                             LETTERS  SENT BACK  CAUSES\n"
        "shop.stock.commands.v1.stock.dlq        4          1  4 parked\n"
    )


def test_list_of_a_group_says_of_each_letter_why_it_died_and_what_has_changed(shop_dev: ShopDev, sent: list[str]) -> None:
    said = shop_dev("dlq", "list", "stock").out

    assert "0-1  " in said
    assert "ReserveStock  ord_1  ZeroDivisionError: division by zero" in said
    assert "0-2: its key has moved on: 5 later messages" in said


def test_show_decodes_a_letter(shop_dev: ShopDev, sent: list[str]) -> None:
    said = shop_dev("dlq", "show", "stock", "0-1").out

    assert "shop.stock.commands.v1, partition 0, offset 9" in said
    assert '"orderId": "ord_1"' in said


def test_a_letter_that_is_not_there_is_told(shop_dev: ShopDev, sent: list[str]) -> None:
    said = shop_dev("dlq", "show", "stock", "0-99", "--json")

    assert (said.status, said.document()["error"]["code"]) == (1, "dead_letter_not_found")


def test_redrive_shows_first_what_it_would_send(shop_dev: ShopDev, sent: list[str]) -> None:
    said = shop_dev("dlq", "redrive", "stock", "--all")

    assert said.out.startswith("Would send back 2 of 3 letters")
    assert sent == []


def test_redrive_sends_what_nothing_speaks_against_and_was_not_sent_before(shop_dev: ShopDev, sent: list[str]) -> None:
    said = shop_dev("dlq", "redrive", "stock", "--all", "--yes", "--json").document()["data"]

    assert sent == ["0-1", "0-4"]
    assert [one["id"] for one in said["kept"]] == ["0-2"]


def test_redrive_of_a_range_with_force_sends_all_of_it(shop_dev: ShopDev, sent: list[str]) -> None:
    shop_dev("dlq", "redrive", "stock", "--from", "0-2", "--to", "0-3", "--yes", "--force")

    assert sent == ["0-2", "0-3"]


@pytest.mark.parametrize("words", [(), ("--all", "--from", "0-1"), ("--from", "first")])
def test_redrive_wants_to_be_told_which(shop_dev: ShopDev, sent: list[str], words: tuple[str, ...]) -> None:
    assert shop_dev("dlq", "redrive", "stock", *words).status == 2
    assert sent == []
