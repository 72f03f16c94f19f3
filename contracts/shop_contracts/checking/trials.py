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
_SIMPLIFIED = 150
"""Records tried in all, where the first that was refused could be simpler."""
_SEARCHED = 60
"""Records looked at for one that is as it is wanted."""


class _Enough(BaseException):
    """Ends a search for something simpler: hypothesis has no other bound than five minutes."""


def simplest_refused(made: SearchStrategy[T], take: Callable[[T], None]) -> tuple[T, str] | None:
    """A simple record that a handler refuses, and what it says; None when it accepts all, or none can be made."""
    refused: list[tuple[T, str]] = []
    tried = 0

    @_settings(EXAMPLES)
    @given(made)
    def attempt(record: T) -> None:
        nonlocal tried
        tried += 1
        if refused and tried > _SIMPLIFIED:
            raise _Enough
        try:
            take(record)
        except Exception as error:
            refused[:] = [(record, f"{type(error).__name__}: {error}")]
            raise

    try:
        attempt()
    except Unsatisfiable:
        return None
    except (Exception, _Enough):  # noqa: BLE001 - whatever the service's handler raises is its refusal
        return refused[0]
    return None


def search(made: SearchStrategy[T], is_wanted: Callable[[T], bool] = lambda _: True) -> T | None:
    """A record that is as it is wanted, the simplest of all if that one is; None where none is found."""
    without_shrinking = settings(_settings(_SEARCHED), phases=(Phase.generate,))  # which takes seconds where there are many fields
    try:
        return find(made, is_wanted, settings=without_shrinking, database_key=None)
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
