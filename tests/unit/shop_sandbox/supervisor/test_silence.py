"""What hangs is told from what cannot run."""

from __future__ import annotations

from shop_sandbox.supervisor.silence import MOST_SILENT_PROBES, MOST_STARVED_PROBES, Silence

PROBE_SECONDS = 3.5


class Process:
    """One that does not answer, and waits for a processor for a share of its time."""

    def __init__(self, *, waits: float) -> None:
        self.waits = waits
        self.seconds = 100.0

    def waited(self) -> float:
        return 7.0 + self.waits * self.seconds

    def silent_probes_until_it_hangs(self) -> int:
        silence = Silence(self.waited, now=lambda: self.seconds)
        for probe in range(1, 100):
            silence.goes_on()
            if silence.is_hanging:
                return probe
            self.seconds += PROBE_SECONDS
        raise AssertionError("it is waited for without end")


def test_one_that_could_run_and_says_nothing_hangs() -> None:
    assert Process(waits=0.0).silent_probes_until_it_hangs() == MOST_SILENT_PROBES
    assert Process(waits=0.2).silent_probes_until_it_hangs() == MOST_SILENT_PROBES


def test_one_that_waits_for_a_processor_is_given_more_time_but_not_for_ever() -> None:
    assert Process(waits=0.9).silent_probes_until_it_hangs() == MOST_STARVED_PROBES


def test_an_answer_in_between_begins_the_count_anew() -> None:
    silence = Silence(lambda: 0.0)
    for _ in range(MOST_SILENT_PROBES - 1):
        silence.goes_on()
    silence.broken()

    silence.goes_on()

    assert not silence.is_hanging
