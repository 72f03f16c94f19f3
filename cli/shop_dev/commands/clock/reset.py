"""`shop-dev clock reset`."""

from __future__ import annotations

from shop_dev.commands.options import JsonFlag, SandboxName
from shop_dev.output.answer import Answer


def reset(name: SandboxName = None, json: JsonFlag = False) -> Answer:
    """Go back to real time.

    For the services that is a step back by what time was moved forward: what they dated meanwhile lies in their future.
    """
    from shop_dev.sandbox.clock import clock_of, told

    del json
    clock = clock_of(name)
    clock.reset()
    return told(clock.offset_seconds())
