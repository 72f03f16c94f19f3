"""What a project declares for its load: journeys, profiles, and what visits choose from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from shop_loadtests.claims import Data
from shop_loadtests.journey import Journeys, JourneysUnusable, journeys_of
from shop_loadtests.plan import Source
from shop_loadtests.profile import Profile, ProfileUnusable, read
from shop_sandbox.errors import SandboxError

from shop_dev.errors import CliCode, ShopDevError
from shop_dev.loading.target import Target
from shop_dev.project import Project, open_project
from shop_dev.settings import LoadTests


@dataclass(frozen=True)
class Declared:
    """A project's load tests, imported."""

    settings: LoadTests
    checkout: Path
    journeys: Journeys

    @property
    def source(self) -> Source:
        """Where generators import the journeys from."""
        return Source(self.settings.journeys, str(self.checkout))

    def profile(self, name: str) -> Profile:
        """Read a profile by its name or file. Raises ShopDevError (profile_invalid) with all its faults."""
        folder = self.checkout / self.settings.profiles if self.settings.profiles is not None else None
        try:
            return read(name, journeys=[*self.journeys.visits], folder=folder)
        except ProfileUnusable as error:
            raise ShopDevError(CliCode.PROFILE_INVALID, str(error), detail={"faults": list(error.faults)}) from error

    def data(self, target: Target, profile: Profile) -> Data:
        """Find out what visits choose from. A target that is down is said now. Raises ShopDevError (service_unreachable)."""
        try:
            return self.journeys.prepare(target.url, target.environment, [*profile.journeys])
        except Exception as fault:
            raise ShopDevError(
                CliCode.SERVICE_UNREACHABLE,
                f"{target.url} cannot be loaded: before the first visit, {type(fault).__name__}: {fault}",
                actions=("shop-dev status", "shop-dev up", "shop-dev seed"),
            ) from fault


def declared_by(project: Project) -> Declared:
    """Import the project's journeys. Raises ShopDevError (usage_invalid, journeys_unusable)."""
    settings = project.settings.load
    if settings is None:
        raise ShopDevError(CliCode.USAGE_INVALID, "This project declares no journeys.", actions=(_HOW,))
    try:
        return Declared(settings, project.checkout, journeys_of(settings.journeys, folder=project.checkout))
    except JourneysUnusable as error:
        raise ShopDevError(CliCode.JOURNEYS_UNUSABLE, str(error)) from error


def own_journeys() -> Source | None:
    """Return where the project around the working directory has its journeys; None outside of any project that has some."""
    try:
        project = open_project()
    except (SandboxError, ShopDevError):
        return None
    settings = project.settings.load
    return Source(settings.journeys, str(project.checkout)) if settings is not None else None


_HOW = 'Add `load = {door = "SERVICE", journeys = "PACKAGE"}` to the settings; see docs/guides/load-the-shop.md.'
