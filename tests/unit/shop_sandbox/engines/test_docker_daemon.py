"""Docker's refusals in our words."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import pytest
from docker.errors import APIError, NotFound
from shop_sandbox.engines.docker import daemon
from shop_sandbox.engines.docker.container import Contained, ContainerLaunch
from shop_sandbox.engines.docker.images import VALKEY
from shop_sandbox.engines.handle import Handle, Output, ProcessLaunch
from shop_sandbox.errors import ErrorCode, SandboxError


def refusing(why: str) -> Any:
    """A client whose daemon refuses to pull and to start anything."""

    def refuse(*_: object, **__: object) -> None:
        raise APIError("500 Server Error", explanation=why)

    def not_there(name: str) -> None:
        raise NotFound(name)

    made = SimpleNamespace(start=refuse, remove=lambda force: None)
    return SimpleNamespace(
        images=SimpleNamespace(pull=refuse), containers=SimpleNamespace(get=not_there, create=lambda *_, **__: made)
    )


class Host:
    """Notes what is recorded before anything is started."""

    resource = "redis"
    output: Output

    def __init__(self) -> None:
        self.recorded: list[dict[str, str]] = []

    async def start_process(self, launch: ProcessLaunch, *, hand_over: str | None = None) -> Handle:
        raise NotImplementedError

    def record(self, sweeper: str, proof: Mapping[str, str]) -> None:
        self.recorded.append(dict(proof))

    def let_bind(self) -> None:
        """Nothing is held here."""


LAUNCH = ContainerLaunch(
    docker={"DOCKER_HOST": "unix:///nowhere"},
    name="shop-dev-1-default-redis",
    contained=Contained(str(VALKEY), 64, writable={"/data": "shop-dev-1-default-redis"}),
    published={6379: 20001},
    labels={},
)


def test_localstack_that_wants_an_account_is_told_with_the_release_that_wants_none() -> None:
    with pytest.raises(SandboxError) as raised:
        daemon.pull(refusing("denied"), "localstack/localstack:2026.4")

    assert raised.value.code == ErrorCode.IMAGE_MISSING
    assert raised.value.actions[0] == (
        "use localstack/localstack:4.14.0, the last one that needs no account, or set LOCALSTACK_AUTH_TOKEN"
    )


@pytest.mark.parametrize(
    ("why", "action"),
    [
        (
            "Get https://registry/v2/: dial tcp: lookup registry: no such host",
            "there is no way to its registry: `docker save postgres:18`",
        ),
        ("pull access denied for postgres, repository does not exist", "its registry wants an account: `docker login`"),
    ],
)
def test_an_image_that_cannot_be_pulled_says_what_to_do_about_the_reason(why: str, action: str) -> None:
    with pytest.raises(SandboxError) as raised:
        daemon.pull(refusing(why), "postgres:18")

    assert raised.value.code == ErrorCode.IMAGE_MISSING
    assert raised.value.actions[0].startswith(action)


def test_a_daemon_that_goes_away_while_it_pulls_is_no_fault_of_ours() -> None:
    def goes(_: str) -> None:
        raise ConnectionError("the daemon went away")

    with pytest.raises(SandboxError) as raised:
        daemon.pull(SimpleNamespace(images=SimpleNamespace(pull=goes)), "postgres:18")

    assert (raised.value.code, raised.value.retryable) == (ErrorCode.IMAGE_MISSING, True)


@pytest.mark.anyio
async def test_a_port_that_another_program_has_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(daemon, "connect", lambda _: refusing("Bind for 127.0.0.1:20001 failed: port is already allocated"))
    host = Host()

    with pytest.raises(SandboxError) as raised:
        await LAUNCH.start(host)

    assert (raised.value.code, raised.value.detail["ports"]) == (ErrorCode.PORT_TAKEN, [20001])
    assert host.recorded == [{"DOCKER_HOST": "unix:///nowhere", "name": "shop-dev-1-default-redis", "seconds": "10"}]


@pytest.mark.anyio
async def test_an_image_that_cannot_be_started_is_told_in_dockers_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(daemon, "connect", lambda _: refusing("exec: nothing to run"))

    with pytest.raises(SandboxError) as raised:
        await LAUNCH.start(Host())

    assert raised.value.code == ErrorCode.RESOURCE_DIED
    assert "exec: nothing to run" in raised.value.message


@pytest.mark.anyio
async def test_a_disk_of_the_daemon_that_is_full_is_told_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(daemon, "connect", lambda _: refusing("write /var/lib/docker: no space left on device"))

    with pytest.raises(SandboxError) as raised:
        await LAUNCH.start(Host())

    assert raised.value.code == ErrorCode.DISK_FULL


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"
