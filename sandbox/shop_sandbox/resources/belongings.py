"""What services have in the stores, in few words: for whoever looks into a sandbox that runs, without reading manifests."""

from __future__ import annotations

from shop_sandbox.manifest.form import Service
from shop_sandbox.manifest.names import dead_letter_queue
from shop_sandbox.resources.facts import Belongings


def belongings_of(service: Service) -> Belongings:
    """Return what a manifest says of topics and stores."""
    needs = service.needs
    return Belongings(
        service=service.service,
        writes={topic.name: topic.message for topic in needs.topics.produces},
        reads=tuple((topic.group, topic.name) for topic in needs.topics.consumes),
        databases=tuple(one.name for one in needs.databases),
        tables=tuple(one.name for one in needs.tables),
        queues=tuple(name for one in needs.queues for name in (one.name, dead_letter_queue(one))),
        buckets=tuple(one.name for one in needs.buckets),
    )
