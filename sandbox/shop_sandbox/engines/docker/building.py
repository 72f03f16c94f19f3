"""Images of services, built from the Dockerfile of the checkout. What goes into one decides whether it is built again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shop_sandbox.errors import ErrorCode, SandboxError
from shop_sandbox.evidence import commit_of, inputs

PLATFORM = "platform"
"""The image of the Schema Registry and of provisioning: Python services share all its layers but the last."""
LATEST, _DIGITS, _LAST_LINES = "local", 16, 20
_INPUTS = ("Dockerfile", ".dockerignore", "infra/images/requirements.lock", "sandbox", "services", "contracts")
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
    """Have an image for each service, tagged by its inputs and as `local`. Raises SandboxError (IMAGE_NOT_BUILT)."""
    digest = inputs_digest(checkout)
    arguments = {"INPUTS": digest, "REVISION": commit_of(checkout) or "unknown"}
    return [_built(client, checkout, {**arguments, "SERVICE": service}, say) for service in services]


def _built(client: Any, checkout: Path, arguments: dict[str, str], say: Callable[[str], None]) -> Built:
    from docker.errors import ImageNotFound

    name, digest = f"shop-dev/{arguments['SERVICE']}", arguments["INPUTS"]
    tag = f"{name}:{digest}"
    try:
        image, was_there = client.images.get(tag), True
    except ImageNotFound:
        say(f"Building {tag}.")
        image, was_there = _build(client, checkout, tag, arguments), False
    image.tag(name, LATEST)
    return Built(arguments["SERVICE"], tag, digest, int(image.attrs["Size"]), was_there)


def _build(client: Any, checkout: Path, tag: str, arguments: dict[str, str]) -> Any:
    from docker.errors import APIError, BuildError

    try:
        image, _ = client.images.build(
            path=str(checkout),
            tag=tag,
            buildargs=arguments,
            network_mode="host",
            rm=True,
            forcerm=True,
        )
    except BuildError as error:
        lines = [text for entry in error.build_log if (text := str(entry.get("stream") or entry.get("error") or "").strip())]
        raise _failed(tag, str(error.msg), lines[-_LAST_LINES:]) from error
    except APIError as error:
        raise _failed(tag, str(error.explanation or error), []) from error
    return image


def _failed(tag: str, why: str, last_lines: list[str]) -> SandboxError:
    told = "".join(f"\n  {line}" for line in last_lines)
    return SandboxError(
        ErrorCode.IMAGE_NOT_BUILT,
        f"{tag} cannot be built: {why}{told}",
        actions=("correct what the lines name, and build again",),
        detail={"image": tag, "lastLines": last_lines},
    )
