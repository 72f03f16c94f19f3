"""One service's needs in a checkout of its own, and a provisioning task run on them as the sandbox runs it."""

from __future__ import annotations

import importlib
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from shop_sandbox.provision.told import told

_MANIFEST = """\
schemaVersion: 1
service: {service}
summary: A service of a test
owner: tests
runtime: {{command: [sh, -c, "sleep 600"]}}
slo: {{availabilityPercent: 99, latencyP95Ms: 500}}
"""


@dataclass(frozen=True)
class Told:
    """What a task told: its lines as `(kind, name, outcome)`, the details, what it refused, and its exit status."""

    status: int
    refused: str
    lines: list[dict[str, Any]]

    @property
    def outcomes(self) -> set[tuple[str, str, str]]:
        return {(line["kind"], line["name"], line["outcome"]) for line in self.lines}

    def detail(self, name: str) -> str:
        (found,) = [line.get("detail", "") for line in self.lines if line["name"] == name]
        return str(found)


@dataclass
class Bench:
    """A checkout with one service of a name that is new in the platform; `x` makes other names new."""

    root: Path
    environment: Mapping[str, str]
    monkeypatch: pytest.MonkeyPatch
    capfd: pytest.CaptureFixture[str]
    x: str = field(default_factory=lambda: uuid.uuid4().hex[:8])

    @property
    def service(self) -> str:
        return f"svc-{self.x}"

    @property
    def folder(self) -> Path:
        return self.root / "services" / self.service

    def needs(self, yaml: str) -> None:
        """Write the manifest with these needs; `{x}` in it stands for the new part of names."""
        self.says(f"needs:\n{yaml}")

    def says(self, yaml: str) -> None:
        """Write the manifest with this at its end; `{x}` in it stands for the new part of names."""
        self.write(self.folder / "service.yaml", _MANIFEST.format(service=self.service) + yaml.replace("{x}", self.x))

    @property
    def told(self) -> dict[str, str]:
        """What provisioning keeps for the service to read."""
        return told(self.root / "provisioned.json", self.service)

    def write(self, file: Path | str, text: str) -> None:
        (self.root / file).parent.mkdir(parents=True, exist_ok=True)
        (self.root / file).write_text(text, encoding="utf-8")

    def provision(self, what: str, **variables: str) -> Told:
        """Run the task the way the sandbox runs it: its target, called in this environment and `variables`."""
        for name, value in {**self.environment, **variables}.items():
            self.monkeypatch.setenv(name, value)
        self.monkeypatch.setenv("SHOP_PROVISIONED", str(self.root / "provisioned.json"))
        self.monkeypatch.setenv("SHOP_CHECKOUT", str(self.root))
        self.monkeypatch.setenv("SHOP_SERVICE_GLOBS", '["services/*/service.yaml"]')
        status = 0
        try:
            importlib.import_module(f"shop_sandbox.provision.{what}").main()
        except SystemExit as ended:
            status = int(str(ended.code))
        told = self.capfd.readouterr()
        return Told(status, told.err, [json.loads(line) for line in told.out.splitlines()])
