"""Runs one service or task inside a container: `python -m shop_sandbox.engines.docker.inside.run package.module:function`.

A process of the machine gets from its supervisor what only provisioning knows, such as the id of a user pool. Here it is read from
the volume that provisioning writes to.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import MutableMapping, Sequence
from pathlib import Path

from shop_sandbox import records
from shop_sandbox.credentials import Credentials
from shop_sandbox.provision.told import told


def settle(environment: MutableMapping[str, str]) -> None:
    """Put what was provisioned for `SHOP_SERVICE` into the environment, and the stores' secret out of it into its file."""
    if provisioned := environment.get("SHOP_PROVISIONED"):
        environment.update(told(Path(provisioned), environment.get("SHOP_SERVICE", "")))
    if secret := environment.pop("SHOP_SECRET", None):
        records.write(Path(environment["SHOP_CREDENTIALS"]), Credentials(secret=secret))


def main(arguments: Sequence[str]) -> None:
    """Call the function that is named, in this process."""
    settle(os.environ)
    module, _, function = arguments[0].partition(":")
    getattr(importlib.import_module(module), function)()


if __name__ == "__main__":
    main(sys.argv[1:])
