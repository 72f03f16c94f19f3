"""The use case of bulk: many products at once, each by itself, so that one that is refused holds up no other."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from shop_kit.aggregates import decide_and_record
from shop_kit.resilience.retry import Retry

from shop_services.catalog.application.editing import Editing
from shop_services.catalog.application.ports import Edit
from shop_services.catalog.domain.faults import Fault, NotAccepted
from shop_services.catalog.domain.product import Content, Product, Status

AT_ONCE = 8
PATIENCE = Retry(attempts=6, first_seconds=0.05, cap_seconds=1.0)
"""Products that stand in one category are written one after another: who comes too early tries again."""


@dataclass(frozen=True, slots=True)
class Line:
    """A product as an import wants it. `version` is that of the product which was seen, 0 when none was."""

    number: int
    product_id: str
    content: Content
    status: Status
    version: int = 0


@dataclass(frozen=True, slots=True)
class Refused:
    """A line that changed nothing. `version` is what the product is at, 0 when there is none."""

    number: int
    product_id: str
    faults: Sequence[Fault]
    version: int = 0


async def import_products(lines: Sequence[Line], editing: Editing) -> Sequence[Refused]:
    """Write each line's product, unless it is so already. Returns the lines that were refused."""
    free = asyncio.Semaphore(AT_ONCE)
    known = await editing.products.find_many([line.product_id for line in lines])
    written = await _write_together(lines, known, editing)

    async def take(line: Line) -> Refused | None:
        async with free:
            return await PATIENCE.run(lambda: _take(line, known.get(line.product_id), editing))

    outcomes = await asyncio.gather(*(take(line) for line in lines if line.number not in written))
    return [outcome for outcome in outcomes if outcome is not None]


async def _write_together(lines: Sequence[Line], known: Mapping[str, Product], editing: Editing) -> Collection[int]:
    """Write at once what nothing is in the way of, as nearly always. Returns the numbers of these lines."""
    edits = {line.number: edit for line in lines if (edit := _edit(line, known.get(line.product_id)))}
    left = await editing.products.save_many([*edits.values()])
    return {number for number, edit in edits.items() if edit not in left}


def _edit(line: Line, before: Product | None) -> Edit | None:
    """Return what the line makes of its product; None where it changes nothing, or is refused."""
    after = _wanted(line, before)
    if after == before or (before.revision.version if before else 0) != line.version:
        return None
    try:
        return Edit(before, after.accepted())
    except NotAccepted:
        return None


async def _take(line: Line, known: Product | None, editing: Editing) -> Refused | None:
    async def attempt(*, fresh: bool) -> Refused | None:
        before = await editing.products.find(line.product_id) if fresh else known
        after = _wanted(line, before)
        version = before.revision.version if before else 0
        if after != before and version != line.version:
            return Refused(line.number, line.product_id, [Fault("revision", f"is {version} by now")], version)
        try:
            await editing.save(after.accepted(), before, checks=fresh)
        except NotAccepted as refused:
            return Refused(line.number, line.product_id, refused.faults, version)
        return None

    return await decide_and_record(attempt, subject=f"product {line.product_id}")


def _wanted(line: Line, before: Product | None) -> Product:
    return replace(before or Product(line.product_id, line.content), content=line.content, status=line.status)
