"""Differences in who may call: alternatives, of which one must hold, each of schemes that must all hold."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from shop_contracts.openapi_diff.changes import Change, Context, Verb
from shop_contracts.openapi_diff.documents import Api, Node

Alternative = dict[str, frozenset[str]]


class SchemeNames:
    """What security schemes of the old version are called in the new one: renamed ones are recognised by what they say."""

    def __init__(self, old: Api, new: Api) -> None:
        before, after = _schemes(old), _schemes(new)
        self._renamed: dict[str, str] = {}
        free = [name for name in after if name not in before]
        for name, scheme in before.items():
            if name not in after:
                twin = next((other for other in free if _meaning(after[other]) == _meaning(scheme)), None)
                if twin is not None:
                    free.remove(twin)
                    self._renamed[name] = twin

    def now(self, alternative: Alternative) -> Alternative:
        """Return an alternative of the old version in the new version's names."""
        return {self._renamed.get(name, name): scopes for name, scopes in alternative.items()}


def scheme_changes(old: Api, new: Api, used: set[str], context: Context) -> Iterator[Change]:
    """Yield the schemes in use that keep their name and are looked for elsewhere, or are something else."""
    before, after = _schemes(old), _schemes(new)
    for name in sorted(used & before.keys() & after.keys()):
        for word in ("type", "in", "name", "scheme"):
            was, now = before[name].value.get(word), after[name].value.get(word)
            in_header = before[name].value.get("in") == after[name].value.get("in") == "header"
            if _folded(word, was, in_header=in_header) != _folded(word, now, in_header=in_header):
                yield Change("security-scheme", Verb.CHANGED, context, was, now, name, before[name], after[name])


def _folded(word: str, value: object, *, in_header: bool) -> object:
    """Return the value as it is compared: names of HTTP schemes and of headers know no case (RFC 9110, 5.1 and 11.1)."""
    return value.lower() if isinstance(value, str) and (word == "scheme" or (word == "name" and in_header)) else value


def security_changes(
    old: Node, new: Node, context: Context, names: SchemeNames, *, roots: tuple[Node, Node] | None = None
) -> Iterator[Change]:
    """Yield what differs in the security of an operation, which inherits from `roots`, or of the documents themselves."""
    if "security" not in old.value and "security" not in new.value:
        return
    before = [names.now(one) for one in _alternatives(old, roots and roots[0])]
    after = _alternatives(new, roots and roots[1])
    there = Change("security", Verb.REMOVED, context, old=_place(old), new=_place(new))
    if (not before or {} in before) and after and {} not in after:
        yield replace(there, aspect="anonymous-access")
    gone = [one for one in before if one not in after]
    come = [one for one in after if one not in before]
    for one in list(gone):
        twins = [other for other in come if other.keys() == one.keys()]
        if len(twins) == 1 and sum(other.keys() == one.keys() for other in gone) == 1:
            gone.remove(one)
            come.remove(twins[0])
            for scheme in sorted(one):
                for scope in sorted(twins[0][scheme] - one[scheme]):
                    yield replace(there, aspect="security-scope", verb=Verb.ADDED, before=scheme, subject=scope)
    for one in gone if after and {} not in after else ():  # else everybody gets in
        if one:
            yield replace(there, subject=" and ".join(sorted(one)), facts={"remains": bool(after)})


def _alternatives(node: Node, root: Node | None) -> list[Alternative]:
    holder = node if "security" in node.value or root is None else root
    return [_alternative(one) for one in holder.elements("security")]


def _alternative(node: Node) -> Alternative:
    return {name: frozenset(map(str, scopes if isinstance(scopes, list) else ())) for name, scopes in node.mapping().items()}


def _place(node: Node) -> Node:
    return node.child("security", node.value["security"]) if "security" in node.value else node


def _schemes(api: Api) -> dict[str, Node]:
    components = api.root.get("components")
    return {} if components is None else components.members("securitySchemes")


def _meaning(node: Node) -> dict[str, Any]:
    return {key: value for key, value in node.mapping().items() if key != "description"}
