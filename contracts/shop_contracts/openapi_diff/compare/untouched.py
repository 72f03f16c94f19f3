"""Which operations are written the same in both versions, all they refer to included: most are, and need not be looked into."""

from __future__ import annotations

from typing import Any

from shop_contracts.openapi_diff.documents import Api, Node, Place

Component = tuple[str, str]


class Untouched:
    """Asked of two nodes, says whether they are the same text and so is what they refer to. In doubt it says no."""

    def __init__(self, old: Api, new: Api) -> None:
        self._entries = (old.root.document, new.root.document)
        before, after = _components(old), _components(new)
        self._clean = {name for name, value in before.items() if name in after and repr(value) == repr(after[name])}
        if old.version != new.version:
            self._clean = set()
        references = {name: _references(before[name]) for name in self._clean}
        while tainted := {name for name in self._clean if not references[name] <= self._clean}:
            self._clean -= tainted
        self._same_version = old.version == new.version
        self._known: dict[tuple[Place, Place], bool] = {}

    def __call__(self, old: Node, new: Node) -> bool:
        """Return whether two nodes are the same."""
        if not self._same_version or (old.document, new.document) != self._entries:
            return False  # in another file `#/components/…` means that file's own
        key = (old.key, new.key)
        if key not in self._known:
            # repr tells 1 from true and from 1.0, as == does not.
            self._known[key] = repr(old.value) == repr(new.value) and _references(old.value) <= self._clean
        return self._known[key]


def _components(api: Api) -> dict[Component, Any]:
    components = api.root.value.get("components")
    if not isinstance(components, dict):
        return {}
    return {(kind, name): value for kind, named in components.items() if isinstance(named, dict) for name, value in named.items()}


def _references(value: Any) -> set[Component]:
    """Return the components referred to anywhere inside; a reference to anything else counts as one to a component there is not."""
    found: set[Component] = set()
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, list):
            waiting += one
        elif isinstance(one, dict):
            waiting += one.values()
            reference = one.get("$ref")
            if "$dynamicRef" in one:
                found.add(("", ""))
            if reference is not None:
                parts = str(reference).split("/")
                found.add((parts[2], parts[3]) if parts[:2] == ["#", "components"] and len(parts) == 4 else ("", ""))
    return found
