"""What a supervisor runs: resources, and the drivers that know how."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from shop_sandbox.endpoints import Viewer
from shop_sandbox.engines.choice import Choice
from shop_sandbox.engines.driver import Driver
from shop_sandbox.resources.facts import Belongings
from shop_sandbox.resources.model import Resource, ResourceKind
from shop_sandbox.supervisor.settings import SupervisorSettings


@dataclass(frozen=True)
class Blueprint:
    """All resources a sandbox may start, by name, a driver for each kind among them, and what services have in the stores.

    `choice` is what each kind runs on.
    """

    resources: Mapping[str, Resource]
    drivers: Mapping[ResourceKind, Driver]
    belongings: tuple[Belongings, ...] = ()
    choice: Choice = field(default_factory=Choice)


def load(settings: SupervisorSettings) -> Blueprint:
    """Give the blueprint that the settings name. Raises SandboxError where a manifest is broken."""
    module, _, function = settings.blueprint.partition(":")
    return cast(Blueprint, getattr(importlib.import_module(module), function)(settings))


def by_engine(settings: SupervisorSettings) -> Blueprint:
    """The shop of the checkout's manifests, on the engine of the settings; stores and services each on another where these say so.

    Raises SandboxError (MANIFEST_INVALID, RESOURCE_UNKNOWN, ENGINE_REFUSED, EXTERNAL_INVALID).
    """
    from shop_sandbox.engines import choice, engine
    from shop_sandbox.manifest.loader import load_manifests
    from shop_sandbox.resources.belongings import belongings_of
    from shop_sandbox.resources.shop import resources_of

    checkout, globs = Path(settings.checkout), settings.all_globs
    manifests = load_manifests(checkout, globs)
    resources = resources_of(
        manifests,
        checkout,
        globs,
        shared_code=tuple(Path(folder) for folder in settings.all_shared_code),
        viewers=tuple(Viewer(viewer) for viewer in settings.viewers),
        keys=tuple(settings.keys),
        limits=settings.limits,
        contract_commands=settings.contract_commands,
        released_contracts=Path(settings.released_contracts),
        contracts_stamp=settings.paths.contracts_stamp,
    )
    if settings.mtls:
        from shop_sandbox.resources.certified import certified

        resources = certified(resources, settings.paths.certificates)
    if settings.chaos:
        from shop_sandbox.resources.proxied import proxied

        resources = proxied(resources)
    chosen = choice.choose(settings.engine, settings.engines, settings.external, chaos=settings.chaos)
    return Blueprint(
        resources,
        {**engine.embedded().drivers(), **chosen.drivers()},
        tuple(belongings_of(manifest.service) for manifest in manifests),
        chosen,
    )
