"""How it is told who is behind."""

from __future__ import annotations

from shop_dev.kafka.lag import Lag, Lags
from shop_dev.output.columns import Cell, Page


def lag_data(lags: Lags) -> dict[str, object]:
    """Return it for scripts; ages in seconds."""
    return {
        "behind": [
            {
                "group": one.position.group,
                "topic": one.position.topic,
                "records": one.position.behind,
                "oldestSeconds": one.age_seconds,
                "members": one.position.members,
                "restarts": dict(one.restarts),
            }
            for one in lags.behind
        ],
        "notBehind": lags.level,
    }


def lag_page(lags: Lags) -> Page:
    """One sentence a group that is behind."""
    if not lags.behind:
        return Page(((Cell("Nobody is behind." if lags.level else "Nobody has read anything yet."),),))
    return Page(tuple((Cell(_sentence(one), "red" if not one.position.members else "yellow"),) for one in lags.behind))


def _sentence(lag: Lag) -> str:
    position, age = lag.position, lag.age_seconds
    facts = [f"oldest {_span(age)}"] if age is not None else []
    if not position.members:
        facts.append("nobody of it is reading")
    facts += [f"{name} restarted {_times(count)}" for name, count in lag.restarts]
    return f"{position.group} is {position.behind} behind on {position.topic}" + (f": {', '.join(facts)}" if facts else "")


def _times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count} times")


def _span(seconds: float) -> str:
    for length, unit in ((86_400, "d"), (3600, "h"), (60, "min")):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} s"
