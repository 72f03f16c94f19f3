"""When something in the cache was last used: the time of change of its folder."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path


def mark_used(folder: Path) -> None:
    """Say that a sandbox starts with it now. A cache that cannot be written is no reason not to."""
    with contextlib.suppress(OSError):
        os.utime(folder)
