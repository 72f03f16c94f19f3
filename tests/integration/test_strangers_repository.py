"""A repository that is not this shop's, in languages that are not this shop's, by nothing but what the wheel brings."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import sys
import sysconfig
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from shop_sandbox.paths import default_cache_root

CHECKOUT = Path(__file__).resolve().parents[2]
MISSING = [program for program in ("go", "node", "git") if shutil.which(program) is None]

pytestmark = [
    pytest.mark.integration,
    pytest.mark.timeout(600),
    pytest.mark.skipif(bool(MISSING), reason=f"not installed here: {', '.join(MISSING)}"),
]


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`shop-dev` as the wheel brings it, installed into an environment of its own."""
    root = tmp_path_factory.mktemp("installed")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(root)]
    subprocess.run(build, cwd=CHECKOUT, check=True, capture_output=True)
    environment = root / "venv"
    uv = [sys.executable, "-m", "uv"]
    subprocess.run([*uv, "venv", "--quiet", "--python", sys.executable, str(environment)], check=True)
    install = [*uv, "pip", "install", "--quiet", "--offline", "--python", str(environment / "bin/python")]
    locked = subprocess.run([*install, "-r", str(CHECKOUT / "requirements.lock")], check=False, capture_output=True)
    if locked.returncode:  # not in uv's cache: lend it the packages of this environment, without the checkout's own sources
        (lib,) = environment.glob("lib/*/site-packages")
        (lib / "lent.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    subprocess.run([*install, "--no-deps", str(next(root.glob("*.whl")))], check=True)
    return environment / "bin/shop-dev"


class Stranger:
    """Somebody with an empty repository."""

    def __init__(self, program: Path, root: Path) -> None:
        self.root = root / "repository"
        self.root.mkdir()
        self._program = program
        kept = ("PATH", "HOME", "LANG", "TMPDIR", "JAVA_HOME", "HTTPS_PROXY", "https_proxy", "NO_PROXY", "SSL_CERT_FILE")
        self._environment = {
            **{name: os.environ[name] for name in kept if name in os.environ},
            "SHOP_CACHE_DIR": os.environ.get("SHOP_TEST_CACHE") or str(default_cache_root(dict(os.environ))),
            "SHOP_RUNTIME_DIR": str(root / "run"),
            # What Kubernetes gives to every pod beside a service named `shop-service`.
            "SHOP_SERVICE_PORT": "80",
            "SHOP_SERVICE_HOST": "10.0.0.7",
        }

    def does(self, *words: str) -> str:
        done = self._run(*words)
        assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"
        return done.stdout

    def shop_dev(self, *words: str) -> Any:
        """Run a command, and return its data."""
        return json.loads(self.does(str(self._program), *words, "--json"))["data"]

    def traced(self, trace: str) -> dict[str, str]:
        """The services that took part in a trace, as far as they have told of it, with what they did."""
        document = json.loads(self._run(str(self._program), "trace", trace, "--json").stdout)
        roots = document["data"]["roots"] if document["error"] is None else []
        return {root["service"]: root["name"] for root in roots}

    def _run(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(words, cwd=self.root, env=self._environment, capture_output=True, text=True, check=False)


@pytest.fixture
def stranger(program: Path, tmp_path: Path) -> Iterator[Stranger]:
    stranger = Stranger(program, tmp_path)
    stranger.does("git", "init", "--quiet")
    yield stranger
    if (stranger.root / ".shop-dev").exists():
        stranger.shop_dev("down", "--purge")


def test_from_init_to_trace_with_a_service_in_go_and_one_in_node(stranger: Stranger) -> None:
    stranger.shop_dev("init", "greeter", "--language", "go")
    stranger.shop_dev("new", "service", "teller", "--language", "node")
    assert stranger.shop_dev("contracts", "check")["findings"] == []

    endpoints = stranger.shop_dev("up", "--timeout", "500")["endpoints"]

    assert set(endpoints) == {"telemetry", "greeter", "teller"}
    assert ".shop-dev" not in stranger.does("git", "status", "--short")
    trace = secrets.token_hex(16)
    for name in ("greeter", "teller"):
        answer = httpx.get(f"{endpoints[name]}/v1/greetings/Ada", headers={"traceparent": f"00-{trace}-00f067aa0ba902b7-01"})
        assert (answer.status_code, answer.json()) == (200, {"greeting": "Hello, Ada!"})
    until_traced(stranger, trace, dict.fromkeys(("greeter", "teller"), "GET /v1/greetings/{name}"))

    source = stranger.root / "services/greeter/main.go"
    source.write_text(source.read_text().replace("Hello, %s!", "Ahoy, %s!"), encoding="utf-8")

    until_greeted(endpoints["greeter"], "Ahoy, Ada!")


def until_traced(stranger: Stranger, trace: str, wanted: dict[str, str]) -> None:
    """Wait until all services have told of their part."""
    deadline = time.monotonic() + 20
    while (told := stranger.traced(trace)) != wanted:
        assert time.monotonic() < deadline, told
        time.sleep(0.1)


def until_greeted(url: str, greeting: str) -> None:
    """Wait until the service that was edited is built and started again."""
    deadline = time.monotonic() + 240
    told = ""
    while told != greeting:
        assert time.monotonic() < deadline, told
        try:
            told = httpx.get(f"{url}/v1/greetings/Ada").json()["greeting"]
        except httpx.TransportError:
            told = "nothing: it is started again"
        time.sleep(0.05)
