"""What a service promises."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from shop_sandbox.manifest.form.values import CheckoutPath, Form


class Contracts(Form, frozen=True, kw_only=True):
    """The contracts of what it serves. Those of its events stand with the topics."""

    openapi: Annotated[CheckoutPath, Meta(description="OpenAPI document of its REST interface.")] | None = None
    grpc: Annotated[tuple[CheckoutPath, ...], Meta(description="Protobuf files of its gRPC services.")] = ()
    rehearsal: (
        Annotated[
            str,
            Meta(
                pattern="^[A-Za-z_][A-Za-z0-9_]*(\\.[A-Za-z_][A-Za-z0-9_]*)*:[A-Za-z_][A-Za-z0-9_]*$",
                description="`package.module:function` that returns the service's real handlers over stand-ins of its stores, and "
                "what its real code sends (`shop_kit.rehearsal.Rehearsal`). `contracts check` runs them against released versions.",
            ),
        ]
        | None
    ) = None
