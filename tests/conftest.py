"""What holds for every test run, however it was started."""

from __future__ import annotations

import signal

import hypothesis
import pytest


def pytest_configure(config: pytest.Config) -> None:
    """Hear Ctrl-C: a shell starts what it puts into the background with SIGINT ignored, and children would inherit that."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    hypothesis.settings.register_profile("unhurried", deadline=None)  # no test asserts a wall-clock time
    hypothesis.settings.load_profile("unhurried")
