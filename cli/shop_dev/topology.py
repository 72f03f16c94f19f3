"""The shop as a graph, from its manifests: services, what they own, and how they reach each other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shop_sandbox.manifest.form import Service


@dataclass(frozen=True, order=True)
class Node:
    """A service or something it owns. `kind` is service, topic, table, queue, notification, bucket, database or cache."""

    kind: str
    name: str

    @property
    def identity(self) -> str:
        """One word that no other node has."""
        return f"{self.kind}:{self.name}"


@dataclass(frozen=True, order=True)
class Edge:
    """`source` does `verb` to `target`: calls, produces, feeds (a topic its consumer), keeps (a service its store)."""

    source: Node
    verb: str
    target: Node


@dataclass(frozen=True)
class Topology:
    """All nodes and edges, each once, in a stable order."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]


def topology_of(services: Iterable[Service]) -> Topology:
    """Return the graph of these services. What they only name (a service or topic of somebody else) is in it as well."""
    described = sorted(services, key=lambda service: service.service)
    edges = sorted({edge for service in described for edge in _edges(service)})
    nodes = {Node("service", service.service) for service in described} | {
        node for edge in edges for node in (edge.source, edge.target)
    }
    return Topology(tuple(sorted(nodes)), tuple(edges))


def _edges(service: Service) -> Iterator[Edge]:
    own, needs = Node("service", service.service), service.needs
    for name in needs.services:
        yield Edge(own, "calls", Node("service", name))
    for topic in needs.topics.produces:
        yield Edge(own, "produces", Node("topic", topic.name))
    for consumed in needs.topics.consumes:
        yield Edge(Node("topic", consumed.name), "feeds", own)
    kept: Sequence[tuple[str, Iterable[str]]] = (
        ("table", (one.name for one in needs.tables)),
        ("queue", (one.name for one in needs.queues)),
        ("notification", (one.name for one in needs.notifications)),
        ("bucket", (one.name for one in needs.buckets)),
        ("database", (one.name for one in needs.databases)),
        ("cache", (one.name for one in needs.caches)),
    )
    for kind, names in kept:
        for name in names:
            yield Edge(own, "keeps", Node(kind, name))
