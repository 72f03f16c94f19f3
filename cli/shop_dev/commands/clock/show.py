"""`shop-dev clock show`."""

from __future__ import annotations

from shop_dev.commands.options import JsonFlag, SandboxName
from shop_dev.output.answer import Answer


def show(name: SandboxName = None, json: JsonFlag = False) -> Answer:
    """Say what time the services think it is."""
    from shop_dev.sandbox.clock import clock_of, told

    del json
    return told(clock_of(name).offset_seconds())
