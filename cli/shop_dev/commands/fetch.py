"""`shop-dev fetch`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shop_dev.commands.options import JsonFlag
from shop_dev.output.answer import Answer

if TYPE_CHECKING:
    from shop_sandbox.fetching import Fetched


def fetch(json: JsonFlag = False) -> Answer:
    """Download everything the sandbox needs, so that `up` works without a network.

    What can be prepared once is prepared as well. What is there already is checked and kept.
    """
    from shop_sandbox.fetching import fetch_all
    from shop_sandbox.paths import CachePaths

    from shop_dev.output.sinks import sink_for
    from shop_dev.project import open_project

    project = open_project()
    with sink_for(json=json) as sink:
        fetched = fetch_all(CachePaths(project.cache_root), project.inherited, sink.announce)
    return Answer(
        data={"cache": str(project.cache_root), "fetched": [_data(item) for item in fetched]},
        text=_text(fetched, str(project.cache_root)),
    )


def _text(fetched: tuple[Fetched, ...], cache: str) -> str:
    rows = [
        f"  {item.name:<24} {item.version:<16} {item.bytes / 1e6:8.1f} MB{'' if item.was_there else '  new'}" for item in fetched
    ]
    return "\n".join([*rows, f"All of it is in {cache}; `shop-dev up` needs no network now."])


def _data(item: Fetched) -> dict[str, object]:
    return {"name": item.name, "version": item.version, "bytes": item.bytes, "wasThere": item.was_there}
