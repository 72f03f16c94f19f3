"""`shop-dev cache list`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shop_dev.commands.options import JsonFlag
from shop_dev.output.answer import Answer

if TYPE_CHECKING:
    from shop_sandbox.kept_in_cache import Kept


def listing(json: JsonFlag = False) -> Answer:
    """Say what the cache holds for all checkouts, how much it is, and when it was last used."""
    from shop_sandbox.kept_in_cache import kept
    from shop_sandbox.paths import CachePaths

    from shop_dev.project import open_project

    del json
    root = open_project().cache_root
    found = kept(CachePaths(root))
    total = sum(one.bytes for one in found) / 1e6
    return Answer(
        data={"cache": str(root), "kept": [data_of(one) for one in found]},
        text=table(found) + f"{total:,.0f} MB in {root}. `shop-dev cache prune` removes what nobody has used for a month.",
    )


def table(found: tuple[Kept, ...]) -> str:
    """One line a thing, archives together."""
    import time

    archives = [one for one in found if one.what == "archive"]
    rows = [(one.what, one.bytes, one.last_used) for one in found if one.what != "archive"]
    if archives:
        rows.append((f"{len(archives)} archives", sum(one.bytes for one in archives), max(one.last_used for one in archives)))
    return "".join(
        f"  {what:<36} {size / 1e6:8.1f} MB   {_ago(time.time() - last_used)}\n"
        for what, size, last_used in sorted(rows, key=lambda row: -row[1])
    )


def data_of(one: Kept) -> dict[str, object]:
    """Return one thing as scripts get it."""
    return {"what": one.what, "path": one.path, "bytes": one.bytes, "lastUsed": one.last_used}


def _ago(seconds: float) -> str:
    days = int(seconds // 86_400)
    return "today" if days < 1 else f"{days} day{'s' * (days != 1)} ago" if days < 10_000 else "never again"
