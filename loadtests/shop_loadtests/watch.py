"""How the generator itself is doing: whoever measures with a stretched tape must know of it."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec


class Generator(msgspec.Struct, frozen=True, rename="camel"):
    """A generator's account of itself, or of several together.

    `visits` were begun, `late` of them later than they should have been, `unfinished` cut off at the end; `cpu` is the share of a
    processor that the busiest has used; `faults` are exceptions of journeys.
    """

    visits: int = 0
    late: int = 0
    unfinished: int = 0
    cpu: float = 0.0
    faults: tuple[str, ...] = ()


def together(generators: Sequence[Generator]) -> Generator:
    """Put the accounts of several generators together; the busiest counts."""
    return Generator(
        visits=sum(one.visits for one in generators),
        late=sum(one.late for one in generators),
        unfinished=sum(one.unfinished for one in generators),
        cpu=max((one.cpu for one in generators), default=0.0),
        faults=tuple(dict.fromkeys(fault for one in generators for fault in one.faults)),
    )
