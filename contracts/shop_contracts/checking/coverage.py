"""No schema, no merge: every topic, queue, notification and endpoint has a contract, and the contract is there."""

from __future__ import annotations

from collections.abc import Iterator

from shop_contracts.checking.drift import Drift
from shop_contracts.checking.rest import Documents
from shop_contracts.checking.routes import Route, served_by
from shop_contracts.tree.declared import Carrier, Contracts, Program
from shop_contracts.tree.finding import Finding, Group


def uncovered(contracts: Contracts, documents: Documents) -> Iterator[Finding]:
    """Find what has no contract, and contracts that nobody keeps."""
    yield from _payloads(contracts)
    yield from _missing_files(contracts)
    for program in contracts.declared.programs:
        yield from _endpoints(contracts, program, documents)


def _payloads(contracts: Contracts) -> Iterator[Finding]:
    declared = contracts.declared
    described = {one.name for one in declared.payloads if one.carrier is Carrier.NOTIFICATION and one.schema}
    for payload in declared.payloads:
        is_covered_by_its_source = bool(payload.fed_by) and described.issuperset(payload.fed_by)
        if payload.schema is None and not is_covered_by_its_source:
            yield Finding(
                Group.COVERAGE,
                f"{payload.carrier}-without-schema",
                payload.place.file,
                payload.place.line,
                f"The {payload.carrier} {payload.name} of {payload.service} has no schema: nobody knows what is in its messages.",
                subject=payload.subject,
                hint="name a Protobuf file, an Avro schema or a JSON Schema as `schema`",
            )


def _missing_files(contracts: Contracts) -> Iterator[Finding]:
    declared = contracts.declared
    named = [
        *((one.schema, one.place, one.subject) for one in declared.payloads if one.schema is not None),
        *((one.schema, one.place, one.subject) for one in declared.rpcs),
        *((api.document, api.place, api.subject) for api in declared.apis),
    ]
    for path, place, subject in named:
        if not (contracts.root / path).is_file():
            yield Finding(
                Group.COVERAGE,
                "contract-missing",
                place.file,
                place.line,
                f"{path} is named as a contract and is not there.",
                subject,
            )


def _endpoints(contracts: Contracts, program: Program, documents: Documents) -> Iterator[Finding]:
    code = served_by(contracts.root, program.folder)
    served = {(route.method, route.path): route for route in code.routes}
    apis = [api for api in contracts.declared.apis if api.service == program.service]
    if served and not apis:
        first = next(iter(served.values()))
        yield Finding(
            Group.COVERAGE,
            "service-without-openapi",
            program.place.file,
            program.place.line,
            f"{program.service} serves {first.shown} ({first.place.file}:{first.place.line}) and {len(served) - 1} more endpoints, "
            "and has no OpenAPI document.",
            hint="name one as `contracts.openapi`",
        )
        return
    promised: dict[tuple[str, str], Route] = {}
    for api in apis:
        if documents.open(api.document) is None:
            return
        promised |= {(route.method, route.path): route for route in documents.routes(api.document)}
    for key in sorted(served.keys() - promised.keys()):
        route = served[key]
        yield Finding(
            Group.COVERAGE,
            "endpoint-without-contract",
            route.place.file,
            route.place.line,
            f"{program.service} serves {route.shown}, which {apis[0].document} does not have.",
            subject=apis[0].subject,
            hint="describe it there, or take it away",
        )
    for api in apis:
        drift = Drift(contracts.root, program.service, api.subject)
        for (method, path), operation in documents.operations(api.document):
            if (method, path) in served:
                yield from drift.of(operation, served[method, path])
    for key in sorted(promised.keys() - served.keys()) if served and code.is_whole else ():
        route = promised[key]
        if route.path not in program.operational_paths:
            yield Finding(
                Group.COVERAGE,
                "endpoint-not-served",
                route.place.file,
                route.place.line,
                f"{route.shown} is promised, and no route of {program.service} serves it.",
                subject=apis[0].subject,
            )
