"""Images of services, built from the Dockerfile of the checkout. What goes into them decides whether they are built again.

All hold the same files, so one is built, and the others are that one under other names and labels.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shop_sandbox.engines.docker.reproducible import Named, rewrite
from shop_sandbox.errors import ErrorCode, SandboxError
from shop_sandbox.evidence import inputs, last_change

PLATFORM = "platform"
"""The image of the Schema Registry and of provisioning: Python services share all its layers but the last."""
LATEST, _DIGITS, _LAST_LINES = "local", 16, 20
_INPUTS = (
    "Dockerfile",
    ".dockerignore",
    "infra/images/requirements.lock",
    "infra/images/sbom.cdx.json",
    "infra/images/slim.py",
    "sandbox",
    "services",
    "contracts",
)
"""What the Dockerfile reads, relative to the checkout."""
_LEFT_OUT = {"__pycache__"}


@dataclass(frozen=True)
class Built:
    """An image that is there now. `was_there` is True where nothing that goes into it had changed."""

    service: str
    image: str
    inputs: str
    bytes: int
    was_there: bool


def inputs_digest(checkout: Path) -> str:
    """Return a digest of all files that go into the images, by name and content. Raises SandboxError (IMAGE_NOT_BUILT)."""
    return inputs(_files(checkout), checkout).digest[:_DIGITS]


def _files(checkout: Path) -> Iterator[Path]:
    for name in _INPUTS:
        found = checkout / name
        if not found.exists():
            raise SandboxError(
                ErrorCode.IMAGE_NOT_BUILT,
                f"{found} is not there: images are built from it",
                actions=("write a Dockerfile like the one of shop-dev's own repository", "docs/guides/run-in-containers.md"),
                detail={"path": str(found)},
            )
        inside = (one for one in found.rglob("*") if one.is_file() and not _LEFT_OUT & set(one.parts))
        yield from [found] if found.is_file() else sorted(inside)


def build(client: Any, checkout: Path, services: Sequence[str], *, say: Callable[[str], None]) -> list[Built]:
    """Have an image for each service, tagged by its inputs and as `local`. Raises SandboxError (IMAGE_NOT_BUILT).

    The same inputs give the same images, bit by bit: their commit and time are those of the last change to the inputs.
    """
    digest = inputs_digest(checkout)
    missing = [service for service in services if _there(client, service, digest) is None]
    if missing:
        say(f"Building {', '.join(missing)}.")
        _make(client, checkout, missing, digest)
    return [_tagged(client, service, digest, was_there=service not in missing) for service in services]


def _tag(service: str, digest: str) -> str:
    return f"shop-dev/{service}:{digest}"


def _there(client: Any, service: str, digest: str) -> Any | None:
    from docker.errors import ImageNotFound

    try:
        return client.images.get(_tag(service, digest))
    except ImageNotFound:
        return None


def _tagged(client: Any, service: str, digest: str, *, was_there: bool) -> Built:
    image = client.images.get(_tag(service, digest))
    image.tag(f"shop-dev/{service}", LATEST)
    return Built(service, _tag(service, digest), digest, int(image.attrs["Size"]), was_there)


def _make(client: Any, checkout: Path, services: Sequence[str], digest: str) -> None:
    change = last_change(checkout, _INPUTS)
    arguments = {"INPUTS": digest, "REVISION": change.commit, "SERVICE": PLATFORM}
    built = _build(client, checkout, arguments)
    names = [Named([_tag(service, digest)], {"org.opencontainers.image.title": service}) for service in services]
    try:
        with tempfile.TemporaryDirectory(prefix="shop-dev-build-") as place, tempfile.TemporaryFile(dir=place) as saved:
            for chunk in built.save():
                saved.write(chunk)
            saved.seek(0)
            with rewrite(saved, names, epoch=change.seconds, into=Path(place)).open("rb") as archive:
                client.images.load(archive)
    finally:
        client.images.remove(built.id, noprune=True)  # its layers stay, for the next build to begin from


def _build(client: Any, checkout: Path, arguments: dict[str, str]) -> Any:
    from docker.errors import APIError, BuildError

    try:
        image, _ = client.images.build(path=str(checkout), buildargs=arguments, network_mode="host", rm=True, forcerm=True)
    except BuildError as error:
        lines = [text for entry in error.build_log if (text := str(entry.get("stream") or entry.get("error") or "").strip())]
        raise _failed(str(error.msg), lines[-_LAST_LINES:]) from error
    except APIError as error:
        raise _failed(str(error.explanation or error), []) from error
    return image


def _failed(why: str, last_lines: list[str]) -> SandboxError:
    told = "".join(f"\n  {line}" for line in last_lines)
    return SandboxError(
        ErrorCode.IMAGE_NOT_BUILT,
        f"the image of the services cannot be built: {why}{told}",
        actions=("correct what the lines name, and build again",),
        detail={"lastLines": last_lines},
    )
