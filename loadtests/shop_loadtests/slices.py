"""Slices of two targets: generators of both wait, and those of one at a time make visits."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from shop_loadtests.claims import Data
from shop_loadtests.comparison import Side, Slice
from shop_loadtests.plan import Source
from shop_loadtests.profile import Profile
from shop_loadtests.run import Crew, crew

_WARM_UP_SEED = 0


@dataclass(frozen=True)
class Version:
    """Where a version is, and what its visits choose from."""

    url: str
    data: Data


@contextmanager
def slices(
    profile: Profile, versions: Mapping[Side, Version], *, source: Source, workers: int = 1
) -> Iterator[Callable[[Side, int], Slice]]:
    """Give a function that makes a slice of a side, with the visits of a seed. Raises GeneratorLost, as the function does.

    Each version has made one slice by then that counts for nothing: caches are full, connections open.
    """
    with ExitStack() as stack:
        crews: dict[Side, Crew] = {}
        for side, version in versions.items():
            waiting = crew(profile, target=version.url, source=source, data=version.data, workers=workers)
            crews[side] = stack.enter_context(waiting)
        for one in crews.values():
            deque(one.visits(_WARM_UP_SEED), maxlen=0)

        def measure(side: Side, seed: int) -> Slice:
            *_, measured = crews[side].visits(seed)
            return Slice.of(measured)

        yield measure
