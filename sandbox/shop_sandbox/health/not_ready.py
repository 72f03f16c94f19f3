"""What a probe says when it does not find a resource at work."""

from __future__ import annotations


class NotReady(Exception):
    """Raised by a probe: the resource is not ready yet, and why. Anything else a probe raises is a fault of the probe."""


class NotAlive(NotReady):
    """Raised by a probe: the resource runs and will never be ready again by itself (it hangs); it is to be started again."""
