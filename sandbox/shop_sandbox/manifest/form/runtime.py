"""How a process of a service runs in the sandbox."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from shop_sandbox.manifest.form.values import Argv, FolderPath, Form, HttpPath, VariableName


class HttpHealth(Form, frozen=True, kw_only=True, tag_field="kind", tag="http"):
    """Two paths at `PORT` that answer 200."""

    live: Annotated[
        HttpPath, Meta(description="Answers while the process lives. Silent three times in a row, the process is started again.")
    ] = "/health"
    ready: Annotated[HttpPath, Meta(description="Answers when the service can do its work.")] = "/ready"


class TcpHealth(Form, frozen=True, kw_only=True, tag_field="kind", tag="tcp"):
    """Ready as soon as something accepts connections at `PORT`."""


class CommandHealth(Form, frozen=True, kw_only=True, tag_field="kind", tag="command"):
    """A program that ends with status 0 when the service can do its work; it runs as the service does, for 2 s at most."""

    command: Annotated[Argv, Meta(description="Program and arguments, run in the folder of `service.yaml`.")]


class NoHealth(Form, frozen=True, kw_only=True, tag_field="kind", tag="none"):
    """Ready as soon as it runs: nothing tells more. It gets no `PORT`."""


class Build(Form, frozen=True, kw_only=True):
    """Makes what runs, as with Go, Java, Rust or C#, or a function's package: before the start, and when an input has changed."""

    command: Annotated[Argv, Meta(description="Program and arguments, run in the folder of `service.yaml`.")]
    inputs: Annotated[
        tuple[FolderPath, ...],
        Meta(description="Files and folders it reads. Everything in the folder of `service.yaml`, when left out."),
    ] = ()
    outputs: Annotated[
        tuple[FolderPath, ...],
        Meta(
            description="Files and folders it makes; they are not watched. Where they are there and made from these inputs, it is "
            "not run again. Left out, it runs at each start."
        ),
    ] = ()
    pass_through: Annotated[
        tuple[VariableName, ...],
        Meta(description="Variables that it gets from the shell in which `shop-dev up` was called, as in `GOPROXY`."),
    ] = ()


class Limits(Form, frozen=True, kw_only=True):
    """The most that the process may use in the sandbox, with all it starts; settings (`limits`) may say otherwise."""

    memory_mib: (
        Annotated[
            int,
            Meta(
                ge=8,
                le=1_048_576,
                description="Memory. A process that takes more is ended and started again, and `status` says so.",
            ),
        ]
        | None
    ) = msgspec.field(name="memoryMiB", default=None)
    cpus: (
        Annotated[
            float,
            Meta(gt=0, le=1024, description="Processors, as in `0.5`. Where the system cannot keep to it, `status` says so."),
        ]
        | None
    ) = None


class Runtime(Form, frozen=True, kw_only=True):
    """How a process runs in the sandbox: a Python function, or any program. Exactly one of `python` and `command`."""

    python: (
        Annotated[
            str,
            Meta(
                pattern="^[A-Za-z_][A-Za-z0-9_]*(\\.[A-Za-z_][A-Za-z0-9_]*)*:[A-Za-z_][A-Za-z0-9_]*$",
                description="`package.module:function`, called without arguments in a process of its own.",
            ),
        ]
        | None
    ) = None
    interpreter: (
        Annotated[
            FolderPath,
            Meta(
                description="The Python that runs `python`, relative to `service.yaml`, as in `.venv/bin/python`. It starts the "
                "function in that folder. Left out, the function runs in shop-dev's own environment, forked from an interpreter "
                "that has the heavy libraries loaded."
            ),
        ]
        | None
    ) = None
    command: (
        Annotated[
            Argv,
            Meta(description="Program and arguments, run in the folder of `service.yaml`. It listens on 127.0.0.1 at port `PORT`."),
        ]
        | None
    ) = None
    build: Build | None = None
    health: HttpHealth | TcpHealth | CommandHealth | NoHealth = HttpHealth()
    ports: Annotated[
        tuple[Annotated[str, Meta(pattern="^[a-z][a-z0-9]{0,19}$", description="Lower-case letters and digits.")], ...],
        Meta(
            description="Further ports by name, as in `[grpc]`. The number is in `PORT_GRPC`; services that call this one find "
            "`host:port` in `SHOP_<SERVICE>_GRPC_ADDRESS`."
        ),
    ] = ()
    environment: Annotated[
        dict[VariableName, str],
        Meta(description="Settings that are the same everywhere. No secrets: those are named under `needs.secrets`."),
    ] = msgspec.field(default_factory=dict)
    pass_through: Annotated[
        tuple[VariableName, ...],
        Meta(
            description="Variables that it gets from the shell in which `shop-dev up` was called, as far as they are set: for "
            "what differs from developer to developer."
        ),
    ] = ()
    limits: Limits = Limits()
    watch: Annotated[
        tuple[FolderPath, ...],
        Meta(description="Files and folders whose changes start it again. The folder of `service.yaml`, when left out."),
    ] = ()
    ignore: Annotated[
        tuple[Annotated[str, Meta(min_length=1)], ...],
        Meta(
            description="Changes that start nothing, in the notation of `.gitignore`: `*.log`, `dist/`, `docs/**`. "
            "Outputs of `build`, hidden files, Markdown and the usual folders of build tools are ignored anyway."
        ),
    ] = ()
