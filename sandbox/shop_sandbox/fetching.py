"""Do everything ahead that a first start would do, so that later ones need no network and no patience."""

from __future__ import annotations

from collections.abc import Mapping

from shop_sandbox.downloads.fetch import Announce
from shop_sandbox.engines.engine import embedded
from shop_sandbox.engines.findings import Fetched
from shop_sandbox.paths import CachePaths

__all__ = ["Fetched", "fetch_all"]


def fetch_all(cache: CachePaths, inherited: Mapping[str, str], announce: Announce) -> tuple[Fetched, ...]:
    """Have in the cache all that the engine needs; what is there already is looked at again, and replaced where it is wrong.

    Blocking; `announce` is called from several threads. Raises SandboxError as the engine's `fetch` does.
    """
    return embedded().fetch(cache, inherited, announce)
