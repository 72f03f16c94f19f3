"""Leaving a start: one Ctrl-C stops it in order, two stop it at once, however quickly they follow each other."""

from __future__ import annotations

import pytest
from fakes.sandbox_client import FakeSandboxClient
from shop_dev.sandbox.starting import leaving_in_order
from shop_sandbox.events import AnyEvent


class InterruptedWhileTelling:
    """A sink whose reader presses Ctrl-C again while the answer to the first is being written."""

    def say(self, text: str) -> None:
        raise KeyboardInterrupt

    def announce(self, event: AnyEvent) -> None:
        """Nothing is told."""


def test_a_second_ctrl_c_while_the_first_is_answered_stops_at_once() -> None:
    client = FakeSandboxClient()

    with (
        pytest.raises(KeyboardInterrupt),
        leaving_in_order(InterruptedWhileTelling()) as leave,  # type: ignore[arg-type]  # a stand-in
    ):
        leave.client = client  # type: ignore[assignment]  # as above
        raise KeyboardInterrupt

    assert client.asked == ["down force"]
