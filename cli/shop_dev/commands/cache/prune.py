"""`shop-dev cache prune`."""

from __future__ import annotations

from typing import Annotated

import typer

from shop_dev.commands.options import JsonFlag
from shop_dev.output.answer import Answer

DAYS = 30


def prune(
    unused_days: Annotated[
        int, typer.Option("--unused-days", min=0, metavar="DAYS", help="Remove what no sandbox has started with for so long.")
    ] = DAYS,
    json: JsonFlag = False,
) -> Answer:
    """Remove from the cache what nobody has used for a month.

    It is made or fetched again when somebody needs it. What a running sandbox was started from stays, and so do the archives that
    this version starts with when there is no network.
    """
    from shop_sandbox import kept_in_cache
    from shop_sandbox.paths import CachePaths

    from shop_dev.commands.cache.listing import data_of, table
    from shop_dev.project import open_project

    del json
    gone = kept_in_cache.prune(CachePaths(open_project().cache_root), unused_seconds=unused_days * 86_400)
    freed = sum(one.bytes for one in gone)
    return Answer(
        data={"freedBytes": freed, "removed": [data_of(one) for one in gone]},
        text=table(gone) + (f"{freed / 1e6:,.0f} MB are free again." if gone else "There is nothing to remove."),
    )
