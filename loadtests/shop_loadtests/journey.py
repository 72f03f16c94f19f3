"""The journeys of a project: modules of a package that its settings name, each with a function `visit`."""

from __future__ import annotations

import importlib
import pkgutil
import sys
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from shop_loadtests.claims import Data
from shop_loadtests.visitor import Visitor

Journey = Callable[[Visitor], None]
Prepare = Callable[[str, Mapping[str, str], Collection[str]], Data]


class JourneysUnusable(Exception):
    """A package of journeys cannot be imported, or has none."""


@dataclass(frozen=True)
class Journeys:
    """All journeys by name, each called like its module, and what is to be found out before the first visit.

    `prepare` takes the address that is loaded, the variables of the sandbox behind it, and the names of the profile's journeys.
    """

    visits: Mapping[str, Journey]
    prepare: Prepare


def journeys_of(package: str, *, folder: Path | None = None) -> Journeys:
    """Import the journeys of a package, which may also lie in `folder`. Raises JourneysUnusable."""
    if folder is not None and str(folder) not in sys.path:
        sys.path.append(str(folder))
    try:
        root = importlib.import_module(package)
        modules = [importlib.import_module(f"{package}.{found.name}") for found in pkgutil.iter_modules(root.__path__)]
    except Exception as fault:
        raise JourneysUnusable(f"the journeys of {package} cannot be imported: {type(fault).__name__}: {fault}") from fault
    visits = {module.__name__.rpartition(".")[2]: module.visit for module in modules if hasattr(module, "visit")}
    if not visits:
        raise JourneysUnusable(f"{package} has no journey: no module with a function `visit`")
    return Journeys(visits, getattr(root, "prepare", _nothing))


def _nothing(_target: str, _environment: Mapping[str, str], _journeys: Collection[str]) -> Data:
    return {}
