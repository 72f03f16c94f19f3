"""Docker's daemon: how it is reached, and its failures in our words."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from shop_sandbox.engines.docker.images import LOCALSTACK
from shop_sandbox.errors import ErrorCode, SandboxError

DEFAULT_SOCKET = "unix:///var/run/docker.sock"
_SECONDS = 60


def connect(inherited: Mapping[str, str], *, waits: bool = False) -> Any:
    """Return a client (`docker.DockerClient`) of the daemon that DOCKER_HOST names, or of the one of this machine.

    One that `waits` never gives up: for following what a container prints. A client is for one thread.

    Raises SandboxError (DOCKER_AWAY): none answers, it lets nobody in, or shop-dev was installed without its client.
    """
    try:
        import docker
        from docker.errors import DockerException
    except ImportError as error:
        raise SandboxError(
            ErrorCode.DOCKER_AWAY, "shop-dev was installed without Docker's client", actions=('pip install "shop-dev[docker]"',)
        ) from error
    address = inherited.get("DOCKER_HOST") or DEFAULT_SOCKET
    try:
        client = docker.DockerClient(base_url=address, timeout=None if waits else _SECONDS, version="auto")
        client.ping()
    except DockerException as error:
        raise _away(address, error) from error
    return client


def _away(address: str, error: Exception) -> SandboxError:
    socket = address.removeprefix("unix://")
    if address.startswith("unix://") and not os.path.exists(socket):  # noqa: PTH110 - a socket, by a name that is not ours
        return SandboxError(
            ErrorCode.DOCKER_AWAY,
            f"Docker does not run: there is no {socket}",
            actions=("start Docker, or set DOCKER_HOST to where it listens", "without Docker: `shop-dev up --engine embedded`"),
            retryable=True,
            detail={"address": address},
        )
    if "PermissionError" in str(error) or (address.startswith("unix://") and not os.access(socket, os.R_OK | os.W_OK)):
        return SandboxError(
            ErrorCode.DOCKER_AWAY,
            f"Docker's socket {socket} does not let you in",
            actions=("join its group: `sudo usermod -aG docker $USER`, then log in again", "or use rootless Docker"),
            detail={"address": address},
        )
    return SandboxError(
        ErrorCode.DOCKER_AWAY,
        f"Docker does not answer at {address}: {error}",
        actions=("see whether `docker version` names a server", "without Docker: `shop-dev up --engine embedded`"),
        retryable=True,
        detail={"address": address},
    )


def failures() -> tuple[type[Exception], ...]:
    """Return what is raised where the daemon refuses or goes away."""
    from docker.errors import DockerException
    from requests.exceptions import RequestException
    from urllib3.exceptions import HTTPError

    return (SandboxError, DockerException, RequestException, HTTPError, OSError)


def has_image(client: Any, image: str) -> bool:
    """Return whether the daemon has an image."""
    from docker.errors import ImageNotFound

    try:
        client.images.get(image)
    except ImageNotFound:
        return False
    return True


def pull(client: Any, image: str) -> None:
    """Have the daemon fetch an image. Raises SandboxError (IMAGE_MISSING)."""
    try:
        client.images.pull(image)
    except failures() as error:
        raise _missing(image, str(getattr(error, "explanation", None) or error)) from error


_NO_NETWORK = ("no such host", "dial tcp", "connection refused", "timeout", "timed out", "unreachable")
_WANTS_AN_ACCOUNT = ("denied", "unauthorized", "authentication required")


def _missing(image: str, why: str) -> SandboxError:
    actions = [f"docker pull {image}", "without Docker: `shop-dev up --engine embedded`"]
    if any(word in why.lower() for word in _NO_NETWORK):
        actions.insert(0, f"there is no way to its registry: `docker save {image}` where it is, and `docker load` here")
    if any(word in why.lower() for word in _WANTS_AN_ACCOUNT):
        actions.insert(0, "its registry wants an account: `docker login`")
    if image.startswith(LOCALSTACK.name) and image != str(LOCALSTACK):
        actions.insert(0, f"use {LOCALSTACK}, the last one that needs no account, or set LOCALSTACK_AUTH_TOKEN")
    return SandboxError(
        ErrorCode.IMAGE_MISSING,
        f"image {image} is not there and cannot be pulled: {why}",
        actions=tuple(actions),
        retryable=True,
        detail={"image": image},
    )
