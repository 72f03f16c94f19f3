"""The images of others that containers are made from, each with its version and why it is that one."""

from __future__ import annotations

from dataclasses import dataclass


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
