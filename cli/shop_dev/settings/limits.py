"""What resources may use at most."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from shop_dev.settings.values import WrongValue

_TAKES = "takes a table like {{ {name} = {{ memory-mib = 256, cpus = 0.5 }} }}"
LEAST_MEBIBYTES = 8


@dataclass(frozen=True)
class Limit:
    """The most that a resource may use; None: as much as there is. `cpus` are processors: 0.5 is half of one's time."""

    memory_mib: int | None = None
    cpus: float | None = None


def limits(value: object) -> Mapping[str, Limit]:
    """Take the table `limits`: a table for each resource, by its name."""
    if not isinstance(value, Mapping):
        raise WrongValue(_TAKES.format(name="orders"))
    return {str(name): _limit(str(name), own) for name, own in value.items()}


def _limit(name: str, own: object) -> Limit:
    if not isinstance(own, Mapping) or not own or set(own) - {"memory-mib", "cpus"}:
        raise WrongValue(_TAKES.format(name=name))
    memory, cpus = own.get("memory-mib"), own.get("cpus")
    if memory is not None and (not isinstance(memory, int) or isinstance(memory, bool) or memory < LEAST_MEBIBYTES):
        raise WrongValue(f"takes a whole number of MiB from {LEAST_MEBIBYTES} on for `memory-mib` of {name}")
    if cpus is not None and (not isinstance(cpus, int | float) or isinstance(cpus, bool) or not 0 < cpus <= 1024):
        raise WrongValue(f"takes a number of processors above 0 for `cpus` of {name}")
    return Limit(memory_mib=memory, cpus=None if cpus is None else float(cpus))
