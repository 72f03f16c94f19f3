"""`shop-dev ls`."""

from __future__ import annotations

from shop_dev.commands.options import JsonFlag
from shop_dev.output.answer import Answer


def ls(json: JsonFlag = False) -> Answer:
    """List the sandboxes that run, in which checkouts.

    Those of this user on this machine. `shop-dev down --all` stops them all.
    """
    from shop_dev.output.sandbox_list import list_data, list_page
    from shop_dev.project import checkout_here
    from shop_dev.sandbox.registry import running

    del json
    found = running(checkout_here())
    return Answer(data=list_data(found), text=list_page(found) if found else "No sandbox runs.")
