"""Makes a broken history as short as it can be while the same invariant still breaks, and tells what is left of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace

from simulation.faults import CallFault, Moment, Window
from simulation.history import Deed, GiveBack, History, PlaceOrder
from simulation.run import Result, run

PARTICULAR = re.compile(r"\b(?:ord|pay|res)_\w+|\b[0-9a-f]{8}\b|\d+(?:\.\d+)?")
"""Ids and numbers in a sentence about what broke."""


def kinds(result: Result) -> set[str]:
    """Return what broke, without ids and numbers."""
    return {PARTICULAR.sub("#", violation) for violation in result.violations}


def shrink(result: Result, *, most_runs: int = 200, play: Callable[[History], Result] = run) -> Result:
    """Return a result that broke in the same way, of a history from which nothing more can be taken away."""
    wanted = kinds(result)
    best, runs = result, 0
    goes_on = True
    while goes_on and runs < most_runs:
        goes_on = False
        for candidate in _smaller(best):
            runs += 1
            found = play(candidate)
            if kinds(found) & wanted:
                best, goes_on = found, True
                break
            if runs >= most_runs:
                break
    return best


def _smaller(result: Result) -> Iterator[History]:
    """Yield histories with a little less in them, the boldest first."""
    history = result.history
    hit = tuple(fault for fault in history.faults if fault in result.fired)
    if len(hit) < len(history.faults):
        yield replace(history, faults=hit)
    for place in range(len(history.faults)):
        yield replace(history, faults=history.faults[:place] + history.faults[place + 1 :])
    for place in range(len(history.deeds)):
        if len(history.deeds) > 1:
            yield replace(history, deeds=history.deeds[:place] + history.deeds[place + 1 :])
    for service, count in history.instances.items():
        if count > 1:
            yield replace(history, instances={**history.instances, service: 1})
    for place, deed in enumerate(history.deeds):
        for simpler in _simpler_deeds(deed):
            yield replace(history, deeds=(*history.deeds[:place], simpler, *history.deeds[place + 1 :]))
    for place, fault in enumerate(history.faults):
        for milder in _milder_faults(fault):
            yield replace(history, faults=(*history.faults[:place], milder, *history.faults[place + 1 :]))


def _simpler_deeds(deed: Deed) -> Iterator[Deed]:
    match deed:
        case PlaceOrder():
            if deed.cancel_after is not None:
                yield replace(deed, cancel_after=None)
            if len(deed.lines) > 1 or deed.lines[0][1] > 1:
                yield replace(deed, lines=((deed.lines[0][0], 1),))
            if deed.token != "tok_visa":
                yield replace(deed, token="tok_visa")
            if deed.patience < 10.0:
                yield replace(deed, patience=10.0)
            if deed.at != 1.0:
                yield replace(deed, at=1.0)
        case GiveBack(repeats=repeats) if repeats:
            yield replace(deed, repeats=0)
        case _:
            return


def _milder_faults(fault: CallFault | Window | Moment) -> Iterator[CallFault | Window | Moment]:
    match fault:
        case Window(seconds=seconds) if seconds > 3.0:
            yield replace(fault, seconds=round(seconds / 2))
        case CallFault(nth=nth) if nth > 1:
            yield replace(fault, nth=nth - 1)
        case _:
            return


def tell(result: Result) -> str:
    """Return the story of a broken history: what was done, what went wrong, and what should not be."""
    retold = run(result.history, tells=True)
    names = {order_id: f"order {number}" for number, order_id in retold.order_ids.items()}
    lines = [
        "What was asked for:",
        *(f"  {deed}" for deed in retold.history.deeds),
        "What happened:",
        *(f"  {line}" for line in retold.story),
        "What is wrong:",
        *(f"  {violation}" for violation in retold.violations),
    ]
    text = "\n".join(lines)
    for order_id, name in names.items():
        bare = order_id.partition("_")[2]
        text = text.replace(order_id, name).replace(f"pay_{bare}", f"the payment of {name}")
        text = text.replace(f"res_{bare}", f"the reservation of {name}")
    return text
