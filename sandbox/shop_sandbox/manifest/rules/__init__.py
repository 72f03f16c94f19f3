"""Rules that the schema cannot say: files that must exist, names that must be unique, things that must meet."""

from __future__ import annotations

from collections.abc import Sequence

from shop_sandbox.manifest.faults import Fault, dotted
from shop_sandbox.manifest.reading import Reading
from shop_sandbox.manifest.rules import calls, contracts, deployment, functions, grants, identity, runtime, stores, uniqueness
from shop_sandbox.manifest.rules.view import Platform, Rule, View

RULES: tuple[Rule, ...] = (
    *uniqueness.RULES,
    *runtime.RULES,
    *contracts.RULES,
    *calls.RULES,
    *stores.RULES,
    *identity.RULES,
    *functions.RULES,
    *grants.RULES,
    *deployment.RULES,
)


def cross_faults(readings: Sequence[Reading]) -> list[Fault]:
    """Find what is wrong in manifests that are sound one by one."""
    platform = Platform(readings)
    faults = []
    for reading in readings:
        if reading.service is None or reading.document is None:
            continue
        view = View(reading, reading.service, platform)
        for rule in RULES:
            for path, message, hint in rule(view):
                faults.append(Fault(reading.name, *reading.document.place(path), dotted(path), message, hint))
    return faults
