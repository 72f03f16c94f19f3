"""Comparing this checkout with another commit, after a control: that commit with itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from shop_loadtests.comparison import LEAST_PAIRS, Comparison, Side, until_decided
from shop_loadtests.profile import Profile
from shop_loadtests.run import GeneratorLost
from shop_loadtests.slices import Version, slices
from shop_loadtests.statistics import Finding

from shop_dev.comparing.versions import leased_by_its_own, scratch_tree
from shop_dev.errors import CliCode, ShopDevError
from shop_dev.loading.declared import Declared
from shop_dev.loading.target import Target

CONTROL_SHARE = 0.25


@dataclass(frozen=True)
class Terms:
    """How this checkout is compared with `ref`: `within` is the share that does not matter, `seconds` what it may take at most."""

    ref: str
    profile: Profile
    within: float
    seconds: float
    seed: int
    workers: int


@dataclass(frozen=True)
class Compared:
    """What was found: first in the control, the older version against itself, and then between the two."""

    control: Comparison
    comparison: Comparison | None

    @property
    def is_noise(self) -> bool:
        """Whether the machine made a difference where there is none."""
        return self.control.finding in {Finding.WORSE, Finding.BETTER} or self.control.pairs < LEAST_PAIRS // 2

    @property
    def finding(self) -> Finding:
        return Finding.UNDECIDED if self.comparison is None else self.comparison.finding


@contextmanager
def both_versions(declared: Declared, ref: str, *, say: Callable[[str], None]) -> Iterator[tuple[Target, Target]]:
    """Run commit `ref` and this checkout, each in a leased sandbox. Raises ShopDevError (git_ref_unknown, version_not_started)."""
    with ExitStack() as stack:
        say(f"Starting {ref}, in a work tree and a sandbox of its own.")
        tree = stack.enter_context(scratch_tree(declared.checkout, ref))
        before = stack.enter_context(leased_by_its_own(tree, door=declared.settings.door))
        say("Starting this checkout, in a sandbox of its own.")
        after = stack.enter_context(leased_by_its_own(declared.checkout, door=declared.settings.door))
        yield before, after


def comparing(declared: Declared, before: Target, after: Target, terms: Terms) -> Iterator[Compared]:
    """Measure and yield what is known so far; the last is the outcome. Raises ShopDevError (service_unreachable, load_broken)."""
    older, newer = (Version(target.url, declared.data(target, terms.profile)) for target in (before, after))
    try:
        yield from _comparing(declared, older, newer, terms)
    except GeneratorLost as error:
        raise ShopDevError(CliCode.LOAD_BROKEN, f"{error}: nothing of this comparison is believed.") from error


def _comparing(declared: Declared, older: Version, newer: Version, terms: Terms) -> Iterator[Compared]:
    with slices(terms.profile, {Side.BEFORE: older, Side.AFTER: newer}, source=declared.source, workers=terms.workers) as measure:
        known = until_decided(
            lambda _, seed: measure(Side.BEFORE, seed),
            within=terms.within,
            seconds=terms.seconds * CONTROL_SHARE,
            seed=terms.seed,
        )
        for control in known:
            compared = Compared(control, None)
            yield compared
        if compared.is_noise:
            return
        known = until_decided(measure, within=terms.within, seconds=terms.seconds * (1 - CONTROL_SHARE), seed=terms.seed)
        for comparison in known:
            yield Compared(control, comparison)
