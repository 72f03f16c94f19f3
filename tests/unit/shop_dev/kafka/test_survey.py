"""What a Kafka looks like at one moment: records, and how far behind each group is."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from shop_dev.kafka.lag import Lag, Lags
from shop_dev.kafka.survey import GroupPosition, Reads, Survey
from shop_dev.output.lag import lag_page
from shop_kit.kafka.records import Partition

ORDERS, PAYMENTS = "shop.orders", "shop.payments"


def survey(
    ends: dict[Partition, int],
    committed: dict[str, dict[Partition, int]] | None = None,
    *,
    begins: dict[Partition, int] | None = None,
    members: dict[str, int] | None = None,
) -> Survey:
    return Survey(ends, {**dict.fromkeys(ends, 0), **(begins or {})}, committed or {}, members or {})


def test_a_partition_of_which_nothing_was_committed_waits_from_its_beginning() -> None:
    seen = survey({(ORDERS, 0): 10, (ORDERS, 1): 4, (PAYMENTS, 0): 9}, {"search": {(ORDERS, 0): 7}}, begins={(ORDERS, 1): 1})

    assert seen.waiting("search", ORDERS) == {(ORDERS, 0): (7, 10), (ORDERS, 1): (1, 4)}
    assert seen.positions() == [GroupPosition("search", ORDERS, behind=6, members=0)]


def test_a_group_that_never_read_is_behind_by_everything_that_is_still_there() -> None:
    seen = survey({(ORDERS, 0): 10}, begins={(ORDERS, 0): 8}, members={"search": 2})

    assert seen.positions([Reads("search", ORDERS), Reads("search", "gone")]) == [GroupPosition("search", ORDERS, 2, 2)]


def test_dead_letters_count_with_the_topic_they_came_from(tmp_path: Path) -> None:
    seen = survey({(ORDERS, 0): 10, (f"{ORDERS}.search.dlq", 0): 3, (f"{ORDERS}.cart.dlq", 0): 1, ("__consumer_offsets", 0): 5})

    orders, internal = sorted(seen.topics(log_folder=tmp_path), key=lambda topic: topic.is_internal)

    assert (orders.name, orders.records, orders.dead_letters, orders.stored_bytes) == (ORDERS, 10, 4, 0)
    assert internal.is_internal


def test_the_size_of_a_topic_is_that_of_its_own_files(tmp_path: Path) -> None:
    for folder in (f"{ORDERS}-0", f"{ORDERS}-1", f"{ORDERS}-archive-0"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "0.log").write_bytes(b"x" * 100)
        (tmp_path / folder / "0.index").write_bytes(b"x" * 9)

    (orders,) = survey({(ORDERS, 0): 1, (ORDERS, 1): 1}).topics(log_folder=tmp_path)

    assert orders.stored_bytes == 200


@given(st.dictionaries(st.integers(0, 5), st.tuples(st.integers(0, 50), st.integers(0, 50), st.integers(0, 120)), min_size=1))
def test_nobody_is_behind_by_less_than_nothing_or_more_than_there_is(partitions: dict[int, tuple[int, int, int]]) -> None:
    ends = {(ORDERS, number): begin + more for number, (begin, more, _) in partitions.items()}
    begins = {(ORDERS, number): begin for number, (begin, _, _) in partitions.items()}
    committed = {(ORDERS, number): at for number, (_, _, at) in partitions.items()}

    (position,) = survey(ends, {"search": committed}, begins=begins).positions()

    assert 0 <= position.behind <= sum(more for _, more, _ in partitions.values())


def test_who_is_behind_is_told_in_a_sentence_with_what_may_be_the_reason() -> None:
    behind = Lags([Lag(GroupPosition("orders", PAYMENTS, 12, 0), (("payments", 2), ("orders", 1)))], level=3)

    assert (
        lag_page(behind).text()
        == f"orders is 12 behind on {PAYMENTS}: nobody of it is reading, payments restarted twice, orders restarted once"
    )
    assert lag_page(Lags([], 3)).text() == "Nobody is behind."
    assert lag_page(Lags([], 0)).text() == "Nobody has read anything yet."
