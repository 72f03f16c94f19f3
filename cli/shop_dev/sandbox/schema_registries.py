"""Which two registries a command means."""

from __future__ import annotations

from pathlib import Path

from shop_dev import sandbox
from shop_dev.project import Project
from shop_dev.registry_transfer.client import RegistryAddress


def source_of(project: Project, url: str | None) -> RegistryAddress:
    """Return the registry to read from; without an address the sandbox's. Raises SandboxError (not_running), ShopDevError."""
    if url is None:
        return _of_sandbox(project)
    settings = project.settings
    return RegistryAddress.read(
        url, secret=settings.registry_from_auth, ca_file=settings.registry_from_ca, variables="SHOP_REGISTRY_FROM"
    )


def target_of(project: Project, url: str | None) -> RegistryAddress:
    """Return the registry to write to; without an address the sandbox's. Raises SandboxError (not_running), ShopDevError."""
    if url is None:
        return _of_sandbox(project)
    settings = project.settings
    return RegistryAddress.read(
        url, secret=settings.registry_to_auth, ca_file=settings.registry_to_ca, variables="SHOP_REGISTRY_TO"
    )


def folder_or_address(project: Project, source: str) -> RegistryAddress | Path:
    """Return what `registry import` reads: an address where it looks like one, else a folder."""
    return source_of(project, source) if "://" in source else Path(source)


def _of_sandbox(project: Project) -> RegistryAddress:
    return RegistryAddress(sandbox.connect(project).status().environment["SCHEMA_REGISTRY_URL"])
