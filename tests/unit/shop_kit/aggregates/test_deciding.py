from __future__ import annotations

import pytest
from shop_kit.aggregates import Memory, Stale, decide_and_record
from shop_kit.errors import Conflict
from shop_kit.shared_kernel import NEW, Revision
from shop_kit.shared_kernel.revision import REMEMBERED_MESSAGES

pytestmark = pytest.mark.anyio


class Attempts:
    """Decisions of which the first few are overtaken."""

    def __init__(self, *, overtaken: int) -> None:
        self.overtaken = overtaken
        self.were_fresh: list[bool] = []

    async def __call__(self, *, fresh: bool) -> str:
        self.were_fresh.append(fresh)
        if len(self.were_fresh) <= self.overtaken:
            raise Stale("somebody was faster")
        return "decided"


async def test_memory_is_trusted_once_and_never_after_it_was_out_of_date() -> None:
    attempts = Attempts(overtaken=2)

    assert await decide_and_record(attempts, subject="order 1") == "decided"

    assert attempts.were_fresh == [False, True, True]


async def test_who_is_overtaken_every_time_is_told_to_come_again() -> None:
    with pytest.raises(Conflict, match=r"order 1 .* 3 decisions in a row were overtaken"):
        await decide_and_record(Attempts(overtaken=3), subject="order 1", attempts=3)


def test_a_memory_forgets_what_was_kept_longest_ago() -> None:
    memory: Memory[int] = Memory(limit=2)
    for key, value in (("a", 1), ("b", 2), ("a", 3), ("c", 4)):
        memory.keep(key, value)

    assert [memory.get(key) for key in "abc"] == [3, None, 4]


def test_a_revision_counts_writes_and_events_and_names_the_last_messages() -> None:
    revision = NEW
    for number in range(REMEMBERED_MESSAGES + 3):
        revision = revision.next(handling=f"m{number}", announces=number > 0)
    revision = revision.next(handling=None, announces=False)

    assert (revision.version, revision.sequence) == (REMEMBERED_MESSAGES + 4, REMEMBERED_MESSAGES + 2)
    assert [revision.has_handled(f"m{number}") for number in (2, 3, REMEMBERED_MESSAGES + 2)] == [False, True, True]
    assert not Revision().has_handled(None)


def test_memory_knows_nothing_of_what_it_is_not_to_trust_any_more() -> None:
    memory = Memory[str]()
    memory.keep("order 1", "as it was")

    memory.forget("order 1")
    memory.forget("order 2")

    assert memory.get("order 1") is None
