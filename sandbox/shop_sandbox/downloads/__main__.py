"""`python -m shop_sandbox.downloads`: write the lock file anew and say what changed."""

from __future__ import annotations

import os
import sys

from shop_sandbox.downloads.lock import LOCK_FILE, render
from shop_sandbox.downloads.relock import renewed

if __name__ == "__main__":
    groups = renewed(dict(os.environ))
    text = render(dict(groups))
    changed = not LOCK_FILE.exists() or LOCK_FILE.read_bytes() != text
    LOCK_FILE.write_bytes(text)
    total = sum(jar.size for jars in groups.values() for jar in jars)
    count = sum(len(jars) for jars in groups.values())
    sys.stdout.write(f"{LOCK_FILE.name}: {count} archives, {total / 1e6:.1f} MB, {'changed' if changed else 'unchanged'}\n")
