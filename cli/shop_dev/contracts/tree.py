"""The contracts of a checkout, put together from its manifests: what the contract commands work on."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from shop_contracts.checking.baselines import Baselines
from shop_contracts.checking.changes import Commit
from shop_contracts.checking.releasing import released_files
from shop_contracts.checking.snapshot import NoSuchCommit, lay_out
from shop_contracts.tree.declared import Api, Carrier, Consumption, Contracts, Declared, Payload, Place, Program, Read, Rpc
from shop_contracts.tree.declared import Service as DeclaredService
from shop_contracts.tree.finding import Finding, Group
from shop_sandbox.errors import SandboxError
from shop_sandbox.manifest.faults import Path as Steps
from shop_sandbox.manifest.form import HttpHealth, Local, Service
from shop_sandbox.manifest.loader import load_manifests
from shop_sandbox.manifest.reading import Reading, read_manifests

from shop_dev.contracts.protobuf import LOCK
from shop_dev.errors import CliCode, ShopDevError
from shop_dev.project import Project, open_project

_IGNORED = frozenset({".venv", ".git", "node_modules", ".shop-dev", "baselines"})
_METRICS = "/metrics"


@dataclass(frozen=True)
class ContractTree:
    """The contracts of the working tree, and what is wrong with the manifests that declare them."""

    project: Project
    contracts: Contracts
    readings: tuple[Reading, ...]
    faults: tuple[Finding, ...]

    @property
    def is_whole(self) -> bool:
        """False where a manifest cannot be read: what it declares is missing, and must not be taken for gone."""
        return all(reading.service is not None for reading in self.readings)

    @property
    def lock(self) -> Path | None:
        """The rule-set lock, where there is one."""
        lock = self.contracts.root / LOCK
        return lock if lock.is_file() else None


def open_contracts() -> ContractTree:
    """The contracts of the checkout around the working directory.

    Manifests with faults count as far as they can be read. Raises SandboxError (not_in_a_project) or ShopDevError
    (settings_invalid).
    """
    project = open_project()
    root = project.checkout
    readings = _own(read_manifests(root, project.settings.services), root)
    contracts = Contracts(root, project.settings.contracts_dir.as_posix(), _declared(readings))
    return ContractTree(project, contracts, readings, tuple(_manifest_faults(root, project.settings.services)))


@contextmanager
def contracts_at(tree: ContractTree, ref: str) -> Iterator[Commit]:
    """The contracts of a commit, in a folder that is gone afterwards. Raises ShopDevError (git_ref_unknown)."""
    with TemporaryDirectory(prefix="shop-dev-contracts-") as scratch:
        root = Path(scratch).resolve()
        try:
            lay_out(tree.contracts.root, ref, root)
        except NoSuchCommit as error:
            raise ShopDevError(CliCode.GIT_REF_UNKNOWN, f"Contracts at {ref} cannot be read: {error}.") from error
        readings = _own(read_manifests(root, tree.project.settings.services), root)
        yield Commit(ref, Contracts(root, tree.contracts.folder, _declared(readings)))


def _own(readings: Sequence[Reading], root: Path) -> tuple[Reading, ...]:
    """Leave out the manifests of other checkouts, whose contracts are checked there."""
    return tuple(reading for reading in readings if reading.root == root)


def proto_files(root: Path, declared: Declared) -> list[str]:
    """The .proto files of a checkout that are its own: those below any folder `proto`, and those a manifest names."""
    found = {one.schema for one in declared.protobuf.values()}
    for folder, folders, files in os.walk(root):
        folders[:] = [name for name in folders if name not in _IGNORED]
        inside = Path(folder).relative_to(root)
        if "proto" in inside.parts:
            found |= {(inside / name).as_posix() for name in files if name.endswith(".proto")}
    return sorted(path for path in found if path is not None and (root / path).is_file())


def _manifest_faults(root: Path, globs: Sequence[str]) -> Iterator[Finding]:
    try:
        load_manifests(root, globs)
    except SandboxError as error:
        faults: Any = error.detail.get("faults", ())
        for fault in faults:
            path = f"{fault['path']}: " if fault["path"] else ""
            yield Finding(
                Group.SOURCES, "manifest-invalid", fault["file"], fault["line"], f"{path}{fault['message']}.", hint=fault["hint"]
            )


def _declared(readings: Sequence[Reading]) -> Declared:
    services: list[DeclaredService] = []
    payloads: list[Payload] = []
    rpcs: list[Rpc] = []
    apis: list[Api] = []
    consumptions: list[Consumption] = []
    programs: list[Program] = []
    for reading in readings:
        if reading.service is None:
            continue
        places = _Places(reading)
        one = reading.service
        services.append(DeclaredService(one.service, one.summary, one.owner, places.at("service"), one.contracts.rehearsal))
        payloads += _payloads(one, places)
        consumptions += _consumptions(one, places)
        name, contracts = one.service, one.contracts
        rpcs += [Rpc(name, path, places.at("contracts", "grpc", at)) for at, path in enumerate(contracts.grpc)]
        if contracts.openapi is not None:
            apis.append(Api(name, contracts.openapi, places.at("contracts", "openapi")))
        if one.runtime is not None and one.runtime.python is not None and not isinstance(one.deploy, Local):
            health = one.runtime.health
            operational = {health.live, health.ready} if isinstance(health, HttpHealth) else set()
            programs.append(
                Program(name, Path(reading.name).parent.as_posix(), places.at("service"), frozenset({*operational, _METRICS}))
            )
    return Declared(tuple(services), tuple(payloads), tuple(rpcs), tuple(apis), tuple(consumptions), tuple(programs))


@dataclass(frozen=True)
class _Places:
    reading: Reading

    def at(self, *steps: str | int) -> Place:
        path: Steps = steps
        return Place(self.reading.name, self.reading.document.place(path)[0] if self.reading.document else 1)


def _payloads(service: Service, places: _Places) -> Iterator[Payload]:
    needs, name = service.needs, service.service
    for at, topic in enumerate(needs.topics.produces):
        place = places.at("needs", "topics", "produces", at)
        yield Payload(Carrier.TOPIC, topic.name, name, topic.schema, place, topic.message, partitions=topic.partitions)
    for at, queue in enumerate(needs.queues):
        sources = tuple(subscription.notification for subscription in queue.subscriptions)
        yield Payload(Carrier.QUEUE, queue.name, name, queue.schema, places.at("needs", "queues", at), fed_by=sources)
    for at, notification in enumerate(needs.notifications):
        place = places.at("needs", "notifications", at)
        yield Payload(Carrier.NOTIFICATION, notification.name, name, notification.schema, place)


def _consumptions(service: Service, places: _Places) -> Iterator[Consumption]:
    for at, topic in enumerate(service.needs.topics.consumes):
        here = ("needs", "topics", "consumes", at)
        reads = None
        if topic.reads is not None:
            reads = tuple(
                Read(path.removesuffix("?"), path.endswith("?"), places.at(*here, "reads", number))
                for number, path in enumerate(topic.reads)
            )
        yield Consumption(service.service, topic.name, topic.group, reads, places.at(*here), topic.released_in)


def released_originals(tree: ContractTree, baselines: Baselines, subject: str) -> dict[str, bytes]:
    """The files of a Protobuf subject's own folder as they were released last, by their paths in the checkout.

    Raises ShopDevError (usage_invalid) where nothing is released.
    """
    histories, _ = baselines.read()
    declared = tree.contracts.declared.protobuf.get(subject)
    if declared is None or subject not in histories:
        raise ShopDevError(CliCode.USAGE_INVALID, f"{subject} has no released version to put back.")
    home = Path(str(declared.schema)).parent
    _, files = released_files(baselines, histories[subject])
    shown = {tree.contracts.shown(name): content for name, content in files.items()}
    return {path: content for path, content in shown.items() if Path(path).parent == home}
