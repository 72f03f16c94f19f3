"""Helm and Kubernetes' schemas, as far as a machine has them or can build them. Tests skip with the reason where it cannot."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from shop_sandbox.paths import default_cache_root

HELM, SCHEMAS = "v3.19.0", "1.37.0"
_SECONDS = 240
"""How long a tool is built or fetched, once on a machine: what Go has compiled by then is there for the next try."""


def helm_program() -> str:
    """Return Helm: the program on PATH, or built once from its Go module into the tests' cache."""
    if found := shutil.which("helm"):
        return found
    place = _cache() / f"helm-{HELM}"
    if not (place / "helm").exists():
        go = shutil.which("go") or shutil.which("/usr/local/go/bin/go")
        if go is None:
            pytest.skip("there is no Helm on this machine, and no Go to build it with")
        environment = {**os.environ, "GOBIN": str(place), "GOFLAGS": "-trimpath"}
        _made([go, "install", f"helm.sh/helm/v3/cmd/helm@{HELM}"], environment, "Helm cannot be built here")
    return str(place / "helm")


def kubernetes_validate() -> str:
    """Return a program that holds objects to Kubernetes' own OpenAPI schemas: in an environment of its own, for it is large."""
    place = _cache() / f"kubernetes-validate-{SCHEMAS}"
    program = place / "bin" / "kubernetes-validate"
    if not program.exists():
        uv = str(Path(sys.executable).with_name("uv"))
        _made([uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(place)], dict(os.environ), "no environment")
        wanted = f"kubernetes-validate=={SCHEMAS}"
        install = [uv, "pip", "install", "--quiet", "--python", str(place / "bin" / "python"), wanted]
        _made(install, dict(os.environ), "Kubernetes' schemas cannot be had here")
    return str(program)


def _cache() -> Path:
    return default_cache_root(dict(os.environ)).with_name("shop-dev-tests")


def _made(command: list[str], environment: dict[str, str], otherwise: str) -> None:
    try:
        subprocess.run(command, env=environment, check=True, capture_output=True, text=True, timeout=_SECONDS)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        said = str(getattr(error, "stderr", "") or error).strip().splitlines()[-1:]
        pytest.skip(f"{otherwise}: {' '.join(said)}")
