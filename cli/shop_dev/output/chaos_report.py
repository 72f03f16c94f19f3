"""How a run of load under a storm is told: the latencies as ever, the faults, and the books."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import msgspec
from shop_loadtests.verdict import Kind
from shop_sandbox.chaos.fault import AnyFault

from shop_dev.chaos.run import Outcome
from shop_dev.chaos.schedule import Schedule
from shop_dev.chaos.storm import Struck
from shop_dev.errors import CliCode, Failure
from shop_dev.loading.origin import Origin
from shop_dev.loading.resources import Resources
from shop_dev.output.answer import Answer
from shop_dev.output.columns import Cell, Page, columns
from shop_dev.output.load_report import load_data, load_lines

_SHOWN_WRONG = 20


def chaos_answer(outcome: Outcome, *, name: str, origin: Origin, kept: Path, shortest: Schedule | None = None) -> Answer:
    """Tell it. The books decide, and whether the generator was at its end; objectives that a storm has broken are told only."""
    wrong = outcome.verdict.wrong
    load = outcome.load.verdict
    failure = None
    if wrong:
        failure = Failure.told(CliCode.BOOKS_WRONG, f"{len(wrong)} things are wrong after the storm: {'; '.join(wrong[:3])}.")
        failure = replace(failure, actions=(f"shop-dev load {name} --chaos {kept}",))
    elif load.kind is Kind.INVALID:
        failure = Failure.told(CliCode.LOAD_INVALID, f"The generator was at its end: {'; '.join(load.reasons)}.")
    return Answer(
        data=_data(outcome, name, origin, kept, shortest), text=Page((*_lines(outcome, kept, shortest),)), failure=failure
    )


def _data(outcome: Outcome, name: str, origin: Origin, kept: Path, shortest: Schedule | None) -> dict[str, object]:
    chaos = {
        "seed": outcome.schedule.seed,
        "struck": [_struck(one) for one in outcome.struck],
        "wrong": list(outcome.verdict.wrong),
        "counted": outcome.verdict.counted,
        "schedule": str(kept),
        "shortest": msgspec.to_builtins(shortest.faults) if shortest is not None else None,
    }
    return {**load_data(outcome.load, name, origin, Resources(), outcome.insight), "chaos": chaos}


def _struck(one: Struck) -> dict[str, object]:
    return {"at": one.at, "fault": msgspec.to_builtins(one.fault), "missed": one.missed}


def _lines(outcome: Outcome, kept: Path, shortest: Schedule | None) -> Iterator[tuple[Cell, ...]]:
    yield from load_lines(outcome.load, outcome.insight)
    yield ()
    heads = [Cell(head, "dim") for head in ("AT", "FAULT", "TARGET", "WITH")]
    yield from columns([heads, *(_row(one) for one in outcome.struck)])
    yield ()
    counted = ", ".join(f"{count} {what}" for what, count in outcome.verdict.counted.items())
    if not outcome.verdict.wrong:
        yield (Cell(f"The books are right: {counted}.", "green"),)
        return
    yield (Cell(f"The books are wrong ({counted}):", "red"),)
    yield from ((Cell(f"  {one}"),) for one in outcome.verdict.wrong[:_SHOWN_WRONG])
    if shortest is not None:
        yield (Cell(f"{len(shortest.faults)} of {len(outcome.schedule.faults)} faults are enough; they are in {kept}.", "dim"),)


def _row(one: Struck) -> list[Cell]:
    fault = one.fault
    said = f"missed: {one.missed}" if one.missed is not None else _parameters(fault)
    return [Cell(f"{one.at:.1f} s", "dim"), Cell(type(fault).__name__.lower()), Cell(fault.target), Cell(said, "dim")]


def _parameters(fault: AnyFault) -> str:
    left_out = {"kind", "target", "start"}
    told = {name: value for name, value in msgspec.to_builtins(fault).items() if name not in left_out and value != ["*"]}
    return ", ".join(f"{name} {value}" for name, value in told.items() if value not in (0.0, False))
