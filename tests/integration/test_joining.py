"""Two checkouts, one sandbox: what may come in, what is refused without changing anything, and what becomes of guests."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from cryptography import x509

pytestmark = pytest.mark.integration

KEPT = ("PATH", "HOME", "LANG", "TMPDIR")
SERVICE = """
schemaVersion: 1
service: {name}
summary: Waits
owner: nobody
runtime:
  command: [python3, -c, "import os, time; print(os.environ.get('TOKEN_OF_MINE', ''), flush=True); time.sleep(1000)"]
  health: {{ kind: {health} }}
  passThrough: [TOKEN_OF_MINE]
"""
SELLS = """
needs:
  topics:
    produces:
      - { name: tills.sales.v1, schema: contracts/sale.json }
"""


class Checkout:
    """A repository with services that need no store."""

    def __init__(self, root: Path, cache: Path) -> None:
        self.root = root
        self._environment = {
            **{name: os.environ[name] for name in KEPT if name in os.environ},
            "SHOP_CACHE_DIR": str(cache),
            "SHOP_RUNTIME_DIR": str(root.parent / "run"),
            "XDG_STATE_HOME": str(root.parent / "state"),
            "TOKEN_OF_MINE": f"from {root.name}",
        }
        root.mkdir()
        (root / "shop-dev.toml").write_text('services = ["services/*/service.yaml"]\n', encoding="utf-8")
        (root / "contracts").mkdir()
        (root / "contracts/sale.json").write_text('{"type": "object"}', encoding="utf-8")

    def service(self, name: str, *, more: str = "", health: str = "none") -> None:
        file = self.root / f"services/{name}/service.yaml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(SERVICE.format(name=name, health=health) + more, encoding="utf-8")

    def settings(self, more: str) -> None:
        with (self.root / "shop-dev.toml").open("a", encoding="utf-8") as file:
            file.write(more)

    def says(self, *words: str) -> Any:
        """Return the data of a command that ends well."""
        document = self.document(*words)
        assert document["error"] is None, document
        return document["data"]

    def refuses(self, *words: str) -> dict[str, Any]:
        """Return the error of a command."""
        error: dict[str, Any] = self.document(*words)["error"]
        assert error is not None, words
        return error

    def document(self, *words: str) -> dict[str, Any]:
        done = subprocess.run(
            [sys.executable, "-P", "-m", "shop_dev", *words, "--json"],
            cwd=self.root,
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    def pids(self) -> dict[str, int]:
        return {one["name"]: one["pid"] for one in self.says("status")["resources"]}


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def make(tmp_path: Path, cache: Path) -> Iterator[Callable[[str], Checkout]]:
    made: list[Checkout] = []

    def checkout(name: str) -> Checkout:
        made.append(Checkout(tmp_path / name, cache))
        return made[-1]

    yield checkout
    if made:
        made[0].document("down", "--all", "--purge")


@pytest.fixture
def host(make: Callable[[str], Checkout]) -> Checkout:
    """A checkout whose sandbox runs `clerk`; its `till`, which produces a topic, is declared and not started."""
    host = make("host")
    host.service("clerk")
    host.service("till", more=SELLS)
    host.says("up", "clerk")
    return host


@pytest.fixture
def guest(make: Callable[[str], Checkout]) -> Checkout:
    return make("guest")


def test_a_guest_comes_with_its_own_variables_and_leaves_without_disturbing_the_rest(host: Checkout, guest: Checkout) -> None:
    guest.service("points")
    before = host.pids()

    guest.says("up", "--join", "host")

    both = guest.pids()
    assert {name: both[name] for name in before} == before
    assert host.says("status")["guests"] == [{"checkout": str(guest.root), "services": ["points"]}]
    until("it has its own variables", lambda: any("from guest" in str(one) for one in guest.says("logs", "points")["records"]))
    again = guest.says("up")["endpoints"], guest.pids()
    assert again[1] == both  # a second `up` finds everything there

    assert guest.says("down")["left"] == {"sandbox": f"sandbox default of {host.root}"}

    assert host.pids() == before
    assert guest.refuses("status")["code"] == "not_running"


def test_what_collides_is_refused_and_nothing_changes(host: Checkout, guest: Checkout) -> None:
    guest.service("clerk")
    before = host.pids()

    service = guest.refuses("up", "--join", "host")
    guest.service("points", more=SELLS)
    (guest.root / "services/clerk/service.yaml").unlink()
    topic = guest.refuses("up", "--join", "host")
    guest.service("points", health="tcp")
    telemetry = next(iter(host.says("status")["endpoints"].values())).rpartition(":")[2]
    guest.settings(f"[ports]\npoints = {telemetry}\n")
    port = guest.refuses("up", "--join", "host")

    assert (service["code"], topic["code"], port["code"]) == ("manifest_invalid", "manifest_invalid", "port_taken")
    assert "'clerk' is the name of another service" in service["message"]
    assert "till produces the topic 'tills.sales.v1' as well" in topic["message"]
    assert f"port {telemetry} of points is that of telemetry in this sandbox" in port["message"]
    assert host.pids() == before
    assert host.says("status")["guests"] == []
    assert guest.refuses("status")["code"] == "not_running"


def test_a_name_under_which_nothing_runs_is_told_with_what_does(host: Checkout, guest: Checkout) -> None:
    guest.service("points")

    nobody, near = guest.refuses("up", "--join", "shop"), guest.refuses("up", "--join", "hots")

    assert (nobody["code"], near["code"]) == ("not_running", "not_running")
    assert f"these run: default of {host.root}" in nobody["message"]
    assert "did you mean 'host'?" in near["message"]
    assert host.refuses("up", "--join", "default")["code"] == "not_running"  # its own is none of another checkout


def test_of_several_the_checkout_says_which(host: Checkout, guest: Checkout, make: Callable[[str], Checkout]) -> None:
    other = make("other")
    other.service("cashier")
    other.says("up")
    guest.service("points")

    several = guest.refuses("up", "--join", "default")
    guest.says("up", "--join", "../other:default")

    assert several["code"] == "join_refused"
    assert [one["text"] for one in several["actions"]] == [f"shop-dev up --join {root}:default" for root in (host.root, other.root)]
    assert set(other.pids()) > {"cashier", "points"}
    assert "points" not in host.pids()


def test_another_version_of_shop_dev_is_told_as_that(host: Checkout, guest: Checkout) -> None:
    guest.service("points")
    owner = host.root / ".shop-dev/default/owner.json"
    as_it_was = owner.read_bytes()
    owner.write_text(json.dumps({**json.loads(as_it_was), "protocol": "of another version"}), encoding="utf-8")

    error = guest.refuses("up", "--join", "host")
    owner.write_bytes(as_it_was)

    assert error["code"] == "supervisor_of_another_version"
    assert error["actions"][0]["text"] == "use the same version of shop-dev in both checkouts"


def test_a_sandbox_that_was_started_anew_has_forgotten_its_guests_and_the_guest_is_told(host: Checkout, guest: Checkout) -> None:
    guest.service("points")
    guest.says("up", "--join", "host")
    os.kill(host.says("status")["supervisorPid"], signal.SIGKILL)
    until("its supervisor is gone", lambda: host.document("status")["error"] is not None)

    gone = guest.refuses("status")
    host.says("up", "clerk")
    still_gone = guest.refuses("status")
    guest.says("up", "--join", "host")

    assert gone["code"] == still_gone["code"] == "not_running"
    assert f"this checkout had joined sandbox default of {host.root}, which has ended since" in gone["message"]
    assert gone["actions"][0]["text"] == f"shop-dev up --join {host.root}:default"
    assert "points" in host.pids()


def test_a_guest_whose_checkout_is_gone_keeps_nobody_from_working(host: Checkout, guest: Checkout) -> None:
    guest.service("points")
    guest.says("up", "--join", "host")
    guest.root.rename(guest.root.with_name("moved"))

    host.service("porter")
    host.says("up", "porter")

    assert "points" not in host.pids()


def until(what: str, is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not is_so():
        assert time.monotonic() < deadline, what
        time.sleep(0.1)


def test_a_guest_is_known_by_a_certificate_of_the_sandbox_that_it_joins(make: Callable[[str], Checkout]) -> None:
    host, guest = make("host"), make("guest")
    host.settings("mtls = true\n")
    host.service("clerk")
    host.says("up", "clerk")
    guest.service("points")

    guest.says("up", "--join", "host")

    pids = guest.pids()
    shown = {name: psutil.Process(pids[name]).environ() for name in ("clerk", "points")}
    own = {name: Path(variables["SHOP_TLS_CERTIFICATE"]) for name, variables in shown.items()}
    assert {name: path.name for name, path in own.items()} == {"clerk": "clerk.pem", "points": "points.pem"}
    (authority,) = {Path(variables["SHOP_TLS_AUTHORITY"]) for variables in shown.values()}
    for path in own.values():
        certificate(path).verify_directly_issued_by(certificate(authority))


def certificate(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())
