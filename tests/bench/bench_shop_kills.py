"""Kills and pauses services and stores of a shop under a steady load, and reads its books afterwards. `just bench-shop-kills`.

Moments, targets and kinds come from a seed, and so do the cards of visitors, of whom some cancel. Prints what was struck and how
long the shop took to complete orders again, and writes it into docs/reference/performance.md. Ends with an error where an accepted
order did not end, a unit or a cent is not where it should be, or a message lies where none should.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import statistics
import sys
from collections import Counter
from collections.abc import Sequence

from bench.checkout_load import MOST_SECONDS, Plan, Sent, drive
from bench.page import machine, table, write
from e2e.books import wrong_in_the_books
from e2e.random_faults import TARGETS, Fault, Struck, faults_of, strike
from e2e.shop import Sandbox, Shop, all_at_once

ARTICLES, STOCK = 20, 10_000
SCARCE = 30
"""Units of one more article, which many want and few get."""
CARDS = {"tok_visa": 42, "tok_declined": 3, "tok_insufficient_funds": 1, "tok_capture_fails": 2, "tok_slow": 1, "tok_error": 1}
CANCELS_EVERY = 13
PATIENCE_SECONDS = 300.0
CALM_SECONDS = 10.0
"""Orders go on for so long after the last fault."""


def main() -> None:
    """Strike, read the books, print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=100, help="how many kills and pauses")
    parser.add_argument("--rate", type=float, default=10.0, help="orders a second")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--no-page", action="store_true", help="print only")
    given = parser.parse_args()
    sandbox = Sandbox.leased()
    try:
        section = _measured(sandbox, given.kills, given.rate, given.seed)
    finally:
        sandbox.cli("down", "--purge")
    sys.stdout.write(f"{section}\n")
    if not given.no_page:
        write("shop-kills", section)


def _measured(sandbox: Sandbox, kills: int, rate: float, seed: int) -> str:
    load, shop, faults = os.getloadavg()[0], Shop(sandbox), faults_of(seed, kills)
    stocked = dict.fromkeys(all_at_once([lambda: shop.new_article(stock=STOCK)] * ARTICLES), STOCK)
    stocked[shop.new_article(stock=SCARCE)] = SCARCE
    cards = [card for card, share in CARDS.items() for _ in range(share)]
    random.Random(seed).shuffle(cards)
    plan = Plan(
        edge=shop.endpoints["edge"],
        skus=list(stocked),
        rate=rate,
        seconds=MOST_SECONDS,
        cards=cards,
        cancels_every=CANCELS_EVERY,
        patience_seconds=PATIENCE_SECONDS,
        tries_again=True,
    )
    sent, struck = asyncio.run(_under_load(sandbox, plan, faults))
    section = told(seed, rate, sent, struck, load)
    if wrong := wrong_in_the_books(shop, stocked, sent):
        sys.exit(f"{section}\n\nThe books are wrong:\n" + "\n".join(wrong))
    return section


async def _under_load(sandbox: Sandbox, plan: Plan, faults: Sequence[Fault]) -> tuple[list[Sent], list[Struck]]:
    enough = asyncio.Event()
    async with asyncio.TaskGroup() as both:
        sent = both.create_task(drive(plan, enough=enough))
        struck = await strike(sandbox, faults)
        await asyncio.sleep(CALM_SECONDS)
        enough.set()
    return sent.result(), struck


def told(seed: int, rate: float, sent: Sequence[Sent], struck: Sequence[Struck], load: float) -> str:
    """The section of the page, from what happened."""
    accepted = [one for one in sent if one.order_id is not None]
    ends = [one.ended for one in accepted if one.ended is not None]
    kinds = Counter(one.fault.kind for one in struck)
    return "\n".join(
        [
            f"{machine()}, load average {load:.1f} before.",
            f"To repeat: `just bench-shop-kills --kills {len(struck)} --rate {rate:g} --seed {seed}`.",
            f"{kinds['kill']} kills and {kinds['pause']} pauses in {struck[-1].at - struck[0].at:.0f} s; {len(accepted):,} of"
            f" {len(sent):,} orders were accepted. Every one of them ended, with its stock and money in order: "
            + ", ".join(f"{count:,} {outcome}" for outcome, count in outcomes(accepted).most_common())
            + ".",
            f"From the moment an order should have been sent to its end: median {statistics.median(ends) * 1e3:.0f} ms,"
            f" worst {max(ends):.1f} s.",
            "",
            *table(("struck", "kills", "pauses", "first completed again, median", "worst"), rows(sent, struck)),
        ]
    )


def outcomes(accepted: Sequence[Sent]) -> Counter[str]:
    """How many orders ended how."""
    return Counter(f"{one.outcome} ({one.reason})" if one.reason else one.outcome for one in accepted)


def rows(sent: Sequence[Sent], struck: Sequence[Struck]) -> list[list[str]]:
    """What was struck, and the seconds from then until an order completed that was sent later."""
    found = []
    for target in TARGETS:
        mine = [one for one in struck if one.fault.target == target]
        kinds = Counter(one.fault.kind for one in mine)
        waits = [wait for one in mine if (wait := recovery(sent, one.at)) is not None]
        if waits:
            seconds = (f"{statistics.median(waits):.1f} s", f"{max(waits):.1f} s")
            found.append([target, f"{kinds['kill']}", f"{kinds['pause']}", *seconds])
    return found


def recovery(sent: Sequence[Sent], at: float) -> float | None:
    """Seconds from a moment to the first completion of an order that was due later; None when there was none."""
    completed = [one.due + (one.ended or 0.0) for one in sent if one.due >= at and one.outcome == "completed"]
    return min(completed) - at if completed else None


if __name__ == "__main__":
    main()
