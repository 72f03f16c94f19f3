"""Topics that are consumed here and that nobody here produces: they are made by what their own repository has released."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from shop_sandbox.manifest.borrowed import released_schema
from shop_sandbox.manifest.form import ProducedTopic
from shop_sandbox.manifest.loader import Manifest


def borrowed_topics(manifests: Iterable[Manifest]) -> Iterator[tuple[Path, ProducedTopic]]:
    """Yield each consumed topic once that nobody here produces, as `released_schema` gives it."""
    known = list(manifests)
    there = {topic.name for manifest in known for topic in manifest.service.needs.topics.produces}
    for manifest in known:
        for topic in manifest.service.needs.topics.consumes:
            if topic.name not in there and (found := released_schema(manifest.root, topic)) is not None:
                there.add(topic.name)
                yield found
