"""Made-up records, tried one after the other: the same ones in every run, and of those that fail the simplest."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis.errors import NoSuchExample, Unsatisfiable
from hypothesis.strategies import SearchStrategy

T = TypeVar("T")
EXAMPLES = 20
"""Records tried for each consumer, version and kind."""
_SEARCHED = 200
"""Records looked at for one that is as it is wanted."""


def simplest_refused(made: SearchStrategy[T], take: Callable[[T], None]) -> tuple[T, str] | None:
    """The simplest record that a handler refuses, and what it says; None when it accepts all, or none can be made."""
    last: list[T] = []

    @_settings(EXAMPLES)
    @given(made)
    def attempt(record: T) -> None:
        last[:] = [record]
        take(record)

    try:
        attempt()
    except Unsatisfiable:
        return None
    except Exception as error:  # noqa: BLE001 - whatever the service's handler raises is its refusal
        return last[0], f"{type(error).__name__}: {error}"
    return None


def simplest(made: SearchStrategy[T], is_wanted: Callable[[T], bool] = lambda _: True) -> T | None:
    """The simplest record that is as it is wanted; None where none is found."""
    try:
        return find(made, is_wanted, settings=_settings(_SEARCHED), database_key=None)
    except (NoSuchExample, Unsatisfiable):
        return None


def _settings(examples: int) -> settings:
    return settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=True,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
        print_blob=False,
    )
