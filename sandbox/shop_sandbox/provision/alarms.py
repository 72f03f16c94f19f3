"""CloudWatch alarms."""

from __future__ import annotations

from typing import Any

from shop_sandbox.manifest.form import Alarm
from shop_sandbox.provision.aws_api import Aws
from shop_sandbox.provision.messaging import Notifications
from shop_sandbox.provision.task import Outcome

_COMPARISONS = {
    "above": "GreaterThanThreshold",
    "at-least": "GreaterThanOrEqualToThreshold",
    "below": "LessThanThreshold",
    "at-most": "LessThanOrEqualToThreshold",
}
_MISSING = {"good": "notBreaching", "bad": "breaching", "ignore": "ignore", "missing": "missing"}


async def settle_alarm(aws: Aws, alarm: Alarm, notifications: Notifications) -> tuple[Outcome, str]:
    """Make the alarm be as wanted. Raises AwsRefused, AwsUnreachable."""
    wanted = _wanted(alarm, notifications)
    answer = await aws.json("monitoring", "DescribeAlarms", {"AlarmNames": [alarm.name]})
    there = next(iter(answer.get("MetricAlarms", ())), None)
    if there is not None and all(_comparable(there.get(name)) == _comparable(value) for name, value in wanted.items()):
        return Outcome.UNCHANGED, ""
    await aws.json("monitoring", "PutMetricAlarm", wanted)
    return (Outcome.MADE if there is None else Outcome.CHANGED), ""


def _wanted(alarm: Alarm, notifications: Notifications) -> dict[str, Any]:
    percentile = alarm.statistic.startswith("p")
    return {
        "AlarmName": alarm.name,
        "Namespace": alarm.namespace,
        "MetricName": alarm.metric,
        "Dimensions": [{"Name": name, "Value": value} for name, value in sorted(alarm.dimensions.items())],
        ("ExtendedStatistic" if percentile else "Statistic"): alarm.statistic,
        "ComparisonOperator": _COMPARISONS[alarm.when],
        "Threshold": alarm.threshold,
        "Period": alarm.period_seconds,
        "EvaluationPeriods": alarm.periods,
        "TreatMissingData": _MISSING[alarm.missing_data],
        "AlarmActions": [notifications.arn(alarm.notifies)] if alarm.notifies else [],
    }


def _comparable(value: Any) -> Any:
    """Dimensions come in any order, and numbers as text or with a fraction."""
    if isinstance(value, list):
        return sorted(str(sorted(one.items()) if isinstance(one, dict) else one) for one in value)
    try:
        return float(value)
    except (TypeError, ValueError):
        return value or []
