"""Where stores of integration tests come from: the embedded engine, or throw-away containers, for which `--engine docker` asks."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

VARIABLE = "SHOP_TEST_ENGINE"


def in_containers() -> bool:
    """Return whether this run asks for containers."""
    return os.environ.get(VARIABLE) == "docker"


@contextmanager
def external_if_asked(names: Iterable[str]) -> Iterator[dict[str, str]]:
    """Give where these stores run already within the block: in containers where they are asked for, else none does."""
    if not in_containers():
        yield {}
        return
    from fakes.throw_away import throw_away  # Docker's client need not load for those who do without

    with throw_away(names) as found:
        yield dict(found)
