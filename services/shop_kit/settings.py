"""Settings as values: read from the environment once at the root, checked as a whole, frozen.

A field's name in capitals is its variable (`reservation_seconds` is RESERVATION_SECONDS). A field whose type is again a Struct is a
group: its fields are read from the same flat environment. Variables with a default may be missing.
"""

from __future__ import annotations

import difflib
import types
import typing
from collections.abc import Mapping
from typing import TypeVar

import msgspec

from shop_kit.errors import KitError

S = TypeVar("S", bound=msgspec.Struct)


class SettingsInvalid(KitError):
    """At least one setting is missing or wrong; `faults` has a sentence for each."""

    def __init__(self, faults: tuple[str, ...]) -> None:
        super().__init__("\n".join(("the settings are not usable:", *(f"  - {fault}" for fault in faults))))
        self.faults = faults


class RuntimeSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What every service process needs to run at all."""

    otel_exporter_otlp_endpoint: str | None = None
    shop_listen_fd: int | None = None
    """A bound, listening socket handed over by whoever started the process."""
    listen_address: str = "127.0.0.1"
    """Where to listen when no socket is handed over: 0.0.0.0 or :: in a container, whose network decides who gets there."""
    port: int = 0
    port_operations: int | None = None
    """Where the reasons of readiness and the metrics are shown, for a service whose `port` is public; without one, at `port`."""
    port_grpc: int | None = None
    """Where gRPC is served, for a service that serves it."""
    shop_tls_certificate: str | None = None
    """Files in PEM for mutual TLS inside, all three or none: what this service shows, its key, and who must have signed others'."""
    shop_tls_key: str | None = None
    shop_tls_authority: str | None = None
    shop_resilience: str | None = None
    """What the manifest says under `resilience`, as JSON: see `shop_kit.resilience.declared`."""
    shop_clock_file: str | None = None
    """The file through which a sandbox moves time, see `shop_kit.clock`; without one time is the machine's."""
    log_level: typing.Literal["debug", "info", "warning", "error"] = "info"
    request_timeout_seconds: float = 30.0
    shutdown_grace_seconds: float = 8.0
    """How long the whole of stopping may take after SIGTERM; below the supervisor's own patience of 10 s."""

    def __post_init__(self) -> None:
        """Refuse half of what mutual TLS takes: a service must not be less guarded than somebody believes. Raises ValueError."""
        given = [bool(one) for one in (self.shop_tls_certificate, self.shop_tls_key, self.shop_tls_authority)]
        if any(given) and not all(given):
            raise ValueError("SHOP_TLS_CERTIFICATE, SHOP_TLS_KEY and SHOP_TLS_AUTHORITY go together")


class KafkaSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Where Kafka and its schemas are."""

    kafka_bootstrap_servers: str
    schema_registry_url: str
    shop_instance: str | None = None
    """A name that this instance keeps over restarts, unique within the service; without one, group membership is dynamic."""


class AwsSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Where AWS is. Without an endpoint it is the real one; without keys AWS's default chain finds them (a task's role)."""

    aws_region: str
    aws_endpoint_url: str | None = None
    aws_endpoint_url_cognito_identity_provider: str | None = None
    """Where Cognito is, when not where the rest of AWS is: AWS's own variable for it."""
    aws_access_key_id: str | None = None
    aws_secret_access_key: str | None = None
    aws_session_token: str | None = None


def read_settings(kind: type[S], environ: Mapping[str, str]) -> S:
    """Read `kind` from variables. Raises SettingsInvalid with every fault, not the first."""
    faults: list[str] = []
    found = _read(kind, environ, faults)
    if faults:
        raise SettingsInvalid(tuple(faults))
    return typing.cast("S", found)


def _read(kind: type[msgspec.Struct], environ: Mapping[str, str], faults: list[str]) -> msgspec.Struct | None:
    values: dict[str, object] = {}
    types_by_field = typing.get_type_hints(kind)
    count = len(faults)
    for field in msgspec.structs.fields(kind):
        group = _group(types_by_field[field.name])
        if group is not None:
            values[field.name] = _read(group, environ, faults)
            continue
        variable = field.name.upper()
        text = environ.get(variable)
        if text is None or text == "":
            if field.required:
                faults.append(_missing(variable, environ))
            continue
        try:
            values[field.name] = msgspec.convert(text, field.type, strict=False)
        except msgspec.ValidationError as error:
            # The value itself is not shown: it may be a secret.
            faults.append(f"{variable}: {error}")
    if len(faults) > count:
        return None
    try:
        return kind(**values)
    except ValueError as wrong:  # values that do not go together, as the settings' own __post_init__ finds them
        faults.append(str(wrong))
        return None


def _group(annotation: object) -> type[msgspec.Struct] | None:
    is_struct = (
        isinstance(annotation, type) and not isinstance(annotation, types.GenericAlias) and issubclass(annotation, msgspec.Struct)
    )
    return typing.cast("type[msgspec.Struct]", annotation) if is_struct else None


def _missing(variable: str, environ: Mapping[str, str]) -> str:
    close = difflib.get_close_matches(variable, environ, n=1, cutoff=0.8)
    return f"{variable} is not set" + (f" (did you mean {close[0]}?)" if close else "")
