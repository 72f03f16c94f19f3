"""What visitors do. A journey is a file of this package with a function `visit`, and is called like the file."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shop_loadtests.visitor import Visitor

Journey = Callable[["Visitor"], None]


@cache
def journeys() -> dict[str, Journey]:
    """Return all journeys by name."""
    return {found.name: importlib.import_module(f"{__name__}.{found.name}").visit for found in pkgutil.iter_modules(__path__)}
