"""Eight hours of logs of many services, as a sandbox that is not there would have left them."""

from __future__ import annotations

import os
import time
from pathlib import Path

from shop_sandbox.logs.stamps import stamp

_RECORD = b' {"level": "info", "message": "an answer was taken", "order_id": "ord_1", "stage": "authorising", "version": 3}\n'


def write(checkout: Path, *, services: int) -> None:
    """Make a checkout with three log files of some 7 MiB for each service; the newest hour of each has 200 lines."""
    (checkout / "pyproject.toml").write_text("[tool.shop-dev]\nservices = []\n")
    logs = checkout / ".shop-dev" / "default" / "logs"
    logs.mkdir(parents=True)
    now = time.time()
    for service in range(services):
        for age in (2, 1, 0):
            _write(logs / f"service-{service}.log{f'.{age}' if age else ''}", until=now - 3 * 3600 * age)


def _write(path: Path, *, until: float) -> None:
    early = [until - 3600 - 7200 * (1 - number / 50_000) for number in range(50_000)]
    late = [until - 3600 * (1 - number / 200) for number in range(200)]
    path.write_bytes(b"".join(stamp(at) + _RECORD for at in (*early, *late)))
    os.utime(path, (until, until))
