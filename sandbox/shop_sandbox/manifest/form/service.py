"""The whole of a `service.yaml`."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from shop_sandbox.manifest.form.contracts import Contracts
from shop_sandbox.manifest.form.deployment import Alarm, Fargate, Gateway, Grant, Local, Route, Slo
from shop_sandbox.manifest.form.functions import Function
from shop_sandbox.manifest.form.needs import Needs
from shop_sandbox.manifest.form.resilience import Resilience
from shop_sandbox.manifest.form.runtime import Runtime
from shop_sandbox.manifest.form.values import Form, PartName, ServiceName


class Worker(Form, frozen=True, kw_only=True):
    """A further process of the service, scaled by itself. It finds the variables of its service, and its ports are its own."""

    name: PartName
    runtime: Runtime
    deploy: Fargate | Local | None = None


class Service(Form, frozen=True, kw_only=True):
    """A service of the platform: a process, workers beside it, functions, or any of these; what they need they share."""

    schema_version: Annotated[Literal[1], Meta(description="Version of this format.")]
    service: Annotated[ServiceName, Meta(description="Its name, unique in the checkout.")]
    summary: Annotated[str, Meta(min_length=1, max_length=200, description="What it is for, in a line.")]
    owner: Annotated[str, Meta(min_length=1, description="The team that answers for it.")]
    runtime: Runtime | None = None
    deploy: Fargate | Local | None = None
    workers: Annotated[
        tuple[Worker, ...], Meta(description="Further processes, as in a relay or a consumer scaled by itself.")
    ] = ()
    functions: Annotated[tuple[Function, ...], Meta(description="Its Lambda functions.")] = ()
    contracts: Contracts = Contracts()
    needs: Needs = Needs()
    gateway: Gateway | None = None
    resilience: Resilience | None = None
    routes: Annotated[tuple[Route, ...], Meta(description="What API Gateway lets through to its process.")] = ()
    alarms: Annotated[tuple[Alarm, ...], Meta(description="When somebody is woken.")] = ()
    iam: Annotated[tuple[Grant, ...], Meta(description="What it may do on AWS, and nothing else.")] = ()
    slo: Slo | None = None
