"""`shop-dev` as it is, over a sandbox of small scripts (`fakes.sandbox`): `python -m fakes.scripted_shop_dev WORDS...`."""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec
from shop_dev.program import run
from shop_sandbox import client
from shop_sandbox.supervisor.settings import SupervisorSettings

start_for_real = client.start_or_attach


def start_scripts(settings: SupervisorSettings, *, insists_on_engine: bool = False) -> client.SandboxClient:
    """Start a supervisor for the scripts of the checkout in place of the shop."""
    inherited = {**settings.inherited, "PYTHONPATH": str(Path(__file__).resolve().parents[1])}
    scripts = msgspec.structs.replace(settings, blueprint="fakes.sandbox:blueprint", inherited=inherited)
    return start_for_real(scripts, insists_on_engine=insists_on_engine)


if __name__ == "__main__":
    client.start_or_attach = start_scripts
    sys.exit(run(sys.argv[1:]))
