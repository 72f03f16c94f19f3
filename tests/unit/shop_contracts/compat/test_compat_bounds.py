"""A large change takes time in proportion to its size, and is shown with a few dozen proofs."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
from fakes.counted import growth
from fakes.protos import proto
from shop_contracts.compat import Level, Mode, Report, check
from shop_contracts.compat.check import MOST_PROOFS
from shop_contracts.compat.house.ranges import contains, merged, missing
from shop_contracts.compat.readers import Reader


def enum(values: Sequence[str], *, reserved: Sequence[str] = ()) -> str:
    kept = [f"reserved {one};" for one in reserved]
    return f"enum E {{ ZERO = 0; {' '.join(values)} {' '.join(kept)} }} message M {{ E e = 1; }}"


def message(fields: Sequence[str], *, reserved: Sequence[str] = ()) -> str:
    return f"message M {{ {' '.join(fields)} {' '.join(f'reserved {one};' for one in reserved)} }}"


def enum_renamed(size: int) -> tuple[str, str]:
    return enum([f"V{n} = {n};" for n in range(1, size)]), enum([f"W{n} = {n};" for n in range(1, size)])


def enum_renumbered(size: int) -> tuple[str, str]:
    return enum([f"V{n} = {n};" for n in range(1, size)]), enum([f"V{n} = {n + size};" for n in range(1, size)])


def enum_without_half(size: int) -> tuple[str, str]:
    kept, gone = range(1, size, 2), range(2, size, 2)
    after = enum([f"V{n} = {n};" for n in kept], reserved=[f'"V{n}"' for n in gone] + [str(n) for n in gone])
    return enum([f"V{n} = {n};" for n in range(1, size)]), after


def reserved_values_used(size: int) -> tuple[str, str]:
    return enum([], reserved=[str(n) for n in range(1, 2 * size, 2)] + [f'"V{n}"' for n in range(size)]), enum(
        [f"V{n} = {2 * n + 1};" for n in range(size)]
    )


def fields_retyped(size: int) -> tuple[str, str]:
    return message([f"int32 f{n} = {n};" for n in range(1, size)]), message([f"string f{n} = {n};" for n in range(1, size)])


def fields_renamed(size: int) -> tuple[str, str]:
    return message([f"int32 f{n} = {n};" for n in range(1, size)]), message([f"int32 g{n} = {n};" for n in range(1, size)])


def fields_without_half(size: int) -> tuple[str, str]:
    gone = range(2, size, 2)
    after = message([f"int32 f{n} = {n};" for n in range(1, size, 2)], reserved=[f'"f{n}"' for n in gone] + [str(n) for n in gone])
    return message([f"int32 f{n} = {n};" for n in range(1, size)]), after


def fields_into_a_oneof(size: int) -> tuple[str, str]:
    fields = [f"int32 f{n} = {n};" for n in range(1, size)]
    return message(fields), message(["oneof kind {", *fields, "}"])


def enums_swapped(size: int) -> tuple[str, str]:
    declared = " ".join(f"enum E{n} {{ Z{n} = 0; A{n} = 1; }}" for n in range(size))
    fields = " ".join(f"E{n} e{n} = {n + 1};" for n in range(size))
    return f"{declared} message M {{ {fields} }}", f"{declared.replace(' = 1;', ' = 2;')} message M {{ {fields} }}"


Change = Callable[[int], tuple[str, str]]
CHANGES: list[Change] = [
    enum_renamed,
    enum_renumbered,
    enum_without_half,
    reserved_values_used,
    fields_retyped,
    fields_renamed,
    fields_without_half,
    fields_into_a_oneof,
    enums_swapped,
]
READERS = [Reader("all"), Reader("some", frozenset({"M.e", "M.f1"}))]


def judged(change: Change, size: int, mode: Mode, *, proofs: bool) -> Callable[[], Report]:
    before, after = change(size)
    old, new = proto(before), proto(after)
    return lambda: check([old], new, level=Level.FULL_TRANSITIVE, mode=mode, proofs=proofs, readers=READERS)


@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.parametrize("change", CHANGES)
def test_four_times_the_change_is_four_times_the_work(change: Change, mode: Mode) -> None:
    assert growth(lambda size: judged(change, size, mode, proofs=False), size=120) < 6


@pytest.mark.parametrize("change", CHANGES)
def test_a_few_dozen_refusals_are_proved_and_all_are_told(change: Change) -> None:
    refusals = judged(change, 200, Mode.HOUSE, proofs=True)().breaking

    proved = [one for one in refusals if one.proof is not None]
    assert len(proved) <= MOST_PROOFS < 48
    assert all(one.consumers for one in refusals)


def test_every_rule_is_proved_before_one_is_proved_again() -> None:
    crowd = [f"int32 f{n} = {n};" for n in range(1, 200)]
    before, after = message([*crowd, "int32 z = 999;"]), message([*(one.replace("f", "g") for one in crowd), "string z = 999;"])

    refusals = check([proto(before)], proto(after), level=Level.FULL, mode=Mode.HOUSE, proofs=True).breaking

    assert {one.id for one in refusals if one.proof is not None} == {one.id for one in refusals}
    assert next(one for one in refusals if one.path == "#/M/999").proof is not None


def test_a_number_is_found_in_ranges_that_touch_overlap_and_stand_in_any_order() -> None:
    ranges = merged([(20, 30), (5, 5), (1, 3), (4, 4), (25, 40)])

    assert ranges == [(1, 5), (20, 40)]
    assert [number for number in range(50) if contains(ranges, number)] == [*range(1, 6), *range(20, 41)]
    assert missing([(1, 3), (10, 50)], [(25, 40), (2, 2), (20, 30)]) == [(1, 1), (3, 3), (10, 19), (41, 50)]
