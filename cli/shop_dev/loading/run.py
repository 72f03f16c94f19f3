"""One run of load as the command line makes it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from shop_loadtests.claims import Data
from shop_loadtests.plan import Source
from shop_loadtests.profile import Profile
from shop_loadtests.run import GeneratorLost, Measured, run
from shop_loadtests.verdict import Verdict

from shop_dev.errors import CliCode, ShopDevError


@dataclass
class Load:
    """A run: what is asked for, and what was measured so far."""

    profile: Profile
    target: str
    source: Source
    data: Data
    seed: int
    workers: int
    users: int = 0
    """So many come again and again, in place of the profile's arrivals; 0: nobody does."""
    measured: Measured = field(default_factory=Measured)

    def measuring(self) -> Iterator[Measured]:
        """Make the visits; yield what was measured each second. Raises ShopDevError (load_broken)."""
        try:
            for measured in run(
                self.profile,
                target=self.target,
                source=self.source,
                data=self.data,
                seed=self.seed,
                workers=self.workers,
                users=self.users,
            ):
                self.measured = measured
                yield measured
        except GeneratorLost as error:
            raise ShopDevError(CliCode.LOAD_BROKEN, f"{error}: nothing of this run is believed.") from error

    @property
    def verdict(self) -> Verdict:
        return self.measured.verdict(self.profile)
