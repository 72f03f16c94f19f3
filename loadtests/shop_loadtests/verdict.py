"""What a run says: the objectives hold, or they do not, or the figures are not to be believed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from shop_loadtests.latencies import Latencies
from shop_loadtests.profile import EVERY_OPERATION, Behind, Profile, Slo
from shop_loadtests.visitor import NO_ANSWER
from shop_loadtests.watch import Generator

LATE_SECONDS = 0.01
MOST_LATE = 0.01
MOST_CPU = 0.9
"""A visit that begins 10 ms late was not sent by the schedule. With more than one in a hundred of them, or a generator that used
nine tenths of its processor, it is the generator that was measured."""


MOST_UNANSWERED = 0.05
"""A target that does not answer one call in twenty is down, whatever the objectives speak of."""


class Kind(StrEnum):
    """INVALID is neither: the generator, not the shop, was at its end, or an objective holds for nothing that happened."""

    GREEN = "green"
    RED = "red"
    INVALID = "invalid"


@dataclass(frozen=True)
class Verdict:
    """The outcome, with a sentence for each reason."""

    kind: Kind
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class Outcome:
    """One objective, and how it was missed; nothing where it holds."""

    objective: str
    missed: tuple[str, ...]


def outcomes(profile: Profile, measured: Mapping[str, Latencies], *, behind: Behind | None) -> list[Outcome]:
    """Hold each objective against what was measured, and first the one that needs no words: that the target answers."""
    own = [Outcome(slo.sentence, tuple(_missed(slo, measured))) for slo in profile.slos]
    if profile.behind is not None:
        own.append(Outcome("consumers keep up", tuple(_too_far_behind(profile.behind, behind or Behind()))))
    return [Outcome("the target answers", tuple(_away(measured))), *own]


def judge(profile: Profile, measured: Mapping[str, Latencies], generator: Generator, *, behind: Behind | None = None) -> Verdict:
    """Hold what was measured against the objectives. One for what was never called is an error of the profile: nothing is known."""
    if reasons := [*doubts(generator), *_never_called(profile.slos, measured), *_never_seen(profile, behind)]:
        return Verdict(Kind.INVALID, tuple(reasons))
    missed = [reason for outcome in outcomes(profile, measured, behind=behind) for reason in outcome.missed]
    return Verdict(Kind.RED if missed else Kind.GREEN, tuple(missed))


def doubts(generator: Generator, *, most_late: float = MOST_LATE) -> Iterator[str]:
    """Yield why a generator is not to be believed: a sentence for each reason."""
    if not generator.visits:
        yield "no visit was begun"
    elif generator.late > most_late * generator.visits:
        yield (
            f"{generator.late} of {generator.visits} visits began more than {LATE_SECONDS * 1000:g} ms late: "
            "the generator did not keep up. Use more --workers, or a lower rate"
        )
    if generator.cpu > MOST_CPU:
        yield f"the generator has used {generator.cpu:.0%} of its processor. Use more --workers, or a lower rate"
    yield from (f"a visit ended with a fault of its own: {fault}" for fault in generator.faults)


def _never_called(slos: Sequence[Slo], measured: Mapping[str, Latencies]) -> Iterator[str]:
    for slo in slos:
        if slo.operation != EVERY_OPERATION and slo.operation not in measured:
            yield f"{slo.operation} has an objective and was never called"


def _never_seen(profile: Profile, behind: Behind | None) -> Iterator[str]:
    if profile.behind is not None and behind is None:
        yield "consumers have an objective, and nobody saw how far they were behind: that can be seen in a sandbox of this checkout"


def _too_far_behind(limit: Behind, seen: Behind) -> Iterator[str]:
    if limit.messages is not None and (seen.messages or 0) > limit.messages:
        yield f"consumers were {seen.messages:g} messages behind, at most {limit.messages:g} is the objective"
    if limit.seconds is not None and (seen.seconds or 0) > limit.seconds:
        yield f"a message waited {seen.seconds:.1f} s for its consumer, at most {limit.seconds:g} s is the objective"


def _away(measured: Mapping[str, Latencies]) -> Iterator[str]:
    unanswered = sum(one.failures[NO_ANSWER] for one in measured.values())
    calls = sum(one.count for one in measured.values())
    if unanswered > MOST_UNANSWERED * calls:
        yield f"the target was away: {unanswered} of {calls} calls had no answer at all"


def _missed(slo: Slo, measured: Mapping[str, Latencies]) -> Iterator[str]:
    concerned = {name: one for name, one in measured.items() if slo.operation in {name, EVERY_OPERATION}}
    for operation, latencies in concerned.items():
        for percentile, bound in slo.latencies.items():
            if (found := latencies.milliseconds(percentile)) > bound:
                yield f"{operation}: p{percentile:g} is {found:.0f} ms, its objective {bound:g} ms"
        if slo.failures is not None and latencies.failed > slo.failures:
            most = ", ".join(f"{count} of {reason}" for reason, count in latencies.failures.most_common(3))
            share = f"{latencies.failed:.2%} of {latencies.count} calls failed"
            yield f"{operation}: {share} ({most}), its objective {slo.failures:.2%}"
