"""IAM: each action by name, for a thing by name, of the kind that it is for."""

from __future__ import annotations

from collections.abc import Iterator

from shop_sandbox.manifest.faults import Path, did_you_mean
from shop_sandbox.manifest.rules.view import Finding, View

_IAM_SERVICES = {
    "table": ("dynamodb",),
    "queue": ("sqs",),
    "notification": ("sns",),
    "bucket": ("s3",),
    "secret": ("secretsmanager",),
    "parameter": ("ssm",),
    "user-pool": ("cognito-idp",),
    "sender": ("ses",),
}


def _grants(view: View) -> Iterator[Finding]:
    for position, grant in enumerate(view.service.iam):
        place: Path = ("iam", position)
        for number, action in enumerate(grant.actions):
            if "*" in action:
                yield (
                    (*place, "actions", number),
                    f"{action!r} has a wildcard",
                    "name each action: what is not named is not allowed",
                )
        prefixes = {action.partition(":")[0] for action in grant.actions if "*" not in action}
        for number, resource in enumerate(grant.resources):
            yield from _granted(view, (*place, "resources", number), resource, prefixes)


def _granted(view: View, place: Path, resource: str, prefixes: set[str]) -> Iterator[Finding]:
    if resource.startswith("arn:"):
        if resource.endswith(":*") or resource.count(":") < 5:
            yield place, f"{resource!r} does not name a thing", "write the whole ARN"
        return
    kind, _, name = resource.partition("/")
    if kind not in _IAM_SERVICES or not name:
        hint = did_you_mean(kind, _IAM_SERVICES)
        yield place, f"{resource!r} is neither `<kind>/<name>` nor an ARN", hint
        return
    name = f"/{name}" if kind == "parameter" else name  # as in ARNs: the slash between is the path's first
    mine = {entry.name for entry in getattr(view.service.needs, f"{kind.replace('-', '_')}s")}
    if kind == "notification":
        mine |= set(view.platform.names("notifications"))
    if name not in mine:
        yield place, f"the service has no {kind} {name!r}", did_you_mean(name, mine) or f"declare it under needs.{kind}s"
    for prefix in sorted(prefixes - set(_IAM_SERVICES[kind])):
        yield (
            place,
            f"actions of {prefix!r} do nothing to a {kind}",
            f"grant them in an entry of their own; a {kind} has {_IAM_SERVICES[kind][0]}",
        )


RULES = (_grants,)
