"""The images of others that containers are made from, each with its version and why it is that one, and their digests."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shop_sandbox.errors import ErrorCode, SandboxError

DIGESTS = "infra/images/digests.json"
"""Digests by image, relative to the checkout: what `shop-dev compose --refresh-digests` has found in the registries."""


@dataclass(frozen=True)
class Image:
    """An image by its official name. `why` is the reason for the version where there is one."""

    name: str
    tag: str
    why: str = ""

    def __str__(self) -> str:
        return f"{self.name}:{self.tag}"


KAFKA = Image("apache/kafka", "4.3.1", "the version that the embedded engine runs")
POSTGRES = Image("postgres", "18", "the version that the embedded engine runs")
VALKEY = Image("valkey/valkey", "8.1")
MINISTACK = Image("ministackorg/ministack", "1.5.33", "the version that the embedded engine runs")
LOCALSTACK = Image(
    "localstack/localstack",
    "4.14.0",
    "the last release that starts without an account: `latest` ends with exit status 55 where there is no LOCALSTACK_AUTH_TOKEN",
)
PYTHON = Image("python", "3.11-slim-bookworm", "the oldest Python that is supported; services are built on it")
COLLECTOR = Image("otel/opentelemetry-collector-contrib", "0.130.0", "the contributed one: it makes metrics of traces")
PROMETHEUS = Image("prom/prometheus", "v3.5.0", "a release with long-term support")
GRAFANA = Image("grafana/grafana", "12.1.1")
PINNED = (KAFKA, POSTGRES, VALKEY, MINISTACK, LOCALSTACK, COLLECTOR, PROMETHEUS, GRAFANA)
"""Those that compose.yaml names."""


def digests(checkout: Path) -> dict[str, str]:
    """Return the digests that a checkout pins its images to, by image (`postgres:18`); none where it has no file of them."""
    file = checkout / DIGESTS
    if not file.exists():
        return {}
    found: dict[str, str] = json.loads(file.read_text(encoding="utf-8"))
    return found


def refresh_digests(client: Any, checkout: Path, *, say: Callable[[str], None]) -> dict[str, str]:
    """Ask the registries, through the daemon, for the digest of each image, and keep them in the checkout.

    Raises SandboxError (IMAGE_MISSING) for an image that cannot be asked for; then nothing is changed.
    """
    from docker.errors import APIError

    found = {}
    for image in map(str, PINNED):
        try:
            found[image] = str(client.images.get_registry_data(image).id)
        except APIError as error:
            raise SandboxError(
                ErrorCode.IMAGE_MISSING,
                f"the registry of {image} does not tell its digest: {error.explanation or error}",
                actions=("see whether this machine reaches the registry: docker pull " + image,),
                retryable=True,
                detail={"image": image},
            ) from error
        say(f"{image} is {found[image]}")
    file = checkout / DIGESTS
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(found, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    return found


def pinned(image: str, known: Mapping[str, str]) -> str:
    """Return an image with its digest, where that is known: then its tag is for people to read."""
    return f"{image}@{known[image]}" if image in known else image
