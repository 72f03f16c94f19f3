"""A service process from its start to its end: told to stop, failed, or not able to start. In this process, on a free port."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import msgspec
import pytest
from fakes.certificates import Authority
from shop_kit.errors import KitError
from shop_kit.parts import running
from shop_kit.runtime import PART_FAILED, WRONG_SETTINGS, run_service
from shop_kit.service import Service
from shop_kit.settings import RuntimeSettings
from shop_kit.tls import MutualTls

ENDS_WITHIN_SECONDS = 20.0


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    runtime: RuntimeSettings
    shop_patience: int = 5


@pytest.fixture(autouse=True)
def a_place_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shop_kit.runtime.configure_logging", lambda *_: None)
    for name in ("PORT", "SHOP_LISTEN_FD", "OTEL_EXPORTER_OTLP_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)


@asynccontextmanager
async def a_part(ended: list[str]) -> AsyncIterator[None]:
    yield
    ended.append("its part")


def run(compose: Callable[[Service, Settings], Awaitable[None]]) -> None:
    """Run a service; one that does not end is cancelled after a while."""

    async def bounded(service: Service, settings: Settings) -> None:
        asyncio.get_running_loop().call_later(ENDS_WITHIN_SECONDS, cancel_everything)
        await compose(service, settings)

    run_service("toy", Settings, bounded)


def cancel_everything() -> None:
    for task in asyncio.all_tasks():
        task.cancel()


async def stop() -> None:
    os.kill(os.getpid(), signal.SIGTERM)


def test_a_service_that_is_told_to_stop_ends_in_order() -> None:
    ended: list[str] = []

    async def compose(service: Service, _settings: Settings) -> None:
        service.shutdown.at_begin(lambda: ended.append("told"))
        await service.enter(a_part(ended))
        service.serves([])
        service.repeats(stop, name="stopper", every_seconds=60)

    run(compose)

    assert ended == ["told", "its part"]


def test_a_service_listens_where_its_settings_say(monkeypatch: pytest.MonkeyPatch) -> None:
    address = "127.0.0.2"
    monkeypatch.setenv("LISTEN_ADDRESS", address)
    monkeypatch.setenv("PORT", str(port := free_port(address)))
    answers: list[bytes] = []

    async def knock() -> None:
        reader, writer = await asyncio.open_connection(address, port)
        writer.write(b"GET /health HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n")
        answers.append(await reader.readline())
        writer.close()
        await stop()

    async def compose(service: Service, _settings: Settings) -> None:
        service.serves([])
        service.repeats(knock, name="visitor", every_seconds=60)

    run(compose)

    assert answers == [b"HTTP/1.1 200 OK\r\n"]


def test_a_service_with_a_certificate_answers_those_who_have_one_of_the_same_authority(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    authority = Authority(tmp_path)
    files, edge = authority.certifies("toy"), MutualTls(authority.certifies("edge"))
    for name, file in (("CERTIFICATE", files.certificate), ("KEY", files.key), ("AUTHORITY", files.authority)):
        monkeypatch.setenv(f"SHOP_TLS_{name}", str(file))
    monkeypatch.setenv("PORT", str(port := free_port("127.0.0.1")))
    answers: list[bytes] = []

    async def knock() -> None:
        for context in (edge.client, None):
            reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
            writer.write(b"GET /health HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n")
            with suppress(ConnectionError):
                answers.append(await reader.readline())
            writer.close()
        await stop()

    async def compose(service: Service, _settings: Settings) -> None:
        service.serves([])
        service.repeats(knock, name="visitor", every_seconds=60)

    run(compose)

    assert answers[0] == b"HTTP/1.1 200 OK\r\n"
    assert not [answer for answer in answers[1:] if answer.startswith(b"HTTP")]


def test_half_of_what_mutual_tls_takes_is_refused(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("SHOP_TLS_CERTIFICATE", "toy.pem")

    async def compose(_service: Service, _settings: Settings) -> None:
        """Never reached."""

    with pytest.raises(SystemExit):
        run(compose)
    assert "SHOP_TLS_CERTIFICATE, SHOP_TLS_KEY and SHOP_TLS_AUTHORITY go together" in capsys.readouterr().err


def free_port(address: str) -> int:
    with socket.socket() as probe:
        probe.bind((address, 0))
        return int(probe.getsockname()[1])


def test_a_service_that_waits_for_what_it_needs_can_be_stopped() -> None:
    async def compose(_service: Service, _settings: Settings) -> None:
        await stop()
        await asyncio.Event().wait()

    run(compose)


def test_a_part_that_fails_ends_the_process_with_a_status_of_its_own() -> None:
    async def fail() -> None:
        raise KitError("the relay has lost its mind")

    async def compose(service: Service, _settings: Settings) -> None:
        service.serves([])
        await service.enter(running(relay=fail))

    with pytest.raises(SystemExit) as ended:
        run(compose)

    assert ended.value.code == PART_FAILED


def test_settings_that_are_wrong_end_the_process_with_all_of_them_listed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PORT", "door")
    monkeypatch.setenv("SHOP_PATIENCE", "some")

    async def compose(_service: Service, _settings: Settings) -> None:
        raise AssertionError("it must not come so far")

    with pytest.raises(SystemExit) as ended:
        run(compose)

    told = capsys.readouterr().err
    assert ended.value.code == WRONG_SETTINGS
    assert "PORT" in told
    assert "SHOP_PATIENCE" in told
