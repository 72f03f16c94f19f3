"""Load by an OpenAPI document in place of a project's own journeys."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import msgspec
import yaml
from shop_loadtests.claims import Data
from shop_loadtests.derived.any_operation import JOURNEYS
from shop_loadtests.openapi import Derived, NoDocument, derive
from shop_loadtests.plan import Source
from shop_loadtests.profile import Profile, ProfileUnusable, Slo, Stage, read

from shop_dev.errors import CliCode, ShopDevError

PACKAGE, JOURNEY = "shop_loadtests.derived", "any_operation"
_EVEN = Profile(
    "Each operation that has examples, ten a second.",
    {JOURNEY: 1.0},
    (Stage(30.0, 10.0),),
    (Slo("*", failures=0.01),),
)


@dataclass(frozen=True)
class FromDocument:
    """What a document has examples for; `left_out` says of each other operation why not."""

    derived: Derived

    @property
    def source(self) -> Source:
        """Where generators import the one journey from that makes all calls."""
        return Source(PACKAGE)

    @property
    def data(self) -> Data:
        """The calls, as that journey takes them."""
        return {JOURNEYS: msgspec.to_builtins(self.derived.journeys)}

    @property
    def left_out(self) -> tuple[str, ...]:
        """A sentence for each operation that is not called."""
        return tuple(f"{operation} is not called: {why}." for operation, why in self.derived.left_out.items())

    def profile(self, name: str | None) -> Profile:
        """Read the stages and objectives of a file; without one ten visits a second. Raises ShopDevError (profile_invalid)."""
        if name is None:
            return _EVEN
        try:
            return read(name, journeys=[JOURNEY])
        except ProfileUnusable as error:
            raise ShopDevError(CliCode.PROFILE_INVALID, str(error), detail={"faults": list(error.faults)}) from error


def from_document(path: Path) -> FromDocument:
    """Derive journeys. Raises ShopDevError (openapi_invalid)."""
    try:
        derived = derive(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, yaml.YAMLError, NoDocument) as error:
        raise ShopDevError(CliCode.OPENAPI_INVALID, f"{path}: {error}") from error
    if not derived.journeys:
        why = "; ".join(f"{operation}: {reason}" for operation, reason in derived.left_out.items()) or "it has no operation"
        raise ShopDevError(CliCode.OPENAPI_INVALID, f"{path} has no operation that can be called by its examples: {why}.")
    return FromDocument(derived)
