"""The registry as a process: configuration from the environment, a socket, and logs as JSON lines on stdout."""

from __future__ import annotations

import logging
import os
import signal
import socket
import sys
from collections.abc import Mapping
from dataclasses import dataclass

from shop_contracts.registry.json_logs import log_as_json_lines

_DEFAULT_PORT = 8081
"""Confluent's."""


@dataclass(frozen=True)
class Configuration:
    """`listen_fd` is a listening socket handed over by a supervisor; without one, `port` is bound on `address`."""

    bootstrap_servers: str
    port: int
    listen_fd: int | None
    topic: str
    log_level: str
    address: str = "127.0.0.1"
    """0.0.0.0 in a container, whose network decides who gets there."""


class Misconfigured(ValueError):
    """The environment does not make a configuration; the message names every variable that is wrong."""


def configuration_from(environ: Mapping[str, str]) -> Configuration:
    """Read KAFKA_BOOTSTRAP_SERVERS, SHOP_LISTEN_FD, LISTEN_ADDRESS, PORT, SHOP_REGISTRY_TOPIC and SHOP_LOG_LEVEL.

    Raises Misconfigured.
    """
    faults: list[str] = []

    def number(name: str) -> int | None:
        raw = environ.get(name)
        if raw is None or raw.isdecimal():
            return None if raw is None else int(raw)
        faults.append(f"{name} is {raw!r}; it takes a number")
        return None

    servers = environ.get("KAFKA_BOOTSTRAP_SERVERS", "")
    if not servers:
        faults.append("KAFKA_BOOTSTRAP_SERVERS is missing; set it to host:port of a Kafka broker")
    level = environ.get("SHOP_LOG_LEVEL", "INFO").upper()
    if level not in logging.getLevelNamesMapping():
        faults.append(f"SHOP_LOG_LEVEL is {level!r}; it takes DEBUG, INFO, WARNING or ERROR")
    listen_fd, port = number("SHOP_LISTEN_FD"), number("PORT")
    if faults:
        raise Misconfigured("; ".join(faults))
    topic = environ.get("SHOP_REGISTRY_TOPIC", "_schemas")
    address = environ.get("LISTEN_ADDRESS", "127.0.0.1")
    return Configuration(servers, port if port is not None else _DEFAULT_PORT, listen_fd, topic, level, address)


def main() -> None:
    """Run the registry until SIGTERM or SIGINT. Exits with status 2 when the environment is wrong."""
    try:
        configuration = configuration_from(os.environ)
    except Misconfigured as error:
        print(f"schema registry: {error}", file=sys.stderr)  # noqa: T201 - the outermost edge
        sys.exit(2)
    log_as_json_lines(configuration.log_level)
    serve(configuration)


def serve(configuration: Configuration) -> None:
    """Serve until a signal ends it; requests under way are answered first."""
    import uvicorn

    from shop_contracts.registry.http import application
    from shop_contracts.registry.kafka_log import KafkaLog
    from shop_contracts.registry.kafka_writer import KafkaLogSettings
    from shop_contracts.registry.registry import Registry

    log = KafkaLog(KafkaLogSettings(configuration.bootstrap_servers, configuration.topic))
    config = uvicorn.Config(
        application(Registry(log)),
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=5,
    )
    # The server raises the signal again once it has shut down; by then there is nothing left to end.
    for ending in (signal.SIGTERM, signal.SIGINT):
        signal.signal(ending, lambda *_: None)
    with _listener(configuration) as listener:
        logging.getLogger(__name__).info("schema registry listens", extra={"port": listener.getsockname()[1]})
        uvicorn.Server(config).run(sockets=[listener])


def _listener(configuration: Configuration) -> socket.socket:
    if configuration.listen_fd is not None:
        return socket.socket(fileno=configuration.listen_fd)
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((configuration.address, configuration.port))
    listener.listen(1024)
    return listener


if __name__ == "__main__":
    main()
