"""A lost update that a storm uncovers is found by the books, and its schedule shrunk, on a till that is quick and deterministic.

The till adds a payment by reading its sum, waiting for the ledger, and writing the sum back. While the ledger is slow two payments
overlap, and one of them is lost. Faults on others change nothing.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Sequence

from shop_dev.chaos.schedule import Targets, of_seed
from shop_dev.chaos.shrinking import shrunk
from shop_sandbox.chaos.fault import AnyFault, Latency

TARGETS = Targets(("till", "kafka"), ("till->ledger", "till->kafka", "till->redis"))
PAYMENTS, SECONDS, QUICK = 100, 120.0, 0.001


def sum_in_till(faults: Sequence[AnyFault], seed: int) -> int:
    """Play two minutes of payments of 1 at random moments; return the sum that the till has at the end."""
    dice = random.Random(seed)
    moments = sorted(dice.uniform(0, SECONDS) for _ in range(PAYMENTS))
    written, total = list[tuple[float, int]](), 0
    for moment in moments:
        while written and written[0][0] <= moment:
            total = heapq.heappop(written)[1]
        heapq.heappush(written, (moment + _ledger_takes(faults, moment), total + 1))
    while written:
        total = heapq.heappop(written)[1]
    return total


def _ledger_takes(faults: Sequence[AnyFault], moment: float) -> float:
    slow = [fault for fault in faults if isinstance(fault, Latency) and fault.target.rpartition("->")[2] == "ledger"]
    return QUICK + sum(one.milliseconds / 1e3 for one in slow if one.start <= moment < one.start + one.seconds)


def test_a_lost_update_is_found_and_shrunk_to_the_fault_that_uncovers_it() -> None:
    payments = next(seed for seed in range(1000) if sum_in_till((), seed) == PAYMENTS)

    def is_lost(faults: Sequence[AnyFault]) -> bool:
        return sum_in_till(faults, payments) < PAYMENTS

    storm = next(storm for storm in (of_seed(seed, SECONDS, TARGETS) for seed in range(100)) if is_lost(storm.faults))
    assert len(storm.faults) > 10
    found = shrunk(storm.faults, is_lost, most_tries=200)

    assert is_lost(found)
    assert len(found) == 1
    assert isinstance(found[0], Latency)
    assert found[0].target.endswith("ledger")
